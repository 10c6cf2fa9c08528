import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import type { ApiClient, Answer } from './api-client.ts';
import type { Random } from './random.ts';

interface ListAnswer {
  metadata: { resourceVersion: string };
  items: KubeObject[];
}

interface EventLine {
  type: string;
  object: KubeObject & { code?: number; message?: string };
}

export interface ViewOptions {
  client: ApiClient;
  /** The collection. */
  path: string;
  selector?: string;
  random: Random;
  /** Called for each object that goes, by an event or because a list does not have it any more. */
  onDeleted: (object: KubeObject, how: 'event' | 'list') => void;
}

/** What happened to the connection of a view. */
export interface ViewCounts {
  lists: number;
  /** Watches that ended after a whole event. */
  clean: number;
  /** Watches that broke in the middle. */
  cut: number;
  /** ERROR events beside 410, with their messages. */
  errors: string[];
}

/**
 * A client that keeps a picture of a collection as client-go's reflector does: list at any version, watch from there with
 * bookmarks, watch again where it ended, list again after 410.
 */
export class View {
  readonly objects = new Map<string, KubeObject>();
  readonly counts: ViewCounts = { lists: 0, clean: 0, cut: 0, errors: [] };
  readonly #options: ViewOptions;
  #resourceVersion = '';
  /** What the next list asks for: any version at first, then none that is older, and after 410 the newest. */
  #listFrom = '0';
  #isOver = false;

  constructor(options: ViewOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      if (this.#resourceVersion === '') await this.#list();
      else await this.#watch();
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  async #list(): Promise<void> {
    const answer = await this.#options.client.ask({
      path: this.#url(this.#listFrom === '' ? {} : { resourceVersion: this.#listFrom }),
    });
    if (answer.status === 410 || tooLarge(answer)) this.#listFrom = '';
    if (answer.status !== 200) return this.#pause(answer);
    const { metadata, items } = answer.body as ListAnswer;
    this.counts.lists += 1;
    const listed = new Map(items.map((item) => [item.metadata.uid as string, item]));
    for (const [uid, object] of this.objects) if (!listed.has(uid)) this.#drop(object, 'list');
    for (const [uid, object] of listed) this.objects.set(uid, object);
    this.#resourceVersion = metadata.resourceVersion;
    this.#listFrom = metadata.resourceVersion;
  }

  async #watch(): Promise<void> {
    const { client, random } = this.#options;
    const path = this.#url({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#resourceVersion,
      timeoutSeconds: String(Math.round(random.between(20, 40))),
    });
    const answer = await client.stream(path, (line) => this.#see(JSON.parse(line) as EventLine));
    if (answer.status === 200) this.counts[answer.ended] += 1;
    if (answer.status === 410) this.#expire();
    // client-go lists again after a watch that was refused for good; it watches again after an outage.
    await this.#pause(answer);
  }

  #see({ type, object }: EventLine): void {
    if (type === 'ERROR') {
      if (object.code === 410) this.#expire();
      else this.counts.errors.push(object.message ?? '');
      return;
    }
    this.#resourceVersion = object.metadata.resourceVersion as string;
    this.#listFrom = this.#resourceVersion;
    if (type === 'DELETED') this.#drop(object, 'event');
    else if (type !== 'BOOKMARK') this.objects.set(object.metadata.uid as string, object);
  }

  #expire(): void {
    this.#resourceVersion = '';
    this.#listFrom = '';
  }

  #drop(object: KubeObject, how: 'event' | 'list'): void {
    this.objects.delete(object.metadata.uid as string);
    this.#options.onDeleted(object, how);
  }

  #url(query: Record<string, string>): string {
    const { path, selector } = this.#options;
    const all = selector === undefined ? query : { ...query, labelSelector: selector };
    return `${path}?${new URLSearchParams(all).toString()}`;
  }

  async #pause({ retryAfter = 1 }: Answer): Promise<void> {
    await delay(Math.min(retryAfter * 1000, 3_000) * this.#options.random.between(0.5, 1));
  }
}

/** A version that the server has not seen yet (apiserver pkg/storage NewTooLargeResourceVersionError): 504. */
function tooLarge({ status, body }: Answer): boolean {
  return status === 504 && /Too large resource version/.test(JSON.stringify(body ?? ''));
}
