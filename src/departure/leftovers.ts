import type { KubeObject, OwnerReference } from '../apimachinery/objects.ts';
import {
  clusterRolePath,
  configMapPath,
  leasePath,
  secretPath,
  servicePath,
  validatingWebhookPath,
} from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import type { Release } from '../controllers/registry/api-service-owner.ts';
import type { Installation } from './installation.ts';
import { installedSecrets, installedSecretsInUse } from './installed-secrets.ts';

/**
 * What the connector itself has made in its namespace, and `secrets`, which were made for it; the state object last, since a run that is
 * cut off begins with it.
 */
function made({ releaseName: name, namespace }: Release, secrets: readonly string[]): [string, string][] {
  return [
    ...secrets.map((one): [string, string] => [`secrets ${namespace}/${one}`, secretPath(namespace, one)]),
    [`configmaps ${namespace}/${name}-claims`, configMapPath(namespace, `${name}-claims`)],
    [`secrets ${namespace}/${name}-serving-cert`, secretPath(namespace, `${name}-serving-cert`)],
    [`leases ${namespace}/${name}`, leasePath(namespace, name)],
    [`configmaps ${namespace}/${name}-state`, configMapPath(namespace, `${name}-state`)],
  ];
}

/** Made only where the connector runs outside the cluster; with a chart they are the chart's, and gone with it. */
function madeOutside({ releaseName: name, namespace }: Release): [string, string][] {
  return [
    [`services ${namespace}/${name}`, servicePath(namespace, name)],
    [`validatingwebhookconfigurations ${name}-namespaces`, validatingWebhookPath(`${name}-namespaces`)],
  ];
}

/** Removes what no chart knows of. Returns what went, in words. */
export async function removeLeftovers(app: KubeClient, installation: Installation): Promise<string[]> {
  const removed: string[] = [];
  const { release } = installation;
  const outside = madeOutside(release);
  const secrets = await installedSecrets(app, installation);
  for (const [words, path] of [...outside, ...made(release, secrets)]) {
    const there = await app.get<KubeObject>(path).catch(absentOrThrow);
    const isOthers = there?.metadata.labels?.['app.kubernetes.io/managed-by'] !== 'mcp-connector';
    if (!there || (isOthers && outside.some(([, other]) => other === path))) continue;
    await app.delete(path).catch(absentOrThrow);
    removed.push(words);
  }
  return removed;
}

/**
 * Makes it all go with the release's ClusterRole: whoever removes the chart removes that too, and the collector does the rest.
 * For a hook of the chart, which ends while pods still run and would make it again.
 */
export async function bequeathLeftovers(
  app: KubeClient,
  installation: Installation,
  clusterRole: string,
): Promise<void> {
  const role = await app.get<KubeObject>(clusterRolePath(clusterRole));
  const owner: OwnerReference = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    name: clusterRole,
    uid: role.metadata.uid ?? '',
  };
  const secrets = await installedSecretsInUse(app, installation);
  for (const [, path] of made(installation.release, secrets))
    await app.patch(path, { metadata: { ownerReferences: [owner] } }).catch(absentOrThrow);
}
