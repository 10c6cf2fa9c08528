import type { CustomResourceDefinition, KubeList, KubeObject } from '../apimachinery/objects.ts';
import {
  type ConnectedResource,
  connectedPrefixOf,
  connectedResourcesOf,
} from '../catalog/connected-resource.ts';
import { crdPath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';

/** A CompositeResourceDefinition of Crossplane, as far as rights need it. */
interface XrdObject extends KubeObject {
  spec: {
    group: string;
    names: { plural: string };
    claimNames?: { plural: string };
    /** Of v2; absent or LegacyCluster where claims are offered. */
    scope?: string;
  };
}

/** The resources of one group that a connector uses: plurals, sorted. */
export interface ClaimGroup {
  group: string;
  /** Claims, and namespaced composite resources of Crossplane v2. */
  claims: string[];
  /** Composite resources that claims are bound to. */
  composites: string[];
}

/** What the control plane offers in all its versions, read from its CRDs as `serve` reads them. */
export async function readClaimApis(controlPlane: KubeClient): Promise<ConnectedResource[]> {
  const found: ConnectedResource[] = [];
  for (const { metadata } of await listMetadata(controlPlane, crdPath())) {
    if (!metadata.ownerReferences?.some(({ kind }) => kind === 'CompositeResourceDefinition')) continue;
    const crd = await controlPlane.get<CustomResourceDefinition>(crdPath(metadata.name)).catch(absentOrThrow);
    const prefix = crd && connectedPrefixOf(crd);
    if (crd && prefix) found.push(...connectedResourcesOf(crd, prefix));
  }
  return found;
}

/** The definitions of Crossplane by group. Needs the right to list them. */
export async function readClaimGroups(controlPlane: KubeClient): Promise<ClaimGroup[]> {
  const { items } = await controlPlane.get<KubeList<XrdObject>>(
    '/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions',
  );
  const groups = Map.groupBy(items, ({ spec }) => spec.group);
  return [...groups]
    .map(([group, xrds]): ClaimGroup => {
      const claims = xrds.flatMap(
        ({ spec }) => spec.claimNames?.plural ?? (spec.scope === 'Namespaced' ? spec.names.plural : []),
      );
      const composites = xrds.flatMap(({ spec }) => (spec.claimNames ? spec.names.plural : []));
      return { group, claims: claims.toSorted(), composites: composites.toSorted() };
    })
    .filter(({ claims }) => claims.length > 0)
    .toSorted((a, b) => (a.group < b.group ? -1 : 1));
}

/** The value `rbac.groups` of the chart for these resources: plurals by group, sorted. */
export function rbacGroups(
  resources: readonly ConnectedResource[],
): { group: string; resources: string[] }[] {
  return [...Map.groupBy(resources, ({ group }) => group)]
    .map(([group, members]) => ({
      group,
      resources: [...new Set(members.map(({ plural }) => plural))].toSorted(),
    }))
    .toSorted((a, b) => (a.group < b.group ? -1 : 1));
}
