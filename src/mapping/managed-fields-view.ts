import { Edits } from '../apimachinery/json-edit.ts';
import { type Bytes, type Container, type Member, readString, type Span } from '../apimachinery/json-scan.ts';
import { finalizerToApp } from './finalizers.ts';
import { connectorFieldManager } from './identity.ts';
import {
  type Entry,
  isHidden,
  isMap,
  isUsers,
  metadataField,
  ownerField,
  readEntry,
} from './managed-fields-entry.ts';

/** Part of every key the connector writes: entries without it are passed as they are. */
const needle = Buffer.from('mcp-connector');

/** The maps that hold keys of the connector's own, by their ids. */
const maps = [
  { id: metadataField.labels, needle: Buffer.from('"f:labels"') },
  { id: metadataField.annotations, needle: Buffer.from('"f:annotations"') },
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
export function editEntries(
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

/** The finalizers that a delete has set: a local API server names nobody for them. */
function isOurs({ manager, root, container }: Entry): boolean {
  return (
    manager === connectorFieldManager &&
    root.members.length === 1 &&
    container.members.every(({ id }) => id === metadataField.finalizers)
  );
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
    if (member.id === metadataField.finalizers) {
      renameFinalizers(bytes, inner, own);
      continue;
    }
    const hidden = inner.members.filter(isHidden);
    if (hidden.length === 0) continue;
    for (const { start: at, keyEnd } of member.id === metadataField.annotations ? hidden : []) {
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
