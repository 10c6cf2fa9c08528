import { beforeAll, describe, expect, it } from '@jest/globals';
import { find, helm, type Manifest, renderChart, renderFailure, rulesOf } from './rendered-chart.ts';

interface Pod {
  automountServiceAccountToken: boolean;
  containers: [{ args: string[]; volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[] }];
  volumes: Record<string, unknown>[];
}

const mode = 'agent-console';
const agent = 'mcp-connector-agent';
const name = `${agent}-console`;
const smallest = [
  'agent.enabled=true',
  'agent.console.enabled=true',
  'agent.console.passwordSecret.name=administrator',
];
const connector = [
  'spaces.controlPlane.kubeconfigSecret.name=a',
  'spaces.controlPlane.claimNamespace=app-cluster-1',
];
let manifests: Manifest[];

beforeAll(async () => {
  await helm();
  manifests = await renderChart({ mode });
}, 600_000);

function podOf(rendered: Manifest[]): Pod {
  return (find(rendered, 'Deployment', agent)['spec'] as { template: { spec: Pod } }).template.spec;
}

const identify = ({ kind, metadata }: Manifest): string =>
  `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

/** `kind namespace/name: group/resource[names]: verbs` of each role that is bound to the pods' own account. */
function rightsOf(rendered: Manifest[]): string[] {
  const bound = rendered.filter(({ kind, ...binding }) => {
    const subjects = (binding['subjects'] ?? []) as { name: string }[];
    return kind.endsWith('Binding') && subjects.some((subject) => subject.name === agent);
  });
  return bound.flatMap((binding) => {
    const { kind, name: role } = binding['roleRef'] as { kind: string; name: string };
    const found = rendered.filter(
      (manifest) =>
        manifest.kind === kind &&
        manifest.metadata.name === role &&
        manifest.metadata.namespace === binding.metadata.namespace,
    );
    expect(found).toHaveLength(1);
    return found.flatMap((manifest) =>
      rulesOf(manifest).map(({ apiGroups, resources, resourceNames, verbs }) => {
        const names = resourceNames ? `[${resourceNames.join(' ')}]` : '';
        const where = manifest.metadata.namespace ?? 'cluster';
        return `${where}: ${apiGroups?.join(' ')}/${resources?.join(' ')}${names}: ${verbs.join(' ')}`;
      }),
    );
  });
}

describe("the gateway's console in the chart", () => {
  it('is not there unless it is asked for: no flag, no right, no token [agent.chart.console]', async () => {
    const without = await renderChart({ mode: 'agent' });
    const pod = podOf(without);
    expect(pod.containers[0].args.filter((arg) => arg.startsWith('--console'))).toEqual([]);
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(rightsOf(without)).toEqual([]);
    expect(without.map(identify).filter((one) => one.includes('console'))).toEqual([]);
    const unused = await renderChart({ mode: 'agent', set: ['agent.console.status=true'] });
    expect(unused).toEqual(without);
  });

  it('is told where it finds its password, and what it reads and writes [agent.chart.console]', () => {
    const { args, volumeMounts } = podOf(manifests).containers[0];
    expect(args.filter((arg) => /^--(config|console|public|allowed)/.test(arg))).toEqual([
      '--config=/etc/mcp-connector/agent/servers.yaml',
      `--allowed-host=${agent}`,
      `--allowed-host=${agent}.kube-system`,
      `--allowed-host=${agent}.kube-system.svc`,
      '--allowed-host=agents.example.org',
      '--console-password-file=/etc/mcp-connector/console/password',
      '--console-credentials=/etc/mcp-connector/credentials',
      `--console-config-map=kube-system/${name}`,
      `--console-secret=kube-system/${name}`,
      '--console-status=kube-system/mcp-connector',
      '--public-url=https://agents.example.org',
    ]);
    expect(volumeMounts).toEqual([
      { name: 'definitions', mountPath: '/etc/mcp-connector/agent', readOnly: true },
      { name: 'console', mountPath: '/etc/mcp-connector/console', readOnly: true },
      { name: 'credentials', mountPath: '/etc/mcp-connector/credentials', readOnly: true },
    ]);
    // The console writes into the key of the file's own name; until then there is none.
    expect(podOf(manifests).volumes).toEqual([
      {
        name: 'definitions',
        projected: {
          sources: [
            {
              configMap: { name, optional: true, items: [{ key: 'servers.yaml', path: 'servers.yaml' }] },
            },
          ],
        },
      },
      {
        name: 'console',
        secret: { secretName: 'console-administrator', items: [{ key: 'token', path: 'password' }] },
      },
      { name: 'credentials', secret: { secretName: name } },
    ]);
  });

  it('needs neither an address nor a status [agent.chart.console]', async () => {
    const rendered = await renderChart({ set: smallest });
    const { args } = podOf(rendered).containers[0];
    expect(args.filter((arg) => /^--(console-status|public-url)/.test(arg))).toEqual([]);
    expect(args.filter((arg) => arg.startsWith('--allowed-host'))).toHaveLength(3);
    const named = await renderChart({ mode, set: ['agent.allowedHosts={agents.example.org}'] });
    expect(podOf(named).containers[0].args).toEqual(podOf(manifests).containers[0].args);
  });

  it('finds what it wrote as it was, after an upgrade and after an uninstallation [agent.chart.upgrade]', () => {
    for (const kind of ['ConfigMap', 'Secret']) {
      const made = find(manifests, kind, name);
      // A key that stood in any manifest would be the release's, and set back by its next upgrade.
      expect(Object.keys(made).toSorted()).toEqual(
        ['apiVersion', 'kind', 'metadata', ...(kind === 'Secret' ? ['type'] : [])].toSorted(),
      );
      expect(made.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    }
    expect(manifests.filter((one) => one.kind === 'ConfigMap' && one.metadata.name === agent)).toEqual([]);
  });

  it('changes a ConfigMap that is named, and makes none then [agent.chart.upgrade]', async () => {
    const rendered = await renderChart({ set: [...smallest, 'agent.configMap=ours'] });
    expect(rendered.filter(({ kind }) => kind === 'ConfigMap')).toEqual([]);
    expect(podOf(rendered).containers[0].args).toContain('--console-config-map=kube-system/ours');
    expect(rightsOf(rendered)).toEqual([
      'kube-system: /configmaps[ours]: get patch',
      `kube-system: /secrets[${name}]: patch`,
    ]);
  });

  it('leaves the network policy as it is [agent.chart.network]', async () => {
    const spec = find(manifests, 'NetworkPolicy', agent)['spec'];
    const without = await renderChart({
      set: [
        'agent.enabled=true',
        'agent.servers[0].name=a',
        'agent.servers[0].authentication.tokens[0].name=ci',
      ],
    });
    expect(spec).toEqual(find(without, 'NetworkPolicy', agent)['spec']);
  });

  it.each([
    [
      ['agent.enabled=true', 'agent.console.enabled=true'],
      'agent.console.passwordSecret.name is required with agent.console.enabled',
    ],
    [[...smallest, 'agent.replicas=2'], 'agent.console.enabled needs agent.replicas to be 1'],
    [
      [...smallest, 'agent.servers[0].name=a', 'agent.servers[0].authentication.tokens[0].name=ci'],
      'agent.servers and agent.console.enabled are both set',
    ],
  ])('refuses %j with one sentence [agent.chart.values]', async (set, sentence) => {
    expect(await renderFailure([...connector, ...set])).toContain(sentence);
  });

  it.each([
    ['agent.console.publicURL=agents.example.org', '/agent/console/publicURL'],
    ['agent.console.publicURL=https://agents.example.org/console', '/agent/console/publicURL'],
    ['agent.console.passwordSecret.name=A_b', '/agent/console/passwordSecret/name'],
    ['agent.console.status=kube-system/x', '/agent/console/status'],
  ])('refuses %s [agent.chart.values]', async (pair, at) => {
    expect(await renderFailure([pair])).toContain(`at '${at}'`);
  });
});

describe("rights of the gateway's console", () => {
  it('are for two objects, by name, without a status [agent.rights.console]', async () => {
    const rendered = await renderChart({ mode, set: ['agent.console.status=false'] });
    expect(rightsOf(rendered)).toEqual([
      `kube-system: /configmaps[${name}]: get patch`,
      `kube-system: /secrets[${name}]: patch`,
    ]);
    expect(podOf(rendered).automountServiceAccountToken).toBe(true);
  });

  it('are to read what the status shows besides [agent.rights.console]', () => {
    expect(rightsOf(manifests)).toEqual([
      'cluster: apiregistration.k8s.io/apiservices: get',
      'cluster: platform.example.org/databases buckets: list',
      `kube-system: /configmaps[${name}]: get patch`,
      `kube-system: /secrets[${name}]: patch`,
      'kube-system: /configmaps[mcp-connector-state]: get',
      'kube-system: apps/deployments[mcp-connector]: get',
      'kube-system: /events: list',
      'default: /events: list',
    ]);
  });

  it('are in one role where the release is in "default" [agent.rights.console]', async () => {
    const rendered = await renderChart({ mode, namespace: 'default' });
    expect(rightsOf(rendered).filter((right) => right.includes('events'))).toEqual([
      'default: /events: list',
    ]);
    const names = rendered.map(identify);
    expect(names).toEqual([...new Set(names)]);
  });

  it('are left to others where rbac.create is off [agent.rights.console]', async () => {
    const byHand = await renderChart({ mode, set: ['rbac.create=false'] });
    expect(rightsOf(byHand)).toEqual([]);
    expect(identify(find(byHand, 'Secret', name))).toBe(`Secret kube-system/${name}`);
  });
});
