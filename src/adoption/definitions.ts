import type { CustomResourceDefinition } from '../apimachinery/objects.ts';
import { crdPath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';

/** What a cluster's CRD says of a kind, as far as adoption needs it. */
export interface KindDefinition {
  categories: readonly string[];
  isNamespaced: boolean;
  /** Versions that have the subresource `status`: what is created there loses its status. */
  withStatus: ReadonlySet<string>;
  /** Name of the ProviderRevision that installed it. */
  provider: string | undefined;
  crd: CustomResourceDefinition;
}

/** The CRDs of one cluster, each read once. */
export class Definitions {
  readonly #client: KubeClient;
  readonly #known = new Map<string, Promise<KindDefinition | undefined>>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Undefined for what is no custom resource. */
  of({ group, plural }: { group: string; plural: string }): Promise<KindDefinition | undefined> {
    const name = `${plural}.${group}`;
    let known = this.#known.get(name);
    if (!known) {
      known = this.#read(name);
      this.#known.set(name, known);
    }
    return known;
  }

  async #read(name: string): Promise<KindDefinition | undefined> {
    const crd = await this.#client.get<CustomResourceDefinition>(crdPath(name)).catch(absentOrThrow);
    if (!crd) return undefined;
    const owner = crd.metadata.ownerReferences?.find(({ kind }) => kind === 'ProviderRevision');
    return {
      categories: crd.spec.names.categories ?? [],
      isNamespaced: crd.spec.scope === 'Namespaced',
      withStatus: new Set(
        crd.spec.versions.filter(({ subresources }) => subresources?.status).map(({ name: one }) => one),
      ),
      provider: owner?.name,
      crd,
    };
  }
}
