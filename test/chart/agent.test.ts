import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import { definitionsSchema } from '../../src/agent/servers/definition.ts';
import { agentOptions } from '../../src/config/agent-options.ts';
import type { Option } from '../../src/config/options.ts';
import {
  find,
  helm,
  type Manifest,
  parseManifests,
  type PolicyRule,
  renderChart,
  renderFailure,
  repository,
  rulesOf,
} from './rendered-chart.ts';

interface Pod {
  serviceAccountName: string;
  automountServiceAccountToken: boolean;
  securityContext: object;
  containers: [
    {
      args: string[];
      ports: object[];
      securityContext: object;
      volumeMounts: { name: string; mountPath: string }[];
      readinessProbe: object;
    },
  ];
  volumes: { name: string; projected?: { sources: Record<string, { name: string; items: object[] }>[] } }[];
}

const name = 'mcp-connector-agent';
const readVerbs = ['get', 'list'];
let manifests: Manifest[];
let pod: Pod;

beforeAll(async () => {
  await helm();
  manifests = await renderChart({ mode: 'agent' });
  pod = podOf(manifests);
}, 600_000);

function podOf(rendered: Manifest[]): Pod {
  return (find(rendered, 'Deployment', name)['spec'] as { template: { spec: Pod } }).template.spec;
}

const isAgent = ({ metadata }: Manifest): boolean => metadata.name.startsWith(name);
const policyOf = (rendered: Manifest[]): unknown => find(rendered, 'NetworkPolicy', name)['spec'];
const roleOf = (account: string): PolicyRule[] =>
  rulesOf(find(manifests, 'ClusterRole', `${name}-${account}`));
const kindsOf = (rules: PolicyRule[]): unknown[] =>
  rules.map(({ apiGroups, resources }) => ({ apiGroups, resources }));
const own = ({ apiGroups = [] }: PolicyRule): boolean =>
  !apiGroups.includes('platform.example.org') && !apiGroups.includes('k8s.starter.org');

const smallest = [
  'agent.enabled=true',
  'agent.servers[0].name=a',
  'agent.servers[0].authentication.tokens[0].name=ci',
];
const connector = [
  'spaces.controlPlane.kubeconfigSecret.name=a',
  'spaces.controlPlane.claimNamespace=app-cluster-1',
];

describe('the agent gateway', () => {
  it('is not there unless it is asked for [agent.chart.off]', async () => {
    const off = await renderChart();
    expect(off.filter((manifest) => JSON.stringify(manifest).includes('agent'))).toEqual([]);
  });

  it('changes nothing of the connector [agent.chart.off]', async () => {
    const set = ['metrics.serviceMonitor.enabled=true'];
    expect(manifests.filter((manifest) => !isAgent(manifest))).toEqual(await renderChart({ set }));
  });

  it('has pods that no Service, budget or policy of the connector selects [agent.chart.off]', () => {
    const labels = (
      find(manifests, 'Deployment', name)['spec'] as {
        template: { metadata: { labels: Record<string, string> } };
      }
    ).template.metadata.labels;
    const selecting = manifests.filter((manifest) => {
      const { selector, podSelector } = (manifest['spec'] ?? {}) as Record<string, Record<string, unknown>>;
      const wanted = podSelector?.['matchLabels'] ?? selector?.['matchLabels'] ?? selector;
      return wanted && Object.entries(wanted).every(([key, value]) => labels[key] === value);
    });
    expect(selecting.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      ['NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Deployment', 'ServiceMonitor'].map(
        (kind) => `${kind} ${name}`,
      ),
    );
  });

  it('is started with its definitions, and known by the names that clients use [agent.chart.pod]', () => {
    expect(pod.containers[0].args).toEqual([
      'agent',
      '--config=/etc/mcp-connector/agent/servers.yaml',
      '--listen=0.0.0.0:8090',
      '--allowed-host=mcp-connector-agent',
      '--allowed-host=mcp-connector-agent.kube-system',
      '--allowed-host=mcp-connector-agent.kube-system.svc',
      '--allowed-host=agents.example.org',
      '--confirmation-key-file=/etc/mcp-connector/confirmation/key',
      '--shutdown-delay-duration=15s',
      '--log-level=info',
      '--public-url=https://agents.example.org',
    ]);
    expect(pod.containers[0].readinessProbe).toMatchObject({ httpGet: { path: '/readyz', port: 'http' } });
    expect(find(manifests, 'Service', name)['spec']).toMatchObject({
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    });
  });

  it('meets the restricted Pod Security Standard, with an account that has no rights and no token [agent.chart.pod]', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect([pod.serviceAccountName, pod.automountServiceAccountToken]).toEqual([name, false]);
    const subjects = manifests.flatMap((manifest) => (manifest['subjects'] ?? []) as { name: string }[]);
    expect(subjects.filter((subject) => subject.name === name)).toEqual([]);
  });

  it('finds definitions, tokens of callers and accounts in one volume, where the definitions name them [agent.chart.files]', () => {
    const { sources } = pod.volumes[0]?.projected ?? { sources: [] };
    const files = sources.flatMap((source) =>
      Object.entries(source).flatMap(([kind, { name: from, items }]) =>
        (items as { key: string; path: string }[]).map((item) => `${item.path}: ${kind} ${from}/${item.key}`),
      ),
    );
    expect(files).toEqual([
      'servers.yaml: configMap mcp-connector-agent/servers.yaml',
      'accounts/reader/token: secret mcp-connector-agent-reader-token/token',
      'accounts/reader/ca.crt: secret mcp-connector-agent-reader-token/ca.crt',
      'accounts/writer/token: secret mcp-connector-agent-writer-token/token',
      'accounts/writer/ca.crt: secret mcp-connector-agent-writer-token/ca.crt',
      'accounts/acting/token: secret mcp-connector-agent-acting-token/token',
      'accounts/acting/ca.crt: secret mcp-connector-agent-acting-token/ca.crt',
      'tokens/ci: secret agent-callers/ci',
      'control-plane.kubeconfig: secret my-controlplane-kubeconfig/kubeconfig',
    ]);
    const { data } = find(manifests, 'ConfigMap', name) as unknown as { data: Record<string, string> };
    const values = load(
      readFileSync(path.join(repository, 'charts/mcp-connector/ci/agent-values.yaml'), 'utf8'),
    ) as { agent: { servers: unknown } };
    expect(load(data['servers.yaml'] ?? '')).toEqual({ servers: values.agent.servers });
    const read = definitionsSchema.safeParse(load(data['servers.yaml'] ?? ''));
    expect(read.error?.issues).toBeUndefined();
  });

  it('is passed the flags of the command, and each that has a value of the chart [agent.chart.pod]', async () => {
    const withConsole = podOf(await renderChart({ mode: 'agent-console' }));
    const args = [pod, withConsole].flatMap(({ containers: [container] }) => container.args);
    const passed = args.flatMap((word) => /^--([a-z-]+)=/.exec(word)?.[1] ?? []);
    const known = new Set((agentOptions as readonly Option[]).map(({ flag }) => flag));
    expect(passed.filter((flag) => !known.has(flag))).toEqual([]);
    const named = (agentOptions as readonly Option[]).filter(({ chartValue }) => chartValue !== undefined);
    expect(named.map(({ flag }) => flag).filter((flag) => !passed.includes(flag))).toEqual([]);
    const values = load(
      readFileSync(path.join(repository, 'charts/mcp-connector/values.yaml'), 'utf8'),
    ) as Record<string, unknown>;
    const missing = named.filter(
      ({ chartValue = '' }) =>
        chartValue
          .split('.')
          .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], values) ===
        undefined,
    );
    expect(missing.map(({ chartValue }) => chartValue)).toEqual([]);
  });

  it('is reached by those who are named only, and else by its own namespace [agent.chart.network]', async () => {
    expect(policyOf(manifests)).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
          ports: [{ protocol: 'TCP', port: 'http' }],
        },
      ],
      egress: [{ ports: [{ protocol: 'TCP', port: 443 }] }],
    });
    expect(policyOf(await renderChart({ set: smallest }))).toMatchObject({
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: {} }] }],
    });
  });

  it('is scraped where the connector is, and can be kept by a budget', async () => {
    expect(find(manifests, 'ServiceMonitor', name)['spec']).toMatchObject({
      endpoints: [{ port: 'http', scheme: 'http', path: '/metrics' }],
    });
    expect(find(manifests, 'PodDisruptionBudget', name)['spec']).toMatchObject({ minAvailable: 1 });
    const without = await renderChart({ set: [...smallest, 'agent.podDisruptionBudget.enabled=false'] });
    expect(
      without.filter(({ kind, metadata }) => kind === 'PodDisruptionBudget' && metadata.name === name),
    ).toEqual([]);
  });

  it.each([
    [['agent.enabled=true'], 'agent.servers is required with agent.enabled'],
    [[...smallest, 'agent.configMap=x'], 'agent.servers and agent.configMap are both set'],
    [
      [...smallest, 'agent.replicas=2'],
      'agent.confirmationKeySecret.name is required with more than one replica',
    ],
    [
      [...smallest, 'agent.servers[0].controlPlane.inCluster=true'],
      'agent.servers: "a" has controlPlane.inCluster, and the pods have no account of their own',
    ],
    [
      ['agent.enabled=true', 'agent.servers[0].name=a'],
      'agent.servers: "a" lets everybody call who reaches the pod',
    ],
    [
      ['agent.enabled=true', 'agent.servers[0].name=a', 'agent.servers[0].authentication.anonymous=true'],
      'agent.servers: "a" lets everybody call who reaches the pod',
    ],
    [
      [
        ...smallest,
        'agent.servers[0].sessions=true',
        'agent.replicas=2',
        'agent.confirmationKeySecret.name=x',
      ],
      'agent.servers: "a" has sessions, which one pod keeps',
    ],
    [
      [
        ...smallest,
        'agent.accounts[0].name=x',
        'agent.accounts[0].access=read',
        'agent.accounts[1].name=x',
        'agent.accounts[1].access=write',
      ],
      'agent.accounts has "x" twice',
    ],
  ])(
    'refuses values that cannot work, such as %j, with one sentence [agent.chart.values]',
    async (set, sentence) => {
      expect(await renderFailure([...connector, ...set])).toContain(sentence);
    },
  );

  it.each([
    ['agent.accounts[0].name=a,agent.accounts[0].access=admin', '/agent/accounts/0/access'],
    [
      'agent.accounts[0].name=a,agent.accounts[0].access=read,agent.accounts[0].kinds[0].group=*,agent.accounts[0].kinds[0].resources={a}',
      '/agent/accounts/0/kinds/0/group',
    ],
    [
      'agent.accounts[0].name=a,agent.accounts[0].access=read,agent.accounts[0].kinds[0].group=b.example.org,agent.accounts[0].kinds[0].resources={*}',
      '/agent/accounts/0/kinds/0/resources/0',
    ],
    [
      'agent.accounts[0].name=a,agent.accounts[0].access=none,agent.accounts[0].impersonate.users={system:admin}',
      '/agent/accounts/0/impersonate/users/0',
    ],
    [
      'agent.accounts[0].name=a,agent.accounts[0].access=none,agent.accounts[0].impersonate.users={a},agent.accounts[0].impersonate.groups={system:masters}',
      '/agent/accounts/0/impersonate/groups/0',
    ],
    [
      'agent.secrets[0].name=a,agent.secrets[0].items[0].key=k,agent.secrets[0].items[0].path=accounts/reader/token',
      '/agent/secrets/0/items/0/path',
    ],
    [
      'agent.secrets[0].name=a,agent.secrets[0].items[0].key=k,agent.secrets[0].items[0].path=../x',
      '/agent/secrets/0/items/0/path',
    ],
  ])('refuses %s [agent.chart.values]', async (pair, at) => {
    expect(await renderFailure([pair])).toContain(`at '${at}'`);
  });
});

describe("rights of the agent gateway's accounts", () => {
  it('only read, for an account that reads, and never a Secret [agent.rights.read]', () => {
    const rules = roleOf('reader');
    expect([...new Set(rules.flatMap(({ verbs }) => verbs))].toSorted()).toEqual(readVerbs);
    expect(rules.flatMap(({ resources = [] }) => resources)).not.toContain('secrets');
  });

  it('write the same kinds for one that writes, but what Crossplane alone writes [agent.rights.write]', () => {
    const [read, write] = [roleOf('reader'), roleOf('writer')];
    expect(kindsOf(write)).toEqual(kindsOf(read));
    const readOnly = write.filter(({ verbs }) => verbs.every((verb) => readVerbs.includes(verb)));
    expect(readOnly.flatMap(({ resources = [] }) => resources)).toEqual([
      'compositionrevisions',
      'managedresourcedefinitions',
      'managedresourceactivationpolicies',
      'providerrevisions',
      'configurationrevisions',
      'functionrevisions',
      'locks',
      'deploymentruntimeconfigs',
      'customresourcedefinitions',
      'events',
    ]);
    const written = new Set(write.flatMap(({ verbs }) => verbs));
    expect(
      [...written].filter((verb) => ['deletecollection', 'escalate', 'bind', 'watch'].includes(verb)),
    ).toEqual([]);
  });

  it('are to act as those who are named, and nothing else, for one that impersonates [agent.rights.impersonate]', () => {
    expect(roleOf('acting')).toEqual([
      { apiGroups: [''], resources: ['users'], resourceNames: ['agent:ci'], verbs: ['impersonate'] },
      { apiGroups: [''], resources: ['groups'], resourceNames: ['team:platform'], verbs: ['impersonate'] },
    ]);
  });

  it('let those who read see the release of Crossplane, in its namespace [agent.rights.read]', async () => {
    const role = find(manifests, 'Role', name);
    expect([role.metadata.namespace, rulesOf(role)]).toEqual([
      'crossplane-system',
      [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] }],
    ]);
    expect(
      (find(manifests, 'RoleBinding', name)['subjects'] as { name: string }[]).map((subject) => subject.name),
    ).toEqual([`${name}-reader`, `${name}-writer`]);
    const without = await renderChart({ mode: 'agent', set: ['agent.crossplaneNamespace='] });
    expect(without.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === name)).toEqual([]);
  });

  it('are left to others where rbac.create is off', async () => {
    const byHand = await renderChart({ mode: 'agent', set: ['rbac.create=false'] });
    expect(
      byHand.filter((manifest) => manifest.metadata.name.startsWith(name) && rulesOf(manifest).length > 0),
    ).toEqual([]);
  });

  it('are the same on another control plane, by deploy/control-plane.yaml, bound to nobody [agent.rights.remote]', () => {
    const remote = parseManifests(readFileSync(path.join(repository, 'deploy/control-plane.yaml'), 'utf8'));
    for (const [access, account] of [
      ['read', 'reader'],
      ['write', 'writer'],
    ] as const) {
      const rules = rulesOf(find(remote, 'ClusterRole', `mcp-connector:agent-${access}:app-cluster-1`));
      expect(rules.filter(own)).toEqual(roleOf(account).filter(own));
      expect(rules.filter((rule) => !own(rule)).map(({ verbs }) => verbs)).toEqual(
        roleOf(account)
          .filter((rule) => !own(rule))
          .map(({ verbs }) => verbs),
      );
    }
    const bound = remote.filter(({ kind }) => kind.endsWith('Binding'));
    expect(bound.filter((binding) => JSON.stringify(binding['roleRef']).includes('agent'))).toEqual([]);
  });
});
