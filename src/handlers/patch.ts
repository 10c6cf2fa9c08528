import { Edits } from '../apimachinery/json-edit.ts';
import { parsePatch, type PatchOperation } from '../apimachinery/json-patch.ts';
import {
  getMember,
  isLosslessObject,
  type LosslessJson,
  parseLossless,
  printLossless,
} from '../apimachinery/lossless-json.ts';
import { mediaType } from '../apimachinery/media-types.ts';
import { badRequest, conflict, notFound, unsupportedMediaType } from '../apimachinery/status.ts';
import { editToApp } from '../mapping/claim.ts';
import { isAmbiguous } from '../mapping/identity.ts';
import { jsonPatchRoute, mergePatchRoute, patchedView } from '../mapping/patch.ts';
import { type ApplyDependencies, applyClaim, applyPatch } from './apply.ts';
import {
  answerObject,
  ask,
  groupResource,
  type LiveObject,
  type NamedClaimRequest,
  readLiveObject,
  wanted,
} from './claim-request.ts';
import { checkObject, parseJson, requireSameName, toControlPlane } from './write-body.ts';

const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';

/** How often a rewrite starts over when somebody else wrote in between; kube-apiserver's patch retries 5 times. */
const maxAttempts = 5;

/** PATCH of an object or its status: JSON Patch, JSON Merge Patch and server-side apply, as a CRD takes them. */
export async function patchClaim(request: NamedClaimRequest, dependencies: ApplyDependencies): Promise<void> {
  const type = mediaType(request.exchange.header('content-type'));
  if (![jsonPatch, mergePatch, applyPatch].includes(type)) {
    // The collector falls back from strategic merge on exactly this reason (garbagecollector/patch.go).
    throw unsupportedMediaType([jsonPatch, mergePatch, applyPatch]);
  }
  const bytes = await request.exchange.readBody();
  if (type === applyPatch) return applyClaim(request, bytes, dependencies);
  const found = await readLiveObject(request);
  if (!found) throw notFound(groupResource(request), request.app.name);
  if (type === jsonPatch) {
    const operations = parsePatch(bytes.toString('utf8'));
    if (jsonPatchRoute(operations) === 'forward') {
      return forward(request, pinned(request, operations, bytes, found), type, found);
    }
    return rewrite(request, found, { kind: 'json', operations });
  }
  parseJson(bytes);
  const patch = parseLossless(bytes.toString('utf8'));
  if (mergePatchRoute(patch) === 'rewrite') return rewrite(request, found, { kind: 'merge', patch });
  if (isLosslessObject(patch)) requireSameName(checkObject(bytes, request.app.namespace), request.app.name);
  const mapped = isLosslessObject(patch)
    ? toControlPlane(request, bytes, { body: 'merge-patch', live: found.live })
    : bytes;
  return forward(request, mapped, type, found);
}

async function forward(
  request: NamedClaimRequest,
  body: Buffer,
  type: string,
  found: LiveObject,
): Promise<void> {
  const { accept, query, columns } = wanted(request);
  const answer = await ask(request, { method: 'PATCH', app: request.app, query, accept, type, body });
  return answerObject(request, answer, columns, found.live.secretName);
}

/** A JSON Patch says nothing of whom it is meant for; where that could be unclear, a test of the uid goes first. */
function pinned(
  { app }: NamedClaimRequest,
  operations: PatchOperation[],
  bytes: Buffer,
  { live }: LiveObject,
): Buffer {
  if (!isAmbiguous(app)) return bytes;
  const test = { op: 'test', path: '/metadata/uid', value: live.uid };
  return Buffer.from(printLossless([test, ...operations] as unknown as LosslessJson));
}

/**
 * Applies a patch to the object as the app cluster sees it, and sends the result as a whole, guarded by the
 * resourceVersion: for patches of what the two sides hold differently.
 */
async function rewrite(
  request: NamedClaimRequest,
  first: LiveObject,
  patch: Parameters<typeof patchedView>[1],
): Promise<void> {
  const { app } = request;
  const { accept, query, columns } = wanted(request);
  // Only an apply may force, and a PUT knows no such option.
  query.delete('force');
  let found: LiveObject | undefined = first;
  for (let attempt = 1; ; attempt++) {
    if (!found) throw notFound(groupResource(request), app.name);
    const { live } = found;
    const view = patchedView(appView(found), patch);
    if (!view) throw badRequest('the patched object is not a JSON object');
    const version = pinnedVersion(view);
    if (version !== live.resourceVersion) {
      throw conflict(
        groupResource(request),
        app.name,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
    const bytes = Buffer.from(printLossless(view));
    const body = checkObject(bytes, app.namespace);
    requireSameName(body, app.name);
    const mapped = toControlPlane(request, bytes, { body: 'object', live, replaces: true });
    const answer = await ask(request, { method: 'PUT', app, query, accept, body: mapped });
    if (answer.status !== 409 || attempt === maxAttempts) {
      return answerObject(request, answer, columns, body.secretName);
    }
    found = await readLiveObject(request);
  }
}

function appView({ bytes }: LiveObject): LosslessJson {
  const edits = new Edits();
  editToApp(bytes, bytes.indexOf('{'), bytes.length, edits);
  return parseLossless(edits.apply(bytes).toString('utf8'));
}

/** The resourceVersion a patch leaves in the view: the live one, unless the patch names another. */
function pinnedVersion(view: LosslessJson): string | undefined {
  const metadata = isLosslessObject(view) ? getMember(view, 'metadata') : undefined;
  const version = isLosslessObject(metadata) ? getMember(metadata, 'resourceVersion') : undefined;
  return typeof version === 'string' ? version : undefined;
}
