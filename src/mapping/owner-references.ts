import { type Bytes, isObject, scanArray } from '../apimachinery/json-scan.ts';
import { ownerAnnotationPrefix, ownerOrderAnnotation } from './identity.ts';

/*
 * ownerReferences written in the app cluster name owners that do not exist on the control plane: its collector would
 * delete the claim. They are kept in annotations there, one per owner with the entry whole, and shown as they were.
 */

/**
 * The annotations for the ownerReferences array at `at`, in order. Undefined when an entry is not a complete
 * reference: the array then stays in place and the control plane refuses it in Kubernetes' own words.
 */
export function ownersToAnnotations(
  bytes: Bytes,
  at: number,
  end: number,
): [key: string, value: string][] | undefined {
  const annotations: [string, string][] = [];
  const uids: string[] = [];
  for (const element of scanArray(bytes, at, end).elements) {
    if (!isObject(bytes, element.start)) return undefined;
    const text = bytes.toString('utf8', element.start, element.end);
    const owner = JSON.parse(text) as Record<string, unknown>;
    const isComplete = ['apiVersion', 'kind', 'name', 'uid'].every(
      (key) => typeof owner[key] === 'string' && owner[key] !== '',
    );
    // An annotation key allows 63 characters of letters, digits, `-`, `_` and `.` behind its prefix.
    if (!isComplete || !/^[\w.-]{1,56}$/.test(owner['uid'] as string)) return undefined;
    uids.push(owner['uid'] as string);
    annotations.push([ownerAnnotationPrefix + (owner['uid'] as string), text]);
  }
  if (uids.some((uid, i) => i > 0 && uid < (uids[i - 1] as string))) {
    annotations.push([ownerOrderAnnotation, uids.join(',')]);
  }
  return annotations;
}

/** The inverse: the JSON text of the ownerReferences array, or undefined when there are no owners. */
export function ownersFromAnnotations(annotations: ReadonlyMap<string, string>): string | undefined {
  const owners = new Map<string, string>();
  for (const [key, value] of annotations) {
    if (key.startsWith(ownerAnnotationPrefix)) owners.set(key.slice(ownerAnnotationPrefix.length), value);
  }
  if (owners.size === 0) return undefined;
  const order = annotations.get(ownerOrderAnnotation)?.split(',') ?? [];
  const rank = (uid: string): number => {
    const at = order.indexOf(uid);
    return at < 0 ? order.length : at;
  };
  const uids = [...owners.keys()].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return `[${uids.map((uid) => owners.get(uid)).join(',')}]`;
}
