import { apiName } from '../claim-moves/claim-api.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import { inParallel } from '../claim-moves/plan.ts';
import { ArchivedOriginals } from './archived-originals.ts';
import { findDependents } from './dependents.ts';
import { requireNotServed, restoreLocalApi } from './local-api.ts';
import { missingRestoreRights } from './rights.ts';
import type { Running, RunAdoptionsOptions } from './run-adoptions.ts';
import type { StoredArchive } from './stored-archive.ts';

const atOnce = 16;

/**
 * Brings adoptions back from their end: what the archive has is in the app cluster again, paused, and the control plane has the say
 * still. Nothing is changed unless all of it can be brought back. Each step is taken up wherever it was cut off. Throws ConnectorError
 * `rights-missing`, with every right that is missing.
 */
export async function restoreAdoptions(
  running: readonly Running[],
  options: RunAdoptionsOptions & { source?: StoredArchive | undefined },
): Promise<void> {
  const { app, source } = options;
  if (!source) throw new Error('there is no archive to restore from');
  const missing = await missingRestoreRights(
    app,
    running.flatMap(({ adopter: { record } }) => record.members),
  );
  if (missing.length > 0)
    throw new ConnectorError(
      'rights-missing',
      `the account of the app cluster may not ${missing.join(', ')}: give --kubeconfig of one that may`,
    );
  const archivedOf = ({ adopter: { record } }: Running): ArchivedOriginals =>
    new ArchivedOriginals(source, record.clusterID);
  const apis = [...new Map(running.map(({ plan }) => [plan.resource, plan.record.api])).values()];
  for (const api of apis) {
    const group = running.filter(({ plan }) => plan.resource === apiName(api));
    await attemptAll(group, async () => await requireNotServed(app, api));
  }
  // What an end has begun to remove is removed first: half of it is nothing to go on with.
  await inParallel(intact(running), atOnce, (one) =>
    attempt(one, async () => {
      await one.adopter.removeFromApp();
      await one.adopter.requireRestorable(archivedOf(one));
    }),
  );
  const stuck = running.find(({ failure }) => failure !== undefined);
  if (stuck) {
    for (const one of intact(running))
      one.failure = `waits for ${stuck.plan.resource}/${stuck.plan.name}, which cannot be restored: mend that, or name the claims`;
    return;
  }
  const uids = new Map<string, Running>();
  await inParallel(running, atOnce, async (one) => void uids.set(await one.adopter.uidOfCopy(), one));
  const found = await findDependents(app, new Set(uids.keys()));
  await inParallel([...uids], atOnce, ([uid, one]) =>
    attempt(one, () => one.adopter.beginRestore(found.get(uid) ?? [])),
  );
  for (const api of apis) {
    const group = intact(running).filter(({ plan }) => plan.resource === apiName(api));
    if (group.length > 0) await attemptAll(group, async () => await restoreLocalApi(app, api, source));
  }
  await inParallel(intact(running), atOnce, (one) =>
    attempt(one, () => one.adopter.restore(archivedOf(one))),
  );
}

function intact(running: readonly Running[]): Running[] {
  return running.filter(({ failure }) => failure === undefined);
}

async function attemptAll(group: readonly Running[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    for (const one of group) one.failure = describeError(error);
  }
}

async function attempt(one: Running, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    one.failure = describeError(error);
    await one.adopter.note(one.failure).catch(() => undefined);
  }
}
