import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { controlPlaneManifests, type Manifest } from '../../../src/connecting/control-plane-objects.ts';

const file = path.resolve(import.meta.dirname, '../../../deploy/control-plane.yaml');
const byHand = loadAll(readFileSync(file, 'utf8')) as Manifest[];

function rulesOf(manifests: readonly Manifest[], name: string): Manifest['rules'] {
  return manifests.find(({ kind, metadata }) => kind.endsWith('Role') && metadata.name === name)?.rules;
}

describe('the objects of a claim namespace', () => {
  it('are those of deploy/control-plane.yaml, with its own names [install.whole]', () => {
    const groups = [
      { group: 'k8s.starter.org', claims: ['kubernetesclusters'], composites: ['xkubernetesclusters'] },
    ];
    expect(controlPlaneManifests('app-cluster-1', groups)).toEqual(byHand);
  });

  it('have a rule for each group, and none for what a group does not have [install.whole]', () => {
    const made = controlPlaneManifests('team-a', [
      { group: 'a.example.org', claims: ['buckets', 'queues'], composites: ['xbuckets', 'xqueues'] },
      // Namespaced composite resources are used as claims are, and nothing is behind them.
      { group: 'b.example.org', claims: ['networks'], composites: [] },
    ]);
    const serve = rulesOf(made, 'mcp-connector:serve');
    expect(serve?.slice(0, 4).map(({ apiGroups, resources }) => apiGroups.concat(resources))).toEqual([
      ['a.example.org', 'buckets', 'queues'],
      ['b.example.org', 'networks'],
      ['a.example.org', 'buckets/status', 'queues/status', 'buckets/scale', 'queues/scale'],
      ['b.example.org', 'networks/status', 'networks/scale'],
    ]);
    const move = rulesOf(made, 'mcp-connector:move:team-a') ?? [];
    expect(move.filter(({ apiGroups }) => apiGroups.some((group) => group.endsWith('.example.org')))).toEqual(
      [{ apiGroups: ['a.example.org'], resources: ['xbuckets', 'xqueues'], verbs: expect.anything() }],
    );
    expect(JSON.stringify(made)).not.toMatch(/app-cluster-1|starter/);
  });
});
