import { conflict, notFound, type Status } from '../../apimachinery/status.ts';
import type { Live } from '../../mapping/origin.ts';
import { forwardedHeaders } from '../../upstream/answer-headers.ts';
import type { Answer } from '../../upstream/control-plane.ts';
import {
  answerObject,
  ask,
  groupResource,
  type NamedClaimRequest,
  ownStatus,
  readLiveObject,
  upstreamHeaders,
  upstreamPath,
  wanted,
} from '../claim-request.ts';
import { holdForCollector } from './collector-hold.ts';
import { type DeleteOptions, readDeleteOptions, upstreamOptions } from './delete-options.ts';

const maxAttempts = 5;

/** No object can have this name: a delete of it is judged by its options, and deletes nothing. */
const nameOfNothing = '-';

/** DELETE of one object, guarded by the uid of the object whose labels were compared. */
export async function deleteClaim(request: NamedClaimRequest): Promise<void> {
  const { accept, query, columns } = wanted(request);
  const options = await readDeleteOptions(request, query, ({ query: asked, body, type }) =>
    request.link.controlPlane.collect({
      method: 'DELETE',
      path: upstreamPath(request, nameOfNothing, asked),
      headers: upstreamHeaders(request.exchange, 'application/json', type === '' ? undefined : type),
      ...(body ? { body } : {}),
      cancellation: request.exchange.gone,
      record: request.exchange.record,
    }),
  );
  const answer = await deleteObject(request, options, { query, accept });
  if (answer.status < 300 && isStatus(answer.body)) {
    const status = ownStatus(request, JSON.parse(answer.body.toString('utf8')) as Status, request.app);
    const text = Buffer.from(`${JSON.stringify(status)}\n`);
    return request.exchange.answerObject(answer.status, forwardedHeaders(answer.headers), text);
  }
  return answerObject(request, answer, columns);
}

/**
 * Deletes the object of that name, and gives the control plane's answer. Throws StatusError 404 where there is none,
 * 409 where it is not the one that is meant.
 */
export async function deleteObject(
  request: NamedClaimRequest,
  options: DeleteOptions,
  how: { query?: URLSearchParams; accept?: string } = {},
): Promise<Answer> {
  const { app } = request;
  for (let attempt = 1; ; attempt++) {
    const found = await readLiveObject(request);
    if (!found) throw notFound(groupResource(request), app.name);
    const { uid } = found.live;
    requireMeant(request, options, found.live);
    const hold = await holdForCollector(request, found, options);
    if (hold?.isEnded) return deleted(request, uid);
    if (hold) {
      const isVersioned = options.preconditions.resourceVersion !== undefined;
      const preconditions = { uid, ...(isVersioned ? { resourceVersion: hold.resourceVersion } : {}) };
      const body = upstreamOptions(options, preconditions);
      const answer = await ask(request, { method: 'DELETE', app, body, ...how });
      // The object was replaced or changed since: what is there now is judged again.
      if (answer.status !== 409 || attempt >= maxAttempts) return answer;
    } else if (attempt >= maxAttempts) {
      throw conflict(groupResource(request), app.name, 'the object has been modified; please try again');
    }
  }
}

/** The checks and the words of apiserver/pkg/registry/rest/delete.go (BeforeDelete), which names the kind. */
function requireMeant(
  { resource, app }: NamedClaimRequest,
  { preconditions: { uid, resourceVersion } }: DeleteOptions,
  live: Live,
): void {
  const kind = { group: resource.group, resource: resource.kind };
  if (uid !== undefined && uid !== live.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${live.uid}). The object might have been deleted and then recreated`;
    throw conflict(kind, app.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== live.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${live.resourceVersion}). The object might have been modified`;
    throw conflict(kind, app.name, why);
  }
}

/** What the API server says of an object that is gone for good (store.go finalizeDelete). */
function deleted(request: NamedClaimRequest, uid: string): Answer {
  const { group, resource } = groupResource(request);
  const details = { name: request.app.name, group, kind: resource, uid };
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(status)) };
}

function isStatus(bytes: Buffer): boolean {
  return /"kind":\s*"Status"/.test(bytes.toString('latin1', 0, 256));
}
