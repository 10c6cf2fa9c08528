import { hash } from 'node:crypto';
import { type Clock, systemClock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ConnectionState } from '../../clusters/connection-state.ts';
import type { SavedClaims } from '../../clusters/saved-claims.ts';
import type { KnownClaim, KnownClaims, KnownList } from './known-claims.ts';
import type { Controller } from '../leader-work.ts';

export interface KnownClaimsArchiveOptions {
  known: Pick<KnownClaims, 'lists' | 'onChange'>;
  saved: SavedClaims;
  state: ConnectionState;
  log: Logger;
  clock?: Clock;
}

/** After the first list everything else follows soon. */
const settleMs = 500;
const saveEveryMs = 60_000;

/**
 * Keeps a copy of the claims' metadata in the app cluster. In an outage of the control plane it is what lists "at any
 * version" are answered from: without one, a kube-controller-manager that is restarted then would account no quota at all.
 */
export class KnownClaimsArchive implements Controller {
  readonly #options: KnownClaimsArchiveOptions;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #tooLarge = new Set<string>();
  #wake = Promise.withResolvers<void>();
  /** Hash of what was saved last, versions left aside. */
  #content = '';
  #done: Promise<void> | undefined;

  constructor(options: KnownClaimsArchiveOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  start(): void {
    this.#options.known.onChange(() => this.#wake.resolve());
    this.#done ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake.resolve();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#clock.sleep(settleMs, signal).catch(() => undefined);
      this.#wake = Promise.withResolvers<void>();
      try {
        const { lists } = this.#options.known;
        if (lists && (await this.#save(lists))) await this.#clock.sleep(saveEveryMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.warn({ reason: describeError(error) }, 'the metadata of claims could not be saved');
        await this.#clock.sleep(saveEveryMs, signal).catch(() => undefined);
        continue;
      }
      await this.#wake.promise;
    }
  }

  /** False where nothing but versions has changed. */
  async #save(lists: readonly KnownList[]): Promise<boolean> {
    const { state, saved, log } = this.#options;
    const savedAt = new Date(this.#clock.now()).toISOString();
    const texts = new Map(lists.map((list) => [list.resource, printed(list, savedAt)]));
    const content = hash('sha256', [...texts].flat().join('\n').replaceAll(volatile, ''));
    if (content === this.#content) return false;
    const binding = await state.readBinding();
    if (!binding) return false;
    const left = await saved.write(texts, binding);
    for (const resource of left) {
      if (this.#tooLarge.has(resource)) continue;
      this.#tooLarge.add(resource);
      log.warn(
        { resource },
        'the metadata of these claims is too large to be saved: a kube-controller-manager that is restarted in an outage of the control plane waits for its end',
      );
    }
    this.#content = content;
    return true;
  }
}

const volatile = /"(resourceVersion|savedAt)":"[^"]*"/g;

/** A SavedList. */
function printed({ resourceVersion, claims }: KnownList, savedAt: string): string {
  const items = claims
    .filter(({ app }) => app.namespace !== '')
    .toSorted((a, b) => compare(keyOf(a), keyOf(b)))
    .map(({ shown }) => shown);
  return `{"resourceVersion":${JSON.stringify(resourceVersion)},"savedAt":${JSON.stringify(savedAt)},"items":[${items.join(',')}]}`;
}

function keyOf({ app }: KnownClaim): string {
  return `${app.namespace}/${app.name}`;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
