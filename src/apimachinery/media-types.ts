import { type AcceptClause, parseAccept } from './accept.ts';
import { notAcceptable } from './status.ts';

/** How an answer is wanted. */
export type Representation = 'object' | 'PartialObjectMetadata' | 'PartialObjectMetadataList' | 'Table';

/** How its text is written: JSON in one line, JSON for people, or YAML. */
export type TextForm = 'compact' | 'indented' | 'yaml';

export interface Negotiated {
  representation: Representation;
  form: TextForm;
  /** Accept header for the control plane: JSON only, since only JSON can be edited by span. */
  accept: string;
}

/** What the client says about the form of the answer, besides its Accept header. */
export interface PrintWishes {
  accept: string | undefined;
  /** `?pretty=`, the first one. */
  pretty: string | undefined;
  userAgent: string | undefined;
}

const acceptedTypes = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
] as const;
type AcceptedType = (typeof acceptedTypes)[number];
const representations = new Set(['PartialObjectMetadata', 'PartialObjectMetadataList', 'Table']);

/**
 * Chooses the clause of an Accept header that kube-apiserver would answer by (apiserver/pkg/endpoints/handlers/negotiation,
 * rest.go AllowsMediaTypeTransform). Only metadata could be had in protobuf: those clauses are passed over, since clients
 * send a JSON one beside them. Throws 406 when nothing is left.
 */
export function negotiate({ accept, ...wishes }: PrintWishes): Negotiated {
  const isPretty = printsPretty(wishes);
  // The second is what most clients send.
  if (accept === undefined || accept === '' || (accept === 'application/json' && !isPretty))
    return { representation: 'object', form: isPretty ? 'indented' : 'compact', accept: 'application/json' };
  const [found] = candidates(
    accept,
    (clause, type) => type !== 'application/vnd.kubernetes.protobuf' && isAllowed(clause, type),
  );
  if (!found) throw notAcceptable(acceptedTypes);
  const { params } = found.clause;
  const as = params.get('as');
  const jsonForm = isPretty || params.get('pretty') === '1' ? 'indented' : 'compact';
  return {
    representation: (as ?? 'object') as Representation,
    form: found.type === 'application/yaml' ? 'yaml' : jsonForm,
    accept:
      as === undefined
        ? 'application/json'
        : `application/json;as=${as};v=${params.get('v') ?? ''};g=meta.k8s.io`,
  };
}

/**
 * The form of an error (responsewriters/writers.go ErrorNegotiated): a Status is no Table, and where no clause fits it, it
 * comes all the same, indented.
 */
export function statusForm(wishes: PrintWishes): TextForm | 'protobuf' {
  return plainForm(wishes) ?? 'indented';
}

/** The form of what can be shown in one way only, a Status or a list of resources; undefined where no clause fits it. */
export function plainForm({ accept, ...wishes }: PrintWishes): TextForm | 'protobuf' | undefined {
  const isPretty = printsPretty(wishes);
  if (accept === undefined || accept === '') return isPretty ? 'indented' : 'compact';
  const [found] = candidates(
    accept,
    ({ params }, type) =>
      !['as', 'g', 'v', 'sv'].some((key) => params.has(key)) && allowsStream(params, type),
  );
  if (!found) return undefined;
  if (found.type === 'application/yaml') return 'yaml';
  if (found.type === 'application/vnd.kubernetes.protobuf') return 'protobuf';
  return isPretty || found.clause.params.get('pretty') === '1' ? 'indented' : 'compact';
}

function candidates(
  accept: string,
  isUsable: (clause: AcceptClause, type: AcceptedType) => boolean,
): { clause: AcceptClause; type: AcceptedType }[] {
  return parseAccept(accept).flatMap((clause) =>
    acceptedTypes
      .filter((type) => covers(clause, type) && isUsable(clause, type))
      .map((type) => ({ clause, type })),
  );
}

function covers({ type, subType }: AcceptClause, accepted: AcceptedType): boolean {
  if (subType === '*') return type === '*' || type === 'application';
  return `${type}/${subType}` === accepted;
}

function isAllowed({ params }: AcceptClause, type: AcceptedType): boolean {
  if (!allowsStream(params, type) || (params.get('sv') ?? 'v1') !== 'v1') return false;
  if (!['as', 'g', 'v'].some((key) => params.has(key))) return true;
  return (
    representations.has(params.get('as') ?? '') &&
    params.get('g') === 'meta.k8s.io' &&
    ['v1', 'v1beta1'].includes(params.get('v') ?? '')
  );
}

/** YAML has no stream. */
function allowsStream(params: Map<string, string>, type: AcceptedType): boolean {
  const stream = params.get('stream');
  return stream === undefined || (stream === 'watch' && type !== 'application/yaml');
}

/** `?pretty=`, or else a client behind which a person sits (negotiate.go isPrettyPrint). */
export function printsPretty({ pretty, userAgent = '' }: Omit<PrintWishes, 'accept'>): boolean {
  if (pretty !== undefined && pretty !== '') return /^(1|t|T|true|TRUE|True)$/.test(pretty);
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}

/** The media type of a Content-Type header, lower case and without parameters. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
