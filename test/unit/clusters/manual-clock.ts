import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../src/base/clock.ts';

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: { due: number; wake: () => void }[] = [];

  constructor(now = Date.now()) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const sleeper = { due: this.#now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  /** Waits until `count` loops sleep, that is, have done all they had to do at this time. */
  async idle(count = 1): Promise<void> {
    for (let turns = 0; this.#sleepers.length < count; turns++) {
      // Without an end the loop would outlive a test that fails.
      if (turns > 4_000) throw new Error('the loop never came to rest');
      await delay(1);
    }
  }

  /** Sets the time forward without waking anybody: a stalled process. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** Sets the time forward, wakes who is due, and waits until `count` loops sleep again. */
  async advance(ms: number, count = 1): Promise<void> {
    await this.idle(count);
    this.#now += ms;
    const due = this.#sleepers.filter((sleeper) => sleeper.due <= this.#now);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.due > this.#now);
    for (const sleeper of due) sleeper.wake();
    await this.idle(count);
  }
}
