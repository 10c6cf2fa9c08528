import type { OracleObject, World } from '../scenario.ts';
import type { OpenWatch } from '../side.ts';
import { comparableFrames } from './frames.ts';
import type { Selection, Target } from './steps.ts';

export interface WatchOptions {
  selection: Selection;
  accept: string;
  path: (query: Record<string, string>) => string;
  query: Record<string, string>;
  /** An object of this name where the watch sees it. */
  place: (name: string) => Target;
  blank: (target: Target) => OracleObject;
  pathTo: (target: Target) => string;
}

/**
 * Where a watch begins: behind a list that is made now, or with the objects there are, from a consistent read. Without a
 * version at all a watch begins wherever the cache is, which two servers cannot do alike.
 */
export async function startOfWatch(
  world: World,
  from: 'list' | 'initial events',
  path: string,
): Promise<Record<string, string>> {
  if (from === 'initial events')
    return { sendInitialEvents: 'true', allowWatchBookmarks: 'true', resourceVersionMatch: 'NotOlderThan' };
  const { metadata } = (await world.given('GET', path)) as unknown as {
    metadata: { resourceVersion: string };
  };
  return { resourceVersion: metadata.resourceVersion };
}

/** A watch that ends with an object made for it: what came before that is everything that happened. */
export class SequenceWatch {
  readonly #world: World;
  readonly #options: WatchOptions;
  readonly #watch: OpenWatch;
  #isOrdered = true;

  private constructor(world: World, options: WatchOptions, watch: OpenWatch) {
    this.#world = world;
    this.#options = options;
    this.#watch = watch;
  }

  static async open(world: World, options: WatchOptions): Promise<SequenceWatch> {
    const path = options.path({ watch: 'true', ...options.query });
    return new SequenceWatch(world, options, await world.watch(path, { accept: options.accept }));
  }

  /** Several objects were deleted by one request, which defines no order among them: events are compared object by object. */
  orderIsLost(): void {
    this.#isOrdered = false;
  }

  /** Waits until everything up to now has come, and records it. */
  async close(): Promise<void> {
    if (this.#watch.status !== 200) {
      this.#world.closeWatch(this.#watch);
      return;
    }
    const mark = `end-${this.#world.exchanges.length}`;
    const isMark = (frame: string): boolean => frame.includes(`"${mark}"`);
    const unmark = await this.#mark(mark);
    const frames = await this.#watch.until((seen) => seen.some(isMark));
    this.#world.closeWatch(this.#watch);
    await unmark();
    const end = frames.findIndex(isMark);
    if (end < 0) throw new Error(`a watch did not show ${mark} in 10 s`);
    const recorded = this.#world.exchanges.at(-1);
    if (recorded) recorded.frames = comparableFrames(frames.slice(0, end), this.#isOrdered);
  }

  /**
   * Makes an object that the watch has to show: one that its selector takes, or a change of the very object it selects. The
   * function given back removes it.
   */
  async #mark(mark: string): Promise<() => Promise<unknown>> {
    const { place, blank, pathTo, selection } = this.#options;
    const { labels = '', fields = '' } = selection;
    const [, only] = /^metadata\.name=(.+)$/.exec(fields) ?? [];
    const target = place(only ?? mark);
    const object = blank(target);
    object.metadata.annotations = { 'example.org/end': mark };
    if (labels !== '' && !labels.startsWith('!') && !labels.includes('!='))
      object.metadata.labels = { tier: 'gold' };
    if (fields === 'spec.engine=mysql') object.spec['engine'] = 'mysql';
    if (fields === 'spec.replicas=2') object.spec['replicas'] = 2;
    const path = pathTo(target);
    if (only !== undefined) {
      const { annotations } = object.metadata;
      const { status } = await this.#world.side.ask({
        method: 'PATCH',
        path,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { metadata: { annotations } },
      });
      if (status === 200) return () => Promise.resolve();
    }
    await this.#world.given('POST', path.slice(0, path.lastIndexOf('/')), { body: object });
    return () => this.#world.given('DELETE', path);
  }
}
