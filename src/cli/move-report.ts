import { showPlace } from '../claim-moves/claim-object.ts';
import type { Step } from '../claim-moves/next-step.ts';
import type { PlannedMove } from '../claim-moves/plan.ts';
import { leftOf, type MoveResult, type RunOptions } from '../claim-moves/run-moves.ts';
import { confirm } from './confirmation.ts';
import { exitCodes } from './exit-codes.ts';
import { type OutputFormat, printed } from './output-format.ts';
import { Progress } from './progress.ts';
import { columns } from './table.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** What is said of a step while it is done. */
const words: Record<Step, string> = {
  'pause-old': 'pausing it',
  'await-old': 'waiting until Crossplane leaves it alone',
  record: 'noting what is behind it',
  guard: 'guarding it from deletion',
  'create-new': 'creating the new claim',
  switch: 'binding the new claim',
  'hand-over-secret': 'handing over the connection Secret',
  'release-new': 'letting Crossplane go on',
  'await-new': 'waiting for Crossplane',
  verify: 'comparing what is behind it',
  'retire-old': 'removing the old claim',
  finish: 'done',
  'pause-new': 'pausing the new claim',
  'await-next': 'waiting until Crossplane leaves it alone',
  'switch-back': 'binding the old claim again',
  'turn-forward': 'too late to go back, going on',
  'return-secret': 'giving the connection Secret back',
  'release-old': 'letting Crossplane go on',
  'remove-new': 'removing the new claim',
  'finish-back': 'taken back',
};

export interface CarriedOut {
  planned: readonly PlannedMove[];
  output: OutputFormat;
  dryRun: boolean;
  yes: boolean;
  /** The verb of the question: Move, Undo. */
  what: string;
  run: (options: Pick<RunOptions, 'onStep' | 'onResult'>) => Promise<MoveResult[]>;
  terminal?: Terminal;
}

/** Prints the plan, asks, runs it with progress and prints what became of each claim. Exit code 1 where something is left to do. */
export async function carryOut({
  planned,
  output,
  dryRun,
  yes,
  what,
  run,
  terminal = processTerminal(),
}: CarriedOut): Promise<void> {
  const blocked = planned.filter(({ state }) => state === 'blocked');
  const count = planned.length - blocked.length;
  if (dryRun || count === 0) {
    terminal.out(printed({ moves: planned.map(withoutRecord) }, output, () => printPlan(planned, terminal)));
    process.exitCode = blocked.length > 0 ? exitCodes.failed : exitCodes.done;
    return;
  }
  if (!yes) terminal.note(printPlan(planned, terminal));
  await confirm(`${what} ${count === 1 ? 'this claim' : `these ${count} claims`}?`, { yes, terminal });
  const results = await runWithProgress(count, run, terminal);
  const left = blocked.map((move) => leftOf(move, reasonsOf(move)));
  terminal.out(
    printed({ moves: [...results, ...left] }, output, () => printResults([...results, ...left], terminal)),
  );
  const wanted = what === 'Undo' ? ['undone'] : ['moved'];
  const isDone = results.every(({ state }) => wanted.includes(state)) && left.length === 0;
  process.exitCode = isDone ? exitCodes.done : exitCodes.failed;
}

async function runWithProgress(
  total: number,
  run: CarriedOut['run'],
  terminal: Terminal,
): Promise<MoveResult[]> {
  using progress = new Progress(terminal);
  return await run(progressOf(progress, total));
}

/** What each claim is at, and how many have ended; what did not go as it should in a line of its own. */
export function progressOf(progress: Progress, total: number): Pick<RunOptions, 'onStep' | 'onResult'> {
  let done = 0;
  return {
    onStep: ({ from }, step) => progress.step(`${from.name}: ${words[step]}`, done, total),
    onResult: ({ from, state, reason }) => {
      done++;
      if (state !== 'moved')
        progress.line(`${from.name}: ${state}${reason === undefined ? '' : `: ${reason}`}`);
      progress.step(from.name, done, total);
    },
  };
}

export function printPlan(planned: readonly PlannedMove[], { style }: Pick<Terminal, 'style'>): string {
  if (planned.length === 0) return 'Nothing to move.\n';
  const rows = planned.map(({ resource, from, to, state, blockers }) => [
    `${resource}/${from.name}`,
    from.namespace,
    showPlace(to),
    state === 'blocked' ? style('red', `blocked: ${blockers.map(({ reason }) => reason).join(', ')}`) : state,
  ]);
  const remarks = planned.flatMap(({ resource, from, blockers, warnings }) => [
    ...blockers.map(({ reason, message }) => `${resource}/${from.name}: ${reason}: ${message}\n`),
    ...warnings.map((warning) => `${resource}/${from.name}: ${style('yellow', 'warning')}: ${warning}\n`),
  ]);
  const table = columns([['CLAIM', 'NAMESPACE', 'TO', 'STATE'], ...rows]);
  return remarks.length === 0 ? table : `${table}\n${remarks.join('')}`;
}

function printResults(results: readonly MoveResult[], { style }: Terminal): string {
  const rows = results.map(({ resource, from, to, state, reason }) => [
    `${resource}/${from.name}`,
    from.namespace,
    showPlace(to),
    state === 'stopped' ? style('red', state) : state,
    reason ?? '',
  ]);
  return columns([['CLAIM', 'NAMESPACE', 'TO', 'STATE', 'REASON'], ...rows]);
}

function reasonsOf({ blockers }: PlannedMove): string {
  return blockers.map(({ message }) => message).join('; ');
}

/** The ledger's record is not for people, and the plan says all of it that is. */
function withoutRecord({ record: _record, ...move }: PlannedMove): Omit<PlannedMove, 'record'> {
  return move;
}
