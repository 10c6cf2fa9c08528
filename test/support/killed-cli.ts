import type { Random } from '../chaos/random.ts';
import { type Ended, runCli } from './moved-claims.ts';

export interface KilledOptions {
  args: readonly string[];
  random: Random;
  /** At most so many; it may have ended by itself before. */
  kills: number;
  /** How far it is, for the report. */
  reached: () => Promise<number>;
  /** When it is killed, in milliseconds after its start; most of the first second is the start of node. */
  between?: [number, number];
}

export interface KilledResult {
  killed: number;
  last: Ended;
  report: string;
}

/** Runs the same command, killed with SIGKILL at a random moment each time, until it has ended by itself. */
export async function killedAgainAndAgain(options: KilledOptions): Promise<KilledResult> {
  const { args, random, kills, between = [700, 1_600] } = options;
  const started = Date.now();
  const reached: number[] = [];
  for (;;) {
    const after = random.between(...between);
    const last = await runCli(args, (kill) => {
      if (reached.length < kills) setTimeout(kill, after).unref();
    });
    if (last.code === null) {
      reached.push(await options.reached());
      continue;
    }
    const report = `killed ${reached.length} times in ${Date.now() - started} ms; done after each: ${reached.join(' ')}`;
    return { killed: reached.length, last, report };
  }
}
