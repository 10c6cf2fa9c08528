import type { CustomResourceDefinition, KubeObject } from '../../apimachinery/objects.ts';
import type { ConnectedResource, GroupVersion } from '../../catalog/connected-resource.ts';
import { crdPath } from '../../clusters/api-paths.ts';
import { isNotFound, isObjectNotFound, type KubeClient } from '../../clusters/kube-client.ts';

export interface ConnectedDefinitionsOptions {
  /** The control plane. */
  client: KubeClient;
  signal: AbortSignal;
  /** What this release has registered in the app cluster, from whatever time. Read once. */
  registered: () => Promise<Pick<GroupVersion, 'group' | 'version'>[]>;
}

/**
 * The CRDs that XRDs own, whole. One that was connected is forgotten only when the API server says, asked for it by name,
 * that it does not exist: a list that lacks it may be empty for many reasons, and what depends on the claims would pay.
 */
export class ConnectedDefinitions {
  readonly #options: ConnectedDefinitionsOptions;
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  #registered: ReadonlySet<string> | undefined;

  constructor(options: ConnectedDefinitionsOptions) {
    this.#options = options;
  }

  /**
   * Reads what is new or has changed in the list, and asks for what is missing from it although it is known here, or from
   * `connected`. Throws where that cannot be answered.
   */
  async refresh(
    listed: readonly KubeObject[],
    connected: readonly ConnectedResource[],
  ): Promise<CustomResourceDefinition[]> {
    const versions = new Map(listed.filter(isOwnedByXrd).map(({ metadata }) => [metadata.name, metadata]));
    this.#registered ??= await this.#readRegistered();
    const served = new Set(connected.map(definitionName));
    const names = new Set([...versions.keys(), ...this.#definitions.keys(), ...served, ...this.#registered]);
    for (const name of names) {
      const known = this.#definitions.get(name)?.metadata.resourceVersion;
      if (known !== undefined && known === versions.get(name)?.resourceVersion) continue;
      const crd = await this.#read(name);
      if (crd && (isOwnedByXrd(crd) || served.has(name))) this.#definitions.set(name, crd);
      else this.#definitions.delete(name);
    }
    // Known now, or gone: from here on the definitions tell.
    this.#registered = new Set();
    return [...this.#definitions.values()];
  }

  async #read(name: string): Promise<CustomResourceDefinition | undefined> {
    const { client, signal } = this.#options;
    try {
      return await client.get<CustomResourceDefinition>(crdPath(name), { signal });
    } catch (error) {
      if (isObjectNotFound(error, 'customresourcedefinitions', name)) return undefined;
      throw error;
    }
  }

  /**
   * Names of the CRDs that may be behind the APIServices of this release, where no catalog was saved that would tell: with
   * an empty list they would be served as empty, and removed.
   */
  async #readRegistered(): Promise<Set<string>> {
    const { client, signal, registered } = this.#options;
    const names = new Set<string>();
    for (const { group, version } of await Promise.race([registered(), untilAborted(signal)])) {
      try {
        const { resources } = await client.get<{ resources: { name: string; namespaced: boolean }[] }>(
          `/apis/${group}/${version}`,
          { signal },
        );
        for (const { name, namespaced } of resources)
          if (namespaced && !name.includes('/')) names.add(`${name}.${group}`);
      } catch (error) {
        // A group version that no CRD serves has no path.
        if (!isNotFound(error)) throw error;
      }
    }
    return names;
  }
}

function definitionName({ plural, group }: ConnectedResource): string {
  return `${plural}.${group}`;
}

/** The cheap half of connectedPrefixOf, on metadata. */
function isOwnedByXrd(crd: KubeObject): boolean {
  return (crd.metadata.ownerReferences ?? []).some(
    (owner) =>
      owner.kind === 'CompositeResourceDefinition' &&
      owner.apiVersion.startsWith('apiextensions.crossplane.io/'),
  );
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
