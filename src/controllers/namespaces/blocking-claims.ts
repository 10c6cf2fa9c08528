import type { KubeList, KubeObject } from '../../apimachinery/objects.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { ConnectedResource } from '../../catalog/connected-resource.ts';
import { type NamespaceDeletionRule, namespaceDeletionPolicy } from '../../catalog/namespace-deletion.ts';
import { metadataListAccept } from '../../clusters/kube-client.ts';
import { appClusterLabel, appNamespaceLabel } from '../../mapping/identity.ts';
import type { Link } from '../../upstream/link.ts';

export interface BlockingClaimsOptions {
  rules: readonly NamespaceDeletionRule[];
  catalog: () => Catalog | undefined;
  /** Throws while there is none. */
  link: () => Link;
  outage: () => { reason: string } | undefined;
  /** By the record: certain that no claim of the resource is in the namespace. */
  isAbsent: (namespace: string, resource: string) => Promise<boolean>;
}

const pageSize = 500;
/** For all pages of all resources: kube-apiserver waits 5 s for the webhook, and then lets the namespace go. */
const timeoutMs = 3_500;

/**
 * Counts the claims of a namespace that keep it from being deleted. Where they cannot be counted, the record of namespaces
 * tells of most that they hold none. Throws where that is not known, and no outage is the reason.
 */
export async function blockingClaims(
  namespace: string,
  { rules, catalog, link, outage, isAbsent }: BlockingClaimsOptions,
): Promise<{ counts: Map<string, number> } | { unknown: string }> {
  const known = catalog();
  if (!known) return { unknown: 'the claim APIs have not been read yet' };
  const resources = [
    ...Map.groupBy(
      known.source.resources.filter((resource) => namespaceDeletionPolicy(rules, resource) === 'block'),
      ({ plural, group }) => `${plural}.${group}`,
    ),
  ];
  const counts = new Map<string, number>();
  const areAbsent = async (): Promise<boolean> => {
    for (const [name] of resources) if (!(await isAbsent(namespace, name))) return false;
    return true;
  };
  const broken = outage();
  if (broken) return (await areAbsent()) ? { counts } : { unknown: broken.reason };
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await Promise.all(
      resources.map(async ([name, [resource]]) =>
        counts.set(name, await count(link(), resource as ConnectedResource, namespace, signal)),
      ),
    );
  } catch (error) {
    // An outage that nobody has noticed yet must not keep every namespace of the cluster.
    if (await areAbsent()) return { counts: new Map() };
    throw error;
  }
  return { counts: new Map([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}

async function count(
  { client, connection }: Link,
  { group, version, plural }: ConnectedResource,
  namespace: string,
  signal: AbortSignal,
): Promise<number> {
  const path = `/apis/${group}/${version}/namespaces/${connection.claimNamespace}/${plural}`;
  const labelSelector = `${appClusterLabel}=${connection.clusterID},${appNamespaceLabel}=${namespace}`;
  let total = 0;
  let page: string | undefined;
  do {
    const list = await client.get<KubeList<KubeObject>>(path, {
      query: { labelSelector, limit: String(pageSize), ...(page ? { continue: page } : {}) },
      accept: metadataListAccept,
      signal,
    });
    total += list.items?.length ?? 0;
    page = list.metadata.continue;
  } while (page);
  return total;
}
