import {
  type Bytes,
  type Container,
  isObject,
  isString,
  KeyPrefix,
  KeySet,
  type Member,
  noKeys,
  readString,
  scanObject,
  skipString,
  type Span,
} from '../apimachinery/json-scan.ts';
import {
  annotationPrefix,
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  ownerAnnotationPrefix,
} from './identity.ts';

const hiddenLabels = new KeySet(`f:${appClusterLabel}`, `f:${appNamespaceLabel}`, `f:${appNameLabel}`);
const hiddenAnnotations = new KeyPrefix(`f:${annotationPrefix}`);
/** What the key of an owner's annotation starts with; its uid follows. */
export const ownerField = `f:${ownerAnnotationPrefix}`;

const entryKeys = new KeySet('fieldsV1', 'operation', 'time', 'manager');
const rootKeys = new KeySet('f:metadata');
const metadataKeys = new KeySet('f:labels', 'f:annotations', 'f:finalizers');

/** Ids of `metadataKeys`. */
export const metadataField = { labels: 0, annotations: 1, finalizers: 2 } as const;

/** One entry, as far as it is about metadata. */
export interface Entry {
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

/** Undefined for an entry that says nothing of metadata. */
export function readEntry(bytes: Bytes, { start, end }: Span): Entry | undefined {
  if (!isObject(bytes, start)) return undefined;
  let root: Container | undefined;
  let metadata: Member | undefined;
  const descendMetadata = (id: number, at: number, member: Member): number => {
    if (!isObject(bytes, at)) return 0;
    const keys =
      id === metadataField.labels
        ? hiddenLabels
        : id === metadataField.annotations
          ? hiddenAnnotations
          : noKeys;
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

/** True for a key of the connector's own. */
export function isHidden(field: Member): boolean {
  return field.id >= 0;
}

/** `.` stands for the map itself, which the user did not set when all its keys are ours. */
export function isMap(bytes: Bytes, { start, keyEnd }: Member): boolean {
  return keyEnd - start === 3 && bytes[start + 1] === dot;
}

const dot = 0x2e;

/** True for a key of the user's. */
export function isUsers(bytes: Bytes, field: Member): boolean {
  return !isHidden(field) && !isMap(bytes, field);
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
