import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { KubeClient } from '../../src/clusters/kube-client.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { Transport } from '../../src/clusters/transport.ts';
import { Claims } from '../support/claims.ts';
import { eventually } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// The controller manager looks for new APIs every 30 s, and no timing is a test here.
jest.setTimeout(240_000);
const patience = { timeoutMs: 120_000, everyMs: 250 };

let ground: TestGround;
let api: ClaimApi;
let claims: Claims;
let app: KubeClient;

beforeAll(async () => {
  ground = await TestGround.prepare('cascade');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  claims = new Claims(ground, api, await ground.createAppNamespace('a'), await ground.app.uidOfKubeSystem());
  app = new KubeClient(new Transport(accessFromFile(ground.app.kubeconfig)), 'mcp-connector-test');
  await ground.startConnector();
  await ground.available(api);
  // The collector of the app cluster has to find the API first.
  await untilKnown();
});
afterAll(async () => {
  await app?.transport[Symbol.asyncDispose]();
  await ground?.remove();
});

function configMapPath(name?: string): string {
  return `/api/v1/namespaces/${claims.namespace}/configmaps${name === undefined ? '' : `/${name}`}`;
}

function ownedBy(owner: KubeObject, kind: string, apiVersion: string): object {
  const { name, uid } = owner.metadata;
  return { apiVersion, kind, name, uid, blockOwnerDeletion: true };
}

const nobody = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: 'nobody',
  uid: '00000000-0000-4000-8000-000000000001',
};

/**
 * Resolves when the collector knows every claim and ConfigMap there is so far: it has deleted one of each that came later and
 * is below nothing. What it does not know yet it neither orphans nor waits for, on a local CRD neither.
 */
async function untilKnown(): Promise<void> {
  const metadata = { generateName: 'fence-', ownerReferences: [nobody] };
  const claim: unknown = { ...(JSON.parse(claims.manifest('fence')) as KubeObject), metadata };
  const fences: [string, KubeObject][] = [
    [configMapPath(), await app.create(configMapPath(), { apiVersion: 'v1', kind: 'ConfigMap', metadata })],
    [claims.path(), await app.create(claims.path(), claim)],
  ];
  for (const [collection, fence] of fences) await untilGone(`${collection}/${fence.metadata.name}`);
}

/** A claim and a ConfigMap below it. */
async function family(name: string): Promise<void> {
  const claim = await claims.create(name);
  await app.create(configMapPath(), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ownerReferences: [ownedBy(claim, 'Database', `${api.group}/v1`)] },
  });
  await untilKnown();
}

async function setFinalizers(name: string, finalizers: string[] | null): Promise<void> {
  const headers = { 'content-type': 'application/merge-patch+json' };
  await ground.app.ask(configMapPath(name), { method: 'PATCH', headers, body: { metadata: { finalizers } } });
}

async function isThere(pathname: string): Promise<boolean> {
  const { status } = await ground.app.ask(pathname);
  if (status !== 200 && status !== 404) throw new Error(`${pathname}: ${status}`);
  return status === 200;
}

async function untilGone(pathname: string): Promise<void> {
  await eventually(async () => expect(await isThere(pathname)).toBe(false), patience);
}

/** The owners of the ConfigMap `name`, once nothing is left of the claim it was below. */
async function ownersLeft(name: string): Promise<unknown> {
  await untilGone(claims.path(name));
  return (await app.get<KubeObject>(configMapPath(name))).metadata.ownerReferences ?? [];
}

/** kubectl, and a collection of one by HTTP. */
const ways: [string, (name: string, policy: string) => Promise<unknown>][] = [
  [
    'kubectl delete',
    (name, policy) => {
      const namespace = `-n ${claims.namespace}`;
      const kind = `databases.${api.group}`;
      return ground.app.run(
        `delete ${kind} ${name} ${namespace} --cascade=${policy.toLowerCase()} --wait=false`,
      );
    },
  ],
  [
    'a deletecollection',
    async (name, policy) => {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: policy };
      const query = `?fieldSelector=metadata.name%3D${name}`;
      const answer = await ground.app.ask(claims.path() + query, { method: 'DELETE', body });
      expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
    },
  ],
];

describe.each(ways)('what is below a claim in the app cluster, after %s', (way, remove) => {
  const prefix = way.split(' ', 1)[0] === 'a' ? 'many' : 'one';

  it('with Orphan stays, without the owner [serve.delete.orphan]', async () => {
    const name = `${prefix}-orphan`;
    await family(name);
    await remove(name, 'Orphan');
    expect(await ownersLeft(name)).toEqual([]);
    // The collector had its time for one that came later.
    await untilKnown();
    expect(await isThere(configMapPath(name))).toBe(true);
  });

  it('with Foreground goes before the claim [serve.delete.foreground]', async () => {
    const name = `${prefix}-foreground`;
    await family(name);
    await setFinalizers(name, ['example.org/hold']);
    try {
      await remove(name, 'Foreground');
      await eventually(async () => {
        const { metadata } = await app.get<KubeObject>(configMapPath(name));
        expect(metadata.deletionTimestamp).toBeDefined();
      }, patience);
      expect((await claims.read(name)).metadata).toMatchObject({
        deletionTimestamp: expect.any(String),
        finalizers: expect.arrayContaining(['foregroundDeletion']),
      });
    } finally {
      // Left behind, it would keep the namespace for ever.
      await setFinalizers(name, null);
    }
    await untilGone(configMapPath(name));
    await untilGone(claims.path(name));
  });

  it('with Background goes after the claim [serve.delete.background]', async () => {
    const name = `${prefix}-background`;
    await family(name);
    await remove(name, 'Background');
    await untilGone(claims.path(name));
    await untilGone(configMapPath(name));
  });
});

describe('a claim below an object of the app cluster', () => {
  it('goes when its owner is deleted, and on the control plane [serve.delete.owner]', async () => {
    const owner = await app.create<KubeObject>(configMapPath(), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'owner' },
    });
    const body = JSON.parse(claims.manifest('owned')) as KubeObject;
    const metadata = { ...body.metadata, ownerReferences: [ownedBy(owner, 'ConfigMap', 'v1')] };
    await app.create(claims.path(), { ...body, metadata });
    await ground.app.ask(configMapPath('owner'), { method: 'DELETE' });
    await untilGone(claims.path('owned'));
    const stored = await ground.controlPlane.ask(claims.storedPath('owned'));
    expect(stored.status).toBe(404);
  });

  it('stays when its owner is deleted with Orphan [serve.delete.owner]', async () => {
    const owner = await app.create<KubeObject>(configMapPath(), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'leaving' },
    });
    const body = JSON.parse(claims.manifest('left')) as KubeObject;
    const metadata = { ...body.metadata, ownerReferences: [ownedBy(owner, 'ConfigMap', 'v1')] };
    await app.create(claims.path(), { ...body, metadata });
    await untilKnown();
    await ground.app.ask(configMapPath('leaving'), {
      method: 'DELETE',
      body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan' },
    });
    await untilGone(configMapPath('leaving'));
    const { metadata: left } = await claims.read('left');
    expect(left.deletionTimestamp).toBeUndefined();
    expect(left.ownerReferences ?? []).toEqual([]);
  });
});
