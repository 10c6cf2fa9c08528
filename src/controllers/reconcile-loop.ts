import { type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import { WakeSignal } from '../base/wake-signal.ts';
import type { Controller } from './leader-work.ts';

export interface ReconcileLoopOptions {
  /** One pass. Resolves to the milliseconds until the next, where that is another time than `repeatMs`. */
  reconcile: (signal: AbortSignal) => Promise<number | void>;
  /** Called when a pass fails, once while the reason stays the same: an outage may last. */
  onFault: (reason: string, error: unknown) => void;
  /** Before each pass: what changes together makes one. */
  settleMs?: number;
  /** Between two passes while nobody wakes it; never when left out. */
  repeatMs?: number;
  /** After a pass that failed, however often it is woken. */
  retryMs: number;
  clock?: Clock | undefined;
}

/** Keeps one thing true: a pass at the start, whenever it is woken, and again and again. One pass at a time. */
export class ReconcileLoop implements Controller {
  readonly #options: ReconcileLoopOptions;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #woken: WakeSignal;
  #fault: string | undefined;
  #done: Promise<void> | undefined;

  constructor(options: ReconcileLoopOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#woken = new WakeSignal(this.#clock);
  }

  start(): void {
    this.#done ??= this.#run();
  }

  wake(): void {
    this.#woken.wake();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { reconcile, settleMs = 0, repeatMs, retryMs } = this.#options;
    const { signal } = this.#abort;
    const pause = (ms: number): Promise<void> => this.#clock.sleep(ms, signal).catch(() => undefined);
    while (!signal.aborted) {
      if (settleMs > 0) await pause(settleMs);
      if (signal.aborted) return;
      this.#woken.reset();
      try {
        const nextMs = await reconcile(signal);
        this.#fault = undefined;
        await this.#woken.wait(signal, nextMs ?? repeatMs);
      } catch (error) {
        if (signal.aborted) return;
        this.#complain(error);
        await pause(retryMs);
      }
    }
  }

  #complain(error: unknown): void {
    const reason = describeError(error);
    if (this.#fault !== reason) this.#options.onFault(reason, error);
    this.#fault = reason;
  }
}
