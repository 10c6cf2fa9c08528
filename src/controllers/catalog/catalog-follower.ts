import type { KubeObject } from '../../apimachinery/objects.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { Catalog, type CatalogSource, type CatalogStore } from '../../catalog/catalog.ts';
import {
  type ConnectedResource,
  type GroupVersion,
  groupVersionsOf,
} from '../../catalog/connected-resource.ts';
import { resourcesOrKept } from '../../catalog/kept-resources.ts';
import { type OpenApiV3Document, parseOpenApi } from '../../catalog/openapi-document.ts';
import { openApiV3Key, openApiV3Of, pluralsWithoutPaths } from '../../catalog/openapi-v3.ts';
import { type ResourcePatterns, isConnected } from '../../catalog/resource-patterns.ts';
import { crdPath } from '../../clusters/api-paths.ts';
import { Informer } from '../../clusters/informer.ts';
import { ApiError, metadataListAccept } from '../../clusters/kube-client.ts';
import type { Link } from '../../upstream/link.ts';
import { ReconcileLoop } from '../reconcile-loop.ts';
import { ConnectedDefinitions } from './connected-definitions.ts';

export interface CatalogFollowerOptions {
  link: Link;
  store: CatalogStore;
  patterns: ResourcePatterns;
  /** What this release has registered in the app cluster. */
  registered: () => Promise<Pick<GroupVersion, 'group' | 'version'>[]>;
  log: Logger;
  clock?: Clock;
  /** Called when everything was read anew, changed or not. */
  onRefresh?: () => void;
}

/** Crossplane applies a CRD in several writes; one catalog for all of them. */
const settleMs = 100;
/** OpenAPI follows a CRD some time after Established, and nothing signals it: looked for again at these intervals. */
const openApiRetriesMs = [250, 500, 1_000, 1_000, 1_000];
/**
 * A changed schema reaches OpenAPI late too, on a busy control plane by many seconds: after a change the documents are
 * compared again at these intervals, then seldom.
 */
const refreshesMs = [1_000, 3_000, 6_000, 12_000, 24_000];
const seldomMs = 60_000;
const retryMs = 1_000;

/**
 * Follows the CRDs of the control plane and makes the catalog of them. All CRDs are watched by metadata only; only
 * those that an XRD owns are read whole (providers bring a thousand others). The control plane's own /openapi/v2 is
 * never asked for, and of /openapi/v3 only the documents of connected group versions.
 */
export class CatalogFollower {
  readonly #options: CatalogFollowerOptions;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #informer: Informer<KubeObject>;
  readonly #definitions: ConnectedDefinitions;
  readonly #documents = new Map<string, { url: string; document: OpenApiV3Document }>();
  readonly #loop: ReconcileLoop;
  /** Changes of CRDs that were heard of, and those that the catalog knows. */
  #changes = 0;
  #knownChanges = 0;
  #quietPasses = 0;
  #fault: string | undefined;

  constructor(options: CatalogFollowerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#definitions = new ConnectedDefinitions({
      client: options.link.client,
      signal: this.#abort.signal,
      registered: options.registered,
    });
    this.#informer = new Informer<KubeObject>({
      client: options.link.client,
      path: crdPath(),
      accept: metadataListAccept,
      log: options.log,
      onChange: () => {
        this.#changes++;
        this.#loop.wake();
      },
      onError: (error) => this.#complain(error),
    });
    this.#loop = new ReconcileLoop({
      reconcile: () => this.#refresh(),
      onFault: (_reason, error) => this.#complain(error),
      settleMs,
      retryMs,
      clock: this.#clock,
    });
  }

  /** Why the claim APIs cannot be read; undefined while they can. */
  get fault(): string | undefined {
    return this.#fault;
  }

  start(): void {
    this.#informer.start();
    void this.#informer.synced.then(() => this.#loop.start());
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#informer.stop(), this.#loop.stop()]);
  }

  async #refresh(): Promise<number> {
    const changes = this.#changes;
    await this.#rebuild();
    this.#options.onRefresh?.();
    this.#fault = undefined;
    this.#quietPasses = changes === this.#knownChanges ? this.#quietPasses + 1 : 0;
    this.#knownChanges = changes;
    return refreshesMs[this.#quietPasses] ?? seldomMs;
  }

  async #rebuild(): Promise<void> {
    const { store, log, patterns } = this.#options;
    const isAllowed = (resource: ConnectedResource): boolean => isConnected(resource, patterns);
    const previous = (store.current?.source.resources ?? []).filter(isAllowed);
    const definitions = await this.#definitions.refresh(this.#informer.list(), previous);
    const resources = definitions.flatMap((crd) => resourcesOrKept(crd, previous)).filter(isAllowed);
    const source: CatalogSource = { resources, openApi: await this.#readOpenApi(resources) };
    const catalog = new Catalog(source);
    if (!store.publish(catalog)) return;
    log.info(
      { resources: resources.map(({ plural, group, version }) => `${plural}.${version}.${group}`) },
      'the catalog has changed',
    );
  }

  /** The filtered documents of all connected group versions; waits a while for those the control plane has not made yet. */
  async #readOpenApi(resources: readonly ConnectedResource[]): Promise<[string, OpenApiV3Document][]> {
    const { client } = this.#options.link;
    const groupVersions = groupVersionsOf(resources);
    for (const pause of [...openApiRetriesMs, undefined]) {
      const root = await client.get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3', {
        signal: this.#abort.signal,
      });
      let isComplete = true;
      for (const groupVersion of groupVersions) {
        const key = openApiV3Key(groupVersion);
        const url = root.paths[key]?.serverRelativeURL;
        if (url === undefined) isComplete = false;
        else if (this.#documents.get(key)?.url !== url) {
          const text = await client.getText(url.replace(/\?.*$/, ''), {
            signal: this.#abort.signal,
            timeoutMs: 30_000,
          });
          this.#documents.set(key, { url, document: parseOpenApi(text) });
        }
        const known = this.#documents.get(key);
        if (!known || pluralsWithoutPaths(known.document, groupVersion).length > 0) isComplete = false;
      }
      if (isComplete || pause === undefined) break;
      await this.#clock.sleep(pause, this.#abort.signal);
    }
    const kept = new Set(groupVersions.map(openApiV3Key));
    for (const key of this.#documents.keys()) if (!kept.has(key)) this.#documents.delete(key);
    // While a CRD is made anew its control plane may have no document, and the last one still says what it is.
    const previous = new Map(this.#options.store.current?.source.openApi);
    return groupVersions.flatMap((groupVersion): [string, OpenApiV3Document][] => {
      const key = openApiV3Key(groupVersion);
      const known = this.#documents.get(key);
      const document = known ? openApiV3Of(known.document, groupVersion) : previous.get(key);
      return document ? [[key, document]] : [];
    });
  }

  #complain(error: unknown): void {
    const reason =
      error instanceof ApiError && error.status === 403
        ? `the connector may not read the CRDs of the control plane: ${error.message}; apply deploy/control-plane.yaml there`
        : `the claim APIs cannot be read from the control plane: ${describeError(error)}`;
    if (this.#fault !== reason) this.#options.log.error(reason);
    this.#fault = reason;
  }
}
