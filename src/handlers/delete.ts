import { mediaType } from '../apimachinery/media-types.ts';
import { isTrue } from '../apimachinery/request-info.ts';
import { badRequest, conflict, notFound, type Status, unsupportedMediaType } from '../apimachinery/status.ts';
import { finalizerToControlPlane } from '../mapping/finalizers.ts';
import { forwardedHeaders } from '../upstream/answer-headers.ts';
import {
  answerObject,
  ask,
  type ClaimRequest,
  groupResource,
  isDryRun,
  type LiveObject,
  type NamedClaimRequest,
  ownStatus,
  readLiveObject,
  wanted,
} from './claim-request.ts';
import { parseJson } from './write-body.ts';

/** metav1.DeleteOptions, as far as it is changed here. */
export interface DeleteOptions {
  preconditions?: { uid?: string | null; resourceVersion?: string | null } | null;
  propagationPolicy?: string | null;
  orphanDependents?: boolean | null;
  dryRun?: string[] | null;
}

const maxAttempts = 5;

/** DELETE of one object, guarded by the uid of the object whose labels were compared. */
export async function deleteClaim(request: NamedClaimRequest): Promise<void> {
  const { exchange, app } = request;
  const options = await readOptions(request);
  const { accept, query, columns } = wanted(request);
  const policy = takePolicy(options, query);
  let found = await readLiveObject(request);
  for (let attempt = 1; ; attempt++) {
    if (!found) throw notFound(groupResource(request), app.name);
    const { live } = found;
    const wantedUid = options.preconditions?.uid;
    if (wantedUid && wantedUid !== live.uid) {
      const why = `Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${live.uid}`;
      throw conflict(groupResource(request), app.name, why);
    }
    if (
      policy !== 'Background' &&
      !isDryRun(query, options) &&
      !(await holdForCollector(request, found, policy))
    ) {
      if (attempt === maxAttempts)
        throw conflict(groupResource(request), app.name, 'the object has been modified; please try again');
      found = await readLiveObject(request);
      continue;
    }
    const body = backgroundOptions({
      ...options,
      preconditions: { ...options.preconditions, uid: live.uid },
    });
    const answer = await ask(request, { method: 'DELETE', app, query, accept, body });
    if (answer.status < 300 && isStatus(answer.body)) {
      const status = ownStatus(request, JSON.parse(answer.body.toString('utf8')) as Status, app);
      return exchange.answerStatus(answer.status, status, forwardedHeaders(answer.headers));
    }
    return answerObject(request, answer, columns);
  }
}

/** DeleteOptions from the body, if there is one. Throws StatusError 400, 413 or 415. */
export async function readOptions({ exchange }: ClaimRequest): Promise<DeleteOptions> {
  const bytes = await exchange.readBody();
  if (bytes.length === 0) return {};
  const type = mediaType(exchange.header('content-type'));
  if (type !== '' && type !== 'application/json') throw unsupportedMediaType(['application/json']);
  const options = parseJson(bytes);
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw badRequest('the body of a DELETE has to be DeleteOptions');
  }
  return options;
}

/** The body of an upstream delete; who asks for more gets it by a finalizer (holdForCollector). */
export function backgroundOptions(options: DeleteOptions): Buffer {
  const fixed = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
  return Buffer.from(JSON.stringify({ ...options, ...fixed }));
}

export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan';

/**
 * Takes the propagation policy out of the request. Upstream a delete is always Background: only the app cluster's
 * collector knows the dependents (docs/adr/0003).
 */
export function takePolicy(options: DeleteOptions, query: URLSearchParams): PropagationPolicy {
  const fromQuery = query.get('propagationPolicy');
  const orphanQuery = query.get('orphanDependents');
  const orphans = options.orphanDependents ?? (orphanQuery === null ? undefined : isTrue(orphanQuery));
  query.delete('propagationPolicy');
  query.delete('orphanDependents');
  const policy = options.propagationPolicy ?? fromQuery ?? (orphans === true ? 'Orphan' : 'Background');
  delete options.orphanDependents;
  if (policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan') {
    throw badRequest(
      `invalid propagationPolicy "${policy}": it has to be one of Background, Foreground, Orphan`,
    );
  }
  return policy;
}

/** Sets the finalizer the app cluster's collector waits for. False when somebody else wrote in between. */
async function holdForCollector(
  request: NamedClaimRequest,
  { bytes, live }: LiveObject,
  policy: PropagationPolicy,
): Promise<boolean> {
  const { app } = request;
  const finalizer = finalizerToControlPlane(policy === 'Orphan' ? 'orphan' : 'foregroundDeletion');
  const object = JSON.parse(bytes.toString('utf8')) as {
    metadata: { finalizers?: string[]; deletionTimestamp?: string };
  };
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(finalizer) || object.metadata.deletionTimestamp !== undefined) return true;
  const metadata = {
    finalizers: [...finalizers, finalizer],
    uid: live.uid,
    resourceVersion: live.resourceVersion,
  };
  const answer = await ask(request, {
    method: 'PATCH',
    app,
    type: 'application/merge-patch+json',
    body: Buffer.from(JSON.stringify({ metadata })),
  });
  if (answer.status === 409 || answer.status === 404) return false;
  if (answer.status >= 300) throw new Error(`the finalizer ${finalizer} could not be set: ${answer.status}`);
  return true;
}

function isStatus(bytes: Buffer): boolean {
  return /"kind":\s*"Status"/.test(bytes.toString('latin1', 0, 256));
}
