import type { AdoptionStep } from '../adoption/adopter.ts';
import { showObjectPlace } from '../adoption/member.ts';
import type { PlannedAdoption } from '../adoption/plan.ts';
import type { AdoptionResult, RunAdoptionsOptions } from '../adoption/run-adoptions.ts';
import { confirm } from './confirmation.ts';
import { exitCodes } from './exit-codes.ts';
import { type OutputFormat, printed } from './output-format.ts';
import { Progress } from './progress.ts';
import { columns } from './table.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** What is said of a step while it is done. */
const words: Record<AdoptionStep, string> = {
  pause: 'waiting until Crossplane of the app cluster leaves it alone',
  copy: 'copying it to the control plane',
  compare: 'comparing the two',
  'release-composites': 'letting the control plane take over what is composed',
  'release-claim': 'letting the control plane take over the claim',
  'release-composed': 'letting providers go on',
  'pause-copies': 'waiting until Crossplane of the control plane leaves it alone',
  'remove-copies': 'removing it from the control plane',
  remove: 'removing it from the app cluster',
  'hand-over': 'giving back what it owned',
  restore: 'making it in the app cluster again',
  release: 'letting Crossplane of the app cluster go on',
};

export interface CarriedOutAdoptions {
  planned: readonly PlannedAdoption[];
  output: OutputFormat;
  dryRun: boolean;
  yes: boolean;
  /** The verb of the question. */
  what: string;
  /** The state that all have to end in. */
  wanted: readonly AdoptionResult['state'][];
  /** Whether there is anything to do for one of the plan. */
  isDue: (plan: PlannedAdoption) => boolean;
  run: (options: Pick<RunAdoptionsOptions, 'onStep' | 'onResult'>) => Promise<AdoptionResult[]>;
  terminal?: Terminal;
}

/** Prints the plan, asks, runs it with progress and prints what became of each claim. Exit code 1 where something is left to do. */
export async function carryOutAdoptions({
  planned,
  output,
  dryRun,
  yes,
  what,
  wanted,
  isDue,
  run,
  terminal = processTerminal(),
}: CarriedOutAdoptions): Promise<void> {
  const blocked = planned.filter(({ state }) => state === 'blocked');
  const count = planned.filter(isDue).length;
  if (dryRun || count === 0 || blocked.length > 0) {
    const adoptions = planned.map(({ record: _record, ...adoption }) => adoption);
    terminal.out(printed({ adoptions }, output, () => printAdoptionPlan(planned, terminal)));
    if (blocked.length > 0 && !dryRun)
      terminal.note('Nothing was done: mend what is blocked, or name the claims that are not.\n');
    process.exitCode = blocked.length > 0 ? exitCodes.failed : exitCodes.done;
    return;
  }
  if (!yes) terminal.note(printAdoptionPlan(planned, terminal));
  await confirm(`${what} ${count === 1 ? 'this claim' : `these ${count} claims`}?`, { yes, terminal });
  const adoptions = await runWithProgress(count, run, wanted, terminal);
  terminal.out(printed({ adoptions }, output, () => printResults(adoptions, terminal)));
  const isDone = adoptions.every(({ state }) => wanted.includes(state));
  process.exitCode = isDone ? exitCodes.done : exitCodes.failed;
}

async function runWithProgress(
  total: number,
  run: CarriedOutAdoptions['run'],
  wanted: readonly AdoptionResult['state'][],
  terminal: Terminal,
): Promise<AdoptionResult[]> {
  using progress = new Progress(terminal);
  let done = 0;
  return await run({
    onStep: ({ name }, step) => progress.step(`${name}: ${words[step]}`, done, total),
    onResult: ({ name, state, reason }) => {
      done++;
      if (!wanted.includes(state))
        progress.line(`${name}: ${state}${reason === undefined ? '' : `: ${reason}`}`);
      progress.step(name, done, total);
    },
  });
}

export function printAdoptionPlan(
  planned: readonly PlannedAdoption[],
  { style }: Pick<Terminal, 'style'>,
): string {
  if (planned.length === 0) return 'No claims found.\n';
  const rows = planned.map(({ resource, namespace, name, to, composed, state, blockers }) => [
    `${resource}/${name}`,
    namespace,
    showObjectPlace(to),
    String(composed),
    state === 'blocked'
      ? style('red', `blocked: ${[...new Set(blockers.map(({ reason }) => reason))].join(', ')}`)
      : state,
  ]);
  const remarks = planned.flatMap(({ resource, name, blockers, warnings }) => [
    ...blockers.map(({ reason, message }) => `${resource}/${name}: ${reason}: ${message}\n`),
    ...warnings.map((warning) => `${resource}/${name}: ${style('yellow', 'warning')}: ${warning}\n`),
  ]);
  const table = columns([['CLAIM', 'NAMESPACE', 'CONTROL PLANE', 'COMPOSED', 'STATE'], ...rows]);
  return remarks.length === 0 ? table : `${table}\n${remarks.join('')}`;
}

function printResults(results: readonly AdoptionResult[], { style }: Terminal): string {
  const rows = results.map(({ resource, namespace, name, to, state, reason }) => [
    `${resource}/${name}`,
    namespace,
    showObjectPlace(to),
    state === 'stopped' ? style('red', state) : state,
    reason ?? '',
  ]);
  return columns([['CLAIM', 'NAMESPACE', 'CONTROL PLANE', 'STATE', 'REASON'], ...rows]);
}
