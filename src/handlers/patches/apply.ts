import { alreadyExists, notFound, StatusError } from '../../apimachinery/status.ts';
import { conflictToApp } from '../../mapping/apply-conflict.ts';
import { isAmbiguous } from '../../mapping/identity.ts';
import type { Answer } from '../../upstream/control-plane.ts';
import { isClaimName, nameTooLong } from '../claim-names.ts';
import {
  answerObject,
  ask,
  groupResource,
  isDryRun,
  lookUp,
  type NamedClaimRequest,
  refusalStatus,
  wanted,
} from '../claim-request.ts';
import type { CreateDependencies } from '../create.ts';
import { nameOfOrphan } from '../deletes/orphan-claims.ts';
import { refusePatch } from './patch-answer.ts';
import { applyPatch } from './patch-type.ts';
import { asWritten, refuse } from '../refuse.ts';
import { requireOwnResource } from '../resource-ref.ts';
import { asJson, checkObject, refusalOnly, toControlPlane, type WriteBody } from '../write-body.ts';

/** How often an apply starts over when its object came or went in between. */
const maxAttempts = 5;

/** What an apply needs besides the request itself. */
export interface ApplyDependencies extends Pick<CreateDependencies, 'recordBeforeCreate'> {
  /** Resolves when the user may create too, and the namespace takes it: an apply can create. Throws StatusError 403 or 404. */
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
  const { app } = request;
  const body = await readConfiguration(sent);
  if (body instanceof StatusError) return refusePatch(request, { type: applyPatch, bytes: sent }, body);
  for (let attempt = 1; ; attempt++) {
    const found = await lookUp(request);
    if (found === 'foreign')
      throw (await nameOfOrphan(request)) ?? alreadyExists(groupResource(request), app.name);
    requireOwnResource(request, app.name, body.bytes, found === 'absent' ? undefined : found);
    const live = found === 'absent' ? undefined : found.live;
    const mapped = toControlPlane(request, body.bytes, { body: 'patched', live, applies: true });
    if (!live && (await refusesCreation(request, body, mapped, dependencies))) return undefined;
    const isCreation = !live && needsCreation(request, body);
    const { accept, query, columns } = wanted(request);
    if (!live && !isDryRun(query, {}))
      await dependencies.recordBeforeCreate(app.namespace, groupResource(request), app.name);
    // A POST never takes over what exists already; the apply that follows finds its own object.
    if (isCreation) query.delete('force');
    const answer = isCreation
      ? await ask(request, { method: 'POST', query, accept, body: mapped })
      : await ask(request, { method: 'PATCH', app, query, accept, type: applyPatch, body: mapped });
    const isLost = answer.status === 409 && (isCreation || isUidMismatch(body, answer));
    if (isLost && attempt < maxAttempts) continue;
    if (isCreation && answer.status < 300) continue;
    if (answer.status === 409) {
      const status = await refusalStatus(request, answer, app, body.secretName);
      return request.exchange.answerStatus(409, conflictToApp(status));
    }
    return answerObject(request, answer, columns, body.secretName);
  }
}

/** The configuration, or why it is none. The control plane has its own words for that. */
async function readConfiguration(sent: Buffer): Promise<WriteBody | StatusError> {
  try {
    return checkObject(await asJson(sent));
  } catch (error) {
    return refusalOnly(error);
  }
}

/**
 * Answers an apply that may not create what it names, and returns true. What cannot be decoded comes before admission
 * and rights, and those before what is invalid (apiserver/pkg/endpoints/handlers/patch.go).
 */
async function refusesCreation(
  request: NamedClaimRequest,
  body: WriteBody,
  mapped: Buffer,
  dependencies: ApplyDependencies,
): Promise<boolean> {
  const { app, info, resource } = request;
  const patch = { type: applyPatch, bytes: mapped };
  if (info.subresource !== undefined) {
    await refusePatch(request, patch, notFound(groupResource(request), app.name));
    return true;
  }
  const denied: unknown = await dependencies.authorizeCreate(request).catch((error: unknown) => error);
  if (denied !== undefined) {
    if (!(denied instanceof StatusError)) throw denied;
    await refusePatch(request, patch, denied, ({ code, details }) =>
      code === 422 ? details?.group === 'meta.k8s.io' : code !== 404,
    );
    return true;
  }
  if (isClaimName(app.name)) return false;
  await refuse(request, {
    method: 'POST',
    bytes: asWritten(request, body.bytes),
    type: 'application/json',
    own: nameTooLong(resource.group, resource.kind, app.name),
    passes: () => true,
  });
  return true;
}

/** True where the hash could be that of another claim's name. An apply that will be refused anyway creates nothing. */
function needsCreation({ app, info }: NamedClaimRequest, { metadata }: WriteBody): boolean {
  const isSound = metadata.name === app.name && (info.query.get('fieldManager') ?? '') !== '';
  return isSound && isAmbiguous(app) && !isDryRun(info.query, {});
}

/** The pin does not fit any more. Where the user has named a uid, the refusal is about that one. */
function isUidMismatch({ metadata }: WriteBody, { body }: Answer): boolean {
  return !(metadata as { uid?: unknown }).uid && body.includes('uid mismatch');
}
