import type { KubeClient } from '../clusters/kube-client.ts';
import { ConnectorError } from '../base/errors.ts';
import { claimPath } from './claim-api.ts';
import { type ClaimObject, readExactly, showPlace } from './claim-object.ts';
import { type Differences, Ledger, type LedgerEntry, type MoveRecord } from './ledger.ts';
import { type PlanOptions, type PlannedMove, planMoves, planOfEntry } from './plan.ts';
import type { MoveRequest } from './preflight.ts';
import { type MoveResult, runMoves, type RunOptions } from './run-moves.ts';

/** How each move of a ledger is undone: those that have ended by a move in the other direction, the others by going back. */
export interface UndoPlan {
  entries: LedgerEntry[];
  planned: PlannedMove[];
  options: PlanOptions;
}

/** Throws ConnectorError `cannot-undo` where a claim that was moved is not there any more. */
export async function planUndo(
  client: KubeClient,
  entries: readonly LedgerEntry[],
  options: PlanOptions,
): Promise<UndoPlan> {
  const ledger = new Ledger(client);
  const open = entries.filter(({ phase }) => phase !== 'undone');
  const plans = new Map<LedgerEntry, PlannedMove>();
  const notBegun: LedgerEntry[] = [];
  for (const entry of open) {
    const { to, undoneBy } = entry.record;
    const begun = undoneBy === undefined ? undefined : await ledger.read(to.namespace, undoneBy);
    if (begun) plans.set(entry, planOfEntry(begun));
    else if (entry.phase === 'moved') notBegun.push(entry);
    else plans.set(entry, planOfEntry(entry));
  }
  const requests = await Promise.all(notBegun.map(({ record }) => reversed(client, record)));
  const back = await planMoves(client, requests, options);
  for (const [at, entry] of notBegun.entries()) plans.set(entry, back[at] as PlannedMove);
  return { entries: open, planned: open.map((entry) => plans.get(entry) as PlannedMove), options };
}

async function reversed(
  client: KubeClient,
  { api, from, to, secret, labels, annotations }: MoveRecord,
): Promise<MoveRequest> {
  const claim = await readExactly<ClaimObject>(client, claimPath(api, to.namespace, to.name));
  if (!claim)
    throw new ConnectorError(
      'cannot-undo',
      `the claim ${showPlace(to)}, which was ${showPlace(from)}, is not there any more`,
    );
  return {
    api,
    claim,
    from: { ...to, uid: claim.metadata.uid ?? '' },
    to: { namespace: from.namespace, name: from.name },
    ...(secret ? { secret: { from: secret.to, to: secret.from } } : {}),
    ...(labels ? { labels: flipped(labels) } : {}),
    ...(annotations ? { annotations: flipped(annotations) } : {}),
  };
}

function flipped(differences: Differences): Differences {
  const all = Object.entries(differences).map(([key, { from, to }]) => [
    key,
    { ...(to === undefined ? {} : { from: to }), ...(from === undefined ? {} : { to: from }) },
  ]);
  return Object.fromEntries(all) as Differences;
}

/** Ends with every ledger `undone`, or says why not. What is blocked in the plan is left alone. */
export async function runUndo(plan: UndoPlan, options: RunOptions): Promise<MoveResult[]> {
  const ledger = new Ledger(options.client);
  const pairs = plan.entries.map((entry, at) => ({ entry, planned: plan.planned[at] as PlannedMove }));
  const open = pairs.filter(({ entry }) => entry.phase !== 'moved');
  const turned = open.map(async ({ entry, planned }) => {
    const record: MoveRecord = { ...entry.record, direction: 'back' };
    await ledger.write({ ...entry, record }, entry.phase);
    return { ...planned, record };
  });
  const results = await runMoves(await Promise.all(turned), options);
  const late = open.filter((_, at) => results[at]?.state === 'moved').map(({ entry }) => entry);
  const ended = pairs.filter(({ entry, planned }) => entry.phase === 'moved' && planned.state !== 'blocked');
  return [
    ...results.filter(({ state }) => state !== 'moved'),
    ...(late.length > 0
      ? await runUndo(await planUndo(options.client, await fresh(ledger, late), plan.options), options)
      : []),
    ...(await runBack(ledger, ended, options)),
  ];
}

/** Moves that have ended, moved back: the ledger of each is closed with the way back, which needs none of its own. */
async function runBack(
  ledger: Ledger,
  ended: readonly { entry: LedgerEntry; planned: PlannedMove }[],
  options: RunOptions,
): Promise<MoveResult[]> {
  // Noted first: when the claim has gone back, nothing else says that it was on its way.
  const noted = await Promise.all(
    ended.map(async ({ entry, planned }) => {
      const record = { ...entry.record, undoneBy: planned.record.from.uid };
      return { planned, entry: await ledger.write({ ...entry, record }, 'moved') };
    }),
  );
  const results = await runMoves(
    noted.map(({ planned }) => planned),
    options,
  );
  for (const result of results) {
    const of = noted.find(({ planned }) => planned.from === result.from);
    if (result.state !== 'moved' || !of) continue;
    await ledger.write(of.entry, 'undone');
    const { namespace, uid } = of.planned.record.from;
    const back = await ledger.read(namespace, uid);
    if (back) await ledger.forget(back);
    result.state = 'undone';
  }
  return results;
}

async function fresh(ledger: Ledger, entries: readonly LedgerEntry[]): Promise<LedgerEntry[]> {
  const read = await Promise.all(
    entries.map(({ record }) => ledger.read(record.from.namespace, record.from.uid)),
  );
  return read.filter((entry) => entry !== undefined);
}
