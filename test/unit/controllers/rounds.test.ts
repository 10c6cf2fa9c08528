import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Rounds } from '../../../src/controllers/control-plane/rounds.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

let rounds: Rounds | undefined;
let release: () => void = () => undefined;

afterEach(async () => {
  release();
  await rounds?.stop();
});

/** Rounds that end when the test says so; `begun` counts them. */
function start(state: { isUrgent: boolean; hasReason?: boolean }): {
  clock: ManualClock;
  begun: () => number;
} {
  const clock = new ManualClock();
  const held = Promise.withResolvers<void>();
  release = held.resolve;
  let begun = 0;
  rounds = new Rounds({
    clock,
    round: () => {
      begun++;
      return state.isUrgent ? held.promise : Promise.resolve();
    },
    isUrgent: () => state.isUrgent,
    hasReason: () => state.hasReason === true,
  });
  rounds.start();
  return { clock, begun: () => begun };
}

describe('rounds', () => {
  it('rest for five seconds, and less where there is a reason or somebody wakes them', async () => {
    const state = { isUrgent: false, hasReason: false };
    const { clock, begun } = start(state);
    for (const ms of [500, 1_000, 1_000, 1_000]) await clock.advance(ms);
    expect(begun()).toBe(1);
    for (const ms of [1_000, 500]) await clock.advance(ms);
    expect(begun()).toBe(2);
    await clock.advance(500);
    state.hasReason = true;
    await clock.advance(1_000);
    expect(begun()).toBe(3);
    state.hasReason = false;
    await clock.advance(500);
    rounds?.wake();
    await turn();
    await clock.idle();
    expect(begun()).toBe(4);
  });

  it('do not begin more often than twice a second however often they are woken', async () => {
    const { clock, begun } = start({ isUrgent: false });
    for (let times = 0; times < 10; times++) {
      rounds?.wake();
      await turn();
    }
    await clock.idle();
    expect(begun()).toBe(1);
    await clock.advance(500);
    expect(begun()).toBe(2);
  });

  it('overlap while it is urgent, six at most', async () => {
    const { clock, begun } = start({ isUrgent: true });
    for (let times = 0; times < 10; times++) {
      await clock.advance(500);
      await clock.advance(1_000);
    }
    expect(begun()).toBe(6);
  });
});
