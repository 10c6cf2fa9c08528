import { describe, expect, it } from '@jest/globals';
import { readsClaim } from '../../../src/claim-moves/composition-scan.ts';
import { type Composed, differencesOf, type Snapshot } from '../../../src/claim-moves/snapshot.ts';

const instance: Composed = {
  apiVersion: 'infra.example.org/v1',
  kind: 'Instance',
  name: 'one',
  uid: 'u1',
  generation: 3,
};

function snapshot(change: Partial<Snapshot> = {}): Snapshot {
  return {
    spec: { parameters: 'a', resourceRefs: 'b' },
    composed: [instance],
    synced: true,
    ready: true,
    ...change,
  };
}

describe('what a move has changed', () => {
  it.each<[string, Partial<Snapshot>, string]>([
    [
      'a field of the composite resource',
      { spec: { parameters: 'x', resourceRefs: 'b' } },
      'spec.parameters of the composite resource has changed',
    ],
    [
      'a resource that is no longer composed',
      { composed: [] },
      'Instance.infra.example.org one is no longer composed',
    ],
    ['one that was made again', { composed: [{ ...instance, uid: 'u2' }] }, 'is another object than before'],
    [
      'one with another spec',
      { composed: [{ ...instance, generation: 4 }] },
      'the spec of Instance.infra.example.org one has changed',
    ],
    ['one that is being deleted', { composed: [{ ...instance, ends: true }] }, 'is being deleted'],
    [
      'one more',
      { composed: [instance, { ...instance, name: 'two' }] },
      'Instance.infra.example.org two has been added',
    ],
  ])('is found: %s [moves.verify]', (_, change, words) => {
    expect(differencesOf(snapshot(), snapshot(change)).join()).toContain(words);
  });

  it('is nothing where nothing has changed', () => {
    expect(differencesOf(snapshot(), snapshot())).toEqual([]);
  });

  it('is not what Crossplane was about to do before', () => {
    const before = snapshot({ ready: false });
    const after = snapshot({
      composed: [
        { ...instance, generation: 4 },
        { ...instance, name: 'two' },
      ],
    });
    expect(differencesOf(before, after)).toEqual([]);
  });
});

describe('a composition', () => {
  it.each([
    [
      {
        resources: [
          {
            patches: [
              { fromFieldPath: 'spec.claimRef.namespace', toFieldPath: 'spec.providerConfigRef.name' },
            ],
          },
        ],
      },
      'claimRef',
    ],
    [
      { resources: [{ patches: [{ fromFieldPath: 'metadata.labels[crossplane.io/claim-name]' }] }] },
      'claim-name',
    ],
    [
      {
        pipeline: [
          {
            input: {
              inline:
                '{{ index .observed.composite.resource.metadata.labels "crossplane.io/claim-namespace" }}',
            },
          },
        ],
      },
      'claim-namespace',
    ],
    [
      { patches: [{ fromFieldPath: 'metadata.labels[mcp-connector.upbound.io/app-cluster]' }] },
      'mcp-connector.upbound.io/app-cluster',
    ],
  ])(
    'that reads the claim’s name, namespace or app cluster is found out [moves.plan.reads]',
    (spec, word) => {
      expect(readsClaim(spec)).toBe(word);
    },
  );

  it('that reads none of it is not', () => {
    for (const fromFieldPath of [
      'spec.parameters',
      'metadata.labels[mcp-connector.upbound.io/app-namespace]',
    ])
      expect(readsClaim({ resources: [{ patches: [{ fromFieldPath }] }] })).toBeUndefined();
  });
});
