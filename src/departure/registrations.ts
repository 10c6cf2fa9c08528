import type { APIService, KubeList } from '../apimachinery/objects.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { apiServicePath } from '../clusters/api-paths.ts';
import { isConflict, isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import { isOurs, type Release } from '../controllers/registry/api-service-owner.ts';

const goneWithinMs = 30_000;

/**
 * Removes the release's APIServices, and those only, until the app cluster lists them no more. Resolves to their names. Throws
 * ConnectorError `still-registered` where somebody makes them again.
 */
export async function removeRegistrations(
  app: KubeClient,
  release: Release,
  clock: Clock = systemClock,
): Promise<string[]> {
  const removed = new Set<string>();
  for (const end = clock.now() + goneWithinMs; ; await clock.sleep(200)) {
    const { items } = await app.get<KubeList<APIService>>(apiServicePath());
    const ours = items.filter((service) => isOurs(service, release));
    if (ours.length === 0) return [...removed].toSorted();
    const names = ours.map(({ metadata }) => metadata.name);
    if (clock.now() > end)
      throw new ConnectorError(
        'still-registered',
        `the APIServices ${names.join(', ')} come back: see who registers them, and run uninstall again`,
      );
    for (const { metadata } of ours) {
      const { name, uid, resourceVersion } = metadata;
      if (metadata.deletionTimestamp !== undefined) continue;
      try {
        // Nobody's who has taken it over since it was read.
        await app.delete(apiServicePath(name), { preconditions: { uid, resourceVersion } });
        removed.add(name);
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
  }
}
