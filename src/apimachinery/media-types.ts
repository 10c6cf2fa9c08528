import { notAcceptable } from './status.ts';

/** How an answer is wanted. */
export type Representation = 'object' | 'PartialObjectMetadata' | 'PartialObjectMetadataList' | 'Table';

export interface Negotiated {
  representation: Representation;
  /** Accept header for the control plane: JSON only, since only JSON can be edited by span. */
  accept: string;
}

interface Clause {
  type: string;
  params: Map<string, string>;
  q: number;
}

const jsonTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;

/**
 * Chooses among the clauses of an Accept header those that can be served in JSON, in the client's order
 * (apiserver/pkg/endpoints/handlers/negotiation). Clients send protobuf and CBOR clauses beside a JSON one, so leaving
 * those out is correct. Throws 406 when nothing is left.
 */
export function negotiate(header: string | undefined): Negotiated {
  if (header === undefined || header.trim() === '' || header === 'application/json') {
    return { representation: 'object', accept: 'application/json' };
  }
  const usable = parseAccept(header).flatMap((clause) => {
    if (!['application/json', 'application/*', '*/*'].includes(clause.type)) return [];
    const as = clause.params.get('as');
    if (as === undefined) return [{ representation: 'object' as const, text: 'application/json' }];
    const version = clause.params.get('v') ?? '';
    const isKnown = ['PartialObjectMetadata', 'PartialObjectMetadataList', 'Table'].includes(as);
    if (!isKnown || clause.params.get('g') !== 'meta.k8s.io' || !['v1', 'v1beta1'].includes(version))
      return [];
    return [
      { representation: as as Representation, text: `application/json;as=${as};v=${version};g=meta.k8s.io` },
    ];
  });
  const [first] = usable;
  if (!first) throw notAcceptable(jsonTypes);
  return { representation: first.representation, accept: usable.map(({ text }) => text).join(',') };
}

function parseAccept(header: string): Clause[] {
  return header
    .split(',')
    .map((text) => {
      const [type = '', ...params] = text.split(';').map((part) => part.trim());
      const pairs = params.map((param): [string, string] => {
        const at = param.indexOf('=');
        return at < 0
          ? [param, '']
          : [
              param.slice(0, at).trim(),
              param
                .slice(at + 1)
                .trim()
                .replaceAll('"', ''),
            ];
      });
      const map = new Map(pairs);
      return { type: type.toLowerCase(), params: map, q: Number(map.get('q') ?? 1) };
    })
    .filter(({ q }) => q > 0)
    .toSorted((a, b) => b.q - a.q || wildcards(a) - wildcards(b));
}

/** What is named goes before what a wildcard covers (github.com/munnerz/goautoneg). */
function wildcards({ type }: Clause): number {
  return type.split('*').length;
}

/** The media type of a Content-Type header, lower case and without parameters. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
