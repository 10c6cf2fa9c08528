import type { KubeObject } from '../apimachinery/objects.ts';
import { systemClock } from '../base/clock.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import { apiName, claimPath } from '../claim-moves/claim-api.ts';
import { inParallel } from '../claim-moves/plan.ts';
import { ApiError, isNotFound } from '../clusters/kube-client.ts';
import { findDependents } from './dependents.ts';
import type { Member } from './member.ts';
import { removeLocalApi } from './local-api.ts';
import type { PlannedAdoption } from './plan.ts';
import {
  type AdoptionResult,
  open,
  resultOf,
  type RunAdoptionsOptions,
  type Running,
} from './run-adoptions.ts';

const atOnce = 16;
const servedWithinMs = 60_000;

/**
 * The end of adoptions: the objects of the app cluster go, then its claim APIs, and once the connector serves these, what the claims owned is
 * theirs again. Each step is taken up wherever it was cut off.
 */
export async function finishAdoptions(
  planned: readonly PlannedAdoption[],
  options: RunAdoptionsOptions,
): Promise<AdoptionResult[]> {
  const { app } = options;
  const running = await open(planned, options);
  const due = running.filter(({ adopter }) => adopter.phase === 'adopted');
  if (due.length > 0) {
    const uids = new Set(due.map(({ adopter }) => (adopter.record.members[0] as Member).from.uid));
    const dependents = await findDependents(app, uids);
    await inParallel(due, atOnce, (one) =>
      attempt(one, () =>
        one.adopter.beginFinish(dependents.get((one.adopter.record.members[0] as Member).from.uid) ?? []),
      ),
    );
  }
  await inParallel(intact(running), atOnce, (one) => attempt(one, () => one.adopter.removeFromApp()));
  for (const group of Map.groupBy(running, ({ plan }) => plan.resource).values()) {
    const api = (group[0] as Running).plan.record.api;
    const failure = await failureOf(() => removeLocalApi(app, api));
    if (failure === undefined) continue;
    for (const one of intact(group)) one.failure = failure;
  }
  const waiting = intact(running).filter(({ adopter }) => adopter.phase === 'detached');
  const end = systemClock.now() + servedWithinMs;
  await inParallel(waiting, atOnce, (one) => attempt(one, () => handOver(one, options, end)));
  return running.map((one) => {
    const result = resultOf(one);
    options.onResult?.(result);
    return result;
  });
}

/** The claim that the app cluster shows is the one that the control plane has. */
async function handOver({ adopter }: Running, { app }: RunAdoptionsOptions, end: number): Promise<void> {
  const { api, members } = adopter.record;
  const { from } = members[0] as Member;
  const wanted = await adopter.uidOfCopy();
  const path = claimPath(api, from.namespace ?? '', from.name);
  for (;;) {
    const shown = await app.get<KubeObject>(path).catch(notYetOrThrow);
    if (shown?.metadata.uid === wanted) return await adopter.attachDependents(wanted);
    if (systemClock.now() > end)
      throw new ConnectorError(
        'not-served',
        `${apiName(api)} is not served by a connector yet: install it with --claim-namespace's namespace, then run finish again`,
      );
    await systemClock.sleep(500);
  }
}

/** The aggregator answers 503 until it has reached the connector, and 429 while a kind of the cluster itself comes or goes. */
function notYetOrThrow(error: unknown): undefined {
  if (!(error instanceof ApiError)) throw error;
  if (isNotFound(error) || error.status === 429 || error.status >= 500) return undefined;
  throw error;
}

function intact(running: readonly Running[]): Running[] {
  return running.filter(({ failure }) => failure === undefined);
}

async function attempt(one: Running, work: () => Promise<void>): Promise<void> {
  const failure = await failureOf(work);
  if (failure === undefined) return;
  one.failure = failure;
  await one.adopter.note(failure).catch(() => undefined);
}

async function failureOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
