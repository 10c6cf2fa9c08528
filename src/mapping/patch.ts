import type { PatchOperation } from '../apimachinery/json-patch.ts';
import type { LazyJson } from '../apimachinery/lazy-json.ts';
import { isKeptReference } from './spec-references.ts';

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

export function mergePatchRoute(patch: LazyJson): PatchRoute {
  const members = patch.members();
  const spec = members?.get('spec');
  // What Crossplane keeps there is put back after a removal, and judged after a change.
  if (spec === null || [...(spec?.members()?.keys() ?? [])].some(isKeptReference)) return 'rewrite';
  const metadata = members?.get('metadata');
  if (!members?.has('metadata') || metadata === undefined) return 'forward';
  const fields = metadata?.members();
  if (!fields) return 'rewrite';
  const mapsAlike = [...fields].every(([key, value]) => {
    if (key === 'labels' || key === 'annotations') return value?.members() !== undefined;
    // A refusal shows what is no name; the mapping would put the name there.
    if (key === 'name' || key === 'namespace') return value === null || value.toString().startsWith('"');
    return plainMetadata.has(key);
  });
  return mapsAlike ? 'forward' : 'rewrite';
}

export function jsonPatchRoute(operations: readonly PatchOperation[]): PatchRoute {
  return operations.every(({ path, from }) => isPlain(path) && isPlain(from)) ? 'forward' : 'rewrite';
}

/** True for a JSON pointer that leads to nothing the two sides hold differently. */
function isPlain(path: string | undefined): boolean {
  if (path === undefined) return true;
  const [, first, second] = path.split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (first === undefined || first === 'metadata') return false;
  if (first !== 'spec') return true;
  return second !== undefined && second !== 'writeConnectionSecretToRef' && !isKeptReference(second);
}
