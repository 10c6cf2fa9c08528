import type { Clock } from '../../base/clock.ts';
import { WakeSignal } from '../../base/wake-signal.ts';

export interface RoundsOptions {
  clock: Clock;
  /** One check. What it throws is a mistake. */
  round: () => Promise<unknown>;
  /** True while a round has to begin about every second, whether or not the one before has ended. */
  isUrgent: () => boolean;
  /** Asked every second: true where there is reason for a round now. */
  hasReason: () => boolean;
}

const restMs = 5_000;
const tickMs = 1_000;
/** However often it is woken. */
const leastMs = 500;
/** Each waits for a time-out of its own. */
const mostAtOnce = 6;

/**
 * Checks something again and again: every 5 s, at once where it is woken, and about every second while it is urgent. Urgent
 * rounds overlap: one that waits for its time-out must not keep the next from finding that all is well again.
 */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #woken: WakeSignal;
  #done: Promise<void> | undefined;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#woken = new WakeSignal(options.clock);
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /** Makes the next round begin now, or as soon as it may. */
  wake(): void {
    this.#woken.wake();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
    await Promise.all(this.#running);
  }

  async #run(): Promise<void> {
    const { clock, isUrgent, hasReason } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const most = isUrgent() ? mostAtOnce : 1;
      if (this.#running.size < most) this.#begin();
      this.#woken.reset();
      await clock.sleep(leastMs, signal).catch(() => undefined);
      // At random: many replicas look at one control plane.
      const rest = isUrgent() ? (0.5 + Math.random()) * tickMs - leastMs : restMs - leastMs;
      for (let left = rest; left > 0 && !this.#woken.isSet && !signal.aborted && !hasReason(); left -= tickMs)
        await this.#woken.wait(signal, Math.min(left, tickMs));
    }
  }

  #begin(): void {
    const round = this.#options.round().finally(() => this.#running.delete(round));
    this.#running.add(round);
  }
}
