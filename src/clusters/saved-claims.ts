import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { ConfigMap, KubeObject } from '../apimachinery/objects.ts';
import { configMapPath } from './api-paths.ts';
import type { Binding } from './connection-state.ts';
import { absentOrThrow, type KubeClient } from './kube-client.ts';

/** The metadata of all claims of one resource, as the app cluster sees them, at one version of the list. */
export interface SavedList {
  resourceVersion: string;
  /** RFC 3339. */
  savedAt: string;
  /** PartialObjectMetadata, ordered by namespace and name. */
  items: KubeObject[];
}

/** Below the 1 MiB of a ConfigMap, which counts the bytes of all values. */
const maxBytes = 1_000_000;
const suffix = '.json.gz';

/** Lists of claims in a ConfigMap of the app cluster, for the time of an outage of the control plane. */
export class SavedClaims {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #name: string;

  constructor(client: KubeClient, namespace: string, name: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#name = name;
  }

  /** The list of a resource (`<plural>.<group>`) that was saved last for this binding; undefined where there is none. */
  async read(resource: string, binding: Binding): Promise<SavedList | undefined> {
    const map = await this.#read();
    const packed = map?.binaryData?.[resource + suffix];
    if (packed === undefined || map?.data?.['binding'] !== JSON.stringify(binding)) return undefined;
    const text = await promisify(gunzip)(Buffer.from(packed, 'base64'));
    return JSON.parse(text.toString('utf8')) as SavedList;
  }

  /** Takes the place of all lists that were saved. Returns the resources whose lists have no room. */
  async write(lists: ReadonlyMap<string, string>, binding: Binding): Promise<string[]> {
    const packed = await Promise.all(
      [...lists].map(async ([resource, text]) => ({ resource, bytes: await promisify(gzip)(text) })),
    );
    const binaryData: Record<string, string> = {};
    const left: string[] = [];
    let total = 0;
    for (const { resource, bytes } of packed.toSorted((a, b) => a.bytes.length - b.bytes.length)) {
      total += bytes.length;
      if (total > maxBytes) left.push(resource);
      else binaryData[resource + suffix] = bytes.toString('base64');
    }
    const content = { data: { binding: JSON.stringify(binding) }, binaryData };
    const current = await this.#read();
    if (current) {
      await this.#client.replace(configMapPath(this.#namespace, this.#name), { ...current, ...content });
    } else {
      const labels = { 'app.kubernetes.io/managed-by': 'mcp-connector' };
      const metadata = { name: this.#name, namespace: this.#namespace, labels };
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...content };
      await this.#client.create(configMapPath(this.#namespace), map);
    }
    return left;
  }

  #read(): Promise<ConfigMap | undefined> {
    return this.#client.get<ConfigMap>(configMapPath(this.#namespace, this.#name)).catch(absentOrThrow);
  }
}
