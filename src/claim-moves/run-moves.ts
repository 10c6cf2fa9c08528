import { describeError } from '../base/errors.ts';
import { ApiDirectory } from '../clusters/api-directory.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { ClaimMover, type MoveOutcome, type Patience } from './claim-mover.ts';
import { Ledger, type LedgerEntry } from './ledger.ts';
import type { Step } from './next-step.ts';
import { inParallel, type PlannedMove } from './plan.ts';

export interface MoveResult extends Pick<PlannedMove, 'resource' | 'from' | 'to' | 'app' | 'composite'> {
  state: MoveOutcome['state'] | 'skipped';
  reason?: string;
}

export interface RunOptions {
  client: KubeClient;
  onStep?: (move: PlannedMove, step: Step) => void;
  /** Also of those that are not begun. */
  onResult?: (result: MoveResult) => void;
  patience?: Partial<Patience>;
}

const atOnce = 8;

/**
 * Carries out what is ready, and takes up what was begun. All ledgers are written before the first claim is touched: names that
 * depend on each other stay decided wherever it is cut off. Of each API one claim goes first, and where that has to be taken
 * back, the others stay where they are: what one composition does to one claim it would do to all.
 */
export async function runMoves(planned: readonly PlannedMove[], options: RunOptions): Promise<MoveResult[]> {
  const { client } = options;
  const ledger = new Ledger(client);
  const runnable = planned.filter(({ state }) => state !== 'blocked');
  const entries = await inParallel(runnable, atOnce, async (plan) => ({
    plan,
    entry: await ledger.open(plan.record),
  }));
  const directory = new ApiDirectory(client);
  const run = async ({ plan, entry }: OpenMove): Promise<MoveResult> => {
    const onStep = options.onStep && ((step: Step) => options.onStep?.(plan, step));
    const result = { ...shown(plan), ...(await outcomeOf(entry, { ...options, ledger, directory, onStep })) };
    options.onResult?.(result);
    return result;
  };
  const skip = async ({ plan, entry }: OpenMove, reason: string): Promise<MoveResult> => {
    // Otherwise the next run would take it for one that was cut off.
    if (entry.phase === 'planned') await ledger.forget(entry);
    const left = leftOf(plan, reason);
    options.onResult?.(left);
    return left;
  };
  const groups = [...Map.groupBy(entries, ({ plan }) => plan.resource).values()];
  const results = await Promise.all(groups.map((group) => runGroup(group, run, skip)));
  return results.flat();
}

interface OpenMove {
  plan: PlannedMove;
  entry: LedgerEntry;
}

async function runGroup(
  [first, ...others]: OpenMove[],
  run: (move: OpenMove) => Promise<MoveResult>,
  skip: (move: OpenMove, reason: string) => Promise<MoveResult>,
): Promise<MoveResult[]> {
  if (!first) return [];
  const result = await run(first);
  if (result.state !== 'undone' || first.entry.record.direction === 'back')
    return [result, ...(await inParallel(others, atOnce, run))];
  const reason = `not begun, since ${first.plan.from.namespace}/${first.plan.from.name} had to be taken back`;
  return [result, ...(await inParallel(others, atOnce, (move) => skip(move, reason)))];
}

async function outcomeOf(
  entry: LedgerEntry,
  { client, ledger, directory, onStep, patience }: RunOptionsOf,
): Promise<MoveOutcome> {
  try {
    const mover = new ClaimMover(entry, {
      client,
      ledger,
      directory,
      ...(onStep ? { onStep } : {}),
      ...(patience ? { patience } : {}),
    });
    return await mover.run();
  } catch (error) {
    return { state: 'stopped', reason: describeError(error) };
  }
}

interface RunOptionsOf extends Pick<RunOptions, 'client' | 'patience'> {
  ledger: Ledger;
  directory: ApiDirectory;
  onStep: ((step: Step) => void) | undefined;
}

/** The result of a move that is not begun. */
export function leftOf(plan: PlannedMove, reason: string): MoveResult {
  return { ...shown(plan), state: 'skipped', reason };
}

function shown({ resource, from, to, app, composite }: PlannedMove): Omit<MoveResult, 'state' | 'reason'> {
  return { resource, from, to, ...(app ? { app } : {}), ...(composite === undefined ? {} : { composite }) };
}
