import type { KubeList, KubeObject } from '../apimachinery/objects.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { Helm, type HelmOptions } from '../connecting/helm.ts';
import { deployments, type Installation } from './installation.ts';

export type HelmCall = Omit<HelmOptions, 'namespace'>;

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' };
const core = { group: '', version: 'v1' };
const monitoring = { group: 'monitoring.coreos.com', version: 'v1' };

/**
 * What the chart makes, in the order in which it goes: pods first, then what they may do. The ClusterRole is the last: as long as it is
 * there, a run that was cut off is known to have more to remove.
 */
const kinds = [
  deployments,
  { group: 'policy', version: 'v1', plural: 'poddisruptionbudgets' },
  { ...core, plural: 'services' },
  { ...core, plural: 'configmaps' },
  { ...monitoring, plural: 'servicemonitors' },
  { ...monitoring, plural: 'prometheusrules' },
  { group: 'admissionregistration.k8s.io', version: 'v1', plural: 'validatingwebhookconfigurations' },
  { ...rbac, plural: 'rolebindings' },
  { ...rbac, plural: 'roles' },
  { ...rbac, plural: 'clusterrolebindings' },
  { ...core, plural: 'serviceaccounts' },
  { ...rbac, plural: 'clusterroles' },
] as const;

/** Removes what Helm, or a manifest, has installed. Returns what went, in words. */
export async function removeChart(
  app: KubeClient,
  installation: Installation,
  helm: HelmCall,
): Promise<string[]> {
  const { helmRelease, hasChart, release } = installation;
  if (helmRelease !== undefined) {
    // Without hooks: what the chart's own does has been done.
    await new Helm({ ...helm, namespace: release.namespace }).uninstall(helmRelease);
    return [`Helm release ${release.namespace}/${helmRelease}`];
  }
  return hasChart ? await deleteLabelled(app, installation) : [];
}

async function deleteLabelled(app: KubeClient, { labelSelector }: Installation): Promise<string[]> {
  const removed: string[] = [];
  for (const kind of kinds) {
    const list = await app
      .get<KubeList<KubeObject>>(resourcePath(kind), { query: { labelSelector } })
      .catch(absentOrThrow);
    // By name, and the name of the ClusterRole is what those of the other ClusterRoles begin with.
    for (const { metadata } of list?.items.toReversed() ?? []) {
      const { name, namespace, annotations } = metadata;
      // Of a Helm release with the same name in another namespace.
      if (annotations?.['meta.helm.sh/release-name'] !== undefined) continue;
      const options = { propagationPolicy: 'Background' };
      await app.delete(resourcePath(kind, { name, namespace }), options).catch(absentOrThrow);
      removed.push(`${kind.plural} ${namespace === undefined ? '' : `${namespace}/`}${name}`);
    }
  }
  return removed;
}

/** Until no pod of the release could write something again. */
export async function podsGone(
  app: KubeClient,
  { labelSelector, release: { releaseName, namespace } }: Installation,
  clock: Clock = systemClock,
): Promise<void> {
  for (const end = clock.now() + 120_000; clock.now() < end; await clock.sleep(500)) {
    const pods = resourcePath({ ...core, plural: 'pods' }, { namespace });
    const { items } = await app.get<KubeList<KubeObject>>(pods, { query: { labelSelector } });
    if (items.length === 0) return;
  }
  throw new ConnectorError(
    'pods-left',
    `pods of ${namespace}/${releaseName} have not ended after two minutes: see why, and run uninstall again`,
  );
}
