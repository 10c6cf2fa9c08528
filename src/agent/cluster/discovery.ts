import { ToolError } from '../tools/tool-error.ts';
import type { ClusterApi, Resource } from './cluster-api.ts';

export interface DiscoveredResource extends Resource {
  verbs: readonly string[];
  categories: readonly string[];
}

/** apidiscovery.k8s.io, v2 and v2beta1 alike. */
interface GroupDiscoveryList {
  kind: 'APIGroupDiscoveryList';
  items: {
    metadata: { name?: string };
    versions: {
      version: string;
      resources?: {
        resource: string;
        responseKind?: { kind: string };
        scope: 'Namespaced' | 'Cluster';
        verbs?: string[];
        categories?: string[];
      }[];
    }[];
  }[];
}

/** What is answered where aggregated discovery is not known (before Kubernetes 1.26). */
interface GroupList {
  kind: 'APIGroupList';
  groups: { name: string; versions: { version: string }[] }[];
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[]; categories?: string[] }[];
}

const accept = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/**
 * All resources in all served versions, those of a group in its order of preference. One request for the groups and one for
 * the core API; plain discovery, a request for each group version, where the API server is too old.
 */
export async function discover(api: ClusterApi): Promise<readonly DiscoveredResource[]> {
  const [core, groups] = await Promise.all(['/api', '/apis'].map((path) => rootOf(api, path)));
  return [...(core ?? []), ...(groups ?? [])];
}

async function rootOf(api: ClusterApi, path: string): Promise<DiscoveredResource[]> {
  const answer = await api.getPath<GroupDiscoveryList | GroupList | { kind: 'APIVersions' }>(
    path,
    {},
    accept,
  );
  if (answer.kind === 'APIGroupDiscoveryList') return aggregated(answer);
  const groups =
    answer.kind === 'APIGroupList' ? answer.groups : [{ name: '', versions: [{ version: 'v1' }] }];
  const lists = await Promise.all(
    groups.flatMap(({ name, versions }) =>
      versions.map(({ version }) => plain(api, name, version).catch(noneIfBroken)),
    ),
  );
  return lists.flat();
}

function aggregated({ items }: GroupDiscoveryList): DiscoveredResource[] {
  return items.flatMap(({ metadata: { name: group = '' }, versions }) =>
    versions.flatMap(({ version, resources = [] }) =>
      resources.map(({ resource, responseKind, scope, verbs = [], categories = [] }) => ({
        group,
        version,
        plural: resource,
        kind: responseKind?.kind ?? '',
        namespaced: scope === 'Namespaced',
        verbs,
        categories,
      })),
    ),
  );
}

/** A broken APIService must not hide the others; a call that is over has seen nothing. */
function noneIfBroken(error: unknown): [] {
  if (error instanceof ToolError && error.code !== 'timeout') return [];
  throw error;
}

async function plain(api: ClusterApi, group: string, version: string): Promise<DiscoveredResource[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const { resources } = await api.getPath<ResourceList>(path);
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced, verbs, categories = [] }) => ({
      group,
      version,
      plural: name,
      kind,
      namespaced,
      verbs,
      categories,
    }));
}
