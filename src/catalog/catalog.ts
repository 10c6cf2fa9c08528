import { createHash } from 'node:crypto';
import { goJson } from '../apimachinery/go-json.ts';
import { type ConnectedResource, type GroupVersion, groupVersionsOf } from './connected-resource.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList } from './discovery.ts';
import type { OpenApiV3Document } from './openapi-document.ts';
import { openApiV2Of } from './openapi-v2.ts';
import { contentHash, openApiV3Index, openApiV3Key } from './openapi-v3.ts';

/** A document as it is served, with the ETag that stands for its content (equal in all replicas). */
export interface ServedDocument {
  body: Buffer;
  etag: string;
  madeAt: Date;
}

/** What a catalog is made from, and all that has to be saved of it. */
export interface CatalogSource {
  resources: ConnectedResource[];
  /** Filtered documents by `apis/<group>/<version>`; a version without one has not been published yet. */
  openApi: [string, OpenApiV3Document][];
}

/**
 * What is connected, as one immutable snapshot: everything discovery, OpenAPI and the availability probe ask for is in
 * memory, so that none of it ever waits for the control plane.
 */
export class Catalog {
  readonly source: CatalogSource;
  readonly groupVersions: readonly GroupVersion[];
  /** Changes with any served document. */
  readonly hash: string;
  readonly discoveryV2: ServedDocument;
  readonly discoveryV2beta1: ServedDocument;
  readonly groupList: ServedDocument;
  readonly openApiV2: ServedDocument;
  readonly openApiV3Root: ServedDocument;
  readonly #openApiV3Hashes: ReadonlyMap<string, string>;
  #openApiV3Rest: { without: string; root: ServedDocument } | undefined;
  readonly #openApiV3 = new Map<string, ServedDocument>();
  readonly #resourceLists = new Map<string, ServedDocument>();
  readonly #groups = new Map<string, ServedDocument>();
  readonly #resources = new Map<string, ConnectedResource>();

  constructor(source: CatalogSource) {
    this.source = source;
    this.groupVersions = groupVersionsOf(source.resources);
    for (const resource of source.resources)
      this.#resources.set(resourceKey(resource.group, resource.version, resource.plural), resource);
    for (const groupVersion of this.groupVersions) {
      this.#resourceLists.set(openApiV3Key(groupVersion), served(apiResourceList(groupVersion)));
      this.#groups.set(groupVersion.group, served(apiGroup(this.groupVersions, groupVersion.group)));
    }
    this.discoveryV2 = served(aggregatedDiscovery(this.groupVersions, 'v2'));
    this.discoveryV2beta1 = served(aggregatedDiscovery(this.groupVersions, 'v2beta1'));
    this.groupList = served(apiGroupList(this.groupVersions));
    const documents = source.openApi.toSorted(([a], [b]) => (a < b ? -1 : 1));
    const hashes = new Map<string, string>();
    for (const [key, document] of documents) {
      const content = served(document);
      hashes.set(key, content.etag.slice(1, -1));
      this.#openApiV3.set(key, content);
    }
    this.#openApiV3Hashes = hashes;
    this.openApiV3Root = served(openApiV3Index(hashes));
    this.openApiV2 = served(openApiV2Of(documents.map(([, document]) => document)));
    const documentTags = [this.discoveryV2, this.openApiV2, this.openApiV3Root].map(({ etag }) => etag);
    const all = [...documentTags, JSON.stringify(source.resources)].join();
    this.hash = createHash('sha256').update(all).digest('hex').slice(0, 16);
  }

  find(group: string, version: string, plural: string): ConnectedResource | undefined {
    return this.#resources.get(resourceKey(group, version, plural));
  }

  hasGroupVersion(group: string, version: string): boolean {
    return this.#resourceLists.has(`apis/${group}/${version}`);
  }

  resourceList(group: string, version: string): ServedDocument | undefined {
    return this.#resourceLists.get(`apis/${group}/${version}`);
  }

  group(group: string): ServedDocument | undefined {
    return this.#groups.get(group);
  }

  /** `key` is `apis/<group>/<version>`. */
  openApiV3(key: string): ServedDocument | undefined {
    return this.#openApiV3.get(key);
  }

  /** The root that leaves out these keys (`apis/<group>/<version>`), whose documents are somebody else's. */
  openApiV3RootWithout(keys: ReadonlySet<string>): ServedDocument {
    const left = [...this.#openApiV3Hashes].filter(([key]) => !keys.has(key));
    if (left.length === this.#openApiV3Hashes.size) return this.openApiV3Root;
    const without = [...keys].toSorted().join();
    if (this.#openApiV3Rest?.without !== without)
      this.#openApiV3Rest = { without, root: served(openApiV3Index(new Map(left))) };
    return this.#openApiV3Rest.root;
  }

  /** What the app cluster's aggregator would see change in one group and version. */
  hashOf(groupVersion: GroupVersion): string {
    const key = openApiV3Key(groupVersion);
    const parts = [this.#resourceLists.get(key)?.etag, this.#openApiV3.get(key)?.etag];
    return createHash('sha256').update(parts.join()).digest('hex').slice(0, 16);
  }
}

/** The current snapshot, and who wants to know of the next. */
export class CatalogStore {
  readonly #listeners = new Set<(catalog: Catalog) => void>();
  #current: Catalog | undefined;

  /** Undefined until one was loaded from the control plane or restored: nothing is known then, which is not "empty". */
  get current(): Catalog | undefined {
    return this.#current;
  }

  /** Returns how to be forgotten. */
  onChange(listener: (catalog: Catalog) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Swaps the snapshot; a catalog with equal documents changes nothing. */
  publish(catalog: Catalog): boolean {
    if (this.#current?.hash === catalog.hash) return false;
    this.#current = catalog;
    for (const listener of this.#listeners) listener(catalog);
    return true;
  }
}

function resourceKey(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}

function served(value: unknown): ServedDocument {
  const body = Buffer.from(goJson(value));
  return { body, etag: `"${contentHash(body)}"`, madeAt: new Date() };
}
