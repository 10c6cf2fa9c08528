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

/**
 * The finalizers a delete by `policy` leaves on a control-plane object, where they are not those it has: as the API server
 * sets them, with the connector's own in place of the collector's. On an object that is on its way out none can be added,
 * so one that holds it already stays.
 */
export function finalizersFor(
  policy: 'Background' | 'Foreground' | 'Orphan',
  present: readonly string[],
  isEnding: boolean,
): string[] | undefined {
  const others = present.filter((finalizer) => !shown.has(finalizer));
  const hold = policy === 'Orphan' ? orphanFinalizer : foregroundFinalizer;
  if (policy === 'Background') return others.length === present.length ? undefined : others;
  if (isEnding && !present.includes(hold)) return undefined;
  return present.includes(hold) && others.length === present.length - 1 ? undefined : [...others, hold];
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
  const strings = scanArray(bytes, at, end).elements.filter(({ start }) => isString(bytes, start));
  const finalizers = strings.map((element) => readString(bytes, element.start, element.end));
  // Nobody may have both of the collector's at once. As they stand, the API server refuses them in its own words.
  if (map === finalizerToControlPlane && [...stored.keys()].every((own) => finalizers.includes(own))) return;
  for (const [i, element] of strings.entries()) {
    const finalizer = finalizers[i] as string;
    const mapped = map(finalizer);
    if (mapped !== finalizer) edits.replace(element.start, element.end, JSON.stringify(mapped));
  }
}
