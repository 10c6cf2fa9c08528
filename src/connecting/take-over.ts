import type { APIService, KubeList, KubeObject } from '../apimachinery/objects.ts';
import { describeError } from '../base/errors.ts';
import { type ConnectedResource, firstVersions } from '../catalog/connected-resource.ts';
import { servicePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import type { Release } from '../controllers/registry/api-service-owner.ts';
import { appClusterLabel, type Connection } from '../mapping/identity.ts';
import { type Check, failed, ok } from './check.ts';
import { listMetadata } from '../clusters/list-metadata.ts';

interface Service extends KubeObject {
  spec: { selector?: Record<string, string> };
}

interface Deployment extends KubeObject {
  spec: { replicas?: number; template: { metadata?: { labels?: Record<string, string> } } };
}

const subject = 'other installation';

/** The one Service that foreign APIServices lead to, if it is of an mcp-connector. */
export async function otherInstallation(
  app: KubeClient,
  foreign: readonly APIService[],
): Promise<{ check: Check; service: Release | undefined }> {
  const names = new Set(foreign.map(({ spec }) => `${spec.service?.namespace}/${spec.service?.name}`));
  if (names.size === 0)
    return { check: ok(subject, 'there is none to take over from (any more)'), service: undefined };
  const found: Release[] = [];
  for (const name of names) {
    const [namespace = '', releaseName = ''] = name.split('/');
    const service = await app.get<Service>(servicePath(namespace, releaseName)).catch(absentOrThrow);
    if (service && isConnector(service)) found.push({ namespace, releaseName });
  }
  const [only] = found;
  if (only && found.length === 1)
    return { check: ok(subject, `${only.namespace}/${only.releaseName}`), service: only };
  const message =
    found.length === 0
      ? `no Service of the APIs is an mcp-connector's: ${[...names].join(', ')}`
      : `there are several: ${[...names].join(', ')}`;
  const remedy =
    'take the others away first, or install without --take-over, which leaves them what they have';
  return { check: failed(subject, message, remedy), service: undefined };
}

/** By the labels that charts of this name have, else by its name. */
function isConnector({ metadata }: KubeObject): boolean {
  const labels = metadata.labels ?? {};
  const words = [labels['app.kubernetes.io/name'], labels['helm.sh/chart'], metadata.name];
  return words.some((word) => /^mcp-connector(-|$)/.test(word ?? ''));
}

/**
 * Whether this installation would show every claim that the other one shows: one with another cluster ID or claim namespace shows
 * none of them, and the garbage collector would take what they own for orphaned.
 */
export async function sameClaimsCheck(
  app: KubeClient,
  controlPlane: KubeClient,
  { clusterID, claimNamespace }: Connection,
  taken: readonly ConnectedResource[],
): Promise<Check> {
  const checked = 'claims of the other installation';
  const remedy =
    'name its claim namespace, and give its cluster ID with --set clusterID=<id> (label mcp-connector.upbound.io/app-cluster of its claims)';
  let [shown, missing] = [0, 0];
  try {
    for (const { group, version, plural } of firstVersions(taken)) {
      const theirs = await listMetadata(app, `/apis/${group}/${version}/${plural}`);
      const path = `/apis/${group}/${version}/namespaces/${claimNamespace}/${plural}`;
      const ours = await listMetadata(controlPlane, path, {
        labelSelector: `${appClusterLabel}=${clusterID}`,
      });
      const known = new Set(ours.map(({ metadata }) => metadata.uid));
      shown += theirs.length;
      missing += theirs.filter(({ metadata }) => !known.has(metadata.uid)).length;
    }
  } catch (error) {
    return failed(
      checked,
      `cannot be compared: ${describeError(error)}`,
      'take over while both can be asked',
    );
  }
  if (missing === 0) return ok(checked, `all ${shown} are shown by this one too`);
  return failed(checked, `${missing} of ${shown} would not be shown any more`, remedy);
}

/**
 * Ends the pods behind the other installation's Service, so that nobody registers the APIs against us. Nothing of it is deleted: with
 * its Deployment scaled up again, it is back. Returns the names of what was scaled.
 */
export async function retire(app: KubeClient, other: Release): Promise<string[]> {
  const paths = await runningDeployments(app, other);
  for (const path of paths.values()) await app.patch(`${path}/scale`, { spec: { replicas: 0 } });
  return [...paths.keys()];
}

/** Paths of those behind the other installation's Service, by the names that kubectl prints. */
export async function runningDeployments(
  app: KubeClient,
  { namespace, releaseName }: Release,
): Promise<Map<string, string>> {
  const service = await app.get<Service>(servicePath(namespace, releaseName)).catch(absentOrThrow);
  const selector = Object.entries(service?.spec.selector ?? {});
  if (selector.length === 0) return new Map();
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const { items } = await app.get<KubeList<Deployment>>(path);
  const behind = items.filter(
    ({ spec }) =>
      spec.replicas !== 0 &&
      selector.every(([key, value]) => spec.template.metadata?.labels?.[key] === value),
  );
  return new Map(
    behind.map(({ metadata: { name } }) => [`deployment.apps/${name} in ${namespace}`, `${path}/${name}`]),
  );
}
