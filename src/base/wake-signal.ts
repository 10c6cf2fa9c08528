import { type Clock, systemClock } from './clock.ts';

/** What a loop that rests is woken by. A call during a pass is kept for the rest after it, and `reset` forgets it. */
export class WakeSignal {
  readonly #clock: Clock;
  #called = Promise.withResolvers<void>();
  #isSet = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  get isSet(): boolean {
    return this.#isSet;
  }

  wake(): void {
    this.#isSet = true;
    this.#called.resolve();
  }

  /** To be called before the pass looks at anything: what changes after that is for the next. */
  reset(): void {
    if (!this.#isSet) return;
    this.#isSet = false;
    this.#called = Promise.withResolvers<void>();
  }

  /** Resolves when it is woken, after `ms` (never by itself when left out), or with the end that `signal` tells. */
  async wait(signal: AbortSignal, ms?: number): Promise<void> {
    if (this.#isSet || signal.aborted) return;
    const over = new AbortController();
    const end = (): void => over.abort();
    signal.addEventListener('abort', end, { once: true });
    const ended = Promise.withResolvers<void>();
    over.signal.addEventListener('abort', () => ended.resolve(), { once: true });
    const time = ms === undefined ? [] : [this.#clock.sleep(ms, over.signal).catch(() => undefined)];
    await Promise.race([this.#called.promise, ended.promise, ...time]);
    signal.removeEventListener('abort', end);
    over.abort();
  }
}
