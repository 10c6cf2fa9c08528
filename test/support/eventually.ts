import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** 90,000 when left out: what Crossplane misses at the start of a kind it looks at again after a minute. */
  timeoutMs?: number;
  /** Between two tries; 100 when left out. */
  everyMs?: number;
}

/** Calls `fn` until it does not throw, and returns its value; after the time is over its last error is thrown. */
export async function eventually<T>(fn: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 90_000, everyMs = 100 } = options;
  for (const deadline = Date.now() + timeoutMs; ; await delay(everyMs)) {
    try {
      return await fn();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
