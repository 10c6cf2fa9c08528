import type { KubeList, KubeObject } from '../apimachinery/objects.ts';
import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { ApiError, type KubeClient, type WatchEvent } from './kube-client.ts';

export interface InformerOptions<T extends KubeObject> {
  client: KubeClient;
  /** Collection path, such as `/api/v1/namespaces/x/secrets`. */
  path: string;
  query?: Record<string, string>;
  /** `metadataListAccept` to hold metadata only. */
  accept?: string;
  log: Logger;
  clock?: Clock;
  /** Called after the store has changed, once per event; `undefined` after a (re-)list. */
  onChange?: (event: WatchEvent<T> | undefined) => void;
  /** Called when list or watch fails; the informer goes on by itself. */
  onError?: (error: unknown) => void;
}

const pageSize = '500';

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
        version ??= await this.#relist();
        backoff.reset();
        version = await this.#follow(version);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && error.status === 410) version = undefined;
        this.#options.log.debug({ path: this.#options.path, err: error }, 'informer starts over');
        this.#options.onError?.(error);
        await this.#clock.sleep(backoff.next(), signal).catch(() => undefined);
      }
    }
  }

  async #relist(): Promise<string> {
    const { client, path, query, accept } = this.#options;
    const next = new Map<string, T>();
    let page: string | undefined;
    let version = '';
    do {
      const list = await client.get<KubeList<T>>(path, {
        query: { ...query, limit: pageSize, ...(page ? { continue: page } : {}) },
        ...(accept ? { accept } : {}),
        signal: this.#abort.signal,
        timeoutMs: 30_000,
      });
      for (const item of list.items ?? []) next.set(key(item.metadata.namespace, item.metadata.name), item);
      page = list.metadata.continue;
      version = list.metadata.resourceVersion ?? '';
    } while (page);
    this.#store = next;
    this.#hasSynced = true;
    this.#options.onChange?.(undefined);
    this.#synced.resolve();
    return version;
  }

  /** Follows a watch until it ends in order; returns the version to go on from. */
  async #follow(from: string): Promise<string | undefined> {
    const { client, path, query, accept, log } = this.#options;
    let version = from;
    const events = client.watch<T>(path, {
      query: { ...query, resourceVersion: version, allowWatchBookmarks: 'true', timeoutSeconds: '300' },
      ...(accept ? { accept: accept.replace('PartialObjectMetadataList', 'PartialObjectMetadata') } : {}),
      signal: this.#abort.signal,
    });
    for await (const event of events) {
      if (event.type === 'ERROR') {
        const status = event.object as unknown as { code?: number; message?: string };
        log.debug({ path, status }, 'watch ended with an error');
        if (status.code === 410) return undefined;
        throw new ApiError(status.code ?? 500, '', status.message ?? 'watch ended with an error');
      }
      const { metadata } = event.object;
      version = metadata.resourceVersion ?? version;
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') this.#store.delete(key(metadata.namespace, metadata.name));
      else this.#store.set(key(metadata.namespace, metadata.name), event.object);
      try {
        this.#options.onChange?.(event);
      } catch (error) {
        log.error({ path, reason: describeError(error) }, 'an informer handler failed');
      }
    }
    return version;
  }
}

function key(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
