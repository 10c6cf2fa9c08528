import type { Edits } from '../apimachinery/json-edit.ts';
import { type Bytes, isArray, isString, readString, scanArray } from '../apimachinery/json-scan.ts';
import { foregroundFinalizer, orphanFinalizer } from './identity.ts';

/**
 * `orphan` and `foregroundDeletion` are for the collector of the cluster the dependents live in. The control plane's
 * would clear them at once, having none, and the app cluster's would then take an orphaning delete for a plain one.
 */
const stored = new Map([
  ['orphan', orphanFinalizer],
  ['foregroundDeletion', foregroundFinalizer],
]);
const shown = new Map([...stored].map(([app, there]) => [there, app]));

export function finalizerToControlPlane(finalizer: string): string {
  return stored.get(finalizer) ?? finalizer;
}

export function finalizerToApp(finalizer: string): string {
  return shown.get(finalizer) ?? finalizer;
}

/** Maps the strings of the array at `at` by one of the two functions above. */
export function editFinalizers(
  bytes: Bytes,
  at: number,
  end: number,
  edits: Edits,
  map: (finalizer: string) => string,
): void {
  if (!isArray(bytes, at)) return;
  for (const element of scanArray(bytes, at, end).elements) {
    if (!isString(bytes, element.start)) continue;
    const finalizer = readString(bytes, element.start, element.end);
    const mapped = map(finalizer);
    if (mapped !== finalizer) edits.replace(element.start, element.end, JSON.stringify(mapped));
  }
}
