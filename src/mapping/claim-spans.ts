import {
  type Bytes,
  type Container,
  isNull,
  isArray,
  isObject,
  isString,
  KeyPrefix,
  KeySet,
  type Member,
  scanArray,
  scanObject,
} from '../apimachinery/json-scan.ts';
import { annotationPrefix, appClusterLabel, appNameLabel, appNamespaceLabel } from './identity.ts';

const rootKeys = new KeySet('metadata', 'spec');
const specKeys = new KeySet('writeConnectionSecretToRef');
const referenceKeys = new KeySet('name');
const metadataKeys = new KeySet(
  'name',
  'namespace',
  'labels',
  'annotations',
  'ownerReferences',
  'managedFields',
  'finalizers',
  'uid',
  'resourceVersion',
);

/** Labels and annotations of the connector's own have ids from 0; labels in this order. */
const labelKeys = new KeySet(appClusterLabel, appNamespaceLabel, appNameLabel);
const annotationKeys = new KeyPrefix(annotationPrefix);

/** Ids of `metadataKeys`. */
export const field = {
  name: 0,
  namespace: 1,
  labels: 2,
  annotations: 3,
  ownerReferences: 4,
  managedFields: 5,
  finalizers: 6,
  uid: 7,
  resourceVersion: 8,
} as const;

/**
 * Where the mapped fields of one object stand. Each list holds every occurrence: with duplicate keys the last one
 * wins in Go, and a scanner that looked at one only could be talked past.
 */
export interface ClaimSpans {
  root: Container;
  /**
   * `metadata` members whose value is an object, with ids of `field`. Labels and annotations have their members in
   * `inner`, those of the connector with ids from 0; managedFields its entries in `elements`.
   */
  metadata: Container[];
  /** `metadata: null` */
  nullMetadata: Member[];
  /** `spec.writeConnectionSecretToRef.name` members whose value is a string. */
  secretNames: Member[];
  /** `spec.writeConnectionSecretToRef: null`, or its name null: asks for removal in a merge patch. */
  nullSecrets: Member[];
  /** `spec` members that are null (a merge patch that drops all of it). */
  nullSpec: Member[];
}

/** Scans the object at `at`; bytes are looked at once. */
export function scanClaim(bytes: Bytes, at: number, end: number): ClaimSpans {
  const metadata: Container[] = [];
  const nullMetadata: Member[] = [];
  const secretNames: Member[] = [];
  const nullSecrets: Member[] = [];
  const nullSpec: Member[] = [];

  const descendReference = (_id: number, valueStart: number, member: Member): number => {
    if (isString(bytes, valueStart)) secretNames.push(member);
    else if (isNull(bytes, valueStart)) nullSecrets.push(member);
    return 0;
  };
  const descendSpec = (_id: number, valueStart: number, member: Member): number => {
    if (isObject(bytes, valueStart))
      return scanObject(bytes, valueStart, end, referenceKeys, descendReference).end;
    if (isNull(bytes, valueStart)) nullSecrets.push(member);
    return 0;
  };
  const descendMetadata = (id: number, valueStart: number, member: Member): number => {
    if ((id === field.labels || id === field.annotations) && isObject(bytes, valueStart)) {
      member.inner = scanObject(bytes, valueStart, end, id === field.labels ? labelKeys : annotationKeys);
      return member.inner.end;
    }
    if (id !== field.managedFields || !isArray(bytes, valueStart)) return 0;
    const array = scanArray(bytes, valueStart, end);
    member.elements = array.elements;
    return array.end;
  };
  const descendRoot = (id: number, valueStart: number, member: Member): number => {
    if (isNull(bytes, valueStart)) (id === 0 ? nullMetadata : nullSpec).push(member);
    if (!isObject(bytes, valueStart)) return 0;
    if (id === 1) return scanObject(bytes, valueStart, end, specKeys, descendSpec).end;
    const container = scanObject(bytes, valueStart, end, metadataKeys, descendMetadata);
    metadata.push(container);
    return container.end;
  };
  const root = scanObject(bytes, at, end, rootKeys, descendRoot);
  return { root, metadata, nullMetadata, secretNames, nullSecrets, nullSpec };
}
