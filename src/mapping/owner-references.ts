import { type Bytes, scanArray } from '../apimachinery/json-scan.ts';
import { StatusError } from '../apimachinery/status.ts';
import { ownerAnnotationPrefix, ownerOrderAnnotation } from './identity.ts';

/*
 * ownerReferences written in the app cluster name owners that do not exist on the control plane: its collector would
 * delete the claim. They are kept in annotations there, one per owner with the entry whole, and shown as they were.
 */

interface Owner {
  apiVersion?: unknown;
  blockOwnerDeletion?: unknown;
  controller?: unknown;
  kind?: unknown;
  name?: unknown;
  uid?: unknown;
}

/** An annotation key ends in up to 63 characters of letters, digits, `-`, `_` and `.`, the last a letter or a digit. */
const keptUid = /^[\w.-]{0,55}[A-Za-z0-9]$/;

/**
 * The annotations for the ownerReferences array between `at` and `end`, in order. Undefined when an entry is none that
 * Kubernetes takes (apimachinery/pkg/api/validation/objectmeta.go ValidateOwnerReferences): the array then stays in
 * place, and the control plane refuses it in Kubernetes' own words; so it is where an apply names an owner twice. Throws StatusError 422 for a uid that Kubernetes
 * takes and no annotation can hold: left in place, its owner would be looked for on the control plane.
 */
export function ownersToAnnotations(
  bytes: Bytes,
  at: number,
  end: number,
  isApply = false,
): [key: string, value: string][] | undefined {
  const owners = scanArray(bytes, at, end).elements.map(
    (element) => JSON.parse(bytes.toString('utf8', element.start, element.end)) as Owner | null,
  );
  if (!owners.every(isAccepted) || owners.filter(({ controller }) => controller).length > 1) return undefined;
  const byUid = new Map(owners.map((owner) => [owner.uid as string, owner]));
  if (isApply && byUid.size < owners.length) return undefined;
  const uids = [...byUid.keys()];
  for (const uid of uids) if (!keptUid.test(uid)) throw invalidUid(uid);
  const annotations = [...byUid].map(([uid, owner]): [string, string] => [
    ownerAnnotationPrefix + uid,
    printOwner(owner),
  ]);
  if (uids.some((uid, i) => i > 0 && uid < (uids[i - 1] as string))) {
    annotations.push([ownerOrderAnnotation, uids.join(',')]);
  }
  return annotations;
}

/** The uids of entries that stand in the array more than once, alike in every member: Kubernetes keeps the first of them. */
export function duplicateOwners(array: Bytes): string[] {
  const seen = new Set<string>();
  return scanArray(array, 0, array.length).elements.flatMap(({ start, end }) => {
    const owner = JSON.parse(array.toString('utf8', start, end)) as Owner | null;
    if (!isAccepted(owner)) return [];
    const text = printOwner(owner);
    if (seen.has(text)) return [owner.uid as string];
    seen.add(text);
    return [];
  });
}

const typedOrder = ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'];
const ownerFields = new Set(typedOrder);

/** The keys of an entry that no owner has. */
export function unknownOwnerKeys(owner: object): string[] {
  return Object.keys(owner).filter((key) => !ownerFields.has(key));
}

/** What strict validation says of fields that an owner does not have, since the annotations leave them out. */
export function unknownOwnerFields(array: Bytes): string[] {
  return scanArray(array, 0, array.length).elements.flatMap(({ start, end }, i) => {
    const owner = JSON.parse(array.toString('utf8', start, end)) as Owner | null;
    if (!isAccepted(owner)) return [];
    return unknownOwnerKeys(owner).map((key) => `unknown field "metadata.ownerReferences[${i}].${key}"`);
  });
}

function isAccepted(owner: Owner | null): owner is Owner {
  if (typeof owner !== 'object' || owner === null) return false;
  const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner;
  const isText = [apiVersion, kind, name, uid].every((value) => typeof value === 'string' && value !== '');
  const isFlagged = [controller, blockOwnerDeletion].every(
    (value) => value === undefined || value === null || typeof value === 'boolean',
  );
  const hasVersion = isText && /^([^/]*\/)?[^/]+$/.test(apiVersion as string);
  return isFlagged && hasVersion && !(apiVersion === 'v1' && kind === 'Event');
}

/**
 * One line, with the members an API server keeps in the order it prints them: the same for every client, so that an
 * apply without a change is none.
 */
function printOwner({ apiVersion, blockOwnerDeletion, controller, kind, name, uid }: Owner): string {
  return JSON.stringify({
    apiVersion,
    blockOwnerDeletion: blockOwnerDeletion ?? undefined,
    controller: controller ?? undefined,
    kind,
    name,
    uid,
  });
}

function invalidUid(uid: string): StatusError {
  const field = 'metadata.ownerReferences.uid';
  const message = `Invalid value: ${JSON.stringify(uid)}: must be the UID of an object`;
  return new StatusError(422, 'Invalid', `${field}: ${message}`, {
    causes: [{ reason: 'FieldValueInvalid', message, field }],
  });
}

/**
 * The inverse: the JSON text of the ownerReferences array, or undefined when there are no owners. What somebody else
 * wrote under such a key, and is no owner, is left out: it would make the whole list unreadable. `isTyped`: members in
 * the order of Go's OwnerReference, as metadata is printed alone.
 */
export function ownersFromAnnotations(
  annotations: ReadonlyMap<string, string>,
  isTyped = false,
): string | undefined {
  const owners = new Map<string, string>();
  for (const [key, value] of annotations) {
    if (!key.startsWith(ownerAnnotationPrefix)) continue;
    const text = readOwner(value, isTyped);
    if (text !== undefined) owners.set(key.slice(ownerAnnotationPrefix.length), text);
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

function readOwner(value: string, isTyped: boolean): string | undefined {
  try {
    const owner = JSON.parse(value) as Owner | null;
    if (!isAccepted(owner)) return undefined;
    return isTyped ? JSON.stringify(owner, typedOrder) : printOwner(owner);
  } catch {
    return undefined;
  }
}

/**
 * The owners that an apply of the array `sent` leads to, as a JSON array, where more than one of them would be the
 * controller: sent in place, the control plane refuses them in Kubernetes' own words. Undefined where there is no such
 * clash. `live` are the owners there are (JSON), of which `isDropped` ones are the applier's alone and go unless sent again.
 */
export function clashingControllers(
  sent: Bytes,
  live: string,
  isDropped: (uid: string) => boolean,
): string | undefined {
  const kept = readOwners(Buffer.from(live)).filter(({ uid }) => !isDropped(uid as string));
  const merged = new Map([...kept, ...readOwners(sent)].map((owner) => [owner.uid, owner]));
  const owners = [...merged.values()];
  return owners.filter(({ controller }) => controller).length > 1 ? JSON.stringify(owners) : undefined;
}

/** Those entries of an array that Kubernetes takes. */
function readOwners(array: Bytes): Owner[] {
  return scanArray(array, 0, array.length).elements.flatMap(({ start, end }) => {
    const owner = JSON.parse(array.toString('utf8', start, end)) as Owner | null;
    return isAccepted(owner) ? [owner] : [];
  });
}
