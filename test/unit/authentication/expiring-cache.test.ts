import { describe, expect, it } from '@jest/globals';
import { ExpiringCache } from '../../../src/authentication/expiring-cache.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

describe('ExpiringCache', () => {
  it('drops the least recently used entry when it is full', () => {
    const cache = new ExpiringCache<number>(2, 1000, new ManualClock());
    cache.set('a', 1);
    cache.set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
  });

  it('keeps both entries when one of them is written again', () => {
    const cache = new ExpiringCache<number>(2, 1000, new ManualClock());
    cache.set('a', 1);
    cache.set('b', 2);
    cache.set('b', 3);
    expect([cache.get('a'), cache.get('b')]).toEqual([1, 3]);
  });

  it('does not prolong an entry by reading it', () => {
    const clock = new ManualClock();
    const cache = new ExpiringCache<number>(2, 1000, clock);
    cache.set('a', 1);
    clock.stall(999);
    expect(cache.get('a')).toBe(1);
    clock.stall(1);
    expect(cache.get('a')).toBeUndefined();
  });
});
