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
const timeoutMs = 4_000;

/** Counts the claims of a namespace that keep it from being deleted; in an outage by the record of namespaces. */
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
  const broken = outage();
  if (broken) {
    for (const [name] of resources) if (!(await isAbsent(namespace, name))) return { unknown: broken.reason };
    return { counts };
  }
  await Promise.all(
    resources.map(async ([name, [resource]]) =>
      counts.set(name, await count(link(), resource as ConnectedResource, namespace)),
    ),
  );
  return { counts: new Map([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}

async function count(
  { client, connection }: Link,
  { group, version, plural }: ConnectedResource,
  namespace: string,
): Promise<number> {
  const path = `/apis/${group}/${version}/namespaces/${connection.claimNamespace}/${plural}`;
  const labelSelector = `${appClusterLabel}=${connection.clusterID},${appNamespaceLabel}=${namespace}`;
  let total = 0;
  let page: string | undefined;
  do {
    const list = await client.get<KubeList<KubeObject>>(path, {
      query: { labelSelector, limit: String(pageSize), ...(page ? { continue: page } : {}) },
      accept: metadataListAccept,
      timeoutMs,
    });
    total += list.items?.length ?? 0;
    page = list.metadata.continue;
  } while (page);
  return total;
}
