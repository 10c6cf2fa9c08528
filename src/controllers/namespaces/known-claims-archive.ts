import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ConnectionState } from '../../clusters/connection-state.ts';
import type { SavedClaims } from '../../clusters/saved-claims.ts';
import { compareNames } from '../../catalog/connected-resource.ts';
import { metadataToApp } from '../../mapping/followed-claim.ts';
import type { FollowedClaims, FollowedList } from '../claims/followed-claims.ts';
import type { Controller } from '../leader-work.ts';
import { ReconcileLoop } from '../reconcile-loop.ts';

export interface KnownClaimsArchiveOptions {
  claims: Pick<FollowedClaims, 'lists' | 'onChange' | 'onList'>;
  saved: SavedClaims;
  state: ConnectionState;
  log: Logger;
  clock?: Clock;
}

/** After the first list everything else follows soon. */
const settleMs = 500;
const saveEveryMs = 60_000;
/** Where nothing but versions had changed: to find that, all claims are looked at. */
const lookEveryMs = 10_000;
/** Claims printed in one go, which is about a millisecond: the process serves requests in between. */
const atOnce = 100;

/**
 * Keeps a copy of the claims' metadata in the app cluster. In an outage of the control plane it is what lists "at any
 * version" are answered from: without one, a kube-controller-manager that is restarted then would account no quota at all.
 */
export class KnownClaimsArchive implements Controller {
  readonly #options: KnownClaimsArchiveOptions;
  readonly #clock: Clock;
  readonly #loop: ReconcileLoop;
  readonly #tooLarge = new Set<string>();
  /** Hash of what was saved last, versions left aside. */
  #content = '';
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: KnownClaimsArchiveOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#loop = new ReconcileLoop({
      reconcile: () => this.#reconcile(),
      onFault: (reason) => options.log.warn({ reason }, 'the metadata of claims could not be saved'),
      settleMs,
      retryMs: saveEveryMs,
      clock: this.#clock,
    });
  }

  start(): void {
    this.#options.claims.onChange(() => this.#loop.wake());
    this.#options.claims.onList(() => this.#loop.wake());
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #reconcile(): Promise<number | undefined> {
    const { lists } = this.#options.claims;
    if (!lists) return undefined;
    const wait = this.#notBefore - this.#clock.now();
    if (wait > 0) return wait;
    const pause = (await this.#save(lists)) ? saveEveryMs : lookEveryMs;
    this.#notBefore = this.#clock.now() + pause;
    return undefined;
  }

  /** False where nothing but versions has changed. */
  async #save(lists: readonly FollowedList[]): Promise<boolean> {
    const { state, saved, log } = this.#options;
    const content = await digestOf(lists);
    if (content === this.#content) return false;
    const savedAt = new Date(this.#clock.now()).toISOString();
    const texts = new Map<string, string>();
    for (const list of lists) texts.set(list.resource, await printed(list, savedAt));
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

const volatile = /"resourceVersion":"[^"]*"/;

/** The same while nothing but versions changes. */
async function digestOf(lists: readonly FollowedList[]): Promise<string> {
  const digest = createHash('sha256');
  for (const { resource, claims } of lists) {
    digest.update(`${resource}\n`);
    await inPieces(claims, ({ storedMetadata }) => digest.update(storedMetadata.replace(volatile, '')));
  }
  return digest.digest('hex');
}

/** A SavedList. */
async function printed({ resourceVersion, claims }: FollowedList, savedAt: string): Promise<string> {
  const keyed = claims.map((claim) => ({ claim, key: `${claim.app.namespace}/${claim.app.name}` }));
  const items: string[] = [];
  await inPieces(
    keyed.toSorted((a, b) => compareNames(a.key, b.key)),
    ({ claim }) => items.push(metadataToApp(claim)),
  );
  const head = JSON.stringify({ resourceVersion, savedAt }).slice(0, -1);
  return `${head},"items":[${items.join(',')}]}`;
}

async function inPieces<T>(all: readonly T[], each: (one: T) => void): Promise<void> {
  for (let from = 0; from < all.length; from += atOnce) {
    for (const one of all.slice(from, from + atOnce)) each(one);
    await turn();
  }
}
