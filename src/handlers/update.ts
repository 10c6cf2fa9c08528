import { notFound, StatusError } from '../apimachinery/status.ts';
import { answerObject, ask, groupResource, lookUp, type NamedClaimRequest, wanted } from './claim-request.ts';
import { remarksOnOwners, withRemarks } from './owner-remarks.ts';
import { asWritten, isOfDecoding, refuse } from './refuse.ts';
import { keepOwnResource } from './resource-ref.ts';
import {
  objectOf,
  otherName,
  otherNamespace,
  readSent,
  toControlPlane,
  undeterminableName,
} from './write-body.ts';

/**
 * UPDATE of an object or its status, in the order of apiserver/pkg/endpoints/handlers/update.go. The object is read first:
 * for its labels, and for what the user never saw and a PUT would drop (owners on the control plane, the connector's
 * entries in managedFields).
 */
export async function updateClaim(request: NamedClaimRequest): Promise<void> {
  const { app } = request;
  const sent = await readSent(request);
  const body = objectOf(sent);
  const put = { method: 'PUT', app, type: sent.type } as const;
  if (body instanceof StatusError)
    return refuse(request, { ...put, bytes: sent.bytes, own: body, passes: isOfDecoding });
  const elsewhere = otherNamespace(body, app.namespace);
  if (elsewhere) return refuse(request, { ...put, bytes: sent.bytes, own: elsewhere, passes: isOfDecoding });
  const other = undeterminableName(body, app.name) ?? otherName(body, app.name);
  if (other) {
    const bytes = asWritten(request, body.bytes);
    return refuse(request, { ...put, bytes, own: other, passes: isOfDecoding });
  }
  const { accept, query, columns } = wanted(request);
  const found = await lookUp(request);
  if (typeof found === 'string') {
    const own = notFound(groupResource(request), app.name);
    const bytes = toControlPlane(request, body.bytes, { body: 'object' });
    return refuse(request, { ...put, bytes, own, passes: isOfDecoding });
  }
  const remarks = await remarksOnOwners(request, body, sent.type);
  if (remarks === 'refused') return undefined;
  const kept = keepOwnResource(request, app.name, body.bytes, found);
  const mapped = toControlPlane(request, kept, { body: 'object', live: found.live, replaces: true });
  const answer = await ask(request, { method: 'PUT', app, query, accept, type: sent.type, body: mapped });
  return answerObject(request, withRemarks(answer, remarks), columns, body.secretName);
}
