import { describe, expect, it } from '@jest/globals';
import { changesOfFamily } from '../../../src/adoption/family-changes.ts';
import type { AdoptionRecord } from '../../../src/adoption/ledger.ts';
import type { AdoptedObject } from '../../../src/adoption/member.ts';

const resource = (kind: string): { group: string; version: string; plural: string; kind: string } => ({
  group: 'example.org',
  version: 'v1',
  plural: `${kind.toLowerCase()}s`,
  kind,
});
const record: AdoptionRecord = {
  api: {
    group: 'example.org',
    version: 'v1',
    claim: { kind: 'Database', plural: 'databases' },
    composite: { kind: 'XDatabase', plural: 'xdatabases' },
  },
  clusterID: 'cluster-1',
  claimNamespace: 'app-cluster-1',
  members: [
    {
      role: 'claim',
      resource: resource('Database'),
      from: { namespace: 'shop', name: 'orders', uid: '1' },
      to: { namespace: 'app-cluster-1', name: 'claim-1' },
    },
    {
      role: 'composite',
      resource: resource('XDatabase'),
      from: { name: 'orders-x', uid: '2' },
      to: { name: 'orders-x' },
    },
    {
      role: 'composed',
      resource: resource('Instance'),
      from: { name: 'orders-x-i', uid: '3' },
      to: { name: 'orders-x-i' },
      owner: 1,
    },
  ],
  secrets: [],
};

function family(references: object[], claimSpec: AdoptedObject['spec'] = {}): AdoptedObject[] {
  return [
    { metadata: { name: 'orders' }, spec: claimSpec },
    { metadata: { name: 'orders-x' }, spec: { resourceRefs: references } },
    { metadata: { name: 'orders-x-i' }, spec: {} },
  ];
}

const instance = { apiVersion: 'example.org/v1', kind: 'Instance', name: 'orders-x-i' };

describe('a family that was read', () => {
  it('is the same while it composes what it did', () => {
    // Crossplane writes down what it is about to make before it has a name.
    expect(changesOfFamily(record, family([instance, { kind: 'Instance' }]))).toEqual([]);
  });

  it('has changed with what came or went meanwhile, which would be made twice', () => {
    const more = { ...instance, name: 'orders-x-j' };
    expect(changesOfFamily(record, family([instance, more]))).toEqual([
      expect.stringContaining('(Instance orders-x-j)'),
    ]);
    expect(changesOfFamily(record, family([]))).toEqual([expect.stringContaining('(Instance orders-x-i)')]);
  });

  it('has changed with the name of the connection Secret', () => {
    const changed = family([instance], { writeConnectionSecretToRef: { name: 'other' } });
    expect(changesOfFamily(record, changed)).toEqual([expect.stringContaining('connection Secret')]);
  });
});
