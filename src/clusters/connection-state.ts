import { gunzipSync, gzipSync } from 'node:zlib';
import type { ConfigMap } from '../apimachinery/objects.ts';
import { configMapPath } from './api-paths.ts';
import { absentOrThrow, isConflict, type KubeClient } from './kube-client.ts';

/** What this app cluster's claims are bound to. Another one would show an empty or a foreign list as the truth. */
export interface Binding {
  clusterID: string;
  claimNamespace: string;
  /** UID of the claim namespace: tells a control plane, and a namespace made anew, from the one the claims are in. */
  claimNamespaceUID: string;
}

/** A group version that is not, or not only, served by this release, and who else it belongs to. */
export interface ApiConflict {
  /** `<version>.<group>` */
  apiService: string;
  /** With its name, for a sentence that begins with "it belongs to". */
  owner: string;
  /** What ends the conflict. */
  remedy: string;
  /** RFC 3339. */
  since: string;
}

/** The app cluster's namespaces that may hold claims. What is not among them holds none, of the resources seeded. */
export interface NamespaceRecord {
  /** Resources (`<plural>.<group>`) all of whose claims were seen to be in the namespaces below. */
  seeded: string[];
  /** Uid of the namespace by its name; empty for one that does not exist in the app cluster. */
  namespaces: Record<string, string>;
  /** More namespaces than can be kept: absence is never known then. */
  isFull?: true;
}

/** The connector is being uninstalled: nobody registers an API again, and a run that was cut off is taken up. */
export interface Uninstall {
  /** RFC 3339. */
  since: string;
  /** Namespace of the control plane that the claims go to; missing where they stay. */
  moveTo?: string;
  /** What became of the claims, once nothing more is to be done to them. */
  claims?: 'moved' | 'kept';
  /** Of Helm; nothing else says it once helm has been cut off half-way. */
  helmRelease?: string;
}

// A ConfigMap ends at 1 MiB (core/validation ValidateConfigMap: the bytes of all values): these two leave room for the rest.
/** Packed; a catalog that does not fit is not saved, and the log says so. */
const maxCatalogBytes = 450_000;
/** Some 7,000 namespaces. */
const maxNamespacesBytes = 450_000;

const namespacesKey = 'claim-namespaces';
const uninstallKey = 'uninstall';

/** Of the state object's data, only what says that the connector is being uninstalled. */
export function uninstallOf(data: ConfigMap['data']): Record<string, string> {
  const text = data?.[uninstallKey];
  return text === undefined ? {} : { [uninstallKey]: text };
}

/**
 * The state object: one ConfigMap in the app cluster with the binding, the last catalog and the namespaces that may hold claims. Every replica reads it,
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

  /** What is known of the namespaces goes with another binding: it is about other claims. */
  async writeBinding(binding: Binding): Promise<void> {
    const text = JSON.stringify(binding);
    await this.#write((map) => {
      const { binding: old, [namespacesKey]: namespaces, ...data } = map.data ?? {};
      const isSame = old === text && namespaces !== undefined;
      return {
        ...map,
        data: { ...data, binding: text, ...(isSame ? { [namespacesKey]: namespaces } : {}) },
      };
    });
  }

  /** The record as it is now, with what it is bound to; undefined while there is none. */
  async readNamespaces(): Promise<{ binding: Binding; record: NamespaceRecord } | undefined> {
    const { binding, [namespacesKey]: record } = (await this.#read())?.data ?? {};
    if (binding === undefined || record === undefined) return undefined;
    return { binding: JSON.parse(binding) as Binding, record: JSON.parse(record) as NamespaceRecord };
  }

  /** Changes the record by a pure function, which may be called again; resolves to what is stored then. */
  async changeNamespaces(change: (record: NamespaceRecord) => NamespaceRecord): Promise<NamespaceRecord> {
    let record: NamespaceRecord = { seeded: [], namespaces: {} };
    await this.#write((map) => {
      const old = map.data?.[namespacesKey];
      record = change(
        old === undefined ? { seeded: [], namespaces: {} } : (JSON.parse(old) as NamespaceRecord),
      );
      let text = JSON.stringify(record);
      if (text.length > maxNamespacesBytes) {
        record = { seeded: [], namespaces: {}, isFull: true };
        text = JSON.stringify(record);
      }
      return text === old ? map : { ...map, data: { ...map.data, [namespacesKey]: text } };
    });
    return record;
  }

  async readUninstall(): Promise<Uninstall | undefined> {
    const text = (await this.#read())?.data?.[uninstallKey];
    return text === undefined ? undefined : (JSON.parse(text) as Uninstall);
  }

  /** Puts the fence up, or takes it down with undefined. */
  async writeUninstall(uninstall: Uninstall | undefined): Promise<void> {
    await this.#write(({ data, ...map }) => {
      const { [uninstallKey]: _old, ...others } = data ?? {};
      return {
        ...map,
        data: { ...others, ...(uninstall ? { [uninstallKey]: JSON.stringify(uninstall) } : {}) },
      };
    });
  }

  /** Sorted by name; written by the leader, printed by `mcp-connector status`. */
  async readConflicts(): Promise<ApiConflict[]> {
    const text = (await this.#read())?.data?.['conflicts'];
    return text === undefined ? [] : (JSON.parse(text) as ApiConflict[]);
  }

  async writeConflicts(conflicts: readonly ApiConflict[]): Promise<void> {
    const text = JSON.stringify(conflicts);
    await this.#write((map) => ({ ...map, data: { ...map.data, conflicts: text } }));
  }

  /** The saved catalog's text; undefined when none was saved. */
  async readCatalog(): Promise<string | undefined> {
    const packed = (await this.#read())?.binaryData?.['catalog.json.gz'];
    return packed === undefined ? undefined : gunzipSync(Buffer.from(packed, 'base64')).toString('utf8');
  }

  /** False when it is too large to be kept. */
  async writeCatalog(text: string): Promise<boolean> {
    const packed = gzipSync(text, { level: 9 });
    if (packed.length > maxCatalogBytes) return false;
    const value = packed.toString('base64');
    await this.#write((map) => ({ ...map, binaryData: { ...map.binaryData, 'catalog.json.gz': value } }));
    return true;
  }

  #read(): Promise<ConfigMap | undefined> {
    return this.#client.get<ConfigMap>(configMapPath(this.#namespace, this.#name)).catch(absentOrThrow);
  }

  async #write(change: (map: ConfigMap) => ConfigMap): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const current = await this.#read();
        if (current) {
          const changed = change(current);
          if (changed === current) return;
          await this.#client.replace(configMapPath(this.#namespace, this.#name), changed);
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
