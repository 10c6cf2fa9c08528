import { describe, expect, it } from '@jest/globals';
import { TokenBuckets } from '../../../src/base/token-buckets.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

describe('token buckets', () => {
  it('give their burst, and one more with each refill, never more than the burst', () => {
    const clock = new ManualClock();
    const buckets = new TokenBuckets({ burst: 2, refillMs: 1_000, clock });
    expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([true, true, false]);
    expect(buckets.waitMs('a')).toBe(1_000);
    clock.stall(400);
    expect(buckets.waitMs('a')).toBe(600);
    clock.stall(600);
    expect([buckets.take('a'), buckets.take('a')]).toEqual([true, false]);
    clock.stall(60_000);
    expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([true, true, false]);
  });

  it('are one for each key', () => {
    const buckets = new TokenBuckets({ burst: 1, refillMs: 1_000, clock: new ManualClock() });
    expect([buckets.take('a'), buckets.take('b'), buckets.take('a')]).toEqual([true, true, false]);
    expect(buckets.waitMs('c')).toBe(0);
  });

  it('forget those that were not used for the longest time', () => {
    const buckets = new TokenBuckets({ burst: 1, refillMs: 1_000, clock: new ManualClock() });
    for (let key = 0; key <= 4_096; key++) buckets.take(String(key));
    expect([buckets.take('4096'), buckets.take('0')]).toEqual([false, true]);
  });
});
