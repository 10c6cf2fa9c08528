import { Edits } from '../../apimachinery/json-edit.ts';
import { applyMergePatch } from '../../apimachinery/json-merge-patch.ts';
import { applyPatch as applyOperations, parsePatch, withTest } from '../../apimachinery/json-patch.ts';
import { LazyJson, printLazy } from '../../apimachinery/lazy-json.ts';
import { PatchWork } from '../../apimachinery/patch-work.ts';
import { badRequest, notFound, StatusError } from '../../apimachinery/status.ts';
import { duplicateFields, patchProblems } from '../../apimachinery/strict-fields.ts';
import { editToApp } from '../../mapping/claim-view.ts';
import { isAmbiguous } from '../../mapping/identity.ts';
import { jsonPatchRoute, mergePatchRoute } from '../../mapping/patch.ts';
import { type ApplyDependencies, applyClaim } from './apply.ts';
import {
  ask,
  groupResource,
  type LiveObject,
  lookUp,
  makeDryRun,
  type NamedClaimRequest,
  wanted,
} from '../claim-request.ts';
import { answerPatch, isStrict, ownerProblems, refusePatch, type SentPatch } from './patch-answer.ts';
import { applyPatch, jsonPatch, mergePatch, patchTypeOf } from './patch-type.ts';
import { keepOwnResource } from '../resource-ref.ts';
import { toControlPlane } from '../write-body.ts';

/** How often a rewrite starts over when somebody else wrote in between; kube-apiserver's patch retries 5 times. */
const maxAttempts = 5;
/** A patch of this many operations has no room for one of ours. */
const maxOperations = 10_000;
/** Fails whatever the object is. */
const failingPatch: SentPatch = {
  type: jsonPatch,
  bytes: Buffer.from('[{"op":"test","path":"/","value":0}]'),
};

/** PATCH of an object or its status: JSON Patch, JSON Merge Patch and server-side apply, as a CRD takes them. */
export async function patchClaim(request: NamedClaimRequest, dependencies: ApplyDependencies): Promise<void> {
  const { exchange, app } = request;
  const type = patchTypeOf(request);
  wanted(request);
  const bytes = await exchange.readBody();
  if (type === applyPatch) return applyClaim(request, bytes, dependencies);
  const found = await lookUp(request);
  const missing = notFound(groupResource(request), app.name);
  if (found === 'foreign') throw missing;
  if (found === 'absent') return refusePatch(request, { type, bytes }, missing);
  return type === jsonPatch ? patchByOperations(request, bytes, found) : patchByMerge(request, bytes, found);
}

async function patchByOperations(
  request: NamedClaimRequest,
  bytes: Buffer,
  found: LiveObject,
): Promise<void> {
  const sent = { type: jsonPatch, bytes };
  const operations = refusable(() => parsePatch(bytes));
  if (operations instanceof StatusError) return refusePatch(request, sent, operations);
  const isMistyped = isStrict(request) !== 'Ignore' && operations?.some((operation) => operation.isMistyped);
  if (!operations || isMistyped) return refusePatch(request, sent, badRequest('error decoding patch'));
  const isPinned = isAmbiguous(request.app);
  if (jsonPatchRoute(operations) === 'rewrite' || (isPinned && operations.length === maxOperations)) {
    // Operations are read anew for each attempt: applying them changes their values.
    const apply = (view: LazyJson): LazyJson => applyOperations(view, parsePatch(bytes) ?? []);
    return rewrite(request, found, { apply, problems: patchProblems(bytes) });
  }
  // A JSON Patch says nothing of whom it is meant for; where that could be unclear, a test of the uid goes with it.
  const body = isPinned ? withTest(bytes, '/metadata/uid', found.live.uid) : bytes;
  return forward(request, { type: jsonPatch, bytes: body }, found.live.secretName);
}

async function patchByMerge(request: NamedClaimRequest, bytes: Buffer, found: LiveObject): Promise<void> {
  const sent = { type: mergePatch, bytes };
  const patch = refusable(() => readJson(bytes));
  if (patch instanceof StatusError) return refusePatch(request, sent, patch);
  if (!patch?.members()) return refusePatch(request, sent, badRequest('Invalid JSON Patch'));
  if (mergePatchRoute(patch) === 'rewrite') {
    const apply = (view: LazyJson): LazyJson => applyMergePatch(view, readJson(bytes) as LazyJson);
    return rewrite(request, found, { apply, problems: duplicateFields(bytes) });
  }
  const mapped = toControlPlane(request, bytes, { body: 'merge-patch', live: found.live });
  return forward(request, { type: mergePatch, bytes: mapped }, secretNameOf(patch) ?? found.live.secretName);
}

async function forward(
  request: NamedClaimRequest,
  { type, bytes }: SentPatch,
  secretName: string | undefined,
): Promise<void> {
  const { accept, query } = wanted(request);
  const answer = await ask(request, { method: 'PATCH', app: request.app, query, accept, type, body: bytes });
  return answerPatch(request, answer, { secretName });
}

/** A patch to be applied here. */
interface Rewriting {
  /** Makes the patched view of a view, which it may change. Throws StatusError 422. */
  apply: (view: LazyJson) => LazyJson;
  /** What strict validation finds in the patch itself, unless it is off. */
  problems: string[];
}

/**
 * Applies a patch to the object as the app cluster sees it, and sends the result as a whole: for patches of what the two
 * sides hold differently. It goes as a JSON Patch of the whole document, so that options, owners of fields and refusals
 * are those of a patch, and the resourceVersion in it guards it.
 */
async function rewrite(
  request: NamedClaimRequest,
  first: LiveObject,
  { apply, problems }: Rewriting,
): Promise<void> {
  const { app } = request;
  const strictness = isStrict(request);
  let found: LiveObject | undefined = first;
  for (let attempt = 1; ; attempt++) {
    if (!found) throw notFound(groupResource(request), app.name);
    const { live } = found;
    const seen = appView(found);
    const patched = refusable(() => apply(seen));
    if (patched instanceof StatusError) return refusePatch(request, failingPatch, patched);
    const view = PatchWork.guard(() => printLazy(patched));
    const told = strictness === 'Ignore' ? [] : [...problems, ...ownerProblems(view)];
    const { accept, query } = wanted(request);
    // Nothing may be stored of what is refused here.
    if (strictness === 'Strict' && told.length > 0) makeDryRun(query);
    const object = patched.members()
      ? toControlPlane(request, keepOwnResource(request, app.name, Buffer.from(view), found), {
          body: 'patched',
          live,
          replaces: true,
        })
      : view;
    const body = Buffer.from(`[{"op":"replace","path":"","value":${object.toString('utf8')}}]`);
    const answer = await ask(request, { method: 'PATCH', app, query, accept, type: jsonPatch, body });
    const isOvertaken = answer.status === 409 && versionOf(patched) === live.resourceVersion;
    if (!isOvertaken || attempt === maxAttempts)
      return answerPatch(request, answer, { view, problems: told, secretName: secretNameOf(patched) });
    const current = await lookUp(request);
    found = typeof current === 'string' ? undefined : current;
  }
}

function appView({ bytes }: LiveObject): LazyJson {
  const edits = new Edits();
  editToApp(bytes, bytes.indexOf('{'), bytes.length, edits);
  return LazyJson.from(edits.apply(bytes)) as LazyJson;
}

function readJson(bytes: Buffer): LazyJson | null | undefined {
  try {
    JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  return LazyJson.from(bytes);
}

function refusable<T>(attempt: () => T): T | StatusError {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

function versionOf(view: LazyJson): string | undefined {
  return textAt(view, 'metadata', 'resourceVersion');
}

function secretNameOf(view: LazyJson): string | undefined {
  return textAt(view, 'spec', 'writeConnectionSecretToRef', 'name');
}

function textAt(view: LazyJson, ...keys: string[]): string | undefined {
  const at = keys.reduce<LazyJson | null | undefined>((value, key) => value?.members()?.get(key), view);
  const text = at?.toString();
  return text?.startsWith('"') ? (JSON.parse(text) as string) : undefined;
}
