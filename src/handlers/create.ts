import { alreadyExists } from '../apimachinery/status.ts';
import type { Answer } from '../upstream/control-plane.ts';
import { generateName, nameRequired, requireValidName } from './claim-names.ts';
import {
  answerObject,
  answerRefusal,
  ask,
  type ClaimRequest,
  groupResource,
  hashedName,
  type NamedClaimRequest,
  wanted,
} from './claim-request.ts';
import { readObject, toControlPlane, type WriteBody } from './write-body.ts';

/** apiserver/pkg/registry/generic/registry/store.go: maxNameGenerationCreateAttempts. */
const maxAttempts = 8;

/** CREATE. A name from generateName is made here, since only its hash reaches the control plane. */
export async function createClaim(request: ClaimRequest): Promise<void> {
  const { resource, info } = request;
  const body = await readObject(request);
  const { name, generateName: base } = body.metadata;
  const given = typeof name === 'string' && name !== '' ? name : undefined;
  if (given === undefined && (typeof base !== 'string' || base === ''))
    throw nameRequired(resource.group, resource.kind);
  const { accept, query, columns } = wanted(request);
  for (let attempt = 1; ; attempt++) {
    const app = { namespace: info.namespace as string, name: given ?? generateName(base as string) };
    requireValidName(resource.group, resource.kind, app.name);
    const named = { ...request, app };
    const mapped = toControlPlane(named, body.bytes, { body: 'object' });
    const answer = await ask(named, { method: 'POST', query, accept, body: mapped });
    if (answer.status !== 409) return answerObject(named, answer, columns, body.secretName);
    if (given !== undefined) return refuseTaken(named, answer, body);
    if (attempt === maxAttempts) return answerRefusal(named, answer, app, body.secretName);
  }
}

/** 409: the name is taken, or (never seen yet) by a claim whose name has the same hash. */
async function refuseTaken(request: NamedClaimRequest, answer: Answer, body: WriteBody): Promise<void> {
  const isTaken =
    answer.body.includes('"AlreadyExists"') && answer.body.includes(hashedName(request, request.app));
  if (!isTaken) return answerRefusal(request, answer, request.app, body.secretName);
  throw alreadyExists(groupResource(request), request.app.name);
}
