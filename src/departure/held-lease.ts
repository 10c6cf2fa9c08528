import { silentLogger } from '../base/logger.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { leasePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { Lease } from '../clusters/lease.ts';
import type { KubeObject } from '../apimachinery/objects.ts';
import type { Release } from '../controllers/registry/api-service-owner.ts';

/** The same in every run: one that was killed is no reason to wait for the next, and two at once do nothing twice. */
const identity = 'mcp-connector-uninstall';
/** A Lease of a leader that was killed takes 15 s to expire; one that sees the fence gives it up within seconds. */
const heldWithinMs = 45_000;

/**
 * Takes the connector's own Lease, so that no replica registers or copies any more: a leader writes only while it holds it, also
 * one that was stopped and goes on. Throws ConnectorError `lease-held` where somebody keeps it.
 */
export async function holdLease(
  app: KubeClient,
  { releaseName, namespace }: Release,
  clock: Clock = systemClock,
): Promise<Lease> {
  const lease = new Lease({ client: app, namespace, name: releaseName, identity, log: silentLogger() });
  const held = Promise.withResolvers<true>();
  lease.start({ onAcquired: () => held.resolve(true), onLost: () => undefined });
  const waiting = new AbortController();
  const late = clock.sleep(heldWithinMs, waiting.signal).then(
    () => false,
    () => true,
  );
  const isHeld = await Promise.race([held.promise, late]);
  waiting.abort();
  if (isHeld) return lease;
  await lease.stop();
  const current = await app
    .get<KubeObject & { spec?: { holderIdentity?: string } }>(leasePath(namespace, releaseName))
    .catch(absentOrThrow);
  throw new ConnectorError(
    'lease-held',
    `${current?.spec?.holderIdentity ?? 'somebody'} does not give up the Lease ${namespace}/${releaseName}: scale the connector to 0, and run uninstall again`,
  );
}
