import type { ObjectReference } from '../apimachinery/objects.ts';
import { resourcePath } from './api-paths.ts';
import type { KubeClient } from './kube-client.ts';

export interface ListedResource {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}

interface GroupList {
  groups: { name: string; preferredVersion: { version: string }; versions: { version: string }[] }[];
}

/** Which kinds a cluster serves, and under which paths; each group version is asked for once. */
export class ApiDirectory {
  readonly #client: KubeClient;
  readonly #known = new Map<string, Promise<ListedResource[]>>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Undefined for a kind that the cluster does not serve. Throws not found where it has not even the group version. */
  async pathOf({ apiVersion, kind, name, namespace }: ObjectReference): Promise<string | undefined> {
    const resource = await this.resourceOf({ apiVersion, kind });
    if (!resource) return undefined;
    return resourcePath(resource, { name, ...(resource.namespaced ? { namespace } : {}) });
  }

  /** As `pathOf`. */
  async resourceOf({
    apiVersion,
    kind,
  }: Pick<ObjectReference, 'apiVersion' | 'kind'>): Promise<ListedResource | undefined> {
    return (await this.#resourcesOf(apiVersion)).find((candidate) => candidate.kind === kind);
  }

  /**
   * Every resource in the preferred version of its group, subresources left out, and the group versions that did not answer:
   * a broken APIService must not hide the others.
   */
  async preferred(): Promise<{ resources: ListedResource[]; failed: string[] }> {
    const { groups } = await this.#client.get<GroupList>('/apis');
    const versions = [
      'v1',
      ...groups.map(({ name, preferredVersion }) => `${name}/${preferredVersion.version}`),
    ];
    const answers = await Promise.allSettled(versions.map((version) => this.#resourcesOf(version)));
    return {
      resources: answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
      failed: versions.filter((_, at) => answers[at]?.status === 'rejected'),
    };
  }

  #resourcesOf(apiVersion: string): Promise<ListedResource[]> {
    const known = this.#known.get(apiVersion);
    if (known) return known;
    const asked = this.#ask(apiVersion);
    this.#known.set(apiVersion, asked);
    asked.catch(() => this.#known.delete(apiVersion));
    return asked;
  }

  async #ask(apiVersion: string): Promise<ListedResource[]> {
    const [version, group = ''] = apiVersion.split('/').toReversed() as [string, string?];
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const { resources } = await this.#client.get<ResourceList>(path);
    return resources
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced, verbs }) => ({
        group,
        version,
        plural: name,
        kind,
        namespaced,
        verbs,
      }));
  }
}
