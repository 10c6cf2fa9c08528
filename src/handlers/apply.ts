import { alreadyExists, notFound } from '../apimachinery/status.ts';
import { isAmbiguous } from '../mapping/identity.ts';
import { requireValidName } from './claim-names.ts';
import {
  answerObject,
  ask,
  groupResource,
  isDryRun,
  lookUp,
  type NamedClaimRequest,
  wanted,
} from './claim-request.ts';
import { asJson, checkObject, requireSameName, toControlPlane } from './write-body.ts';

export const applyPatch = 'application/apply-patch+yaml';

/** How often an apply starts over when its object came or went in between. */
const maxAttempts = 5;

/** What an apply needs besides the request itself. */
export interface ApplyDependencies {
  /** Resolves when the user may create too: an apply can create. Throws StatusError 403. */
  authorizeCreate: (request: NamedClaimRequest) => Promise<void>;
}

/**
 * Server-side apply is always forwarded: only the control plane knows who owns which field. It can create as well as
 * change, so the object it is meant for is pinned: by its uid, or by making it first where another claim's name could
 * have the same hash.
 */
export async function applyClaim(
  request: NamedClaimRequest,
  sent: Buffer,
  dependencies: ApplyDependencies,
): Promise<void> {
  const { resource, app, info } = request;
  const bytes = asJson(sent);
  const body = checkObject(bytes, info.namespace);
  requireSameName(body, app.name);
  for (let attempt = 1; ; attempt++) {
    const found = await lookUp(request);
    if (found === 'foreign') throw alreadyExists(groupResource(request), app.name);
    const live = found === 'absent' ? undefined : found.live;
    if (!live) {
      if (info.subresource !== undefined) throw notFound(groupResource(request), app.name);
      requireValidName(resource.group, resource.kind, app.name);
      await dependencies.authorizeCreate(request);
    }
    const mapped = toControlPlane(request, bytes, { body: 'object', live, applies: true });
    const isCreation = !live && isAmbiguous(app) && !isDryRun(info.query, {});
    const { accept, query, columns } = wanted(request);
    // A POST never takes over what exists already; the apply that follows finds its own object.
    if (isCreation) query.delete('force');
    const answer = isCreation
      ? await ask(request, { method: 'POST', query, accept, body: mapped })
      : await ask(request, { method: 'PATCH', app, query, accept, type: applyPatch, body: mapped });
    const isLost = answer.status === 409 && (isCreation || answer.body.includes('uid mismatch'));
    if (isLost && attempt < maxAttempts) continue;
    if (isCreation && answer.status < 300) continue;
    return answerObject(request, answer, columns, body.secretName);
  }
}
