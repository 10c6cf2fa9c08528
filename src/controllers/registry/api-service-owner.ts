import type { APIService, KubeObject } from '../../apimachinery/objects.ts';
import { releaseLabel } from '../../mapping/identity.ts';

/** What tells an installation of the connector from others; also the name and namespace of its Service. */
export interface Release {
  releaseName: string;
  namespace: string;
}

/** Who else has a group version: the end of "it belongs to", and what a user can do about it. */
export interface OtherOwner {
  owner: string;
  remedy: string;
}

interface ManagedObject extends KubeObject {
  metadata: KubeObject['metadata'] & {
    managedFields?: { manager?: string; subresource?: string; time?: string }[];
  };
}

/** kube-apiserver owns what carries this label, and would fight every change. */
const automanagedLabel = 'kube-aggregator.kubernetes.io/automanaged';
/** Write status or defaults only, and say nothing about who wanted the object. */
const anonymousManagers = new Set(['kube-apiserver', 'mcp-connector']);

/** Ours only while everything that makes it ours is there: whoever changed one of them has taken it over. */
export function isOurs({ metadata, spec }: APIService, { releaseName, namespace }: Release): boolean {
  if (metadata.labels?.[automanagedLabel] !== undefined || !spec.service) return false;
  return (
    metadata.labels?.[releaseLabel] === releaseName &&
    spec.service.namespace === namespace &&
    spec.service.name === releaseName
  );
}

/** True for what leads to the Service of another installation, of another product: what we have labelled has its release. */
export function mayBeTakenOver({ metadata, spec }: APIService, from: Release): boolean {
  return (
    metadata.labels?.[automanagedLabel] === undefined &&
    metadata.labels?.[releaseLabel] === undefined &&
    spec.service?.namespace === from.namespace &&
    spec.service.name === from.releaseName
  );
}

/** Whose an APIService is that is not ours. `definitions`: CRDs of the app cluster with its group and version. */
export function otherOwnerOf(
  service: APIService,
  { releaseName, namespace }: Release,
  definitions: readonly KubeObject[],
): OtherOwner {
  const { metadata, spec } = service;
  const exclude = `exclude the group with --deny=*.${spec.group}`;
  const label = metadata.labels?.[releaseLabel];
  if (!spec.service || metadata.labels?.[automanagedLabel] !== undefined) {
    if (definitions.length > 0) return ownerByDefinitions(definitions, exclude);
    return {
      owner: 'a CustomResourceDefinition of this cluster, or to kube-apiserver itself',
      remedy: `delete the local CRDs of ${spec.group} (their objects go with them), or ${exclude}`,
    };
  }
  const name = `the Service ${spec.service.namespace}/${spec.service.name}`;
  if (label !== undefined && label !== releaseName) {
    return {
      owner: `${name} of the release ${label} of mcp-connector`,
      remedy: `let one release serve the group: exclude it from the other with --deny=*.${spec.group}`,
    };
  }
  if (spec.service.namespace === namespace && spec.service.name === releaseName) {
    return {
      owner: `nobody any more: its label ${releaseLabel}=${releaseName} was removed`,
      remedy: `put the label back, or delete the APIService to have it registered anew, or ${exclude}`,
    };
  }
  return {
    owner: `${name}${installationOf(service)}`,
    remedy: `remove that installation or delete the APIService, or ${exclude}`,
  };
}

/** Who loses when an APIService of ours stands before a CRD of the app cluster that came later. */
export function ownerByDefinitions(definitions: readonly KubeObject[], exclude: string): OtherOwner {
  const names = definitions.map((crd) => `${crd.metadata.name}${installationOf(crd)}`).toSorted();
  const kind = names.length === 1 ? 'the CustomResourceDefinition' : 'the CustomResourceDefinitions';
  return {
    owner: `${kind} ${names.join(', ')} of this cluster`,
    remedy: `delete ${names.length === 1 ? 'it' : 'them'} (the objects go too), or ${exclude}`,
  };
}

/** In brackets: the Helm release, else who wrote it last. Empty where nothing is known. */
function installationOf(object: KubeObject): string {
  const { annotations, labels } = object.metadata;
  const release = annotations?.['meta.helm.sh/release-name'];
  if (release !== undefined)
    return ` (Helm release ${annotations?.['meta.helm.sh/release-namespace'] ?? '?'}/${release})`;
  const instance = labels?.['app.kubernetes.io/instance'] ?? labels?.['argocd.argoproj.io/instance'];
  if (instance !== undefined) return ` (installation ${instance})`;
  const writer = lastWriter(object);
  return writer === undefined ? '' : ` (last written by ${writer})`;
}

function lastWriter(object: ManagedObject): string | undefined {
  const entries = (object.metadata.managedFields ?? []).filter(
    ({ manager, subresource }) => manager !== undefined && !subresource && !anonymousManagers.has(manager),
  );
  return entries.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1)?.manager;
}
