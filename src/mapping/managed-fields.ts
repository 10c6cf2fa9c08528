import { Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  type Container,
  isArray,
  isObject,
  KeyPrefix,
  KeySet,
  type Member,
  noKeys,
  readString,
  scanArray,
  scanObject,
  type Span,
} from '../apimachinery/json-scan.ts';
import { finalizerToApp } from './finalizers.ts';
import {
  annotationPrefix,
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  ownerAnnotationPrefix,
} from './identity.ts';

/** Part of every key the connector writes: entries without it are passed as they are. */
const needle = Buffer.from('mcp-connector');
const hiddenLabels = new KeySet(`f:${appClusterLabel}`, `f:${appNamespaceLabel}`, `f:${appNameLabel}`);
const hiddenAnnotations = new KeyPrefix(`f:${annotationPrefix}`);
const ownerField = `f:${ownerAnnotationPrefix}`;

const entryKeys = new KeySet('fieldsV1');
const rootKeys = new KeySet('f:metadata');
const metadataKeys = new KeySet('f:labels', 'f:annotations', 'f:finalizers');

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
  const emptied: Span[] = [];
  for (let found = bytes.indexOf(needle, at); found >= 0 && found < end;) {
    const entry = entries.find((candidate) => candidate.end > found);
    if (!entry) break;
    if (isObject(bytes, entry.start) && editEntry(bytes, entry.start, entry.end, edits) === 'empty')
      emptied.push(entry);
    found = bytes.indexOf(needle, entry.end);
  }
  if (emptied.length > 0) edits.removeListed(entries, (entry) => emptied.includes(entry));
}

/** Edits one entry; `empty` when nothing of the user's is in it, and then nothing was edited. */
function editEntry(bytes: Bytes, start: number, end: number, edits: Edits): 'empty' | 'kept' {
  let root: Container | undefined;
  let metadata: Member | undefined;
  const descendMetadata = (id: number, at: number, member: Member): number => {
    if (!isObject(bytes, at)) return 0;
    member.inner = scanObject(
      bytes,
      at,
      end,
      id === 0 ? hiddenLabels : id === 1 ? hiddenAnnotations : noKeys,
    );
    return member.inner.end;
  };
  const descendRoot = (_id: number, at: number, member: Member): number => {
    if (!isObject(bytes, at)) return 0;
    metadata = member;
    member.inner = scanObject(bytes, at, end, metadataKeys, descendMetadata);
    return member.inner.end;
  };
  scanObject(bytes, start, end, entryKeys, (_id, at) => {
    if (!isObject(bytes, at)) return 0;
    root = scanObject(bytes, at, end, rootKeys, descendRoot);
    return root.end;
  });
  const container = metadata?.inner;
  if (!root || !container) return 'kept';

  const own = new Edits();
  const emptied: Member[] = [];
  const owners: string[] = [];
  for (const member of container.members) {
    const { inner } = member;
    if (!inner) continue;
    if (member.id === 2) {
      renameFinalizers(bytes, inner, own);
      continue;
    }
    const hidden = inner.members.filter(isHidden);
    if (hidden.length === 0) continue;
    for (const { start: at, keyEnd } of member.id === 1 ? hidden : []) {
      const name = readString(bytes, at, keyEnd);
      if (name.startsWith(ownerField)) owners.push(name.slice(ownerField.length));
    }
    // `.` stands for the map itself, which the user did not set when all its keys are ours.
    const isUsers = (field: Member): boolean =>
      !isHidden(field) && readString(bytes, field.start, field.keyEnd) !== '.';
    if (inner.members.some(isUsers)) own.removeListed(inner.members, isHidden);
    else emptied.push(member);
  }
  if (owners.length === 0 && emptied.length === container.members.length) {
    if (root.members.length === 1) return 'empty';
    edits.removeListed(root.members, (member) => member === metadata);
    return 'kept';
  }
  const text = ownersField(owners);
  if (text && emptied.length === container.members.length) {
    edits.replace(container.start, container.end, `{${text}}`);
    return 'kept';
  }
  if (text) edits.insert(container.end - 1, `,${text}`);
  edits.removeListed(container.members, (member) => emptied.includes(member));
  edits.addAll(own);
  return 'kept';
}

function isHidden(field: Member): boolean {
  return field.id >= 0;
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

function ownersField(uids: readonly string[]): string {
  const keys = uids
    .filter((uid) => uid !== '')
    .map((uid) => `${JSON.stringify(`k:${JSON.stringify({ uid })}`)}:{}`);
  return keys.length === 0 ? '' : `"f:ownerReferences":{".":{},${keys.join(',')}}`;
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
  const stored = scanArray(there, 0, there.length).elements.map(({ start, end }) => {
    const text = there.toString('utf8', start, end);
    const shown = entryToApp(text);
    return { text, shown: shown && canonicalText(shown), isKept: shown === undefined };
  });
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

/** One entry as the app cluster sees it; undefined when it is hidden. */
function entryToApp(entry: string): string | undefined {
  const bytes = Buffer.from(`[${entry}]`);
  const edits = new Edits();
  editManagedFieldsToApp(bytes, scanArray(bytes, 0, bytes.length).elements, 0, bytes.length, edits);
  const text = edits.apply(bytes).toString();
  return text === '[]' ? undefined : text.slice(1, -1);
}
