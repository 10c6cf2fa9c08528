import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CustomResourceDefinition, KubeObject } from '../apimachinery/objects.ts';
import { crdPath } from '../clusters/api-paths.ts';
import { freePorts } from './free-ports.ts';
import type { LabCluster } from './lab-cluster.ts';
import { applyManifests, parseManifests } from './manifests.ts';

export interface CrossplaneOptions {
  /** Path of the core controllers' binary. */
  binary: string;
  /** Folder with `crds` and `webhookconfigurations` of Crossplane's module. */
  manifests: string;
  /** Folder for certificates and caches; `tls` in it is what its clients and servers show. */
  dataDir: string;
  /** Further flags of `core start`, such as those of alpha features. */
  flags?: readonly string[];
}

const namespace = 'crossplane-system';

interface WebhookConfiguration extends KubeObject {
  webhooks: { clientConfig: { service?: { path?: string }; url?: string; caBundle?: string } }[];
}

/**
 * Runs Crossplane's core controllers against a cluster, as a process of this machine in place of its pod: CRDs, the
 * default StoreConfig and the webhooks, which are otherwise the work of its chart and its init container.
 */
export async function installCrossplane(cluster: LabCluster, options: CrossplaneOptions): Promise<void> {
  const { binary, dataDir, manifests } = options;
  const { client } = cluster;
  const certificates = path.join(dataDir, 'tls');
  const packages = path.join(dataDir, 'packages');
  await Promise.all([certificates, packages].map((folder) => mkdir(folder, { recursive: true })));
  const kubeconfig = path.join(dataDir, 'kubeconfig');
  const [[metricsPort, healthPort, webhookPort], serving, crds] = await Promise.all([
    freePorts(3) as Promise<[number, number, number]>,
    cluster.authority.issue({ commonName: 'crossplane', hosts: ['127.0.0.1', 'localhost'] }),
    readManifests(path.join(manifests, 'crds')),
    cluster.writeKubeconfig(kubeconfig, { commonName: 'crossplane', organizations: ['system:masters'] }),
  ]);
  await writeFile(path.join(certificates, 'tls.crt'), serving.cert);
  await writeFile(path.join(certificates, 'tls.key'), serving.key, { mode: 0o600 });
  await writeFile(path.join(certificates, 'ca.crt'), cluster.authority.cert);

  await Promise.all(crds.map((crd) => applyManifests(client, [crd])));
  await Promise.all(crds.map((crd) => established(cluster, crd.metadata.name)));
  const takesStoreConfigs = crds.some(
    ({ metadata }) => metadata.name === 'storeconfigs.secrets.crossplane.io',
  );
  await applyManifests(client, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    serviceAccount,
    defaultRuntime,
    ...(takesStoreConfigs ? [storeConfig] : []),
  ]);

  const crossplane = await cluster.addComponent(
    'crossplane',
    binary,
    [
      'core',
      'start',
      // Says why a claim is not reconciled; without it Crossplane keeps that to itself.
      '--debug',
      `--metrics-port=${metricsPort}`,
      `--health-probe-port=${healthPort}`,
      `--webhook-port=${webhookPort}`,
      `--tls-server-certs-dir=${certificates}`,
      `--tls-client-certs-dir=${certificates}`,
      `--xpkg-cache-dir=${packages}`,
      ...(options.flags ?? []),
    ],
    { KUBECONFIG: kubeconfig, POD_NAMESPACE: namespace },
  );
  await crossplane.waitUntil(
    'it was ready',
    async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok,
  );
  const webhooks = (await readManifests(
    path.join(manifests, 'webhookconfigurations'),
  )) as WebhookConfiguration[];
  for (const configuration of webhooks) pointToHost(configuration, webhookPort, cluster.authority.cert);
  await applyManifests(client, webhooks);
}

/** Whose pull secrets the pods of packages are given: without it no provider is ever healthy. */
const serviceAccount = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'crossplane', namespace },
};

/** What a provider or function refers to that names no other. */
const defaultRuntime = {
  apiVersion: 'pkg.crossplane.io/v1beta1',
  kind: 'DeploymentRuntimeConfig',
  metadata: { name: 'default' },
};

/** What Crossplane 1 publishes connection secrets to; Crossplane 2 has no such kind. */
const storeConfig = {
  apiVersion: 'secrets.crossplane.io/v1alpha1',
  kind: 'StoreConfig',
  metadata: { name: 'default' },
  spec: { type: 'Kubernetes', defaultScope: namespace },
};

/** In a cluster the webhooks are reached by a Service in front of the pod; here by the address of the process. */
function pointToHost(configuration: WebhookConfiguration, port: number, ca: string): void {
  configuration.metadata.name = `crossplane-${configuration.metadata.name.replace(/^crossplane-/, '')}`;
  for (const webhook of configuration.webhooks) {
    const url = `https://127.0.0.1:${port}${webhook.clientConfig.service?.path ?? ''}`;
    webhook.clientConfig = { url, caBundle: Buffer.from(ca).toString('base64') };
  }
}

async function established(cluster: LabCluster, name: string): Promise<void> {
  await cluster.component('kube-apiserver').waitUntil(`${name} was established`, async () => {
    const crd = await cluster.client.get<CustomResourceDefinition>(crdPath(name));
    return (
      crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false
    );
  });
}

async function readManifests(folder: string): Promise<KubeObject[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  return texts.flatMap((text) => parseManifests(text));
}
