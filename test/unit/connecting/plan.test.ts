import { describe, expect, it } from '@jest/globals';
import { mergeValues } from '../../../src/connecting/chart-values.ts';
import { flagsOf } from '../../../src/connecting/connection.ts';
import { expiryChecks } from '../../../src/connecting/credentials.ts';
import { hasChanges, manifestChanges } from '../../../src/connecting/manifest-changes.ts';
import { stateOf } from '../../../src/connecting/registered-wait.ts';

const release = { releaseName: 'mcp-connector', namespace: 'kube-system' };

function manifest(...names: string[]): string {
  return names
    .map(
      (name) => `---\nkind: Role\nmetadata: {name: ${name.split('=')[0]}, namespace: a}\nrules: [${name}]\n`,
    )
    .join('');
}

function service(reason: string, status = 'False', name = 'mcp-connector'): Parameters<typeof stateOf>[0] {
  return {
    metadata: { name: 'v1.a.example.org', labels: { 'mcp-connector-k8s.io/release': 'mcp-connector' } },
    spec: {
      group: 'a.example.org',
      version: 'v1',
      groupPriorityMinimum: 1,
      versionPriority: 1,
      service: { namespace: 'kube-system', name },
    },
    status: { conditions: [{ type: 'Available', status, reason, message: 'said' }] },
  };
}

describe('values', () => {
  it('merge as Helm merges them: maps by key, lists whole, null away', () => {
    expect(
      mergeValues({ a: { b: 1, c: [1, 2], d: 'x' }, e: 1 }, { a: { c: [3], d: null }, f: { g: 1 } }),
    ).toEqual({ a: { b: 1, c: [3] }, e: 1, f: { g: 1 } });
  });
});

describe('the changes of an upgrade', () => {
  it('are named object by object, without what stands in them', () => {
    const changes = manifestChanges(manifest('same', 'old', 'other=1'), manifest('same', 'other=2', 'new'));
    expect(changes).toEqual({
      added: ['role/new in a'],
      changed: ['role/other in a'],
      removed: ['role/old in a'],
    });
    expect(hasChanges(changes)).toBe(true);
  });

  it('are none where only the form differs', () => {
    const text = 'kind: Role\nmetadata:\n  name: same\n  namespace: a\nrules:\n  - same\n';
    expect(hasChanges(manifestChanges(manifest('same'), text))).toBe(false);
  });
});

describe('the flags of a Deployment', () => {
  it('are read as commander names them', () => {
    expect(flagsOf(['--claim-namespace=a', '--rebind', '--audit-log-path=a=b'])).toEqual({
      claimNamespace: 'a',
      rebind: true,
      auditLogPath: 'a=b',
    });
  });
});

describe('credentials', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');

  it.each([
    ['has no end', undefined, false, 'ok'],
    ['ends in a year', '2027-01-01T00:00:00Z', false, 'ok'],
    ['ends in three days', '2026-01-04T00:00:00Z', false, 'warning'],
    ['ends in three days and is renewed', '2026-01-04T00:00:00Z', true, 'ok'],
    ['has ended', '2025-12-31T00:00:00Z', true, 'failed'],
  ])('that %s', (_title, expires, isRenewed, state) => {
    expect(expiryChecks([{ name: 'x', expires, isRenewed }], now)[0]?.state).toBe(state);
  });
});

describe('an API', () => {
  const groupVersion = { group: 'a.example.org', version: 'v1', resources: [] };

  it.each([
    ['MissingEndpoints', /^no pod is ready: kubectl -n kube-system logs deploy\/mcp-connector$/],
    ['FailedDiscoveryCheck', /containerPort \(10250\)/],
    ['Whatever', /^see kubectl/],
  ])('that is not Available by %s has a remedy', (reason, remedy) => {
    const state = stateOf(service(reason), release, groupVersion);
    expect(state).toMatchObject({ isAvailable: false, reason: `${reason}: said` });
    expect(state.remedy).toMatch(remedy);
  });

  it('is Available only where it leads to this release', () => {
    expect(stateOf(service('Passed', 'True'), release, groupVersion).isAvailable).toBe(true);
    expect(stateOf(service('Passed', 'True', 'other'), release, groupVersion)).toMatchObject({
      isAvailable: false,
      reason: 'leads to the Service kube-system/other',
    });
    expect(stateOf(undefined, release, groupVersion).reason).toBe('not registered yet');
  });
});
