import { notFound } from '../apimachinery/status.ts';
import {
  answerObject,
  ask,
  groupResource,
  type NamedClaimRequest,
  readLiveObject,
  wanted,
} from './claim-request.ts';
import { readObject, requireSameName, toControlPlane } from './write-body.ts';

/**
 * UPDATE of an object or its status. The object is read first: for its labels, and for what the user never saw and a
 * PUT would drop (owners on the control plane, the connector's entries in managedFields).
 */
export async function updateClaim(request: NamedClaimRequest): Promise<void> {
  const { app } = request;
  const body = await readObject(request);
  requireSameName(body, app.name);
  const found = await readLiveObject(request);
  if (!found) throw notFound(groupResource(request), app.name);
  const { accept, query, columns } = wanted(request);
  const mapped = toControlPlane(request, body.bytes, { body: 'object', live: found.live, replaces: true });
  const answer = await ask(request, { method: 'PUT', app, query, accept, body: mapped });
  return answerObject(request, answer, columns, body.secretName);
}
