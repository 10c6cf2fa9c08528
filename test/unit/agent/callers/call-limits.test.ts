import { describe, expect, it } from '@jest/globals';
import { rateLimited, ServerCallLimits, tooManyCalls } from '../../../../src/agent/callers/call-limits.ts';
import type { Caller } from '../../../../src/agent/callers/caller.ts';
import { rateLimitSettings } from '../../../../src/agent/callers/settings.ts';
import { ManualClock } from '../../clusters/manual-clock.ts';

const callerOf = (name: string): Caller => ({ name, groups: [], via: 'token', scopes: [] });
const [alice, bob] = [callerOf('alice'), callerOf('bob')];

describe('limits of calls', () => {
  it('are of one caller and one class: others are not kept waiting [agent.limits.rate]', () => {
    const clock = new ManualClock();
    const limits = new ServerCallLimits(
      rateLimitSettings.parse({ destructive: { perMinute: 6, burst: 2 } }),
      clock,
    );
    expect([1, 2, 3].map(() => limits.take(alice, 'destructive'))).toEqual([0, 0, 10_000]);
    expect(limits.take(alice, 'create')).toBe(0);
    expect(limits.take(bob, 'destructive')).toBe(0);
    clock.stall(10_000);
    expect([limits.take(alice, 'destructive'), limits.take(alice, 'destructive')]).toEqual([0, 10_000]);
  });

  it('are not there where they are 0 [agent.limits.rate]', () => {
    const limits = new ServerCallLimits(
      rateLimitSettings.parse({ read: { perMinute: 0 }, concurrent: 0, concurrentPerCaller: 0 }),
      new ManualClock(),
    );
    for (let count = 0; count < 1_000; count++)
      expect([limits.take(alice, 'read'), limits.enter(alice) !== undefined]).toEqual([0, true]);
  });

  it('hold for calls under way, of one and of all, until each has ended [agent.limits.concurrent]', () => {
    const limits = new ServerCallLimits(
      rateLimitSettings.parse({ concurrentPerCaller: 2, concurrent: 3 }),
      new ManualClock(),
    );
    const leave = limits.enter(alice);
    expect([limits.enter(alice), limits.enter(alice)]).toEqual([expect.any(Function), undefined]);
    expect([limits.enter(bob), limits.enter(bob)]).toEqual([expect.any(Function), undefined]);
    leave?.();
    // Ending twice frees one place only.
    leave?.();
    expect([limits.enter(bob), limits.enter(alice)]).toEqual([expect.any(Function), undefined]);
  });

  it('are told as 429 with Retry-After, or as an error of the tool over stdio [agent.limits.answer]', async () => {
    const answer = tooManyCalls(10_400);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '11']);
    expect(await answer.json()).toEqual({
      error: 'rate_limited',
      error_description: 'this caller makes too many calls of this kind; come back in 11 s',
    });
    expect(rateLimited(10_400)).toMatchObject({
      code: 'rate_limited',
      facts: { retryable: true, details: { retry_after_seconds: 11 } },
    });
    expect(tooManyCalls().headers.get('retry-after')).toBe('1');
  });
});
