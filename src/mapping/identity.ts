import { hash } from 'node:crypto';
import type { ConnectedPrefix } from '../catalog/connected-resource.ts';

/*
 * The contract on the wire: every name, label, annotation and finalizer the connector writes, in one place.
 * It is compatible with Upbound's MCP Connector, so that the two can replace each other.
 */

/** Whose claim it is: the cluster ID. Selects lists and watches; hidden from the app cluster. */
export const appClusterLabel = 'mcp-connector.upbound.io/app-cluster';
/** The namespace the user gave. */
export const appNamespaceLabel = 'mcp-connector.upbound.io/app-namespace';
/** The name the user gave. */
export const appNameLabel = 'mcp-connector.upbound.io/app-resource-name';

const labelPrefix = 'mcp-connector.upbound.io/';
/** A claim that stayed when its namespace was deleted: the cluster ID that stood in the first label, and that namespace. */
export const orphanedByLabel = `${labelPrefix}orphaned-by`;
export const orphanedFromLabel = `${labelPrefix}orphaned-from`;

/**
 * Prefix of the annotations that hold what a hash cannot give back. Crossplane does not copy keys to the XR whose
 * prefix ends in k8s.io (internal/xresource filtering in the claim syncer), so they stay on the claim.
 */
export const annotationPrefix = 'mcp-connector-k8s.io/';
/** The user's own `spec.writeConnectionSecretToRef.name`. */
export const connectionSecretAnnotation = `${annotationPrefix}connection-secret-name`;
/** One per owner in the app cluster, the entry whole, so that server-side apply merges owners by uid as Kubernetes does. */
export const ownerAnnotationPrefix = `${annotationPrefix}owner.`;
/** The owners' uids in the order they were written, where that is not the order of the uids. */
export const ownerOrderAnnotation = `${annotationPrefix}owner-order`;

export function isOwnerAnnotation(key: string): boolean {
  return key.startsWith(ownerAnnotationPrefix) || key === ownerOrderAnnotation;
}

/** Stand on the control plane for `orphan` and `foregroundDeletion`, which its own collector would act on. */
export const orphanFinalizer = 'mcp-connector-k8s.io/orphan';
export const foregroundFinalizer = 'mcp-connector-k8s.io/foreground-deletion';

/** Writes those two for a delete; the API server names no manager for what a delete sets, so its entry is hidden. */
export const connectorFieldManager = 'mcp-connector';

/** Says which release an APIService belongs to; of the app cluster, as the next. */
export const releaseLabel = 'mcp-connector-k8s.io/release';
/** On the ServiceAccount of the control plane: which cluster it is for, in its people's words. */
export const clusterNameAnnotation = `${annotationPrefix}cluster-name`;
/** On a connection Secret that an uninstall has left in the app cluster: uid of the claim it was of, which gets it back. */
export const leftByClaimAnnotation = `${annotationPrefix}left-by-claim`;
/** Any change of an APIService makes the aggregator read discovery and OpenAPI again, instead of after a minute. */
export const catalogHashAnnotation = 'mcp-connector-k8s.io/catalog-hash';

/** `claim-` for claims, `nxr-` for namespaced XRs of Crossplane v2. */
export type NamePrefix = ConnectedPrefix;

/** On both claims of a move, old and new: the name of the move's ledger. Not copied to the XR, as all of this prefix. */
export const claimMoveAnnotation = `${annotationPrefix}claim-move`;
/** Beside Crossplane's own pause: that a move has set it, and how its end of work is known (claim-moves/pause.ts). */
export const claimMovePauseAnnotation = `${annotationPrefix}claim-move-pause`;
/** On a move's ledger, a ConfigMap of the control plane: how far it is. */
export const claimMoveLabel = `${annotationPrefix}claim-move`;
/** Writes claims, composite resources and Secrets while they are moved. */
export const moveFieldManager = 'mcp-connector-move';

/** On each copy that an adoption has made on the control plane: uid of the object in the app cluster that it stands for. */
export const adoptedFromAnnotation = `${annotationPrefix}adopted-from`;
/** Beside Crossplane's own pause: that an adoption has set it, and how its end of work is known (adoption/pause.ts). */
export const adoptionPauseAnnotation = `${annotationPrefix}adoption-pause`;
/** On an adoption's ledger, a ConfigMap of the control plane: how far it is. */
export const adoptionLabel = `${annotationPrefix}adoption`;
/** Writes objects of both clusters while they are adopted. */
export const adoptionFieldManager = 'mcp-connector-adopt';

/** What the mapping has to know of a connection; equal in all replicas. */
export interface Connection {
  /** UID of the app cluster's kube-system namespace, unless set otherwise. */
  clusterID: string;
  /** The one namespace of the control plane that holds this cluster's objects. */
  claimNamespace: string;
}

/** Where an object lives in the app cluster. */
export interface AppName {
  namespace: string;
  name: string;
}

/**
 * True where another name and namespace give the same input to the hash: `-x-` stands in it more than once. All other
 * names share a hash with nothing that anybody could find.
 */
export function isAmbiguous({ name, namespace }: AppName): boolean {
  const input = `${name}-x-${namespace}`;
  return input.indexOf('-x-') !== input.lastIndexOf('-x-');
}

/**
 * The name on the control plane: prefix and the first 16 hex digits of sha256(`<name>-x-<namespace>-x-<clusterID>`).
 * The input is ambiguous (`a-x-b`,`c` and `a`,`b-x-c`), so the labels are compared wherever an object is found by it.
 */
export function controlPlaneName(prefix: NamePrefix, app: AppName, clusterID: string): string {
  const digest = hash('sha256', `${app.name}-x-${app.namespace}-x-${clusterID}`);
  return `${prefix}-${digest.slice(0, 16)}`;
}
