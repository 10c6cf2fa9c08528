import { compareVersions } from '../apimachinery/version-order.ts';
import { compareNames, type ConnectedResource, type GroupVersion } from './connected-resource.ts';

// The documents of apiextensions-apiserver/pkg/apiserver/customresource_discovery_controller.go, member by member and in
// the order of Go's structs. Clients drop resources without responseKind, and controllers read the verbs.

export interface ApiGroupDiscoveryList {
  kind: 'APIGroupDiscoveryList';
  apiVersion: `apidiscovery.k8s.io/${'v2' | 'v2beta1'}`;
  metadata: Record<string, never>;
  items: { metadata: { name: string }; versions: ApiVersionDiscovery[] }[];
}

export interface ApiVersionDiscovery {
  version: string;
  resources: ApiResourceDiscovery[];
  freshness: 'Current';
}

export interface ApiResourceDiscovery {
  resource: string;
  responseKind: { group: string; version: string; kind: string };
  scope: 'Namespaced';
  singularResource: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: ApiSubresourceDiscovery[];
}

export interface ApiSubresourceDiscovery {
  subresource: string;
  responseKind: ApiResourceDiscovery['responseKind'];
  verbs: string[];
}

/** metav1.APIResource. `group` and `version` are those of the kind, given only where it is not the list's own. */
export interface ApiResource {
  name: string;
  singularName: string;
  namespaced: true;
  group?: string;
  version?: string;
  kind: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  storageVersionHash?: string;
}

export interface ApiResourceList {
  kind: 'APIResourceList';
  apiVersion: 'v1';
  groupVersion: string;
  resources: ApiResource[];
}

interface GroupEntry {
  name: string;
  versions: { groupVersion: string; version: string }[];
  preferredVersion: { groupVersion: string; version: string };
}

export type ApiGroup = { kind: 'APIGroup'; apiVersion: 'v1' } & GroupEntry;
export type ApiGroupList = { kind: 'APIGroupList'; apiVersion: 'v1'; groups: GroupEntry[] };

const readVerbs = ['delete', 'deletecollection', 'get', 'list'];
const allVerbs = [...readVerbs, 'patch', 'create', 'update', 'watch'];
const terminatingVerbs = [...readVerbs, 'watch'];
const subresourceVerbs = ['get', 'patch', 'update'];

/**
 * `/apis` for clients that accept aggregated discovery. Aggregators before Kubernetes 1.30 ask for v2beta1, which has
 * the same shape. A group version that is missing here is published as current and empty, so the caller answers 503
 * as long as it does not know them all.
 */
export function aggregatedDiscovery(
  groupVersions: readonly GroupVersion[],
  version: 'v2' | 'v2beta1',
): ApiGroupDiscoveryList {
  const items = byGroup(groupVersions).map(([name, members]) => ({
    metadata: { name },
    versions: members.map((member) => ({
      version: member.version,
      resources: byPlural(member.resources).map(discoveryOf),
      freshness: 'Current' as const,
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

/** `/apis/<group>/<version>`. */
export function apiResourceList({ group, version, resources }: GroupVersion): ApiResourceList {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: `${group}/${version}`,
    resources: byPlural(resources).flatMap(apiResourcesOf),
  };
}

/** `/apis` for clients that know only the old form. */
export function apiGroupList(groupVersions: readonly GroupVersion[]): ApiGroupList {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: byGroup(groupVersions).map(groupEntry) };
}

/** `/apis/<group>`; undefined when no version of the group is connected. */
export function apiGroup(groupVersions: readonly GroupVersion[], group: string): ApiGroup | undefined {
  const found = byGroup(groupVersions).find(([name]) => name === group);
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(found) };
}

function discoveryOf(resource: ConnectedResource): ApiResourceDiscovery {
  const { group, version, kind, plural, singular, subresources } = resource;
  const responseKind = { group, version, kind };
  const offered = [
    ...(subresources.status ? [{ subresource: 'status', responseKind, verbs: subresourceVerbs }] : []),
    ...(subresources.scale
      ? [{ subresource: 'scale', responseKind: scaleKind, verbs: subresourceVerbs }]
      : []),
  ];
  return {
    resource: plural,
    responseKind,
    scope: 'Namespaced',
    singularResource: singular,
    verbs: verbsOf(resource),
    ...aliasesOf(resource),
    ...(offered.length > 0 ? { subresources: offered } : {}),
  };
}

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

function apiResourcesOf(resource: ConnectedResource): ApiResource[] {
  const { plural, singular, kind, subresources, storageVersionHash } = resource;
  const sub = { singularName: '', namespaced: true as const };
  return [
    {
      name: plural,
      singularName: singular,
      namespaced: true,
      kind,
      verbs: verbsOf(resource),
      ...aliasesOf(resource),
      ...(storageVersionHash === undefined ? {} : { storageVersionHash }),
    },
    ...(subresources.status ? [{ name: `${plural}/status`, ...sub, kind, verbs: subresourceVerbs }] : []),
    ...(subresources.scale
      ? [{ name: `${plural}/scale`, ...sub, ...scaleKind, verbs: subresourceVerbs }]
      : []),
  ];
}

function verbsOf({ terminating }: ConnectedResource): string[] {
  return terminating ? terminatingVerbs : allVerbs;
}

/** Go leaves empty lists out. */
function aliasesOf({
  shortNames,
  categories,
}: ConnectedResource): Pick<ApiResource, 'shortNames' | 'categories'> {
  return {
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  };
}

function groupEntry([name, members]: [string, GroupVersion[]]): GroupEntry {
  const versions = members.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0]! };
}

/** Equal priorities of groups are broken by name, of versions by kube-aware order (discovery/aggregated/handler.go). */
function byGroup(groupVersions: readonly GroupVersion[]): [string, GroupVersion[]][] {
  return [...Map.groupBy(groupVersions, ({ group }) => group)]
    .map(([name, members]): [string, GroupVersion[]] => [
      name,
      members.toSorted((a, b) => compareVersions(a.version, b.version)),
    ])
    .toSorted(([a], [b]) => compareNames(a, b));
}

function byPlural(resources: readonly ConnectedResource[]): ConnectedResource[] {
  return resources.toSorted((a, b) => compareNames(a.plural, b.plural));
}
