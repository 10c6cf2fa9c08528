import { beforeAll, describe, expect, it } from '@jest/globals';
import { find, helm, type Manifest, modes, type PolicyRule, renderChart, rulesOf } from './rendered-chart.ts';

const clusterScoped = new Set(['ClusterRole', 'ClusterRoleBinding']);
let manifests: Manifest[];

beforeAll(async () => {
  await helm();
  manifests = await renderChart();
}, 600_000);

/** `group/resource[names]: verbs`, one line per right. */
function lines(rules: PolicyRule[]): string[] {
  return rules.flatMap((rule) =>
    (rule.resources ?? []).map((resource) => {
      const names = rule.resourceNames ? `[${rule.resourceNames.join(' ')}]` : '';
      return `${rule.apiGroups?.join(' ')}/${resource}${names}: ${rule.verbs.join(' ')}`;
    }),
  );
}

function identify(manifest: Manifest): string {
  return `${manifest.kind} ${manifest.metadata.namespace ?? ''}/${manifest.metadata.name}`;
}

describe('rights in the app cluster', () => {
  it.each(modes)('hold no wildcard with the values %s', async (mode) => {
    const rules = (await renderChart({ mode })).flatMap((manifest) => rulesOf(manifest));
    expect(rules.flatMap((rule) => Object.values(rule).flat()).filter((word) => word.includes('*'))).toEqual(
      [],
    );
  });

  it('are these in the whole cluster', () => {
    expect(lines(rulesOf(find(manifests, 'ClusterRole', 'mcp-connector')))).toEqual([
      'apiregistration.k8s.io/apiservices: get list watch create update patch delete',
      'apiextensions.k8s.io/customresourcedefinitions: get list watch',
      'rbac.authorization.k8s.io/clusterroles[mcp-connector]: get',
      '/namespaces: get list watch',
      '/secrets: get create update patch delete',
      '/events: create patch',
    ]);
  });

  it('are these in the namespace of the release', () => {
    expect(lines(rulesOf(find(manifests, 'Role', 'mcp-connector')))).toEqual([
      '/secrets[my-controlplane-kubeconfig mcp-connector-serving-cert]: get list watch',
      '/configmaps[mcp-connector-state mcp-connector-claims]: get list watch update patch',
      '/configmaps: create',
      'apps/deployments[mcp-connector]: get',
      'coordination.k8s.io/leases[mcp-connector]: get list watch update patch',
      'coordination.k8s.io/leases: create',
    ]);
  });

  it('let it ask the API server about callers', () => {
    expect(find(manifests, 'ClusterRoleBinding', 'mcp-connector-auth-delegator')['roleRef']).toMatchObject({
      name: 'system:auth-delegator',
    });
    const reader = find(manifests, 'RoleBinding', 'mcp-connector-auth-reader');
    expect(reader['roleRef']).toMatchObject({
      kind: 'Role',
      name: 'extension-apiserver-authentication-reader',
    });
    expect(reader.metadata.namespace).toBe('kube-system');
  });

  it('read the authority of the front proxy in kube-system also from another namespace', async () => {
    const elsewhere = await renderChart({ namespace: 'connectors' });
    const reader = find(elsewhere, 'RoleBinding', 'mcp-connector-auth-reader');
    expect(reader.metadata.namespace).toBe('kube-system');
    expect(reader['subjects']).toEqual([
      { kind: 'ServiceAccount', name: 'mcp-connector', namespace: 'connectors' },
    ]);
    expect(find(elsewhere, 'Role', 'mcp-connector').metadata.namespace).toBe('connectors');
  });

  it('leave the owner of the APIServices, without rules, when roles are made by hand', async () => {
    const byHand = await renderChart({ mode: 'no-rbac' });
    const rights = byHand.filter((manifest) => manifest.apiVersion === 'rbac.authorization.k8s.io/v1');
    expect(rights.map((manifest) => [manifest.kind, manifest.metadata.name, rulesOf(manifest)])).toEqual([
      ['ClusterRole', 'mcp-connector', []],
    ]);
    expect(byHand.filter((manifest) => manifest.kind === 'ServiceAccount')).toEqual([]);
  });
});

describe('the token of an organization', () => {
  it('stands in a Secret and in no argument, and the connector may read that one [install.token.secret]', async () => {
    const rendered = await renderChart({ mode: 'space' });
    const secret = find(rendered, 'Secret', 'mcp-connector-upbound-token');
    expect(secret['stringData']).toEqual({ token: 'a-token' });
    expect(JSON.stringify(rendered.filter((manifest) => manifest !== secret))).not.toContain('a-token');
    expect(lines(rulesOf(find(rendered, 'Role', 'mcp-connector')))).toContain(
      '/secrets[mcp-connector-upbound-token mcp-connector-serving-cert]: get list watch',
    );
  });

  it('is not rendered where a Secret is named [install.token.secret]', async () => {
    const set = ['upbound.tokenSecret.name=given', 'upbound.tokenSecret.key=api-token'];
    const rendered = await renderChart({ mode: 'space', set });
    expect(rendered.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    expect(JSON.stringify(rendered)).toContain('--upbound-token-secret=given');
    expect(JSON.stringify(rendered)).not.toContain('a-token');
  });
});

describe('rights of the people', () => {
  it('are left out while rbac.groups is empty', () => {
    const labelled = manifests.filter((manifest) =>
      Object.keys(manifest.metadata.labels).some((label) => label.includes('aggregate-to')),
    );
    expect(labelled).toEqual([]);
  });

  it.each([
    [
      'view',
      ['', '/status', '/scale'].map((subresource) => `kubernetesclusters${subresource}: get list watch`),
    ],
    [
      'edit',
      [
        'kubernetesclusters: create update patch delete deletecollection',
        'kubernetesclusters/scale: update patch',
      ],
    ],
    ['admin', ['kubernetesclusters/status: update patch']],
  ])('are added to the built-in role %s', async (level, expected) => {
    const set = ['rbac.groups[0].group=k8s.starter.org', 'rbac.groups[0].resources={kubernetesclusters}'];
    const role = find(await renderChart({ set }), 'ClusterRole', `mcp-connector-${level}`);
    expect(role.metadata.labels[`rbac.authorization.k8s.io/aggregate-to-${level}`]).toBe('true');
    expect(lines(rulesOf(role))).toEqual(expected.map((line) => `k8s.starter.org/${line}`));
  });
});

describe('names', () => {
  it.each(modes)('of cluster-scoped objects carry the release with the values %s', async (mode) => {
    const names = (await renderChart({ mode, release: 'team-a' }))
      .filter((manifest) => clusterScoped.has(manifest.kind))
      .map((manifest) => manifest.metadata.name);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !name.startsWith('team-a-mcp-connector'))).toEqual([]);
  });

  it('of two releases in one cluster are disjoint', async () => {
    const first = (await renderChart({ mode: 'full', release: 'mcp-connector' })).map(identify);
    const second = new Set((await renderChart({ mode: 'full', release: 'mcp-connector-2' })).map(identify));
    expect(first.filter((name) => second.has(name))).toEqual([]);
  });

  it('keep the whole release, and stay within what a Service may be called, for the longest release', async () => {
    const release = 'r'.repeat(53);
    const rendered = await renderChart({ release });
    const service = rendered.find((manifest) => manifest.kind === 'Service')?.metadata.name ?? '';
    expect(service.startsWith(release)).toBe(true);
    expect(service.length).toBeLessThanOrEqual(63);
  });
});
