import { describeError } from '../base/errors.ts';
import { inParallel } from '../claim-moves/plan.ts';
import { Adopter, type AdoptionStep } from './adopter.ts';
import { ArchivedOriginals } from './archived-originals.ts';
import type { BothClusters } from './copies.ts';
import { Definitions } from './definitions.ts';
import { AdoptionLedger, type AdoptionPhase, isAtEnd } from './ledger.ts';
import { ClusterOriginals } from './originals.ts';
import type { PlannedAdoption } from './plan.ts';
import { restoreAdoptions } from './restore.ts';
import type { StoredArchive } from './stored-archive.ts';
import { Workers } from './workers.ts';

export interface AdoptionResult extends Pick<
  PlannedAdoption,
  'resource' | 'namespace' | 'name' | 'to' | 'composite' | 'composed'
> {
  state: AdoptionPhase | 'stopped';
  reason?: string;
}

export interface RunAdoptionsOptions extends BothClusters {
  claimNamespace: string;
  /** Digest of the archive, for those that begin now. */
  archive?: string | undefined;
  /** For those that are made of an archive, and for an undo after the end. */
  source?: StoredArchive | undefined;
  onStep?: (adoption: PlannedAdoption, step: AdoptionStep) => void;
  onResult?: ((result: AdoptionResult) => void) | undefined;
  reconcileEndsMs?: number;
}

export interface Running {
  plan: PlannedAdoption;
  adopter: Adopter;
  failure?: string;
}

const atOnce = 16;
const goesBack: ReadonlySet<AdoptionPhase> = new Set(['restoring', 'recalling', 'discarding']);

/**
 * Carries out what is ready, and takes up what was begun. Nothing goes live before all of it is copied; of each API one claim goes live first, and where
 * that cannot be, the others stay where they are: what one composition does to one claim it would do to all.
 */
export async function runAdoptions(
  planned: readonly PlannedAdoption[],
  options: RunAdoptionsOptions,
): Promise<AdoptionResult[]> {
  const running = await open(
    planned.filter(({ state }) => state === 'ready' || state === 'under-way'),
    options,
  );
  // An undo that was cut off is finished as an undo.
  const back = running.filter(({ adopter: { phase } }) => goesBack.has(phase));
  await goBack(back, options);
  const forward = running.filter((one) => !back.includes(one));
  await inParallel(forward, atOnce, (one) =>
    attempt(one, () => one.adopter.copy(), { ...options, onResult: undefined }),
  );
  const stuck = forward.find(({ failure }) => failure !== undefined);
  for (const one of forward) if (one.failure !== undefined) options.onResult?.(resultOf(one));
  if (stuck) {
    const reason = `waits for ${stuck.plan.resource}/${stuck.plan.name}, which could not be copied: mend that and resume, or undo`;
    for (const one of forward)
      if (one.failure === undefined && one.adopter.phase === 'copying') fail(one, reason, options);
  }
  const live = forward.filter(({ failure }) => failure === undefined);
  await Promise.all(
    [...Map.groupBy(live, ({ plan }) => plan.resource).values()].map((group) => goLive(group, options)),
  );
  return running.map(resultOf);
}

/** Takes adoptions back that are not finished. */
export async function undoAdoptions(
  planned: readonly PlannedAdoption[],
  options: RunAdoptionsOptions,
): Promise<AdoptionResult[]> {
  const running = await open(planned, options);
  await goBack(running, options);
  return running.map(resultOf);
}

async function goBack(running: readonly Running[], options: RunAdoptionsOptions): Promise<void> {
  const late = running.filter(({ adopter }) => isAtEnd(adopter.phase));
  if (late.length > 0) await restoreAdoptions(late, options);
  for (const one of late) if (one.failure !== undefined) options.onResult?.(resultOf(one));
  const due = running.filter(({ failure }) => failure === undefined);
  await inParallel(due, atOnce, (one) => attempt(one, () => one.adopter.goBack(), options));
}

async function goLive([first, ...others]: Running[], options: RunAdoptionsOptions): Promise<void> {
  if (!first) return;
  await attempt(first, () => first.adopter.goLive(), options);
  const underWay = others.filter(({ adopter }) => adopter.phase === 'live');
  const waiting = others.filter(({ adopter }) => adopter.phase !== 'live');
  await inParallel(underWay, atOnce, (one) => attempt(one, () => one.adopter.goLive(), options));
  if (first.failure === undefined) {
    await inParallel(waiting, atOnce, (one) => attempt(one, () => one.adopter.goLive(), options));
    return;
  }
  for (const one of waiting)
    fail(
      one,
      `waits for ${first.plan.resource}/${first.plan.name}, which went first: mend that and resume, or undo`,
      options,
    );
}

/** All ledgers are there before the first object is touched. */
export async function open(
  planned: readonly PlannedAdoption[],
  { app, controlPlane, claimNamespace, archive, source, onStep, reconcileEndsMs }: RunAdoptionsOptions,
): Promise<Running[]> {
  const inCluster = new ClusterOriginals(app);
  const ledger = new AdoptionLedger(controlPlane, claimNamespace);
  const workers = {
    app: new Workers(app, new Definitions(app)),
    controlPlane: new Workers(controlPlane, new Definitions(controlPlane)),
  };
  const common = { app, controlPlane, ledger, workers, reconcileEndsMs };
  return await inParallel(planned, atOnce, async (plan) => {
    const adoption = await ledger.open(archive === undefined ? plan.record : { ...plan.record, archive });
    const { isFromArchive, clusterID } = adoption.record;
    const originals = isFromArchive && source ? new ArchivedOriginals(source, clusterID) : inCluster;
    const adopter = new Adopter(adoption, { ...common, originals, onStep: (step) => onStep?.(plan, step) });
    return { plan, adopter };
  });
}

async function attempt(one: Running, work: () => Promise<void>, options: RunAdoptionsOptions): Promise<void> {
  try {
    await work();
    options.onResult?.(resultOf(one));
  } catch (error) {
    const reason = describeError(error);
    await one.adopter.note(reason).catch(() => undefined);
    fail(one, reason, options);
  }
}

function fail(one: Running, reason: string, options: RunAdoptionsOptions): void {
  one.failure = reason;
  options.onResult?.(resultOf(one));
}

export function resultOf({ plan, adopter, failure }: Running): AdoptionResult {
  const { resource, namespace, name, to, composite, composed } = plan;
  return {
    resource,
    namespace,
    name,
    to,
    ...(composite === undefined ? {} : { composite }),
    composed,
    state: failure === undefined ? adopter.phase : 'stopped',
    ...(failure === undefined ? {} : { reason: failure }),
  };
}
