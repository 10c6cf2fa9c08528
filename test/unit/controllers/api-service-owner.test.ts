import { describe, expect, it } from '@jest/globals';
import type { APIService, KubeObject } from '../../../src/apimachinery/objects.ts';
import { isOurs, otherOwnerOf } from '../../../src/controllers/registry/api-service-owner.ts';
import { releaseLabel } from '../../../src/mapping/identity.ts';

const release = { releaseName: 'mcp-connector', namespace: 'kube-system' };
const label = { [releaseLabel]: 'mcp-connector' };

interface Written {
  manager: string;
  time: string;
  subresource?: string;
}

function apiService(
  metadata: Partial<KubeObject['metadata']> & { managedFields?: Written[] },
  service?: { namespace: string; name: string },
): APIService {
  const spec = { group: 'example.org', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 };
  return {
    metadata: { name: 'v1.example.org', ...metadata },
    spec: { ...spec, ...(service ? { service } : {}) },
  };
}

const ourService = { namespace: 'kube-system', name: 'mcp-connector' };
const otherService = { namespace: 'shop', name: 'api' };
const automanaged = { 'kube-aggregator.kubernetes.io/automanaged': 'true' };

describe('an APIService', () => {
  it('is ours with our label and our Service, and not once one of them has changed', () => {
    expect(isOurs(apiService({ labels: label }, ourService), release)).toBe(true);
    expect(isOurs(apiService({ labels: label }, otherService), release)).toBe(false);
    expect(isOurs(apiService({}, ourService), release)).toBe(false);
    expect(isOurs(apiService({ labels: label }), release)).toBe(false);
    expect(isOurs(apiService({ labels: { ...label, ...automanaged } }, ourService), release)).toBe(false);
    expect(isOurs(apiService({ labels: { [releaseLabel]: 'other' } }, ourService), release)).toBe(false);
  });

  const crd: KubeObject = {
    metadata: {
      name: 'buckets.example.org',
      annotations: { 'meta.helm.sh/release-name': 'legacy', 'meta.helm.sh/release-namespace': 'shop' },
    },
  };
  const written: Written[] = [
    { manager: 'mcp-connector', time: '2026-01-01T00:00:00Z' },
    { manager: 'kubectl-edit', time: '2026-01-02T00:00:00Z' },
    { manager: 'helm', time: '2026-01-01T12:00:00Z' },
    { manager: 'kube-apiserver', time: '2026-01-03T00:00:00Z', subresource: 'status' },
  ];

  it.each<[string, APIService, KubeObject[], string, RegExp]>([
    [
      'a local CRD of a Helm release',
      apiService({ labels: automanaged }),
      [crd],
      'the CustomResourceDefinition buckets.example.org (Helm release shop/legacy) of this cluster',
      /^delete it \(the objects go too\), or exclude the group with --deny=\*\.example\.org$/,
    ],
    [
      'a CRD that cannot be read',
      apiService({ labels: automanaged }),
      [],
      'a CustomResourceDefinition of this cluster, or to kube-apiserver itself',
      /^delete the local CRDs of example\.org/,
    ],
    [
      'another release of ours',
      apiService({ labels: { [releaseLabel]: 'second' } }, { namespace: 'b', name: 'second' }),
      [],
      'the Service b/second of the release second of mcp-connector',
      /^let one release serve the group/,
    ],
    [
      'who removed our label',
      apiService({ managedFields: written }, ourService),
      [],
      'nobody any more: its label mcp-connector-k8s.io/release=mcp-connector was removed',
      /^put the label back, or delete the APIService/,
    ],
    [
      'who put another Service in place of ours',
      apiService({ labels: label, managedFields: written }, otherService),
      [],
      'the Service shop/api (last written by kubectl-edit)',
      /^remove that installation or delete the APIService/,
    ],
    [
      'an installation',
      apiService({ labels: { 'app.kubernetes.io/instance': 'metrics' } }, otherService),
      [],
      'the Service shop/api (installation metrics)',
      /--deny=\*\.example\.org$/,
    ],
  ])('of %s is told as such', (_, service, definitions, owner, remedy) => {
    const other = otherOwnerOf(service, release, definitions);
    expect(other.owner).toBe(owner);
    expect(other.remedy).toMatch(remedy);
  });
});
