import type { KubeClient } from '../clusters/kube-client.ts';
import type { AdoptionBlocker } from './blockers.ts';
import { readObject } from './family.ts';
import { appPath, type Member, showMember } from './member.ts';
import type { StoredArchive } from './stored-archive.ts';

/** Whether somebody may still work on what an archive has: two controllers of one resource in the cloud are what must not be. */
export async function checkOrigin(
  app: KubeClient,
  members: readonly Member[],
  archive: StoredArchive,
): Promise<AdoptionBlocker[]> {
  const there = await Promise.all(members.map((member) => readObject(app, appPath(member))));
  const found = members.filter((_, at) => there[at]);
  const blockers = found.map((member): AdoptionBlocker => ({
    reason: 'InAppCluster',
    message: `the app cluster has ${showMember(member)}: adopt it from there, without --from-archive`,
  }));
  if (!archive.isPaused)
    blockers.push({
      reason: 'NotPaused',
      message:
        'the archive was not written with --pause-before-export: what it says may be old, and the Crossplane it was made of may still work. See that it and its providers are stopped',
    });
  return blockers;
}
