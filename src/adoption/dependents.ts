import { inParallel } from '../claim-moves/plan.ts';
import { ApiDirectory } from '../clusters/api-directory.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';
import { changeOwners } from '../clusters/owners.ts';
import { adoptionFieldManager } from '../mapping/identity.ts';
import type { DetachedDependent } from './ledger.ts';

const atOnce = 6;

/**
 * What these claims own in the app cluster, by the claim's uid. A request for a claim is answered with 404 between the end of its
 * local API and the beginning of the connector's, which the collector takes for an owner that is gone. Throws where a resource cannot be listed: what is
 * not known would be lost.
 */
export async function findDependents(
  app: KubeClient,
  uids: ReadonlySet<string>,
): Promise<Map<string, DetachedDependent[]>> {
  const { resources } = await new ApiDirectory(app).preferred();
  const looked = resources.filter(
    ({ namespaced, verbs, plural }) =>
      namespaced && verbs.includes('list') && verbs.includes('patch') && plural !== 'events',
  );
  const found = new Map<string, DetachedDependent[]>();
  await inParallel(looked, atOnce, async (resource) => {
    for (const { metadata } of await listMetadata(app, resourcePath(resource)))
      for (const owner of metadata.ownerReferences ?? []) {
        if (!uids.has(owner.uid)) continue;
        const dependent = { path: resourcePath(resource, metadata), owner };
        found.set(owner.uid, [...(found.get(owner.uid) ?? []), dependent]);
      }
  });
  return found;
}

/** Takes the claim out of the owners. */
export async function detach(app: KubeClient, { path, owner }: DetachedDependent): Promise<void> {
  await changeOwners(app, path, adoptionFieldManager, (owners) =>
    owners.filter(({ uid }) => uid !== owner.uid),
  );
}

/** Gives the object to the claim again, which has another uid now. */
export async function attach(
  app: KubeClient,
  { path, owner }: DetachedDependent,
  uid: string,
): Promise<void> {
  await changeOwners(app, path, adoptionFieldManager, (owners) => {
    const isOwned = owners.some((one) => one.uid === uid);
    // Somebody else's by now.
    const isTaken = owner.controller === true && owners.some(({ controller }) => controller);
    return isOwned || isTaken ? owners : [...owners, { ...owner, uid }];
  });
}
