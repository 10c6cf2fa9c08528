import type { Clock } from '../base/clock.ts';

/** Answers that hold for a fixed time, at most `size` of them; the least recently used one goes first. */
export class ExpiringCache<T> {
  readonly #size: number;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  /** A Map keeps the order of insertion; a read inserts anew. */
  readonly #entries = new Map<string, { value: T; expires: number }>();

  constructor(size: number, ttlMs: number, clock: Clock) {
    this.#size = size;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (this.#clock.now() >= entry.expires) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#size) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, { value, expires: this.#clock.now() + this.#ttlMs });
  }
}
