import { unknownOwnerKeys } from '../mapping/owner-references.ts';
import { answerRefusal, ask, type ClaimRequest, wanted } from './claim-request.ts';
import type { Answer } from '../upstream/control-plane.ts';
import { asWritten } from './refuse.ts';
import type { WriteBody } from './write-body.ts';

/**
 * What strict decoding and the API server's look for duplicates (apiserver/pkg/endpoints/handlers/rest.go) have to say of
 * ownerReferences. The control plane never sees them, so where there could be something to say, it is asked by a dry run:
 * the values of its Warning header; undefined where there is nothing; `refused` when the request was answered by that.
 */
export async function remarksOnOwners(
  request: ClaimRequest,
  body: WriteBody,
  type: string,
): Promise<string[] | 'refused' | undefined> {
  if (!isRemarkable(body.metadata.ownerReferences)) return undefined;
  const { query } = wanted(request);
  query.set('dryRun', 'All');
  const collection = { ...request, info: { ...request.info, subresource: undefined } };
  const answer = await ask(collection, { method: 'POST', query, type, body: asWritten(request, body.bytes) });
  if (answer.status === 400) {
    await answerRefusal(request, answer, undefined);
    return 'refused';
  }
  const warnings = answer.headers['warning'] as string | string[] | undefined;
  return typeof warnings === 'string' ? [warnings] : warnings;
}

/** The answer with these warnings in place of its own. */
export function withRemarks(answer: Answer, remarks: string[] | undefined): Answer {
  if (!remarks) return answer;
  // Node's type knows one line of this header only.
  return { ...answer, headers: { ...answer.headers, warning: remarks as unknown as string } };
}

function isRemarkable(owners: unknown): boolean {
  if (!Array.isArray(owners)) return false;
  const uids = new Set<unknown>();
  return owners.some((owner: unknown) => {
    if (typeof owner !== 'object' || owner === null) return false;
    const { uid } = owner as { uid?: unknown };
    const isKnown = uids.has(uid);
    uids.add(uid);
    return isKnown || unknownOwnerKeys(owner).length > 0;
  });
}
