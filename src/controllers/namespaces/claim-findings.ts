import type { KubeObject } from '../../apimachinery/objects.ts';
import type { ConnectedResource } from '../../catalog/connected-resource.ts';
import { namespacePath } from '../../clusters/api-paths.ts';
import type { KubeClient } from '../../clusters/kube-client.ts';
import { listMetadata } from '../../clusters/list-metadata.ts';
import {
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  type Connection,
  orphanedByLabel,
  orphanedFromLabel,
} from '../../mapping/identity.ts';

/** Something that is not as it should be, or that somebody should know of. */
export interface Finding {
  reason: 'NamespaceGone' | 'Orphaned' | 'Conflict';
  /** `<plural>.<group>`, or `apiservices`. */
  resource: string;
  /** In the app cluster; empty for what has no namespace. */
  namespace: string;
  name: string;
  /** On the control plane; empty for what is not there. */
  controlPlaneName: string;
  /** What to do about it. */
  remedy: string;
}

export interface ClaimFindingsOptions {
  app: KubeClient;
  controlPlane: KubeClient;
  connection: Connection;
  resources: readonly ConnectedResource[];
}

/** Claims on the control plane that nobody of the app cluster sees in a namespace of theirs. */
export async function claimFindings(options: ClaimFindingsOptions): Promise<Finding[]> {
  const { app, controlPlane, connection, resources } = options;
  const { clusterID, claimNamespace } = connection;
  const namespaces = await listAll(app, namespacePath(), {});
  const there = new Set(namespaces.map(({ metadata }) => metadata.name));
  const findings: Finding[] = [];
  const kinds = Map.groupBy(resources, ({ plural, group }) => `${plural}.${group}`);
  for (const [resource, [first]] of [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const { group, version, plural } = first as ConnectedResource;
    const path = `/apis/${group}/${version}/namespaces/${claimNamespace}/${plural}`;
    const own = await listAll(controlPlane, path, { labelSelector: `${appClusterLabel}=${clusterID}` });
    for (const { metadata } of own) {
      const { [appNamespaceLabel]: namespace = '', [appNameLabel]: name = '' } = metadata.labels ?? {};
      if (there.has(namespace)) continue;
      findings.push({
        reason: 'NamespaceGone',
        resource,
        namespace,
        name,
        controlPlaneName: metadata.name,
        remedy: `create the namespace ${namespace} to see the claim again, or delete it on the control plane: kubectl delete ${resource} ${metadata.name} -n ${claimNamespace}`,
      });
    }
    const selector = `!${appClusterLabel},${orphanedByLabel}=${clusterID}`;
    for (const { metadata } of await listAll(controlPlane, path, { labelSelector: selector })) {
      const { [orphanedFromLabel]: namespace = '', [appNameLabel]: name = '' } = metadata.labels ?? {};
      findings.push({
        reason: 'Orphaned',
        resource,
        namespace,
        name,
        controlPlaneName: metadata.name,
        remedy: takeBack(resource, metadata.name, connection),
      });
    }
  }
  return findings;
}

function takeBack(resource: string, name: string, { clusterID, claimNamespace }: Connection): string {
  const labels = `${appClusterLabel}=${clusterID} ${orphanedByLabel}- ${orphanedFromLabel}-`;
  return `take it back on the control plane (kubectl label ${resource} ${name} -n ${claimNamespace} ${labels}), or delete it there`;
}

async function listAll(
  client: KubeClient,
  path: string,
  query: Record<string, string>,
): Promise<KubeObject[]> {
  const all = await listMetadata(client, path, query);
  return all.toSorted((a, b) => (labelKey(a) < labelKey(b) ? -1 : 1));
}

function labelKey({ metadata: { name, labels = {} } }: KubeObject): string {
  return `${labels[appNamespaceLabel] ?? ''}/${labels[appNameLabel] ?? name}`;
}
