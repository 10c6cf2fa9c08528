import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isNotFound, type KubeClient } from '../src/clusters/kube-client.ts';
import { crdPath, namespacePath } from '../src/clusters/api-paths.ts';
import type { Condition, CustomResourceDefinition } from '../src/apimachinery/objects.ts';
import type { Cluster } from './cluster.ts';

/** Waits until `probe` answers something else than undefined; throws after `seconds`. */
export async function until<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await delay(250);
  }
}

/** Offers the claim API `buckets.<group>` by a CompositeResourceDefinition, and waits until Crossplane made its CRD. */
export async function offerClaims(client: KubeClient, group: string): Promise<void> {
  const parameters = { size: { type: 'integer' }, turn: { type: 'string' }, text: { type: 'string' } };
  await client.apply(`/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions/xbuckets.${group}`, {
    apiVersion: 'apiextensions.crossplane.io/v1',
    kind: 'CompositeResourceDefinition',
    metadata: { name: `xbuckets.${group}` },
    spec: {
      group,
      names: { kind: 'XBucket', plural: 'xbuckets' },
      claimNames: { kind: 'Bucket', plural: 'buckets' },
      connectionSecretKeys: ['endpoint'],
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          referenceable: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: { parameters: { type: 'object', properties: parameters } },
                },
              },
            },
          },
        },
      ],
    },
  });
  await until(`CRD buckets.${group}`, 60, async () => {
    const crd = await client.get<CustomResourceDefinition>(crdPath(`buckets.${group}`)).catch(absent);
    return crd?.status?.conditions?.find(
      ({ type, status }: Condition) => type === 'Established' && status === 'True',
    );
  });
}

export async function ensureNamespace(client: KubeClient, name: string): Promise<void> {
  await client.apply(namespacePath(name), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

/**
 * One credential for everything that reaches the control plane in this bench, so that authentication and authorization
 * there cost the same in every column: a ServiceAccount's token, and a kubeconfig with it for the connector.
 */
export async function controlPlaneToken(
  controlPlane: Cluster,
  namespace: string,
  kubeconfig: string,
): Promise<string> {
  const { client } = controlPlane;
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/bench`;
  await client.apply(account, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'bench', namespace },
  });
  await client.apply('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/bench', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'bench' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'bench', namespace }],
  });
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 86_400 },
  };
  const { status } = await client.create<{ status: { token: string } }>(`${account}/token`, request);
  const cluster = { server: controlPlane.server, 'certificate-authority': controlPlane.caFile };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    clusters: [{ name: 'bench', cluster }],
    users: [{ name: 'bench', user: { token: status.token } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return status.token;
}

/** Deletes the claims of one app namespace in each group, straight at the control plane. */
export async function deleteClaims(
  client: KubeClient,
  groups: readonly string[],
  namespace: string,
  appNamespace: string,
) {
  const query = { labelSelector: `mcp-connector.upbound.io/app-namespace=${appNamespace}` };
  for (const group of groups) {
    await client.delete(`/apis/${group}/v1alpha1/namespaces/${namespace}/buckets`, undefined, {
      query,
      timeoutMs: 120_000,
    });
  }
}

export function absent(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
