import { asyncProperty, check } from 'fast-check';
import type { OracleGround } from '../ground.ts';
import { differencesText } from '../report.ts';
import { runScenario } from '../run.ts';
import type { World } from '../scenario.ts';
import { sequence } from './arbitrary-sequence.ts';
import { describeSteps } from './describe-step.ts';
import { Player } from './player.ts';
import type { Step } from './steps.ts';

export interface CheckOptions {
  seed: number;
  /** Sequences to try. */
  runs: number;
  /** Where a failure of this seed was, as it was printed; only that sequence is tried. */
  path?: string;
}

/** Milliseconds after which no further sequence is begun, nor a failed one made simpler. */
const longestMs = 100_000;

/**
 * Tells random sequences to both sides. Gives the shortest one found on which they differ, as readable steps, with all
 * differences and what finds it again; an empty text where they agree.
 */
export async function differingSequence(ground: OracleGround, options: CheckOptions): Promise<string> {
  const { seed, runs, path } = options;
  const property = asyncProperty(sequence, async (steps) => {
    const text = await differencesOf(ground, steps);
    if (text !== '') throw new Error(text);
  });
  const details = await check(property, {
    seed,
    numRuns: runs,
    interruptAfterTimeLimit: longestMs,
    ...(path === undefined ? {} : { path }),
  });
  const [found] = details.counterexample ?? [];
  if (!found) return '';
  const { errorInstance, counterexamplePath } = details;
  const first = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const { steps, text } = await shortened(ground, { steps: found, text: first });
  return `After these steps (seed ${seed}, path ${counterexamplePath}) the sides differ:\n${describeSteps(steps)}\n${text}`;
}

interface Differing {
  steps: readonly Step[];
  text: string;
}

/** Leaves out every step without which the sides still differ. */
async function shortened(ground: OracleGround, found: Differing): Promise<Differing> {
  let best = found;
  for (let at = best.steps.length - 1; at >= 0 && best.steps.length > 1; at--) {
    const steps = best.steps.toSpliced(at, 1);
    const text = await differencesOf(ground, steps);
    if (text !== '') best = { steps, text };
  }
  return best;
}

/** Tells one sequence to both sides, and clears them. Empty where they said the same. */
async function differencesOf(ground: OracleGround, steps: readonly Step[]): Promise<string> {
  const run = (world: World): Promise<void> => new Player(world).play(steps);
  return differencesText(await runScenario({ area: 'sequences', name: 'generated', run }, ground));
}
