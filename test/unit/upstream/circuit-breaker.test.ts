import { describe, expect, it, jest } from '@jest/globals';
import { CircuitBreaker, type Outage, type UnderWay } from '../../../src/upstream/circuit-breaker.ts';

const outage: Outage = { since: new Date(0), reason: 'the test says so' };

function request(ageMs: number, isAnswered = false): UnderWay & { giveUp: jest.Mock } {
  return { startedAt: performance.now() - ageMs, isAnswered, giveUp: jest.fn() };
}

describe('a circuit breaker', () => {
  it('gives up all that is under way when it opens, and nothing that has ended', () => {
    const breaker = new CircuitBreaker();
    const [ended, waiting, streaming] = [request(0), request(0), request(0, true)];
    for (const one of [ended, waiting, streaming]) breaker.begin(one);
    breaker.end(ended);
    breaker.open(outage);
    expect(ended.giveUp).not.toHaveBeenCalled();
    expect(waiting.giveUp.mock.calls).toEqual([[outage]]);
    expect(streaming.giveUp.mock.calls).toEqual([[outage]]);
    expect(breaker.outage).toBe(outage);
    breaker.close();
    expect(breaker.outage).toBeUndefined();
  });

  it('finds a request that waits too long once, and none that was answered', () => {
    const breaker = new CircuitBreaker();
    breaker.begin(request(60_000, true));
    breaker.begin(request(1_000));
    expect(breaker.hasOverdue()).toBe(false);
    const late = new CircuitBreaker();
    late.begin(request(60_000, true));
    late.begin(request(2_500));
    expect([late.hasOverdue(), late.hasOverdue()]).toEqual([true, false]);
    late.begin(request(2_500));
    expect(late.hasOverdue()).toBe(true);
  });
});
