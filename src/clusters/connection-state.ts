import { gunzipSync, gzipSync } from 'node:zlib';
import type { ConfigMap } from '../apimachinery/objects.ts';
import { configMapPath } from './api-paths.ts';
import { isConflict, isNotFound, type KubeClient } from './kube-client.ts';

/** What this app cluster's claims are bound to. Another one would show an empty or a foreign list as the truth. */
export interface Binding {
  clusterID: string;
  claimNamespace: string;
  /** UID of the claim namespace: tells a control plane, and a namespace made anew, from the one the claims are in. */
  claimNamespaceUID: string;
}

/** ConfigMaps end at 1 MiB; a catalog that does not fit is not saved, and the log says so. */
const maxSavedBytes = 900_000;

/**
 * The state object: one ConfigMap in the app cluster with the binding and the last catalog. Every replica reads it,
 * writes are guarded by its resourceVersion, and each write changes one key only.
 */
export class ConnectionState {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #name: string;

  constructor(client: KubeClient, namespace: string, name: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#name = name;
  }

  get objectName(): string {
    return `${this.#namespace}/${this.#name}`;
  }

  async readBinding(): Promise<Binding | undefined> {
    const text = (await this.#read())?.data?.['binding'];
    return text === undefined ? undefined : (JSON.parse(text) as Binding);
  }

  async writeBinding(binding: Binding): Promise<void> {
    await this.#write((map) => ({ ...map, data: { ...map.data, binding: JSON.stringify(binding) } }));
  }

  /** The saved catalog's text; undefined when none was saved. */
  async readCatalog(): Promise<string | undefined> {
    const packed = (await this.#read())?.binaryData?.['catalog.json.gz'];
    return packed === undefined ? undefined : gunzipSync(Buffer.from(packed, 'base64')).toString('utf8');
  }

  /** False when it is too large to be kept. */
  async writeCatalog(text: string): Promise<boolean> {
    const packed = gzipSync(text, { level: 9 }).toString('base64');
    if (packed.length > maxSavedBytes) return false;
    await this.#write((map) => ({ ...map, binaryData: { ...map.binaryData, 'catalog.json.gz': packed } }));
    return true;
  }

  async #read(): Promise<ConfigMap | undefined> {
    try {
      return await this.#client.get<ConfigMap>(configMapPath(this.#namespace, this.#name));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #write(change: (map: ConfigMap) => ConfigMap): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const current = await this.#read();
        if (current) {
          await this.#client.replace(configMapPath(this.#namespace, this.#name), change(current));
        } else {
          const metadata = {
            name: this.#name,
            namespace: this.#namespace,
            labels: { 'app.kubernetes.io/managed-by': 'mcp-connector' },
          };
          await this.#client.create(configMapPath(this.#namespace), {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            ...change({ metadata }),
          });
        }
        return;
      } catch (error) {
        if (!isConflict(error) || attempt === 5) throw error;
      }
    }
  }
}
