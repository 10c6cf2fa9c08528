const noise = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
]);
const machinery = new Set(['managedFields', 'selfLink']);

/** A manifest without what only machines read: managedFields, what was last applied, an empty status. A part of one passes. */
export function prune(manifest: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(manifest).flatMap(([key, value]): [string, unknown][] => {
    if (key === 'metadata' && isObject(value)) return [[key, pruneMetadata(value)]];
    if (key !== 'status') return [[key, value]];
    const status = withoutEmpty(value);
    return status === undefined ? [] : [[key, status]];
  });
  return Object.fromEntries(entries);
}

function pruneMetadata(metadata: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(metadata).filter(([key]) => !machinery.has(key));
  return Object.fromEntries(
    kept.flatMap(([key, value]): [string, unknown][] => {
      if (key !== 'annotations' || !isObject(value)) return [[key, value]];
      const annotations = Object.entries(value).filter(([name]) => !noise.has(name));
      return annotations.length === 0 ? [] : [[key, Object.fromEntries(annotations)]];
    }),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where nothing is left. */
function withoutEmpty(value: unknown): unknown {
  if (value === null || value === '' || value === undefined) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  if (typeof value !== 'object') return value;
  const kept = Object.entries(value)
    .map(([key, child]) => [key, withoutEmpty(child)] as const)
    .filter(([, child]) => child !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
