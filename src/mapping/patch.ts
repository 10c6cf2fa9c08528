import {
  mergePatch as applyMergePatch,
  isLosslessObject,
  type LosslessJson,
  type LosslessObject,
} from '../apimachinery/lossless-json.ts';
import { applyPatch, type PatchOperation } from '../apimachinery/json-patch.ts';

/**
 * `forward`: the patch means the same on the control-plane object, once mapped. `rewrite`: it touches what the two
 * sides hold differently, so it has to be applied to the app cluster's view and sent as a whole object.
 */
export type PatchRoute = 'forward' | 'rewrite';

/** Members of `metadata` that stand on both sides alike, or are mapped one to one. */
const plainMetadata = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'generateName',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'finalizers',
  'selfLink',
]);

export function mergePatchRoute(patch: LosslessJson): PatchRoute {
  if (!isLosslessObject(patch) || !Object.hasOwn(patch, 'metadata')) return 'forward';
  const { metadata } = patch;
  if (metadata === null) return 'rewrite';
  if (!isLosslessObject(metadata)) return 'forward';
  const mapsAlike = Object.entries(metadata).every(([key, value]) => {
    if (key === 'labels' || key === 'annotations') return isLosslessObject(value);
    return plainMetadata.has(key);
  });
  return mapsAlike ? 'forward' : 'rewrite';
}

export function jsonPatchRoute(operations: readonly PatchOperation[]): PatchRoute {
  return operations.every(({ path, from }) => isPlain(path) && isPlain(from)) ? 'forward' : 'rewrite';
}

/** True for a JSON pointer that leads to nothing the two sides hold differently. */
function isPlain(path: unknown): boolean {
  if (typeof path !== 'string') return true;
  const [, first, second] = path.split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (first === undefined || first === 'metadata') return false;
  return first !== 'spec' || (second !== undefined && second !== 'writeConnectionSecretToRef');
}

/** The app cluster's view after the patch. Throws StatusError where the patch does not fit. */
export function patchedView(
  view: LosslessJson,
  patch: { kind: 'merge'; patch: LosslessJson } | { kind: 'json'; operations: PatchOperation[] },
): LosslessObject | undefined {
  const patched =
    patch.kind === 'merge' ? applyMergePatch(view, patch.patch) : applyPatch(view, patch.operations);
  return isLosslessObject(patched) ? patched : undefined;
}
