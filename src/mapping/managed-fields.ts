import { Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  type Container,
  isArray,
  isObject,
  isString,
  KeyPrefix,
  KeySet,
  type Member,
  noKeys,
  readString,
  scanArray,
  scanObject,
  skipString,
  type Span,
} from '../apimachinery/json-scan.ts';
import { finalizerToApp } from './finalizers.ts';
import {
  annotationPrefix,
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  connectorFieldManager,
  ownerAnnotationPrefix,
} from './identity.ts';

/** Part of every key the connector writes: entries without it are passed as they are. */
const needle = Buffer.from('mcp-connector');
const hiddenLabels = new KeySet(`f:${appClusterLabel}`, `f:${appNamespaceLabel}`, `f:${appNameLabel}`);
const hiddenAnnotations = new KeyPrefix(`f:${annotationPrefix}`);
const ownerField = `f:${ownerAnnotationPrefix}`;

const entryKeys = new KeySet('fieldsV1', 'operation', 'time', 'manager');
const rootKeys = new KeySet('f:metadata');
const metadataKeys = new KeySet('f:labels', 'f:annotations', 'f:finalizers');
const labels = 0;
const annotations = 1;
const finalizers = 2;

/** The maps that hold keys of the connector's own, by their ids in `metadataKeys`. */
const maps = [
  { id: labels, needle: Buffer.from('"f:labels"') },
  { id: annotations, needle: Buffer.from('"f:annotations"') },
];

/**
 * Takes the connector's own fields out of the entries of a managedFields array, which lie between `at` and `end`;
 * owner annotations become what Kubernetes shows for ownerReferences. An entry that held nothing else goes as a whole.
 */
export function editManagedFieldsToApp(
  bytes: Bytes,
  entries: readonly Span[],
  at: number,
  end: number,
  edits: Edits,
): void {
  const emptied = editEntries(bytes, entries, at, end, edits);
  if (emptied.size > 0) edits.removeListed(entries, (entry) => emptied.has(entry));
}

/** Edits all entries but those that held nothing of the user's, which are returned as they stand. */
function editEntries(
  bytes: Bytes,
  entries: readonly Span[],
  at: number,
  end: number,
  edits: Edits,
): Set<Span> {
  const emptied = new Set<Span>();
  const ownerless = new Set<number>();
  const owning: OwningEntry[] = [];
  for (let found = bytes.indexOf(needle, at); found >= 0 && found < end;) {
    const span = entries.find((candidate) => candidate.end > found);
    if (!span) break;
    const entry = readEntry(bytes, span);
    const isHiddenWhole =
      entry && (isOurs(entry) || editEntry(bytes, entry, edits, ownerless, owning) === 'empty');
    if (isHiddenWhole) emptied.add(span);
    found = bytes.indexOf(needle, span.end);
  }
  for (const { id, needle: name } of maps) {
    if (ownerless.has(id)) giveMap(bytes, entriesWith(bytes, entries, name), id, edits);
  }
  showOwners(owning, edits);
  return emptied;
}

/** One entry, as far as it is about metadata. */
interface Entry {
  manager: string;
  /** Update or Apply. */
  operation: string;
  time: string;
  /** Members of fieldsV1. */
  root: Container;
  /** The one of them that is `f:metadata`. */
  metadata: Member;
  /** Its members. */
  container: Container;
}

/** The finalizers that a delete has set: a local API server names nobody for them. */
function isOurs({ manager, root, container }: Entry): boolean {
  return (
    manager === connectorFieldManager &&
    root.members.length === 1 &&
    container.members.every(({ id }) => id === finalizers)
  );
}

/** Undefined for an entry that says nothing of metadata. */
function readEntry(bytes: Bytes, { start, end }: Span): Entry | undefined {
  if (!isObject(bytes, start)) return undefined;
  let root: Container | undefined;
  let metadata: Member | undefined;
  const descendMetadata = (id: number, at: number, member: Member): number => {
    if (!isObject(bytes, at)) return 0;
    const keys = id === labels ? hiddenLabels : id === annotations ? hiddenAnnotations : noKeys;
    member.inner = scanObject(bytes, at, end, keys);
    return member.inner.end;
  };
  const descendRoot = (_id: number, at: number, member: Member): number => {
    if (!isObject(bytes, at)) return 0;
    metadata = member;
    member.inner = scanObject(bytes, at, end, metadataKeys, descendMetadata);
    return member.inner.end;
  };
  const texts = ['', '', '', ''];
  scanObject(bytes, start, end, entryKeys, (id, at) => {
    if (isString(bytes, at)) {
      const after = skipString(bytes, at, end);
      texts[id] = readString(bytes, at, after);
      return after;
    }
    if (id !== 0 || !isObject(bytes, at)) return 0;
    root = scanObject(bytes, at, end, rootKeys, descendRoot);
    return root.end;
  });
  const container = metadata?.inner;
  if (!root || !metadata || !container) return undefined;
  const [, operation = '', time = '', manager = ''] = texts;
  return { manager, operation, time, root, metadata, container };
}

/**
 * Edits one entry; `empty` when nothing of the user's is in it, and then nothing was edited. `ownerless` takes the ids of
 * maps that are the user's no longer here; `owning` the entry, where it owns ownerReferences.
 */
function editEntry(
  bytes: Bytes,
  entry: Entry,
  edits: Edits,
  ownerless: Set<number>,
  owning: OwningEntry[],
): 'empty' | 'kept' {
  const { root, metadata, container } = entry;
  const own = new Edits();
  const emptied: Member[] = [];
  const owners: string[] = [];
  for (const member of container.members) {
    const { inner } = member;
    if (!inner) continue;
    if (member.id === finalizers) {
      renameFinalizers(bytes, inner, own);
      continue;
    }
    const hidden = inner.members.filter(isHidden);
    if (hidden.length === 0) continue;
    for (const { start: at, keyEnd } of member.id === annotations ? hidden : []) {
      const name = readString(bytes, at, keyEnd);
      if (name.startsWith(ownerField)) owners.push(name.slice(ownerField.length));
    }
    if (inner.members.some((field) => isUsers(bytes, field))) own.removeListed(inner.members, isHidden);
    else {
      emptied.push(member);
      ownerless.add(member.id);
    }
  }
  const isEmptied = emptied.length === container.members.length;
  if (owners.length === 0 && isEmptied) {
    if (root.members.length === 1) return 'empty';
    edits.removeListed(root.members, (member) => member === metadata);
    return 'kept';
  }
  if (owners.length > 0) owning.push({ entry, owners, isEmptied });
  if (isEmptied) return 'kept';
  edits.removeListed(container.members, (member) => emptied.includes(member));
  edits.addAll(own);
  return 'kept';
}

function isHidden(field: Member): boolean {
  return field.id >= 0;
}

/** `.` stands for the map itself, which the user did not set when all its keys are ours. */
function isMap(bytes: Bytes, { start, keyEnd }: Member): boolean {
  return keyEnd - start === 3 && bytes[start + 1] === dot;
}

const dot = 0x2e;

function isUsers(bytes: Bytes, field: Member): boolean {
  return !isHidden(field) && !isMap(bytes, field);
}

function entriesWith(bytes: Bytes, entries: readonly Span[], name: Buffer): Entry[] {
  return entries.flatMap((span) => {
    const found = bytes.indexOf(name, span.start);
    return (found >= 0 && found < span.end && readEntry(bytes, span)) || [];
  });
}

/**
 * A map that the connector's keys have made is nobody's once they are hidden. Without them, the update that set the first
 * key of it would have made it: the oldest there is. An apply owns keys only.
 */
function giveMap(bytes: Bytes, entries: readonly Entry[], id: number, edits: Edits): void {
  const users = entries.flatMap(({ operation, time, container }) => {
    const inner = container.members.find((member) => member.id === id)?.inner;
    if (!inner) return [];
    const isShown = inner.members.some((field) => isUsers(bytes, field)) || !inner.members.some(isHidden);
    return isShown ? [{ operation, time, inner }] : [];
  });
  if (users.some(({ inner }) => inner.members.some((field) => isMap(bytes, field)))) return;
  const [first] = users.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  if (first?.operation === 'Update' && first.inner.members.length > 0)
    edits.insert(first.inner.start + 1, '".":{},');
}

/** An entry that owns ownerReferences, by their uids. */
interface OwningEntry {
  entry: Entry;
  owners: readonly string[];
  /** Nothing else of its `f:metadata` is left. */
  isEmptied: boolean;
}

/** As for maps, the list itself is the update's that made it. */
function showOwners(owning: readonly OwningEntry[], edits: Edits): void {
  const updates = owning.filter(({ entry }) => entry.operation === 'Update');
  const [first] = updates.toSorted((a, b) => (a.entry.time < b.entry.time ? -1 : 1));
  for (const one of owning) {
    const { container } = one.entry;
    const text = ownersField(one.owners, one === first);
    if (one.isEmptied) edits.replace(container.start, container.end, `{${text}}`);
    else edits.insert(container.end - 1, `,${text}`);
  }
}

function renameFinalizers(bytes: Bytes, inner: Container, edits: Edits): void {
  for (const field of inner.members) {
    const name = readString(bytes, field.start, field.keyEnd);
    if (!name.startsWith('v:"')) continue;
    const finalizer = JSON.parse(name.slice(2)) as string;
    const mapped = finalizerToApp(finalizer);
    if (mapped !== finalizer)
      edits.replace(field.start, field.keyEnd, JSON.stringify(`v:${JSON.stringify(mapped)}`));
  }
}

function ownersField(uids: readonly string[], makesList: boolean): string {
  const keys = uids.map((uid) => `${JSON.stringify(`k:${JSON.stringify({ uid })}`)}:{}`);
  return `"f:ownerReferences":{${[...(makesList ? ['".":{}'] : []), ...keys].join(',')}}`;
}

/**
 * The inverse, for a PUT: the array to send, given the array a user sends (read from the app cluster, perhaps
 * changed) and the one on the control plane now. Entries the user did not touch go back byte for byte, so that a
 * PUT without a change stays one; what was hidden whole comes back. `[]` and `[{}]` keep their meaning: leave as they
 * are, and reset.
 */
export function restoreManagedFields(sent: string, live: string): string {
  const bytes = Buffer.from(sent);
  const there = Buffer.from(live);
  if (!isArray(bytes, 0) || !isArray(there, 0)) return sent;
  const entries = scanArray(bytes, 0, bytes.length).elements.map(({ start, end }) =>
    bytes.toString('utf8', start, end),
  );
  if (entries.every((entry) => Object.keys(JSON.parse(entry) ?? {}).length === 0)) return sent;
  const spans = scanArray(there, 0, there.length).elements;
  const edits = new Edits();
  const hidden = editEntries(there, spans, 0, there.length, edits);
  const seen = edits.apply(there);
  const shownTexts = scanArray(seen, 0, seen.length).elements.map(({ start, end }) =>
    canonicalText(seen.toString('utf8', start, end)),
  );
  const stored = spans.map((span, i) => ({
    text: there.toString('utf8', span.start, span.end),
    shown: shownTexts[i],
    isKept: hidden.has(span),
  }));
  const changed: string[] = [];
  for (const entry of entries) {
    const canonical = canonicalText(entry);
    const match = stored.find(({ shown, isKept }) => !isKept && shown === canonical);
    if (match) match.isKept = true;
    else changed.push(entry);
  }
  const kept = stored.filter(({ isKept }) => isKept).map(({ text }) => text);
  return `[${[...kept, ...changed].join(',')}]`;
}

/** Clients print the members of an entry in orders of their own. */
function canonicalText(json: string): string {
  return JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** True for an owner that stands there by the applies of this manager only, so that its next apply may drop it. */
export function isOwnersOnlyApplier(managedFields: string, manager: string, uid: string): boolean {
  const entries = JSON.parse(managedFields) as {
    manager?: string;
    operation?: string;
    fieldsV1?: { 'f:metadata'?: { 'f:annotations'?: object } };
  }[];
  const owning = entries.filter(({ fieldsV1 }) =>
    Object.hasOwn(fieldsV1?.['f:metadata']?.['f:annotations'] ?? {}, ownerField + uid),
  );
  return (
    owning.length > 0 && owning.every((entry) => entry.operation === 'Apply' && entry.manager === manager)
  );
}
