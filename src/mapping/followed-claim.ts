import { Edits } from '../apimachinery/json-edit.ts';
import type { Condition, KubeObject, ObjectMeta, ObjectReference } from '../apimachinery/objects.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import { editToApp } from './claim-view.ts';
import {
  type AppName,
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  type Connection,
  connectionSecretAnnotation,
  controlPlaneName,
} from './identity.ts';

/** What the controllers keep of a claim on the control plane: its metadata and about 1 kB, whatever its size. */
export interface FollowedClaim extends KubeObject {
  resource: ConnectedResource;
  /** Name and namespace in the app cluster. */
  app: AppName;
  uid: string;
  isDeleting: boolean;
  /** `spec.writeConnectionSecretToRef.name` as it is on the control plane. */
  storedSecretName: string | undefined;
  /** The user's own name for that Secret. */
  secretName: string | undefined;
  /** `spec.resourceRef`: the composite resource it is bound to. */
  composite: ObjectReference | undefined;
  /** `unfulfilledConditions` of the claim. */
  conditions: Condition[];
  /**
   * Its PartialObjectMetadata on the control plane, without managedFields, as JSON. A text takes less memory than the object,
   * and `metadataToApp` costs too much to be done for every event.
   */
  storedMetadata: string;
}

interface Claim extends KubeObject {
  metadata: ObjectMeta & { generateName?: string; deletionGracePeriodSeconds?: number };
  spec?: { writeConnectionSecretToRef?: { name?: unknown }; resourceRef?: Partial<ObjectReference> };
  status?: { conditions?: Condition[] };
}

/** Conditions that Crossplane itself sets, on claims and on composite resources. */
const systemConditions = new Set(['Ready', 'Synced', 'Responsive']);

/** Undefined where the labels name another app cluster, or no place in this one. */
export function followedClaimOf(
  claim: KubeObject,
  resource: ConnectedResource,
  { clusterID }: Connection,
): FollowedClaim | undefined {
  const { metadata, spec, status } = claim as Claim;
  const { name, uid = '', labels = {}, annotations = {} } = metadata;
  const namespace = labels[appNamespaceLabel];
  const appName = labels[appNameLabel];
  if (labels[appClusterLabel] !== clusterID || !namespace || !appName) return undefined;
  const app = { namespace, name: appName };
  const stored = spec?.writeConnectionSecretToRef?.name;
  const storedSecretName = typeof stored === 'string' ? stored : undefined;
  return {
    metadata: { name, namespace: metadata.namespace ?? '' },
    resource,
    app,
    uid,
    isDeleting: metadata.deletionTimestamp !== undefined,
    storedSecretName,
    secretName: ownSecretName(storedSecretName, annotations[connectionSecretAnnotation], app, clusterID),
    composite: referenceOf(spec?.resourceRef),
    conditions: unfulfilledConditions(status?.conditions),
    storedMetadata: printedMetadata(metadata),
  };
}

/** PartialObjectMetadata of the claim as the app cluster sees it, without managedFields, as JSON. */
export function metadataToApp({ storedMetadata }: FollowedClaim): string {
  const stored = Buffer.from(storedMetadata);
  const edits = new Edits();
  editToApp(stored, 0, stored.length, edits);
  return edits.apply(stored).toString('utf8');
}

/** In the order of metav1.ObjectMeta, as an API server prints that kind. */
function printedMetadata({
  name,
  generateName,
  namespace,
  uid,
  resourceVersion,
  generation,
  creationTimestamp,
  deletionTimestamp,
  deletionGracePeriodSeconds,
  labels,
  annotations,
  ownerReferences,
  finalizers,
}: Claim['metadata']): string {
  const metadata = {
    name,
    generateName,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    labels,
    annotations,
    ownerReferences,
    finalizers,
  };
  return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata });
}

/** How other objects of the app cluster refer to the claim, in the version that its tools prefer. */
export function appReference({ resource, app, uid }: FollowedClaim): ObjectReference {
  const { group, version, kind } = resource;
  return { apiVersion: `${group}/${version}`, kind, namespace: app.namespace, name: app.name, uid };
}

/**
 * Of Crossplane's own conditions those that are not True. Others are the platform team's: whether True is good news is
 * theirs to know, and what claims shall show of them is copied there by Crossplane (`status.claimConditionTypes`).
 */
export function unfulfilledConditions(conditions: readonly Condition[] = []): Condition[] {
  return conditions
    .filter(({ type, status }) => systemConditions.has(type) && status !== 'True')
    .map(({ type, status, reason = '', message = '' }) => ({ type, status, reason, message }));
}

/** Claims of the original connector have no annotation, and their Secrets keep the stored name. */
function ownSecretName(
  stored: string | undefined,
  annotated: string | undefined,
  { namespace }: AppName,
  clusterID: string,
): string | undefined {
  if (stored === undefined || annotated === undefined) return stored;
  return controlPlaneName('claim', { namespace, name: annotated }, clusterID) === stored
    ? annotated
    : undefined;
}

function referenceOf(reference: Partial<ObjectReference> | undefined): ObjectReference | undefined {
  const { apiVersion, kind, name } = reference ?? {};
  return apiVersion && kind && name ? { apiVersion, kind, name } : undefined;
}
