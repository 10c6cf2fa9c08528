import { mediaType } from '../../apimachinery/media-types.ts';
import { isTrue } from '../../apimachinery/request-info.ts';
import type { Answer } from '../../upstream/control-plane.ts';
import { type ClaimRequest, thrownRefusal } from '../claim-request.ts';
import { readYaml } from '../yaml-thread.ts';

const policies = ['Background', 'Foreground', 'Orphan'] as const;
export type PropagationPolicy = (typeof policies)[number];

/**
 * metav1.DeleteOptions, as far as they count for a custom resource: a grace period does not, and
 * ignoreStoreReadErrorWithClusterBreakingPotential is for whoever runs the control plane.
 */
export interface DeleteOptions {
  preconditions: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
  propagationPolicy?: PropagationPolicy;
  orphanDependents?: boolean;
}

/** Parameters that are options where the request has no body, and nothing where it has one. */
const parameters = [
  'gracePeriodSeconds',
  'orphanDependents',
  'propagationPolicy',
  'dryRun',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'uid',
];

/** Asks the control plane for its opinion of options that it has nothing to delete by; what they are sent with is the user's. */
export type AskForOpinion = (sent: {
  query: URLSearchParams;
  body?: Buffer;
  type: string;
}) => Promise<Answer>;

/**
 * Reads the options of a delete, and takes them out of `query`: a body with them goes to the control plane. What every
 * client sends is read here; anything else the control plane judges first, so that it is refused in the words of its
 * version. Throws StatusError 413, or the control plane's own.
 */
export async function readDeleteOptions(
  request: ClaimRequest,
  query: URLSearchParams,
  askForOpinion: AskForOpinion,
): Promise<DeleteOptions> {
  const { exchange } = request;
  const bytes = await exchange.readBody();
  const header = exchange.header('content-type') ?? '';
  const isJson = ['', 'application/json'].includes(mediaType(header));
  const sent =
    bytes.length === 0 ? optionsOfQuery(query) : isJson ? parse(bytes.toString('utf8')) : undefined;
  if (sent === undefined || !isPlain(sent)) {
    const body = bytes.length === 0 ? {} : { body: bytes };
    const answer = await askForOpinion({ query: new URLSearchParams(query), ...body, type: header });
    if (answer.status >= 300 && answer.status !== 404) throw await thrownRefusal(request, answer, undefined);
  }
  for (const name of parameters) query.delete(name);
  if (sent === undefined)
    return effective(bytes.length === 0 ? {} : parse(await readYaml(bytes.toString('utf8'))));
  return effective(sent);
}

/** apimachinery/pkg/apis/meta/v1/conversion.go: Convert_url_Values_To_v1_DeleteOptions. */
function optionsOfQuery(query: URLSearchParams): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null) options['gracePeriodSeconds'] = /^-?\d{1,15}$/.test(grace) ? Number(grace) : grace;
  const orphans = query.get('orphanDependents');
  if (orphans !== null) options['orphanDependents'] = isTrue(orphans);
  const policy = query.get('propagationPolicy');
  if (policy !== null) options['propagationPolicy'] = policy;
  if (query.has('dryRun')) options['dryRun'] = query.getAll('dryRun');
  const ignores = query.get('ignoreStoreReadErrorWithClusterBreakingPotential');
  if (ignores !== null) options['ignoreStoreReadErrorWithClusterBreakingPotential'] = isTrue(ignores);
  const preconditions = Object.fromEntries(
    ['uid', 'resourceVersion'].flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])),
  );
  return { ...options, preconditions };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** By field: what the control plane takes for certain. A field that is not listed is for it to judge. */
const isSound: Record<string, (value: unknown) => boolean> = {
  kind: (value) => value === 'DeleteOptions',
  apiVersion: (value) => value === 'v1' || value === 'meta.k8s.io/v1',
  gracePeriodSeconds: (value) => value === null || Number.isSafeInteger(value),
  preconditions: (value) =>
    value === null ||
    (isRecord(value) &&
      Object.entries(value).every(
        ([name, inner]) =>
          ['uid', 'resourceVersion'].includes(name) && (inner === null || typeof inner === 'string'),
      )),
  orphanDependents: (value) => value === null || typeof value === 'boolean',
  propagationPolicy: (value) => value === null || policies.includes(value as PropagationPolicy),
  dryRun: (value) => value === null || (Array.isArray(value) && value.every((one) => one === 'All')),
};

/** True for options that need nobody's judgement (ValidateDeleteOptions of apimachinery/pkg/apis/meta/v1/validation). */
function isPlain(options: Record<string, unknown>): boolean {
  const { orphanDependents, propagationPolicy } = options;
  if (isSet(orphanDependents) && isSet(propagationPolicy)) return false;
  return Object.entries(options).every(([name, value]) => isSound[name]?.(value) === true);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Options that were found sound, here or by the control plane. */
function effective(options: Record<string, unknown> = {}): DeleteOptions {
  const { preconditions, propagationPolicy, orphanDependents, dryRun } = options;
  const { uid, resourceVersion } = isRecord(preconditions) ? preconditions : {};
  return {
    preconditions: {
      ...(typeof uid === 'string' ? { uid } : {}),
      ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    },
    dryRun: Array.isArray(dryRun) && dryRun.length > 0,
    ...(isSet(propagationPolicy) ? { propagationPolicy: propagationPolicy as PropagationPolicy } : {}),
    ...(isSet(orphanDependents) ? { orphanDependents: orphanDependents === true } : {}),
  };
}

/** True where dependents in the app cluster are orphaned or waited for: the object is held until its collector has done so. */
export function isHeld({ propagationPolicy, orphanDependents, dryRun }: DeleteOptions): boolean {
  return (
    !dryRun &&
    (orphanDependents === true || propagationPolicy === 'Orphan' || propagationPolicy === 'Foreground')
  );
}

/**
 * The body of an upstream delete. Upstream it is Background, since only the app cluster's collector knows the dependents
 * there (docs/adr/0003); a dry run stores nothing that the control plane's collector could see, and keeps its policy.
 */
export function upstreamOptions(
  options: DeleteOptions,
  preconditions: DeleteOptions['preconditions'],
): Buffer {
  const { dryRun, orphanDependents, propagationPolicy } = options;
  const policy = dryRun
    ? { orphanDependents, propagationPolicy }
    : // With `false` an object that stays for now is answered with 202.
      orphanDependents === false
      ? { orphanDependents }
      : { propagationPolicy: 'Background' };
  const body = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
    ...policy,
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
  return Buffer.from(JSON.stringify(body));
}
