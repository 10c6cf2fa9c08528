import { beforeAll, describe, expect, it } from '@jest/globals';
import { find, helm, type Manifest, modes, renderChart, type RenderOptions } from './rendered-chart.ts';

interface Container {
  image: string;
  imagePullPolicy: string;
  args: string[];
  env: { name: string; value?: string; valueFrom?: unknown }[];
  ports: { containerPort: number }[];
  readinessProbe: { httpGet: unknown };
  livenessProbe: { httpGet: unknown };
  securityContext: Record<string, unknown>;
  resources: Record<string, Record<string, unknown>>;
}

interface PodSpec {
  containers: [Container];
  securityContext: Record<string, unknown>;
  hostNetwork: boolean;
  terminationGracePeriodSeconds: number;
  dnsPolicy: string;
  priorityClassName?: string;
  serviceAccountName: string;
  topologySpreadConstraints: {
    topologyKey: string;
    labelSelector: { matchLabels: Record<string, string> };
  }[];
}

interface DeploymentSpec {
  replicas: number;
  strategy: { rollingUpdate: { maxUnavailable: number; maxSurge: number } };
  selector: { matchLabels: Record<string, string> };
  template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
}

async function deploymentOf(options: RenderOptions = {}): Promise<DeploymentSpec> {
  const manifests = await renderChart(options);
  return (manifests.find((manifest) => manifest.kind === 'Deployment') as unknown as { spec: DeploymentSpec })
    .spec;
}

const podOf = async (options?: RenderOptions): Promise<PodSpec> =>
  (await deploymentOf(options)).template.spec;
const containerOf = async (options?: RenderOptions): Promise<Container> =>
  (await podOf(options)).containers[0];

function budgetsOf(manifests: Manifest[]): unknown[] {
  return manifests
    .filter((manifest) => manifest.kind === 'PodDisruptionBudget')
    .map((manifest) => manifest['spec']);
}

beforeAll(helm, 600_000);

describe('pod', () => {
  it.each(modes)('meets the restricted Pod Security Standard with the values %s', async (mode) => {
    const pod = await podOf({ mode });
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('asks /readyz and /livez over HTTPS', async () => {
    const { readinessProbe, livenessProbe } = await containerOf();
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 10250, scheme: 'HTTPS' });
    expect(livenessProbe.httpGet).toEqual({ path: '/livez', port: 10250, scheme: 'HTTPS' });
  });

  it('passes the values to serve', async () => {
    expect((await containerOf()).args).toEqual([
      'serve',
      '--release-name=mcp-connector',
      '--listen=:10250',
      '--service-port=443',
      '--owner-cluster-role=mcp-connector',
      '--control-plane-secret=my-controlplane-kubeconfig',
      '--control-plane-secret-key=kubeconfig',
      '--claim-namespace=app-cluster-1',
      '--shutdown-delay-duration=10s',
      '--max-requests-inflight=400',
      '--max-requests-inflight-per-user=100',
      '--max-watches=2000',
      '--max-watches-per-user=500',
      '--watch-write-timeout=3m',
      '--log-level=info',
    ]);
  });

  it('passes every value that has a flag', async () => {
    const { args } = await containerOf({ mode: 'full', release: 'team-a' });
    expect(args).toEqual(
      expect.arrayContaining([
        '--release-name=team-a-mcp-connector',
        '--owner-cluster-role=team-a-mcp-connector',
        '--control-plane-secret-key=context.yaml',
        '--cluster-id=00000000-0000-0000-0000-000000000000',
        '--allow=*.k8s.starter.org',
        '--allow=buckets.storage.example.org',
        '--deny=secrets.k8s.starter.org',
        '--allow-resource-ref',
        '--rebind',
        '--shutdown-delay-duration=1m30s',
        '--log-level=debug',
      ]),
    );
  });

  it('never carries the token of the account', async () => {
    expect(JSON.stringify(await renderChart({ set: ['upbound.token=s3cret'] }))).not.toContain('s3cret');
  });

  it('knows its namespace from the downward API', async () => {
    const { env } = await containerOf();
    expect(env).toContainEqual({
      name: 'POD_NAMESPACE',
      valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } },
    });
  });

  it('reaches the API server of its own cluster around the proxy', async () => {
    const { env } = await containerOf({
      set: ['proxy.httpsProxy=http://proxy:3128', 'proxy.noProxy=10.0.0.0/8'],
    });
    expect(env).toContainEqual({ name: 'HTTPS_PROXY', value: 'http://proxy:3128' });
    expect(env).toContainEqual({
      name: 'NO_PROXY',
      value: '$(KUBERNETES_SERVICE_HOST),localhost,127.0.0.1,.svc,.cluster.local,10.0.0.0/8',
    });
  });

  it('names the image by its digest when there is one', async () => {
    expect((await containerOf()).image).toBe('localhost/mcp-connector:0.1.0');
    expect((await containerOf({ mode: 'full' })).image).toMatch(
      /^registry\.example\.org\/team\/mcp-connector:1\.2\.3@sha256:a{64}$/,
    );
  });

  it('listens elsewhere than the kubelet in the network of the node', async () => {
    const pod = await podOf({ mode: 'host-network' });
    expect([pod.hostNetwork, pod.dnsPolicy]).toEqual([true, 'ClusterFirstWithHostNet']);
    expect(pod.containers[0].ports).toEqual([{ containerPort: 10260, protocol: 'TCP' }]);
    expect(pod.containers[0].args).toContain('--listen=:10260');
  });

  it('says that it is not in the network of the node, so that an upgrade takes back what a failed one left', async () => {
    const pod = await podOf();
    expect([pod.hostNetwork, pod.dnsPolicy]).toEqual([false, 'ClusterFirst']);
  });

  it('has time for requests under way after it has told API servers that it leaves', async () => {
    const { terminationGracePeriodSeconds, containers } = await podOf();
    expect(containers[0].args).toContain('--shutdown-delay-duration=10s');
    expect(terminationGracePeriodSeconds).toBeGreaterThan(10 + 60);
  });

  it('is spread over nodes by the labels of its release, unless a selector is given', async () => {
    const { topologySpreadConstraints } = await podOf({ release: 'team-a' });
    expect(topologySpreadConstraints.map((constraint) => constraint.topologyKey)).toEqual([
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
    ]);
    expect(topologySpreadConstraints[0]?.labelSelector.matchLabels).toMatchObject({
      'app.kubernetes.io/instance': 'team-a',
    });
    expect((await podOf({ mode: 'full' })).topologySpreadConstraints[0]?.labelSelector.matchLabels).toEqual({
      chosen: 'by-hand',
    });
  });

  it('has a memory limit and no processor limit', async () => {
    const { resources } = await containerOf();
    expect(resources['limits']).toEqual({ memory: '1Gi' });
  });
});

describe('rollout', () => {
  it('keeps every old pod until a new one is ready', async () => {
    const { replicas, strategy } = await deploymentOf();
    expect([replicas, strategy.rollingUpdate.maxUnavailable]).toEqual([2, 0]);
  });

  it('frees the port of a node first in the network of the node', async () => {
    const { strategy } = await deploymentOf({ mode: 'host-network' });
    expect(strategy.rollingUpdate).toEqual({ maxUnavailable: 1, maxSurge: 0 });
  });

  it('selects pods by labels that no version changes', async () => {
    const { selector, template } = await deploymentOf({ mode: 'full' });
    expect(Object.keys(selector.matchLabels)).toEqual([
      'app.kubernetes.io/name',
      'app.kubernetes.io/instance',
    ]);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });
});

describe('service', () => {
  it('leads from 443 to the port of the pods, under the name that EndpointSlices take over', async () => {
    const manifests = await renderChart();
    expect(find(manifests, 'Service', 'mcp-connector')['spec']).toMatchObject({
      type: 'ClusterIP',
      ports: [{ name: 'https', port: 443, targetPort: 10250 }],
    });
    expect((await containerOf()).ports).toEqual([{ containerPort: 10250, protocol: 'TCP' }]);
  });
});

describe('disruption budget', () => {
  it('lets one pod go at a time, and can ask for pods that stay', async () => {
    expect(budgetsOf(await renderChart())).toMatchObject([{ maxUnavailable: 1 }]);
    const [asked] = budgetsOf(await renderChart({ mode: 'host-network' }));
    expect(asked).toMatchObject({ minAvailable: 2 });
    expect(asked).not.toHaveProperty('maxUnavailable');
  });

  it('can be left out', async () => {
    expect(budgetsOf(await renderChart({ mode: 'no-rbac' }))).toEqual([]);
  });
});

describe('metrics', () => {
  it('make no object of the Prometheus operator unless they are asked to', async () => {
    expect((await renderChart()).filter((manifest) => manifest.kind === 'ServiceMonitor')).toEqual([]);
  });

  it('are scraped with the verified name of the service', async () => {
    const monitor = find(await renderChart({ mode: 'full' }), 'ServiceMonitor', 'mcp-connector');
    expect(monitor.metadata.labels['release']).toBe('prometheus');
    expect(monitor['spec']).toMatchObject({
      endpoints: [
        {
          port: 'https',
          scheme: 'https',
          interval: '15s',
          tlsConfig: { serverName: 'mcp-connector.kube-system.svc' },
        },
      ],
    });
  });
});
