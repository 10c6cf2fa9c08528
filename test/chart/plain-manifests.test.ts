import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  find,
  helm,
  type Manifest,
  parseManifests,
  renderChart,
  repository,
  rulesOf,
} from './rendered-chart.ts';

const run = promisify(execFile);
const read = (file: string): Manifest[] =>
  parseManifests(readFileSync(path.join(repository, 'deploy', file), 'utf8'));

beforeAll(helm, 600_000);

/** Labels in which Helm speaks about itself; they would be untrue of plain manifests. */
function withoutHelmLabels(manifest: Manifest): Manifest {
  const {
    'app.kubernetes.io/managed-by': managedBy,
    'helm.sh/chart': version,
    ...labels
  } = manifest.metadata.labels;
  expect([managedBy, version]).toEqual(['Helm', 'mcp-connector-0.1.0']);
  return { ...manifest, metadata: { ...manifest.metadata, labels } };
}

describe('deploy/install.yaml', () => {
  it('is what the chart renders', async () => {
    expect(read('install.yaml')).toEqual(
      (await renderChart()).map((manifest) => withoutHelmLabels(manifest)),
    );
  });

  it('is what hack/render-deploy.sh writes', async () => {
    const env = { ...process.env, HELM: await helm() };
    const { stdout } = await run('hack/render-deploy.sh', ['--check'], { cwd: repository, env });
    expect(stdout).toBe('');
  });
});

describe('deploy/control-plane.yaml', () => {
  const manifests = read('control-plane.yaml');
  const account = { kind: 'ServiceAccount', name: 'mcp-connector', namespace: 'app-cluster-1' };

  it('holds no wildcard', () => {
    const words = manifests
      .flatMap((manifest) => rulesOf(manifest))
      .flatMap((rule) => Object.values(rule).flat());
    expect(words.filter((word) => word.includes('*'))).toEqual([]);
  });

  it('lets the connector write claims, and only read Secrets and events, in the claim namespace', () => {
    const role = find(manifests, 'Role', 'mcp-connector:serve');
    expect(role.metadata.namespace).toBe('app-cluster-1');
    expect(rulesOf(role)).toEqual([
      {
        apiGroups: ['k8s.starter.org'],
        resources: ['kubernetesclusters'],
        verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
      },
      {
        apiGroups: ['k8s.starter.org'],
        resources: ['kubernetesclusters/status', 'kubernetesclusters/scale'],
        verbs: ['get', 'update', 'patch'],
      },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['events'], verbs: ['get', 'list', 'watch'] },
    ]);
  });

  it('lets the connector only read beyond the claim namespace', () => {
    const bound = manifests.filter((manifest) => manifest.kind === 'ClusterRoleBinding');
    expect(bound.map((binding) => [binding['roleRef'], binding['subjects']])).toEqual([
      [
        {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: 'mcp-connector:serve:app-cluster-1',
        },
        [account],
      ],
    ]);
    const verbs = rulesOf(find(manifests, 'ClusterRole', 'mcp-connector:serve:app-cluster-1')).flatMap(
      (rule) => rule.verbs,
    );
    expect([...new Set(verbs)]).toEqual(['get', 'list', 'watch']);
  });

  it('keeps the rights of a move apart and bound to nobody', () => {
    expect(rulesOf(find(manifests, 'ClusterRole', 'mcp-connector:move:app-cluster-1'))).toEqual([
      {
        apiGroups: ['k8s.starter.org'],
        resources: ['xkubernetesclusters'],
        verbs: ['get', 'list', 'patch'],
      },
      { apiGroups: ['apiextensions.crossplane.io'], resources: ['compositionrevisions'], verbs: ['get'] },
    ]);
    expect(rulesOf(find(manifests, 'ClusterRole', 'mcp-connector:move-claims:app-cluster-1'))).toEqual([
      {
        apiGroups: ['k8s.starter.org'],
        resources: ['kubernetesclusters'],
        verbs: ['get', 'list', 'create', 'patch', 'delete'],
      },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'create', 'patch'] },
      {
        apiGroups: [''],
        resources: ['configmaps'],
        verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
      },
    ]);
    const bound = manifests
      .filter((manifest) => manifest.kind.endsWith('Binding'))
      .map((binding) => JSON.stringify(binding['roleRef']));
    expect(bound.filter((role) => role.includes('move'))).toEqual([]);
  });

  it('makes a token for the account that it binds', () => {
    const token = find(manifests, 'Secret', 'mcp-connector-token');
    expect(token['type']).toBe('kubernetes.io/service-account-token');
    expect(token.metadata.annotations).toEqual({ 'kubernetes.io/service-account.name': account.name });
    expect(find(manifests, 'ServiceAccount', account.name).metadata.namespace).toBe(account.namespace);
  });
});
