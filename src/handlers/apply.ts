import { alreadyExists, notFound } from '../apimachinery/status.ts';
import { isAmbiguous } from '../mapping/identity.ts';
import type { Answer } from '../upstream/control-plane.ts';
import { requireValidName } from './claim-names.ts';
import {
  answerObject,
  answerRefusal,
  groupResource,
  hashedName,
  isDryRun,
  lookUp,
  type NamedClaimRequest,
  upstreamHeaders,
  upstreamPath,
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
    const answer = await (isCreation ? create(request, mapped) : change(request, mapped));
    const isLost = answer.status === 409 && (isCreation || answer.body.includes('uid mismatch'));
    if (isLost && attempt < maxAttempts) continue;
    if (isCreation && answer.status < 300) continue;
    if (answer.status >= 300) return answerRefusal(request, answer, app, body.secretName);
    return answerObject(request, answer, wanted(request).columns);
  }
}

/** A POST never takes over what exists already; the apply that follows finds its own object. */
function create(request: NamedClaimRequest, body: Buffer): Promise<Answer> {
  const { exchange, link } = request;
  const { accept, query } = wanted(request);
  query.delete('force');
  return link.controlPlane.collect({
    method: 'POST',
    path: upstreamPath(request, undefined, query),
    headers: upstreamHeaders(exchange, accept, 'application/json'),
    body,
    cancellation: exchange.gone,
  });
}

function change(request: NamedClaimRequest, body: Buffer): Promise<Answer> {
  const { exchange, link, app } = request;
  const { accept, query } = wanted(request);
  return link.controlPlane.collect({
    method: 'PATCH',
    path: upstreamPath(request, hashedName(request, app), query),
    headers: upstreamHeaders(exchange, accept, applyPatch),
    body,
    cancellation: exchange.gone,
  });
}
