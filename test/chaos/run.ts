import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '../../src/base/errors.ts';
import { eventually } from '../support/eventually.ts';
import { Availability } from './availability.ts';
import { type EndState, readEndState } from './end-state.ts';
import type { ChaosFault, Scene } from './fault.ts';
import type { ChaosGround } from './ground.ts';
import { Load } from './load.ts';
import type { Row } from './tally.ts';
import type { Violation } from './ledger.ts';
import { judge, unfinished } from './verdict.ts';

export interface ChaosOptions {
  ground: ChaosGround;
  faults: readonly ChaosFault[];
  /** How long each fault lasts. */
  seconds: number;
  seed: number;
  /** Receives each row when it is complete. */
  onRow: (row: Row) => void;
}

export interface ChaosResult {
  rows: Row[];
  acknowledgedWrites: number;
  violations: Violation[];
  /** Faults that were not mended, or hurt what they must not; a sentence each. */
  failures: string[];
  /** What informers believe that is not so; a sentence each. */
  wrongViews: string[];
  end: EndState;
  /** Sentences about what else was seen. */
  remarks: string[];
}

/** Without any fault, before the first: what the load looks like. Seconds. */
const calm = 4;
/** Every client has to be served again by then. Milliseconds. */
const patienceMs = 90_000;
/** Of load after every client was served again, so that what comes late is seen in its row. Milliseconds. */
const settleMs = 2_000;

/** Causes the faults by turns under load, ends the load, waits until all is quiet, and judges. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { ground, onRow } = options;
  const load = await Load.prepare(ground, options.seed);
  const { tally, ledger } = load;
  const failures: string[] = [];
  const availability = new Availability(ground.lab.app.client, (sentence) => {
    tally.row.leftAvailable += 1;
    tally.row.notes.push(sentence);
  });
  const watching = availability.run();
  try {
    load.start();
    tally.begin('none');
    await delay(calm * 1000);
    tally.end();
    onRow(tally.row);
    for (const fault of options.faults) {
      const row = tally.begin(fault.what);
      const before = ledger.violations.length;
      const found = await causeAndMend(fault, load, options);
      failures.push(...found);
      row.notes.push(...found);
      tally.end();
      if (row.leftAvailable > 0 && !fault.takesApiServiceAway)
        failures.push(`${fault.name}: an APIService left Available ${row.leftAvailable} times`);
      row.notes.push(...ledger.violations.slice(before).map(({ fault: kind, text }) => `${kind}: ${text}`));
      onRow(row);
    }
    tally.begin('the end');
    await load.quieten();
    const end = await quiet(ground, load);
    judge(end, ledger, load.families.dependents);
    failures.push(...tally.garbled);
    const wrongViews = await compareWithViews(load, end);
    return {
      rows: tally.rows,
      acknowledgedWrites: tally.acknowledgedWrites,
      violations: ledger.violations,
      failures,
      wrongViews,
      end,
      remarks: remarks(load),
    };
  } finally {
    availability.stop();
    await load.stop();
    await watching;
  }
}

/** Returns what did not come true. */
async function causeAndMend(fault: ChaosFault, load: Load, options: ChaosOptions): Promise<string[]> {
  const { row } = load.tally;
  const failures: string[] = [];
  const fail = (sentence: string): void => void failures.push(`${fault.name}: ${sentence}`);
  const lastsMs = (fault.seconds ?? options.seconds) * 1000;
  const scene: Scene = {
    ground: options.ground,
    load,
    lastsMs,
    note: (line) => void row.notes.push(line),
    fail,
  };
  const started = Date.now();
  if (fault.servedThroughout) load.recovered();
  try {
    await fault.cause(scene);
    await delay(Math.max(0, started + lastsMs - Date.now()));
  } catch (error) {
    fail(describeError(error));
  }
  try {
    await fault.mend(scene);
    if (!fault.servedThroughout) load.recovered();
    await servedAgain(load);
    row.firstSuccess = load.tally.firstSuccess;
    if (fault.afterwards) await eventually(() => fault.afterwards?.(scene), { timeoutMs: patienceMs });
    await delay(settleMs);
  } catch (error) {
    fail(describeError(error));
  }
  return failures;
}

async function servedAgain({ tally }: Load): Promise<void> {
  await eventually(
    () => {
      if (tally.waiting.length > 0) throw new Error(`not served again: ${tally.waiting.join(', ')}`);
    },
    { timeoutMs: patienceMs, everyMs: 50 },
  );
}

/**
 * The state when the clusters have finished what is theirs, and nothing has changed between two looks: a write of unknown
 * outcome may still be carried out, and the lists of one look are not of one moment. After two minutes, as it is.
 */
async function quiet(ground: ChaosGround, load: Load): Promise<EndState> {
  const { dependents } = load.families;
  let before: string | undefined;
  for (const deadline = Date.now() + 120_000; ; await delay(2_000)) {
    const state = await readEndState(ground, dependents);
    const now = JSON.stringify([versionsOf(state.shown), versionsOf(state.stored)]);
    const isQuiet = now === before && unfinished(state, load.ledger, dependents).length === 0;
    if (isQuiet || Date.now() > deadline) return state;
    before = now;
  }
}

function versionsOf(claims: EndState['shown']): unknown[] {
  return claims.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]);
}

/** What the informers believe, against what is there. */
async function compareWithViews(load: Load, { shown, configMaps }: EndState): Promise<string[]> {
  const wrong = (): string[] =>
    load.views.flatMap(({ name, namespace, view, isOfClaims }) => {
      const real = isOfClaims
        ? shown
            .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
            .map(({ metadata }) => metadata.uid as string)
        : load.families.dependents.map(({ uid }) => uid).filter((uid) => configMaps.has(uid));
      const missing = real.filter((uid) => !view.objects.has(uid));
      const surplus = isOfClaims ? [...view.objects.keys()].filter((uid) => !real.includes(uid)) : [];
      return missing.length + surplus.length === 0
        ? []
        : [`the watch of ${name} lacks [${missing.join(' ')}], and has [${surplus.join(' ')}] too many`];
    });
  for (const deadline = Date.now() + 30_000; wrong().length > 0 && Date.now() < deadline;) await delay(250);
  return wrong();
}

function remarks(load: Load): string[] {
  const counts = load.views.map(({ view }) => view.counts);
  const sum = (of: 'lists' | 'clean' | 'cut'): number => counts.reduce((total, one) => total + one[of], 0);
  const errors = counts.flatMap((one) => one.errors);
  return [
    `${counts.length} informers: ${sum('lists')} lists, ${sum('clean')} watches ended after a whole event, ${sum('cut')} broke off, ${errors.length} said ERROR`,
    ...new Set(errors),
  ];
}
