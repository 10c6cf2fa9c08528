import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../chaos/random.ts';
import { type Ended, runCli } from './moved-claims.ts';

export interface KilledOptions {
  args: readonly string[];
  random: Random;
  /** At most so many; it may have ended by itself before. */
  kills: number;
  /** How many claims, or steps of theirs, have arrived. */
  reached: () => Promise<number>;
  /** How many there are to arrive: the kills are spread over all of them then, instead of coming after one to three each. */
  total?: number;
  /** After each kill, with the number that has arrived. */
  onKilled?: (reached: number) => Promise<void>;
}

export interface KilledResult {
  killed: number;
  last: Ended;
  report: string;
}

/**
 * Runs the same command, killed with SIGKILL each time, until it has ended by itself. Every fourth time it is killed by the clock,
 * which hits what comes before the first claim; otherwise at a random moment after a random number of claims have
 * arrived, so that a slow machine is hit in the middle too.
 */
export async function killedAgainAndAgain(options: KilledOptions): Promise<KilledResult> {
  const { args, random, kills, total } = options;
  const started = Date.now();
  const reached: number[] = [];
  for (;;) {
    const base = await options.reached();
    const byClock = reached.length % 4 === 0;
    const after = byClock ? random.between(300, 1_500) : random.between(0, total === undefined ? 400 : 150);
    const most = total === undefined ? 4 : (2 * (total - base)) / (kills - reached.length + 1);
    const arrivals = byClock ? 0 : Math.floor(random.between(1, Math.max(2, most)));
    const ended = new AbortController();
    const last = await runCli(args, (kill) => {
      const strike = async (): Promise<void> => {
        for (let at = base; at < base + arrivals; at = await options.reached()) {
          if (ended.signal.aborted) return;
          await delay(50);
        }
        await delay(after);
        kill();
      };
      if (reached.length < kills) void strike();
    });
    ended.abort();
    if (last.code === null) {
      const arrived = await options.reached();
      reached.push(arrived);
      await options.onKilled?.(arrived);
      continue;
    }
    const report = `killed ${reached.length} times in ${Date.now() - started} ms; arrived after each: ${reached.join(' ')}`;
    return { killed: reached.length, last, report };
  }
}
