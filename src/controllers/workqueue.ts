import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { WakeSignal } from '../base/wake-signal.ts';

/**
 * Reconciles keys one after the other: a key that is added again while it waits is done once, one whose reconcile
 * throws comes back with back-off, as with client-go's rate-limiting workqueue.
 */
export class Workqueue {
  readonly #reconcile: (key: string) => Promise<void>;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #waiting = new Set<string>();
  readonly #backoffs = new Map<string, Backoff>();
  readonly #abort = new AbortController();
  readonly #woken = new WakeSignal();
  #done: Promise<void> | undefined;

  constructor(log: Logger, reconcile: (key: string) => Promise<void>, clock: Clock = systemClock) {
    this.#log = log;
    this.#reconcile = reconcile;
    this.#clock = clock;
  }

  add(key: string): void {
    this.#waiting.add(key);
    this.#woken.wake();
  }

  /** Adds it when the time has come; until then it may be added as well. */
  addAfter(key: string, ms: number): void {
    this.#clock.sleep(ms, this.#abort.signal).then(
      () => this.add(key),
      () => undefined,
    );
  }

  start(): void {
    this.#done ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      this.#woken.reset();
      const [key] = this.#waiting;
      if (key === undefined) {
        await this.#woken.wait(signal);
        continue;
      }
      this.#waiting.delete(key);
      try {
        await this.#reconcile(key);
        this.#backoffs.delete(key);
      } catch (error) {
        if (!signal.aborted) this.#retry(key, error);
      }
    }
  }

  #retry(key: string, error: unknown): void {
    const backoff = this.#backoffs.get(key) ?? new Backoff(200, 30_000);
    this.#backoffs.set(key, backoff);
    const pause = backoff.next();
    this.#log.warn({ key, reason: describeError(error), retryMs: Math.round(pause) }, 'a reconcile failed');
    this.addAfter(key, pause);
  }
}
