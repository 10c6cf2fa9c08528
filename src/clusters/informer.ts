import type { KubeList, KubeObject } from '../apimachinery/objects.ts';
import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { ApiError, type KubeClient, type WatchEvent } from './kube-client.ts';

export interface InformerOptions<T extends KubeObject> {
  client: KubeClient;
  /** Collection path, such as `/api/v1/namespaces/x/secrets`. */
  path: string;
  query?: Record<string, string>;
  /** `metadataListAccept` to hold metadata only. */
  accept?: string;
  /** Objects of one page of a list. */
  pageSize?: number;
  /** Milliseconds between two looks at the events of the watch: many at once cost less, and no request waits for them. */
  gatherMs?: number;
  /** Makes what is kept of an object, before the store and `onChange` see it; name and namespace stay. */
  transform?: (object: T) => T;
  log: Logger;
  clock?: Clock;
  /** Called after the store has changed, once per event; `undefined` after a (re-)list. */
  onChange?: (event: WatchEvent<T> | undefined) => void;
  /** Called when list or watch fails; the informer goes on by itself. */
  onError?: (error: unknown) => void;
}

const defaultPageSize = 500;
const watchSeconds = 300;
/** All informers of a cluster learn in one moment that it is back. */
const recoverySpreadMs = 1_000;

/**
 * A synced copy of one collection: list in pages, then watch, list again when the watch's version expired. The store
 * is replaced whole by a list, so readers never see half of one.
 */
export class Informer<T extends KubeObject> {
  readonly #options: InformerOptions<T>;
  readonly #clock: Clock;
  readonly #synced = Promise.withResolvers<void>();
  readonly #abort = new AbortController();
  #store = new Map<string, T>();
  #version = '';
  #hasSynced = false;
  #done: Promise<void> | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** True after the first whole list. What is absent from the store before that is unknown, not absent. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** The version the store is at: of the last list, event or bookmark. */
  get resourceVersion(): string {
    return this.#version;
  }

  list(): T[] {
    return [...this.#store.values()];
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#store.get(key(namespace, name));
  }

  start(): this {
    this.#done ??= this.#run();
    return this;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(500, 30_000);
    const { signal } = this.#abort;
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        if (version === undefined) {
          version = await this.#relist();
          backoff.reset();
        }
        version = await this.#follow(version, backoff);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && error.status === 410) version = undefined;
        this.#options.log.debug({ path: this.#options.path, err: error }, 'informer starts over');
        this.#options.onError?.(error);
        await this.#rest(backoff, signal);
      }
    }
  }

  async #relist(): Promise<string> {
    const { client, path, query, accept, pageSize = defaultPageSize } = this.#options;
    const next = new Map<string, T>();
    let page: string | undefined;
    let version = '';
    do {
      const list = await client.get<KubeList<T>>(path, {
        query: { ...query, limit: String(pageSize), ...(page ? { continue: page } : {}) },
        ...(accept ? { accept } : {}),
        signal: this.#abort.signal,
        timeoutMs: 30_000,
      });
      if (!isList(list)) throw new ConnectorError('unusable-answer', `${path} was answered with no list`);
      for (const item of list.items ?? [])
        next.set(key(item.metadata.namespace, item.metadata.name), this.#kept(item));
      page = list.metadata.continue;
      version = list.metadata.resourceVersion ?? '';
    } while (page);
    this.#store = next;
    this.#version = version;
    this.#hasSynced = true;
    this.#options.onChange?.(undefined);
    this.#synced.resolve();
    return version;
  }

  /** Until it is time to try again; while the cluster is known to be away until it is back, and then not all at once. */
  async #rest(backoff: Backoff, signal: AbortSignal): Promise<void> {
    const { transport } = this.#options.client;
    const back = Promise.withResolvers<boolean>();
    const forget = transport.onRecovered(() => back.resolve(true));
    const leave = (): void => back.resolve(false);
    signal.addEventListener('abort', leave, { once: true });
    const pause = this.#clock.sleep(backoff.next(), signal).catch(() => undefined);
    const isTime = pause.then(() => (transport.isAway ? back.promise : false));
    const isBack = await Promise.race([isTime, back.promise]);
    forget();
    signal.removeEventListener('abort', leave);
    if (!isBack) return;
    backoff.reset();
    await this.#clock.sleep(Math.random() * recoverySpreadMs, signal).catch(() => undefined);
  }

  /** Follows a watch until it ends in order; returns the version to go on from. */
  async #follow(from: string, backoff: Backoff): Promise<string | undefined> {
    const { client, path, query, accept, gatherMs, log } = this.#options;
    let version = from;
    const events = client.watch<T>(path, {
      query: {
        ...query,
        resourceVersion: version,
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(watchSeconds),
      },
      // The end that the server sends never comes on a connection whose other side is gone.
      timeoutMs: (watchSeconds + 30) * 1_000,
      ...(accept ? { accept: accept.replace('PartialObjectMetadataList', 'PartialObjectMetadata') } : {}),
      ...(gatherMs ? { gatherMs } : {}),
      signal: this.#abort.signal,
    });
    for await (const event of events) {
      backoff.reset();
      if (event.type === 'ERROR') {
        const status = event.object as unknown as { code?: number; message?: string };
        log.debug({ path, status }, 'watch ended with an error');
        if (status.code === 410) return undefined;
        throw new ApiError(status.code ?? 500, '', status.message ?? 'watch ended with an error');
      }
      const { metadata } = event.object;
      version = metadata.resourceVersion ?? version;
      if (event.type === 'BOOKMARK') {
        this.#version = version;
        continue;
      }
      event.object = this.#kept(event.object);
      if (event.type === 'DELETED') this.#store.delete(key(metadata.namespace, metadata.name));
      else this.#store.set(key(metadata.namespace, metadata.name), event.object);
      this.#version = version;
      try {
        this.#options.onChange?.(event);
      } catch (error) {
        log.error({ path, reason: describeError(error) }, 'an informer handler failed');
      }
    }
    return version;
  }

  #kept(object: T): T {
    return this.#options.transform?.(object) ?? object;
  }
}

/** An empty list in place of an answer that is none would be taken for "everything is gone". */
function isList({ kind, items, metadata }: Partial<KubeList<KubeObject>> & { kind?: string }): boolean {
  // Go prints an empty list of some types as null.
  const hasItems = Array.isArray(items) || (items === null && kind?.endsWith('List') === true);
  return hasItems && typeof metadata?.resourceVersion === 'string';
}

function key(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
