import { type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import type { ApiDirectory } from '../clusters/api-directory.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, isConflict, isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import type { KubeObject } from '../apimachinery/objects.ts';
import { apiVersionOf, type ClaimApi, compositePath } from './claim-api.ts';
import { inUseLabel } from './claim-object.ts';

/** Newest first: Crossplane v2 has ClusterUsage, v1 the Usage of composite resources. */
const usageKinds = [
  { group: 'protection.crossplane.io', version: 'v1beta1', plural: 'clusterusages', kind: 'ClusterUsage' },
  { group: 'apiextensions.crossplane.io', version: 'v1beta1', plural: 'usages', kind: 'Usage' },
  { group: 'apiextensions.crossplane.io', version: 'v1alpha1', plural: 'usages', kind: 'Usage' },
] as const;
export type UsageKind = (typeof usageKinds)[number];

const labelledWithinMs = 30_000;

/** The kind by which this control plane denies deletions; undefined where it has none. */
export async function usageKindOf(directory: ApiDirectory): Promise<UsageKind | undefined> {
  for (const kind of usageKinds) {
    const reference = { apiVersion: `${kind.group}/${kind.version}`, kind: kind.kind, name: 'any' };
    if (await directory.pathOf(reference).catch(absentOrThrow)) return kind;
  }
  return undefined;
}

/**
 * A Usage without a user of it: Crossplane's webhook denies every deletion of the composite resource, whoever asks for it.
 * Resolves when it does so, which is when the label is there. Throws ConnectorError `guard-failed`.
 */
export async function guardFromDeletion(
  client: KubeClient,
  usage: UsageKind,
  { api, name, move }: { api: ClaimApi; name: string; move: string },
  clock: Clock = systemClock,
): Promise<void> {
  const body = {
    apiVersion: `${usage.group}/${usage.version}`,
    kind: usage.kind,
    metadata: { name: move, labels: { 'app.kubernetes.io/managed-by': 'mcp-connector' } },
    spec: {
      of: { apiVersion: apiVersionOf(api), kind: api.composite.kind, resourceRef: { name } },
      reason: 'a claim of it is being moved by mcp-connector',
    },
  };
  await client.create(resourcePath(usage), body).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
  for (const end = clock.now() + labelledWithinMs; clock.now() < end; await clock.sleep(200)) {
    const { metadata } = await client.get<KubeObject>(compositePath(api, name));
    if (metadata.labels?.[inUseLabel] === 'true') return;
  }
  throw new ConnectorError(
    'guard-failed',
    `Crossplane has not taken up the ${usage.kind} ${move} within 30 s: move without --guard, or look at its conditions`,
  );
}

export async function endGuard(client: KubeClient, usage: UsageKind, move: string): Promise<void> {
  try {
    await client.delete(resourcePath(usage, { name: move }));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
