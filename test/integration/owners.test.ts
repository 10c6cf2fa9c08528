import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath, secretPath } from '../../src/clusters/api-paths.ts';
import type { KubeClient } from '../../src/clusters/kube-client.ts';
import { Claims } from '../support/claims.ts';
import { eventually } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// The controller managers look for new APIs every 30 s, and no timing is a test here.
jest.setTimeout(180_000);
const patience = { timeoutMs: 120_000, everyMs: 200 };

let ground: TestGround;
let api: ClaimApi;
let claims: Claims;

beforeAll(async () => {
  ground = await TestGround.prepare('owners');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  claims = new Claims(ground, api, await ground.createAppNamespace('a'), await ground.app.uidOfKubeSystem());
  await ground.startConnector();
  await ground.available(api);
  await Promise.all([appCollectorRan(), controlPlaneCollectorRan()]);
});
afterAll(() => ground?.remove());

const nobody = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: 'nobody',
  uid: '00000000-0000-4000-8000-000000000002',
};

function reference({ apiVersion, kind, metadata }: KubeObject): object {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid };
}

async function create(client: KubeClient, collection: string, body: object): Promise<KubeObject> {
  return await client.create<KubeObject>(collection, body);
}

/** Resolves when the collector has deleted what came later than everything there is, and is below nobody. */
async function collected(client: KubeClient, fences: [string, object][]): Promise<void> {
  const metadata = { generateName: 'fence-', ownerReferences: [nobody] };
  const paths: string[] = [];
  for (const [collection, body] of fences) {
    const fence = await create(client, collection, { ...body, metadata });
    paths.push(`${collection}/${fence.metadata.name}`);
  }
  await eventually(async () => {
    for (const path of paths)
      expect({ path, gone: await isGone(client, path) }).toEqual({ path, gone: true });
  }, patience);
}

function appCollectorRan(): Promise<void> {
  const claim = JSON.parse(claims.manifest('fence')) as object;
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap' };
  return collected(ground.app.client, [
    [configMapPath(claims.namespace), configMap],
    [claims.path(), claim],
  ]);
}

/** It deletes claims too, as soon as one has an owner that it does not find. */
function controlPlaneCollectorRan(): Promise<void> {
  const claim = JSON.parse(claims.manifest('fence')) as object;
  const collection = claims.storedPath('fence').replace(/\/[^/]+$/, '');
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap' };
  return collected(ground.controlPlane.client, [
    [configMapPath(ground.claimNamespace), configMap],
    [collection, claim],
  ]);
}

async function ownedClaim(name: string, owner: KubeObject): Promise<KubeObject> {
  const { metadata, ...rest } = JSON.parse(claims.manifest(name)) as KubeObject;
  const owned = { ...rest, metadata: { ...metadata, ownerReferences: [reference(owner)] } };
  return await create(ground.app.client, claims.path(), owned);
}

function newConfigMap(name: string, owners: KubeObject[] = []): object {
  const metadata = { name, ownerReferences: owners.map(reference) };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

describe('two collectors', () => {
  it('leave a claim alone whose owner is in the app cluster only [owners.controlplane.blind]', async () => {
    const { client } = ground.app;
    const owner = await create(client, configMapPath(claims.namespace), newConfigMap('owner'));
    const claim = await ownedClaim('owned', { ...owner, apiVersion: 'v1', kind: 'ConfigMap' });
    const before = await claims.stored('owned');
    expect(before.metadata.ownerReferences ?? []).toEqual([]);

    await controlPlaneCollectorRan();

    const after = await claims.stored('owned');
    expect(after.metadata).toMatchObject({ uid: before.metadata.uid });
    expect(after.metadata.deletionTimestamp).toBeUndefined();
    expect((await claims.read('owned')).metadata.ownerReferences).toEqual(claim.metadata.ownerReferences);
  });

  it('leave a claim alone whose owner is on the control plane only [owners.app.blind]', async () => {
    const { client } = ground.controlPlane;
    const claim = await claims.create('kept');
    const owner = await create(client, configMapPath(ground.claimNamespace), newConfigMap('owner'));
    await client.patch(claims.storedPath('kept'), {
      metadata: { ownerReferences: [reference({ ...owner, apiVersion: 'v1', kind: 'ConfigMap' })] },
    });
    expect((await claims.stored('kept')).metadata.ownerReferences).toHaveLength(1);
    const shown = await claims.read('kept');
    expect(shown.metadata.ownerReferences).toBeUndefined();

    await appCollectorRan();
    const { metadata } = await claims.read('kept');
    expect(metadata.uid).toBe(claim.metadata.uid);
    expect(metadata.deletionTimestamp).toBeUndefined();

    // The owner is the control plane's to follow, and its end is told in the app cluster.
    await client.delete(configMapPath(ground.claimNamespace, 'owner'));
    await eventually(
      async () => expect(await isGone(ground.app.client, claims.path('kept'))).toBe(true),
      patience,
    );
  });

  it('delete with a workload the claims below it [owners.app.owner]', async () => {
    const { client } = ground.app;
    const base = `/apis/apps/v1/namespaces/${claims.namespace}/deployments`;
    const labels = { app: 'shop' };
    const containers = [{ name: 'shop', image: 'shop' }];
    const deployment = await create(client, base, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'shop' },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    });
    await ownedClaim('of-shop', { ...deployment, apiVersion: 'apps/v1', kind: 'Deployment' });
    await claims.create('of-nobody');
    await appCollectorRan();
    await client.delete(`${base}/shop`);
    await eventually(async () => {
      expect(await isGone(client, claims.path('of-shop'))).toBe(true);
      expect(await isGone(ground.controlPlane.client, claims.storedPath('of-shop'))).toBe(true);
    }, patience);
    expect((await claims.read('of-nobody')).metadata.deletionTimestamp).toBeUndefined();
  });

  it('delete with a claim what is below it, the delivered Secret included [owners.app.dependents]', async () => {
    const { client } = ground.app;
    const manifest = JSON.parse(claims.manifest('secretive')) as KubeObject;
    const parameters = { size: 'small', password: 'geheim' };
    const spec = { parameters, writeConnectionSecretToRef: { name: 'secretive-conn' } };
    const claim = await create(client, claims.path(), { ...manifest, spec });
    const claimKind = { ...claim, apiVersion: `${api.group}/v1`, kind: api.kind };
    await create(client, configMapPath(claims.namespace), newConfigMap('below', [claimKind]));
    const secret = secretPath(claims.namespace, 'secretive-conn');
    await eventually(() => client.get(secret), patience);
    await appCollectorRan();

    await client.delete(claims.path('secretive'));

    await eventually(async () => {
      expect(await isGone(client, claims.path('secretive'))).toBe(true);
      expect(await isGone(client, secret)).toBe(true);
      expect(await isGone(client, configMapPath(claims.namespace, 'below'))).toBe(true);
    }, patience);
  });
});
