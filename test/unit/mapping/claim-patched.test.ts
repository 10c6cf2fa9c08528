import { describe, expect, it } from '@jest/globals';
import { Edits } from '../../../src/apimachinery/json-edit.ts';
import { editToControlPlane, type ToControlPlane } from '../../../src/mapping/claim-body.ts';
import { editToApp } from '../../../src/mapping/claim-view.ts';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import { readLive } from '../../../src/mapping/origin.ts';
import { app, connection } from './reference-mapping.ts';

const hashed = controlPlaneName('claim', app, connection.clusterID);
const labels = {
  'mcp-connector.upbound.io/app-cluster': connection.clusterID,
  'mcp-connector.upbound.io/app-namespace': app.namespace,
  'mcp-connector.upbound.io/app-resource-name': app.name,
};
const stored = {
  metadata: { labels, name: hashed, namespace: connection.claimNamespace, resourceVersion: '1', uid: 'u-1' },
};

interface Sent {
  metadata?: Record<string, unknown>;
}

function sent(body: object | string, how: Partial<ToControlPlane> = {}, object: object = stored): Sent {
  const live = readLive(Buffer.from(JSON.stringify(object)));
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const edits = new Edits();
  const target: ToControlPlane = { connection, prefix: 'claim', app, body: 'patched' };
  editToControlPlane(bytes, { ...target, ...(live ? { live } : {}), ...how }, edits);
  return JSON.parse(edits.apply(bytes).toString()) as Sent;
}

function shown(object: object): { metadata: { annotations?: Record<string, string> } } {
  const bytes = Buffer.from(JSON.stringify(object));
  const edits = new Edits();
  editToApp(bytes, 0, bytes.length, edits);
  return JSON.parse(edits.apply(bytes).toString()) as ReturnType<typeof shown>;
}

function owner(uid: string, controller?: boolean): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    name: uid,
    uid,
    ...(controller === undefined ? {} : { controller }),
  };
}

function ownedBy(manager: string): object {
  return {
    metadata: {
      ...stored.metadata,
      annotations: { 'mcp-connector-k8s.io/owner.a': JSON.stringify(owner('a', true)) },
      managedFields: [
        {
          manager,
          operation: 'Apply',
          fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:mcp-connector-k8s.io/owner.a': {} } } },
        },
      ],
    },
  };
}

describe('an apply', () => {
  it.each([
    '{}',
    '{"metadata":null}',
    '{"metadata":{}}',
    '{"metadata":{"labels":null}}',
    '{"metadata":{"labels":{}}}',
  ])('never leaves out the labels that keep the claim: %s', (text) => {
    expect(sent(text, { applies: true }).metadata).toEqual({ labels, uid: 'u-1' });
  });

  it('leaves a name and a namespace that are not the object’s for the control plane to refuse', () => {
    const metadata = { name: 'another', namespace: 'elsewhere' };
    expect(sent({ metadata }, { applies: true }).metadata).toMatchObject(metadata);
    expect(sent({ metadata: app }, { applies: true }).metadata).toMatchObject({
      name: hashed,
      namespace: connection.claimNamespace,
    });
  });

  it('shows the control plane the controllers that two appliers would have set', () => {
    const body = { metadata: { ownerReferences: [owner('b', true)] } };
    const how = { applies: true, manager: 'amy' };
    const clash = sent(body, how, ownedBy('bob'));
    expect(clash.metadata?.['ownerReferences']).toMatchObject([{ uid: 'a' }, { uid: 'b' }]);
    const dropped = sent(body, how, ownedBy('amy'));
    expect(dropped.metadata?.['ownerReferences']).toBeUndefined();
    expect(Object.keys(dropped.metadata?.['annotations'] ?? {})).toEqual(['mcp-connector-k8s.io/owner.b']);
  });

  it('leaves an owner that it names twice in place, for the control plane to refuse', () => {
    const ownerReferences = [owner('a'), owner('a', false)];
    expect(sent({ metadata: { ownerReferences } }, { applies: true }).metadata).toMatchObject({
      ownerReferences,
    });
  });
});

describe('what a patch made of an object', () => {
  it.each(['{}', '{"metadata":null}', '{"metadata":"x"}'])(
    'is sent without metadata where it has none: %s',
    (text) => {
      expect(sent(text, { replaces: true })).toEqual(JSON.parse(text));
    },
  );

  it.each(['""', 'null'])('is still pinned where it has the uid %s', (uid) => {
    expect(sent(`{"metadata":{"uid":${uid}}}`, { replaces: true }).metadata).toMatchObject({ uid: 'u-1' });
  });

  it('leaves the annotation of the secret alone where only the status is written', () => {
    const object = {
      metadata: { ...stored.metadata, annotations: { 'mcp-connector-k8s.io/connection-secret-name': 'one' } },
      spec: { writeConnectionSecretToRef: { name: 'x' } },
    };
    const how = { replaces: true, isStatus: true };
    for (const spec of [null, {}, { writeConnectionSecretToRef: { name: 'two' } }]) {
      expect(sent({ metadata: {}, spec }, how, object).metadata).toMatchObject({
        annotations: { 'mcp-connector-k8s.io/connection-secret-name': 'one' },
      });
    }
  });
});

describe("kubectl's last applied configuration", () => {
  const key = 'kubectl.kubernetes.io/last-applied-configuration';
  const withConfig = (config: string): object => ({
    metadata: { ...stored.metadata, annotations: { [key]: config } },
  });
  const there = `${JSON.stringify({ metadata: { labels: { ...labels, a: 'b' }, name: hashed, uid: 'u-1' }, spec: {} })}\n`;
  const here = `${JSON.stringify({ metadata: { labels: { a: 'b' }, name: app.name }, spec: {} })}\n`;

  it('is shown as it was applied, and goes back as it stands', () => {
    expect(shown(withConfig(there)).metadata.annotations).toEqual({ [key]: here });
    const back = sent({ metadata: { annotations: { [key]: here } } }, { replaces: true }, withConfig(there));
    expect(back.metadata).toMatchObject({ annotations: { [key]: there } });
  });

  it.each(['{"metadata":{"name":"mine"}}\n', 'mcp-connector', '{"mcp-connector"', ''])(
    'is not touched where it is not the control plane’s: %j',
    (config) => {
      expect(shown(withConfig(config)).metadata.annotations).toEqual({ [key]: config });
    },
  );

  it('goes as the user wrote it where that is something else', () => {
    const other = here.replace('"b"', '"c"');
    const back = sent({ metadata: { annotations: { [key]: other } } }, { replaces: true }, withConfig(there));
    expect(back.metadata).toMatchObject({ annotations: { [key]: other } });
  });
});
