import type { ConfigMap } from '../../apimachinery/objects.ts';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { configMapPath } from '../../clusters/api-paths.ts';
import { isConflict, type KubeClient } from '../../clusters/kube-client.ts';
import { type DefinitionsStore, DefinitionsConflict, type StoredDefinitions } from './definitions-store.ts';

/** The key of a ConfigMap that is mounted into the gateway; the API server compares versions. */
export class DefinitionsConfigMap implements DefinitionsStore {
  readonly place: string;
  readonly #client: KubeClient;
  readonly #path: string;
  readonly #key: string;

  constructor(client: KubeClient, namespace: string, name: string, key: string) {
    this.place = `ConfigMap ${namespace}/${name}`;
    this.#client = client;
    this.#path = configMapPath(namespace, name);
    this.#key = key;
  }

  async read(): Promise<StoredDefinitions> {
    try {
      const { metadata, data } = await this.#client.get<ConfigMap>(this.#path);
      return { text: data?.[this.#key] ?? '', version: metadata.resourceVersion ?? '' };
    } catch (cause) {
      throw new ConnectorError('console-storage', `${this.place} cannot be read: ${describeError(cause)}`, {
        cause,
      });
    }
  }

  async write(text: string, version: string): Promise<void> {
    try {
      // A merge patch with a resourceVersion is refused with 409 when that is not the current one; other keys stay.
      await this.#client.patch(this.#path, {
        metadata: { resourceVersion: version },
        data: { [this.#key]: text },
      });
    } catch (cause) {
      if (isConflict(cause)) throw new DefinitionsConflict(this.place);
      throw new ConnectorError(
        'console-storage',
        `${this.place} cannot be written: ${describeError(cause)}`,
        { cause },
      );
    }
  }
}
