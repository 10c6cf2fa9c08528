import { configMapPath } from '../clusters/api-paths.ts';
import type { Binding } from '../clusters/connection-state.ts';
import { ApiError, isConflict, type KubeClient } from '../clusters/kube-client.ts';
import { showPlace } from '../claim-moves/claim-object.ts';
import type { KeptObject } from './departing-claims.ts';

/**
 * What of an app cluster stays on the control plane under names that nobody can read, on the control plane itself. Returns the
 * name; undefined where the account may not write it, as that of the chart's hook: an uninstall does not fail for it.
 */
export async function writeInventory(
  client: KubeClient,
  { clusterID, claimNamespace }: Binding,
  kept: readonly KeptObject[],
): Promise<string | undefined> {
  const name = `mcp-connector-inventory-${clusterID.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-')}`;
  const lines = kept.map(
    ({ resource, place, app, uid }) => `${resource} ${showPlace(app)} ${showPlace(place)} ${uid}`,
  );
  const map = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace: claimNamespace,
      labels: { 'app.kubernetes.io/managed-by': 'mcp-connector' },
    },
    data: { clusterID, inventory: ['# resource, in the app cluster, here, uid', ...lines].join('\n') },
  };
  try {
    await client.create(configMapPath(claimNamespace), map);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    if (!isConflict(error)) throw error;
    await client.patch(configMapPath(claimNamespace, name), { data: map.data });
  }
  return name;
}
