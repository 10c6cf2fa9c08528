import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Edits } from '../../../src/apimachinery/json-edit.ts';
import { noKeys, readString, scanObject } from '../../../src/apimachinery/json-scan.ts';
import { getMember, type LosslessObject, parseLossless } from '../../../src/apimachinery/lossless-json.ts';
import { editToControlPlane, type ToControlPlane } from '../../../src/mapping/claim-body.ts';
import { editToApp } from '../../../src/mapping/claim-view.ts';
import { readLive } from '../../../src/mapping/origin.ts';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import { claimText, claimTextWithDuplicates, isOwnAnnotation, isOwnLabel } from './arbitrary-claim.ts';
import {
  app,
  canonical,
  connection,
  referenceRoundTrip,
  referenceToControlPlane,
  withoutEmpty,
} from './reference-mapping.ts';

const target: ToControlPlane = { connection, prefix: 'claim', app, body: 'object' };
const hashed = controlPlaneName('claim', app, connection.clusterID);

function toControlPlane(text: string, how: Partial<ToControlPlane> = {}): Buffer {
  const edits = new Edits();
  const bytes = Buffer.from(text);
  editToControlPlane(bytes, { ...target, ...how }, edits);
  return edits.apply(bytes);
}

function toApp(bytes: Buffer): Buffer {
  const edits = new Edits();
  editToApp(bytes, bytes.indexOf('{'), bytes.length, edits);
  return edits.apply(bytes);
}

function valueOf(bytes: Buffer | string): LosslessObject {
  return parseLossless(bytes.toString()) as LosslessObject;
}

/** Members of the object at `at`, with decoded keys and values as they stand. */
function membersOf(bytes: Buffer, at = 0): { key: string; value: string; at: number }[] {
  return scanObject(bytes, at, bytes.length, noKeys).members.map(({ start, keyEnd, valueStart, end }) => ({
    key: readString(bytes, start, keyEnd),
    value: bytes.toString('utf8', valueStart, end),
    at: valueStart,
  }));
}

/** The text with the secret reference's name, the one mapped value outside metadata, printed plainly. */
function withoutSecretNames(bytes: Buffer): string[] {
  const named = (text: string): string => (text.startsWith('{') ? namesOf(Buffer.from(text), []) : text);
  const namesOf = (spec: Buffer, path: string[]): string => {
    const parts = membersOf(spec).map(({ key, value }) => {
      const here = [...path, key];
      if (here.join('/') === 'writeConnectionSecretToRef/name' && value.startsWith('"'))
        return `${key}: <name>`;
      return `${key}: ${key === 'writeConnectionSecretToRef' && value.startsWith('{') ? namesOf(Buffer.from(value), here) : value}`;
    });
    return `{${parts.join()}}`;
  };
  return membersOf(bytes)
    .filter(({ key }) => key !== 'metadata')
    .map(({ key, value }) => `${key}: ${key === 'spec' ? named(value) : value}`);
}

describe('a claim on its way to the control plane and back', () => {
  it('is mapped as the plain mapping of values does it', () => {
    fc.assert(
      fc.property(claimText, ({ text }) => {
        const stored = toControlPlane(text);
        expect(canonical(withoutEmpty(valueOf(stored)))).toBe(
          canonical(referenceToControlPlane(valueOf(text))),
        );
        expect(canonical(withoutEmpty(valueOf(toApp(stored))))).toBe(
          canonical(referenceRoundTrip(valueOf(text))),
        );
      }),
      { numRuns: 1500 },
    );
  });

  it('keeps every byte outside metadata and the secret name, duplicate keys included', () => {
    fc.assert(
      fc.property(claimTextWithDuplicates, ({ text }) => {
        const stored = toControlPlane(text);
        const before = withoutSecretNames(Buffer.from(text));
        expect(withoutSecretNames(stored)).toEqual(before);
        expect(withoutSecretNames(toApp(stored))).toEqual(before);
      }),
      { numRuns: 800 },
    );
  });

  it('carries the three labels, the hashed name and the claim namespace in every metadata there is, and no owner', () => {
    fc.assert(
      fc.property(claimTextWithDuplicates, ({ text }) => {
        const stored = toControlPlane(text);
        const all = membersOf(stored).filter(({ key }) => key === 'metadata');
        expect(all.length).toBeGreaterThan(0);
        for (const { at } of all) {
          const members = membersOf(stored, at);
          const values = (name: string): string[] =>
            members.filter(({ key }) => key === name).map(({ value }) => value);
          expect(new Set(values('name'))).toEqual(new Set([JSON.stringify(hashed)]));
          expect(new Set(values('namespace'))).toEqual(new Set(['"claims-1"']));
          expect(values('ownerReferences')).toEqual([]);
          expect(values('labels').length).toBeGreaterThan(0);
          for (const map of members.filter(({ key }) => key === 'labels')) {
            const own = membersOf(stored, map.at).filter(({ key }) => isOwnLabel(key));
            expect(own.map(({ key, value }) => [key, JSON.parse(value)])).toEqual([
              ['mcp-connector.upbound.io/app-cluster', connection.clusterID],
              ['mcp-connector.upbound.io/app-namespace', 'team-a'],
              ['mcp-connector.upbound.io/app-resource-name', 'my-cluster'],
            ]);
          }
        }
      }),
      { numRuns: 800 },
    );
  });

  it('lets no merge patch set or name what is the connector’s', () => {
    fc.assert(
      fc.property(claimTextWithDuplicates, ({ text }) => {
        const stored = toControlPlane(text, { body: 'merge-patch' });
        const secrets = withoutSecretNames(stored);
        expect(secrets).toEqual(withoutSecretNames(Buffer.from(text)));
        for (const { at, value } of membersOf(stored).filter(({ key }) => key === 'metadata')) {
          if (!value.startsWith('{')) continue;
          for (const map of membersOf(stored, at)) {
            if (!map.value.startsWith('{')) continue;
            const own = membersOf(stored, map.at).filter(({ key }) => isOwnLabel(key));
            if (map.key === 'labels') expect(own).toEqual([]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

const object = (metadata: string, rest = ''): Buffer =>
  Buffer.from(`{"metadata":{"name":"claim-1","namespace":"claims-1"${metadata}}${rest}}`);

describe('what the control plane answers', () => {
  const ownerText = '{"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"u"}';
  const own =
    '"mcp-connector.upbound.io/app-cluster":"c","mcp-connector.upbound.io/app-namespace":"n","mcp-connector.upbound.io/app-resource-name":"x"';
  const annotation = `"mcp-connector-k8s.io/owner.u":${JSON.stringify(ownerText)}`;

  it('shows owners of the app cluster, and none of the control plane, even side by side', () => {
    const metadata = `,"ownerReferences":[{"uid":"there"}],"annotations":{${annotation}},"labels":{${own}}`;
    expect(toApp(object(metadata)).toString()).toBe(
      `{"metadata":{"name":"x","namespace":"n","ownerReferences":[${ownerText}]}}`,
    );
  });

  it('shows owners where metadata has no namespace before which they could stand', () => {
    const text = `{"metadata":{"annotations":{${annotation}},"labels":{${own}},"uid":"1"}}`;
    expect(toApp(Buffer.from(text)).toString()).toBe(
      `{"metadata":{"ownerReferences":[${ownerText}],"uid":"1"}}`,
    );
  });

  it.each([
    '',
    'no JSON',
    '[]',
    'null',
    '{"apiVersion":"v1"}',
    '{"apiVersion":"v1","kind":"A","name":"b","uid":"u","controller":"yes"}',
  ])('leaves an owner annotation out that somebody else wrote: %s', (value) => {
    const metadata = `,"annotations":{"mcp-connector-k8s.io/owner.u":${JSON.stringify(value)}},"labels":{${own}}`;
    expect(toApp(object(metadata)).toString()).toBe('{"metadata":{"name":"x","namespace":"n"}}');
  });

  it('prints owners on one line, since an event of a watch is a line', () => {
    const text =
      '{"metadata":{"ownerReferences":[{\n"uid":"u",\n"name":"o","kind":"ConfigMap","apiVersion":"v1","more":1}]}}';
    const shown = toApp(toControlPlane(text)).toString();
    expect(shown).toContain(`"ownerReferences":[${ownerText}]`);
    expect(shown).not.toContain('\n');
  });

  it('passes what carries no labels of the connector as it is', () => {
    const bytes = object(',"annotations":{"k8s.io/initial-events-end":"true"}');
    expect(toApp(bytes)).toBe(bytes);
  });

  it('is read for a write with the texts of what a PUT has to give back', () => {
    const metadata = `,"labels":{${own}},"managedFields":[{"a":1.0}],"ownerReferences":[ ],"resourceVersion":"7","uid":"u\\u0031"`;
    const rest = ',"spec":{"writeConnectionSecretToRef":{"name":"stored"}}';
    expect(readLive(object(metadata, rest))).toEqual({
      clusterID: 'c',
      app: { namespace: 'n', name: 'x' },
      secretName: undefined,
      storedSecretName: 'stored',
      uid: 'u1',
      resourceVersion: '7',
      ownerReferences: '[ ]',
      managedFields: '[{"a":1.0}]',
    });
    expect(readLive(object(''))).toBeUndefined();
  });
});

const owners = (...texts: string[]): string =>
  `{"metadata":{"ownerReferences":[${texts.join()}],"name":"a"}}`;

const owner = (more: Record<string, unknown>): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u', ...more });
const left = (text: string): boolean => toControlPlane(text).includes('"ownerReferences"');

const order = (stored: Buffer): string[] | null =>
  toApp(stored)
    .toString()
    .match(/(?<="uid":")./g);

describe('owner references', () => {
  it('stay in place where Kubernetes refuses them, for the control plane to say so', () => {
    const refused = [
      'null',
      '1',
      '"u"',
      '[]',
      '{}',
      owner({ uid: '' }),
      owner({ uid: 1 }),
      owner({ name: '' }),
      owner({ kind: '' }),
      owner({ apiVersion: '' }),
      owner({ apiVersion: 'apps/' }),
      owner({ apiVersion: 'a/b/c' }),
      owner({ kind: 'Event' }),
      owner({ controller: 'yes' }),
      owner({ blockOwnerDeletion: 1 }),
      `${owner({ controller: true })},${owner({ uid: 'v', controller: true })}`,
    ];
    expect(refused.filter((text) => !left(owners(text)))).toEqual([]);
  });

  it('go into annotations where Kubernetes takes them', () => {
    const taken = [
      owner({}),
      owner({ apiVersion: 'apps/v1' }),
      owner({ controller: true, blockOwnerDeletion: null }),
      owner({ apiVersion: 'events.k8s.io/v1', kind: 'Event' }),
      owner({ more: 1 }),
    ];
    expect(taken.filter((text) => left(owners(text)))).toEqual([]);
  });

  it.each(['a b', 'x/y', 'ends-', '', 'é'.repeat(3), 'x'.repeat(57)].filter((uid) => uid !== ''))(
    'are refused with a uid that no annotation can hold: %s',
    (uid) => {
      expect(() => toControlPlane(owners(owner({ uid })))).toThrow(
        expect.objectContaining({ code: 422, reason: 'Invalid' }),
      );
    },
  );

  it('count once by uid, the last of a kind, as with any duplicate', () => {
    const text = '{"metadata":{"ownerReferences":[1],"ownerReferences":[]}}';
    expect(left(text)).toBe(true);
    const twice = toApp(toControlPlane(owners(owner({}), owner({ name: 'p' })))).toString();
    expect(twice.match(/"name":"[op]"/g)).toEqual(['"name":"p"']);
  });

  it('keep their order, except in an apply, where the order would be one field for all who apply', () => {
    const text = owners(owner({ uid: 'b' }), owner({ uid: 'a' }));
    expect(order(toControlPlane(text))).toEqual(['b', 'a']);
    expect(order(toControlPlane(text, { applies: true }))).toEqual(['a', 'b']);
    expect(toControlPlane(text, { applies: true }).includes('owner-order')).toBe(false);
  });
});

describe('a PUT', () => {
  const live = {
    clusterID: connection.clusterID,
    app,
    uid: 'u',
    resourceVersion: '1',
    ownerReferences: '[{"uid":"there"}]',
    managedFields: undefined,
    appOwners: undefined,
    lastApplied: undefined,
    secretName: undefined,
    storedSecretName: 'original-name',
  };
  const put = (text: string): LosslessObject => valueOf(toControlPlane(text, { live, replaces: true }));
  const named = (name: string): string =>
    canonical(put(`{"spec":{"writeConnectionSecretToRef":{"name":"${name}"}}}`));

  it.each([
    '{}',
    '{"metadata":{}}',
    '{"metadata":{"ownerReferences":[]}}',
    '{"metadata":{"ownerReferences":null,"name":"a"}}',
  ])('gives the owners on the control plane back, which the user never saw: %s', (text) => {
    const metadata = getMember(put(text), 'metadata') as LosslessObject;
    expect(metadata['ownerReferences']).toEqual([{ uid: 'there' }]);
  });

  it('takes the stored secret name of an object of the original connector back as it is', () => {
    expect(named('original-name')).toContain('"writeConnectionSecretToRef":{"name":"original-name"}');
    expect(named('original-name')).not.toContain('connection-secret-name');
    expect(named('other')).toContain('"mcp-connector-k8s.io/connection-secret-name":"other"');
    expect(named('other')).toMatch(/"writeConnectionSecretToRef":\{"name":"claim-[0-9a-f]{16}"\}/);
  });
});

const patch = (text: string): unknown => JSON.parse(toControlPlane(text, { body: 'merge-patch' }).toString());

describe('a merge patch', () => {
  const kept = 'mcp-connector-k8s.io/connection-secret-name';

  it('removes the kept secret name with the reference', () => {
    const removal = { metadata: { annotations: { [kept]: null } } };
    expect(patch('{"spec":null}')).toEqual({ ...removal, spec: null });
    expect(patch('{"spec":{"writeConnectionSecretToRef":null}}')).toMatchObject(removal);
    expect(patch('{"spec":{"writeConnectionSecretToRef":{"name":null}},"metadata":{}}')).toMatchObject(
      removal,
    );
  });

  it('follows the last of two secret references, as the API server does', () => {
    const first = patch('{"spec":{"writeConnectionSecretToRef":{"name":"a"}},"spec":null}');
    expect(first).toMatchObject({ metadata: { annotations: { [kept]: null } } });
    const last = patch('{"spec":null,"spec":{"writeConnectionSecretToRef":{"name":"a"}}}');
    expect(last).toMatchObject({ metadata: { annotations: { [kept]: 'a' } } });
  });

  it('adds nothing that the user did not touch', () => {
    expect(patch('{"spec":{"id":"x"}}')).toEqual({ spec: { id: 'x' } });
    expect(patch('{"metadata":{"labels":{"a":null,"mcp-connector.upbound.io/app-cluster":null}}}')).toEqual({
      metadata: { labels: { a: null } },
    });
    expect(patch('{}')).toEqual({});
  });
});

describe('own annotations', () => {
  it('are told from others by their prefix alone', () => {
    expect(['mcp-connector-k8s.io/x', 'mcp-connector-k8s.io/'].every(isOwnAnnotation)).toBe(true);
    const text =
      '{"metadata":{"annotations":{"mcp-connector-k8s.i\\u006f/x":"1","mcp-connector-k8s.iox":"2"}}}';
    const annotations = getMember(
      getMember(valueOf(toControlPlane(text)), 'metadata') as LosslessObject,
      'annotations',
    );
    expect(annotations).toEqual({ 'mcp-connector-k8s.iox': '2' });
  });
});
