import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ReconcileLoop, type ReconcileLoopOptions } from '../../../src/controllers/reconcile-loop.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

const retryMs = 5_000;
let clock: ManualClock;
let loop: ReconcileLoop;
let passes: number;
let faults: string[];

afterEach(() => loop.stop());

function start(options: Partial<ReconcileLoopOptions> = {}): void {
  const { reconcile, ...rest } = options;
  clock = new ManualClock();
  passes = 0;
  faults = [];
  loop = new ReconcileLoop({
    reconcile: async (signal) => {
      passes++;
      return await reconcile?.(signal);
    },
    onFault: (reason) => void faults.push(reason),
    retryMs,
    clock,
    ...rest,
  });
  loop.start();
}

/** Lets the loop do what it can without time going by. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
}

describe('a reconcile loop', () => {
  it('makes a pass at the start, after each pause, and when it is woken', async () => {
    start({ repeatMs: 60_000 });
    await clock.idle();
    expect(passes).toBe(1);
    await clock.advance(60_000);
    expect(passes).toBe(2);
    loop.wake();
    await settle();
    expect(passes).toBe(3);
  });

  it('makes one pass of what comes within the time to settle', async () => {
    start({ settleMs: 200 });
    await clock.idle();
    loop.wake();
    loop.wake();
    await clock.advance(200, 0);
    await settle();
    expect(passes).toBe(1);
    loop.wake();
    await clock.idle();
    loop.wake();
    await clock.advance(200, 0);
    await settle();
    expect(passes).toBe(2);
  });

  it('makes another pass for what comes during one', async () => {
    const first = Promise.withResolvers<void>();
    start({ reconcile: () => first.promise });
    await settle();
    loop.wake();
    first.resolve();
    await settle();
    expect(passes).toBe(2);
  });

  it('rests as long as a pass says', async () => {
    start({ repeatMs: 60_000, reconcile: () => Promise.resolve(passes === 1 ? 1_000 : undefined) });
    await clock.advance(1_000);
    expect(passes).toBe(2);
    await clock.advance(1_000);
    expect(passes).toBe(2);
    await clock.advance(59_000);
    expect(passes).toBe(3);
  });

  it('tries again after a failure, not sooner when it is woken, and tells of each reason once', async () => {
    let reason: string | undefined = 'one';
    start({
      repeatMs: 60_000,
      reconcile: () => (reason === undefined ? Promise.resolve() : Promise.reject(new Error(reason))),
    });
    await clock.idle();
    loop.wake();
    await settle();
    expect(passes).toBe(1);
    await clock.advance(retryMs);
    expect(faults).toEqual(['one']);
    reason = 'two';
    await clock.advance(retryMs);
    reason = undefined;
    await clock.advance(retryMs);
    reason = 'two';
    await clock.advance(60_000);
    expect(passes).toBe(5);
    expect(faults).toEqual(['one', 'two', 'two']);
  });

  it('ends with the pass that is under way, and tells nobody of its failure', async () => {
    start({
      reconcile: async (signal) => {
        await once(signal, 'abort');
        throw new Error('aborted');
      },
    });
    await settle();
    await loop.stop();
    loop.wake();
    await settle();
    expect(passes).toBe(1);
    expect(faults).toEqual([]);
  });
});
