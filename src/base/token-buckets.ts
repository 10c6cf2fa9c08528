import type { Clock } from './clock.ts';

export interface TokenBucketOptions {
  /** Tokens of a full bucket. */
  burst: number;
  /** Milliseconds until one more is there. */
  refillMs: number;
  clock: Clock;
}

interface Bucket {
  tokens: number;
  since: number;
}

const maxBuckets = 4_096;

/** One token bucket per key; which was not used for the longest time is forgotten first, and is full when it comes again. */
export class TokenBuckets {
  readonly #options: TokenBucketOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: TokenBucketOptions) {
    this.#options = options;
  }

  /** Takes a token, if there is one. */
  take(key = ''): boolean {
    const bucket = this.#refilled(key);
    const isThere = bucket.tokens >= 1;
    if (isThere) bucket.tokens--;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > maxBuckets) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest as string);
    }
    return isThere;
  }

  /** For what turned out not to count. */
  giveBack(key = ''): void {
    const bucket = this.#buckets.get(key);
    if (bucket) bucket.tokens = Math.min(this.#options.burst, bucket.tokens + 1);
  }

  /** Milliseconds until there is a token; 0 while there is one. */
  waitMs(key = ''): number {
    const { tokens } = this.#refilled(key);
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * this.#options.refillMs);
  }

  #refilled(key: string): Bucket {
    const { burst, refillMs, clock } = this.#options;
    const now = clock.now();
    const { tokens, since } = this.#buckets.get(key) ?? { tokens: burst, since: now };
    return { tokens: Math.min(burst, tokens + Math.max(0, now - since) / refillMs), since: now };
  }
}
