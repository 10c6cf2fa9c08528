import { apiServicePath, configMapPath, servicePath } from '../src/clusters/api-paths.ts';
import type { ConfigMap } from '../src/apimachinery/objects.ts';
import type { KubeClient } from '../src/clusters/kube-client.ts';

/** The CA behind the front proxy's client certificate, as kube-apiserver publishes it for aggregated API servers. */
export async function requestHeaderCa(app: KubeClient): Promise<string> {
  const map = await app.get<ConfigMap>(configMapPath('kube-system', 'extension-apiserver-authentication'));
  const pem = map.data?.['requestheader-client-ca-file'];
  if (pem === undefined) throw new Error('the app cluster publishes no requestheader-client-ca-file');
  return pem;
}

/** Registers a server on this host for `<group>/v1alpha1` in the app cluster: an APIService and a Service ExternalName. */
export async function registerService(
  app: KubeClient,
  service: string,
  group: string,
  port: number,
  caBundle: string,
): Promise<void> {
  await app.apply(servicePath('kube-system', service), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service, namespace: 'kube-system' },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port, protocol: 'TCP' }] },
  });
  const name = `v1alpha1.${group}`;
  await app.apply(apiServicePath(name), {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name },
    spec: {
      group,
      version: 'v1alpha1',
      groupPriorityMinimum: 1000,
      versionPriority: 10,
      service: { namespace: 'kube-system', name: service, port },
      caBundle: Buffer.from(caBundle).toString('base64'),
    },
  });
}

/** True when the app cluster answers the group's discovery, by way of the aggregated server. */
export async function isServed(app: KubeClient, group: string): Promise<boolean> {
  const path = `/apis/${group}/v1alpha1`;
  const list = await app.get<{ resources?: { name: string }[] }>(path, { timeoutMs: 3_000 });
  return list.resources?.some(({ name }) => name === 'buckets') === true;
}
