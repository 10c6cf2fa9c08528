import { describe, expect, it } from '@jest/globals';
import { parseLossless } from '../../../src/apimachinery/lossless-json.ts';
import { copyOf } from '../../../src/adoption/copy.ts';
import type { AdoptionRecord } from '../../../src/adoption/ledger.ts';
import type { AdoptedObject, Member } from '../../../src/adoption/member.ts';

const api = {
  group: 'example.org',
  version: 'v1',
  claim: { kind: 'Database', plural: 'databases' },
  composite: { kind: 'XDatabase', plural: 'xdatabases' },
};
const claim: Member = {
  role: 'claim',
  resource: { group: 'example.org', version: 'v1', ...api.claim },
  from: { namespace: 'shop', name: 'orders', uid: 'uid-claim' },
  to: { namespace: 'app-cluster-1', name: 'claim-0123456789abcdef' },
};
const composite: Member = {
  role: 'composite',
  resource: { group: 'example.org', version: 'v1', ...api.composite },
  from: { name: 'orders-x1y2z', uid: 'uid-xr' },
  to: { name: 'orders-x1y2z' },
};
const record: AdoptionRecord = {
  api,
  clusterID: 'cluster-1',
  claimNamespace: 'app-cluster-1',
  members: [claim, composite],
  secrets: [
    {
      from: { namespace: 'shop', name: 'orders-connection' },
      to: { namespace: 'app-cluster-1', name: 'claim-fedcba9876543210' },
      of: 0,
    },
  ],
};

function object(text: string): AdoptedObject {
  return parseLossless(text) as unknown as AdoptedObject;
}

describe('the copy of a claim', () => {
  const text = `{"apiVersion":"example.org/v1","kind":"Database",
    "metadata":{"name":"orders","namespace":"shop","uid":"uid-claim","resourceVersion":"7","generation":3,
      "labels":{"team":"a"},"annotations":{"contact":"anna"},"managedFields":[{}],
      "ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"chart","uid":"0b7e"}],
      "finalizers":["finalizer.apiextensions.crossplane.io"]},
    "spec":{"size":9007199254740993,"resourceRef":{"name":"orders-x1y2z"},"writeConnectionSecretToRef":{"name":"orders-connection"}},
    "status":{"share":1.0}}`;

  it('has the names and labels of the connector, and nothing of the cluster it comes from [adopt.copy.identity]', () => {
    const copy = copyOf(object(text), claim, record);
    expect(copy.metadata).toEqual({
      name: 'claim-0123456789abcdef',
      namespace: 'app-cluster-1',
      labels: {
        team: 'a',
        'mcp-connector.upbound.io/app-cluster': 'cluster-1',
        'mcp-connector.upbound.io/app-namespace': 'shop',
        'mcp-connector.upbound.io/app-resource-name': 'orders',
      },
      annotations: {
        contact: 'anna',
        'crossplane.io/paused': 'true',
        'mcp-connector-k8s.io/adopted-from': 'uid-claim',
        'mcp-connector-k8s.io/adoption-pause': 'copy',
        'mcp-connector-k8s.io/connection-secret-name': 'orders-connection',
        'mcp-connector-k8s.io/owner.0b7e':
          '{"apiVersion":"v1","kind":"ConfigMap","name":"chart","uid":"0b7e"}',
      },
    });
    expect(JSON.stringify(copy.spec)).toBe(
      '{"size":9007199254740993,"resourceRef":{"name":"orders-x1y2z"},"writeConnectionSecretToRef":{"name":"claim-fedcba9876543210"}}',
    );
    expect(JSON.stringify(copy.status)).toBe('{"share":1.0}');
  });

  it('stays paused where somebody had paused the claim before', () => {
    const paused = object(text.replace('"contact":"anna"', '"crossplane.io/paused":"true"'));
    expect(copyOf(paused, claim, record).metadata.annotations).toMatchObject({
      'mcp-connector-k8s.io/adoption-pause': 'copy-before',
    });
  });
});

describe('the copy of a composite resource', () => {
  it('is bound to the claim as the control plane has it, by reference and by labels', () => {
    const copy = copyOf(
      object(`{"metadata":{"name":"orders-x1y2z","uid":"uid-xr",
        "labels":{"crossplane.io/claim-name":"orders","crossplane.io/claim-namespace":"shop","crossplane.io/composite":"orders-x1y2z"}},
        "spec":{"claimRef":{"apiVersion":"example.org/v1","kind":"Database","namespace":"shop","name":"orders"}}}`),
      composite,
      record,
    );
    expect(copy.metadata.labels).toEqual({
      'crossplane.io/claim-name': 'claim-0123456789abcdef',
      'crossplane.io/claim-namespace': 'app-cluster-1',
      'crossplane.io/composite': 'orders-x1y2z',
    });
    expect(copy.spec?.['claimRef']).toEqual({
      apiVersion: 'example.org/v1',
      kind: 'Database',
      namespace: 'app-cluster-1',
      name: 'claim-0123456789abcdef',
    });
  });
});
