import { ConnectorError } from '../base/errors.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { compositePath } from './claim-api.ts';
import type { ApiDirectory } from '../clusters/api-directory.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import {
  claimNameLabel,
  claimNamespaceLabel,
  type CompositeObject,
  conditionOf,
  isPaused,
} from './claim-object.ts';
import type { MoveRecord } from './ledger.ts';
import { differencesOf, takeSnapshot } from './snapshot.ts';

export interface VerificationOptions {
  client: KubeClient;
  directory: ApiDirectory;
  record: MoveRecord;
  /** How long Crossplane may take to work on the composite resource once more. */
  withinMs: number;
  clock?: Clock;
}

/**
 * What the move has changed of the infrastructure, a sentence for each; empty is how it has to be. It waits until
 * Crossplane has composed for the new claim: only that shows a composition that reads the claim's name or namespace. The
 * sign is the labels that Crossplane gives everything it composes.
 */
export async function verify({
  client,
  directory,
  record,
  withinMs,
  clock = systemClock,
}: VerificationOptions): Promise<string[]> {
  const { api, composite, to, before } = record;
  if (!before) return [];
  // What could not be composed before is not waited for.
  const patienceMs = before.synced ? withinMs : Math.min(withinMs, 10_000);
  for (const end = clock.now() + patienceMs; ; await clock.sleep(200)) {
    const found = await client.get<CompositeObject>(compositePath(api, composite.name));
    const { snapshot, labels } = await takeSnapshot(client, directory, found);
    const isComposed = labels.every(
      (of) =>
        of[claimNameLabel] === undefined ||
        (of[claimNameLabel] === to.name && of[claimNamespaceLabel] === to.namespace),
    );
    const differences = differencesOf(before, snapshot);
    if (differences.length > 0 || isComposed || isPaused(found)) return differences;
    if (clock.now() <= end) continue;
    // Nothing to wait for where it could not be composed before.
    if (!before.synced) return [];
    const synced = conditionOf(found, 'Synced');
    if (synced?.status === 'False')
      return [`Crossplane cannot compose it any more: ${synced.message ?? synced.reason}`];
    throw new ConnectorError(
      'not-composed',
      `Crossplane has not composed ${found.metadata.name} for the new claim within ${Math.round(patienceMs / 1000)} s, so that nothing can be compared; see that it runs, then resume the move`,
    );
  }
}
