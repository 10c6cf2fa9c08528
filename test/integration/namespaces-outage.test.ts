import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Condition, ConfigMap, KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath, namespacePath } from '../../src/clusters/api-paths.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import type { ApiAnswer } from '../support/api-request.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { eventually, startConnector, type TestConnector } from '../support/lab.ts';
import { type ClaimApi, offerApi } from '../support/platform-api.ts';
import { GroundCluster, isGone } from '../support/test-ground.ts';

// The controller manager looks for new APIs every 30 s, and no timing is a test here.
const startTimeoutMs = 10 * 60_000;
jest.setTimeout(240_000);

const group = 'namespaces.test.example.org';
const databases: ClaimApi = { group, kind: 'Database', plural: 'databases' };
const buckets: ClaimApi = { group, kind: 'Bucket', plural: 'buckets' };
const claimNamespace = 'app-cluster-claims';
const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

interface Namespace extends KubeObject {
  status: { phase: string; conditions?: Condition[] };
}

let dir: string;
let lab: Lab;
let app: GroundCluster;
let controlPlane: GroundCluster;
let proxy: FaultProxy;
let connector: TestConnector;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-namespaces-'));
  lab = await startLab({ dir, log: () => undefined });
  app = new GroundCluster(lab.app.kubeconfig);
  controlPlane = new GroundCluster(lab.controlPlane.kubeconfig);
  proxy = await FaultProxy.start({ kubeconfig: lab.controlPlane.kubeconfig, dir });
  await Promise.all([
    ...['connector', 'early', 'empty', 'late', 'full', 'kept', 'quota'].map((name) =>
      app.createNamespace(name),
    ),
    controlPlane.createNamespace(claimNamespace),
    offerApi(controlPlane.client, databases),
    offerApi(controlPlane.client, buckets),
  ]);
  connector = await startConnector({
    app,
    controlPlane: proxy,
    claimNamespace,
    logDir: lab.logDir,
    flags: ['--namespace=connector', '--cluster-id=outage'],
  });
  await eventually(async () => {
    expect(await app.discovered(group, 'v1')).toEqual(['buckets', 'databases']);
    await app.client.get(`/apis/${group}/v1/databases?limit=1`);
  });
  await claim('full', 'one');
  await claim('full', 'two');
  await claim('kept', 'three');
  await eventually(async () => {
    expect(await recorded()).toEqual({
      namespaces: ['full', 'kept'],
      seeded: [`buckets.${group}`, `databases.${group}`],
    });
  });
  // A new leader saves at once what it finds; after that a copy is made once a minute.
  await connector.process.restart();
  await connector.process.ready();
  await eventually(async () => expect(await saved()).toEqual(['full/one', 'full/two', 'kept/three']));
}, startTimeoutMs);
afterAll(async () => {
  await connector?.stop();
  await proxy?.[Symbol.asyncDispose]();
  await app?.close();
  await controlPlane?.close();
  await lab?.stop();
  if (!process.env['KEEP']) await rm(dir, { recursive: true, force: true });
});

function claimPath(namespace: string | undefined, name?: string): string {
  const within = namespace === undefined ? '' : `namespaces/${namespace}/`;
  return `/apis/${group}/v1/${within}databases${name === undefined ? '' : `/${name}`}`;
}

async function claim(namespace: string, name: string): Promise<KubeObject> {
  return await app.client.create<KubeObject>(claimPath(namespace), {
    apiVersion: `${group}/v1`,
    kind: 'Database',
    metadata: { name },
    spec: { parameters: { size: 'small' } },
  });
}

async function recorded(): Promise<unknown> {
  const { data } = await app.client.get<ConfigMap>(configMapPath('connector', 'mcp-connector-state'));
  const { seeded, namespaces } = JSON.parse(data?.['claim-namespaces'] ?? '{}') as {
    seeded: string[];
    namespaces: Record<string, string>;
  };
  return { seeded, namespaces: Object.keys(namespaces).toSorted() };
}

async function saved(): Promise<string[]> {
  const map = await app.client.get<ConfigMap>(configMapPath('connector', 'mcp-connector-claims'));
  const packed = map.binaryData?.[`databases.${group}.json.gz`] ?? '';
  const { items } = JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')) as {
    items: KubeObject[];
  };
  return items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

function list(query: string, within?: string): Promise<ApiAnswer> {
  return app.ask(`${claimPath(within)}?${query}`, { headers: { accept: metadataList } });
}

function readNamespace(name: string): Promise<Namespace> {
  return app.client.get<Namespace>(namespacePath(name));
}

/** Seconds until nothing is left of the namespace. */
async function goneAfter(name: string): Promise<number> {
  const started = Date.now();
  await app.client.delete(namespacePath(name));
  await eventually(async () => expect(await isGone(app.client, namespacePath(name))).toBe(true));
  return (Date.now() - started) / 1000;
}

async function storedNames(): Promise<string[]> {
  const { items } = await controlPlane.client.get<{ items: KubeObject[] }>(
    `/apis/${group}/v1/namespaces/${claimNamespace}/databases`,
  );
  return items
    .map(({ metadata: { labels = {} } }) => {
      const prefix = 'mcp-connector.upbound.io';
      return `${labels[`${prefix}/app-namespace`]}/${labels[`${prefix}/app-resource-name`]}`;
    })
    .toSorted();
}

function configMap(name: string, owner?: object): object {
  const metadata = { name, ...(owner ? { ownerReferences: [owner] } : {}) };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

async function createQuota(name: string): Promise<string> {
  const quotas = `${namespacePath('quota')}/resourcequotas`;
  const spec = { hard: { configmaps: '9' } };
  await app.client.create(quotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec });
  return `${quotas}/${name}`;
}

/** Of a quota that is new: counted by kube-controller-manager alone. */
async function usedOf(quota: string): Promise<{ configmaps: string } | undefined> {
  const { status } = await app.client.get<{ status?: { used?: { configmaps: string } } }>(quota);
  return status?.used;
}

/** Lists over all namespaces that the connector has refused: those of controllers. */
async function refusedLists(): Promise<number> {
  const lines = (await connector.stderr()).split('\n');
  return lines.filter((line) => line.includes(`"path":"/apis/${group}/v1/databases"`)).length;
}

describe('while the control plane cannot be reached', () => {
  let kept: KubeObject;

  beforeAll(async () => {
    // A connector that was restarted is ready, by what it had saved, before it reaches the control plane.
    kept = await eventually(() => app.client.get<KubeObject>(claimPath('kept', 'three')));
    const { name, uid } = kept.metadata;
    const owner = { apiVersion: `${group}/v1`, kind: 'Database', name, uid };
    await app.client.create(configMapPath('kept'), configMap('of-a-claim', owner));
    await proxy.use({ kind: 'stopped' });
  });

  it('a namespace without claims goes [namespaces.outage.empty]', async () => {
    const seconds = await goneAfter('early');
    process.stdout.write(`without claims: gone ${seconds.toFixed(1)} s after the deletion\n`);
  });

  // It knows nothing but what it finds in the app cluster then.
  describe('and the connector was restarted', () => {
    beforeAll(async () => {
      await connector.process.restart();
      await connector.process.ready();
    });

    it('a namespace without claims goes [namespaces.outage.empty]', async () => {
      const seconds = await goneAfter('empty');
      process.stdout.write(`after a restart of the connector: ${seconds.toFixed(1)} s\n`);
    });

    it('a namespace with claims stays, and says why [namespaces.outage.full]', async () => {
      await app.client.delete(namespacePath('full'));
      await eventually(async () => {
        const { status } = await readNamespace('full');
        const condition = status.conditions?.find(({ type }) => type === 'NamespaceDeletionContentFailure');
        expect(condition).toMatchObject({ status: 'True', reason: 'ContentDeletionFailed' });
        expect(condition?.message).toMatch(
          /control plane is not available since .*; the databases\.namespaces\.test\.example\.org of namespace full are deleted when it can be/,
        );
      });
    });

    it('nothing else is said to be empty [namespaces.outage.unknown]', async () => {
      for (const pathname of [
        claimPath('kept'),
        claimPath('full'),
        claimPath(undefined),
        // Active: a claim could come at any moment.
        claimPath('late'),
        `${claimPath('late')}?resourceVersion=0`,
      ]) {
        const answer = await app.ask(pathname);
        expect({ pathname, status: answer.status }).toEqual({ pathname, status: 503 });
        expect(answer.headers['retry-after']).toMatch(/^\d+$/);
      }
      // Sent again by itself for every kind, it would hold up the deletion of other namespaces.
      const held = await app.ask(claimPath('full'), { method: 'DELETE' });
      expect(held.status).toBe(503);
      expect(held.headers['retry-after']).toBeUndefined();
      expect((await app.ask(claimPath('kept'), { method: 'DELETE' })).status).toBe(503);
    });

    it('metadata at any version is listed as it was saved [namespaces.outage.saved]', async () => {
      const answer = await list('resourceVersion=0&limit=500');
      expect(answer.status).toBe(200);
      expect(answer.headers['warning']).toMatch(
        /control plane is not available since .*; this list is of \d{4}-\d\d-\d\dT/,
      );
      const { kind, metadata, items } = answer.json() as {
        kind: string;
        metadata: { resourceVersion: string };
        items: KubeObject[];
      };
      expect(kind).toBe('PartialObjectMetadataList');
      expect(items.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)).toEqual([
        'full/one',
        'full/two',
        'kept/three',
      ]);
      expect(items[2]?.metadata.uid).toBe(kept.metadata.uid);
      expect(answer.text).not.toContain('managedFields');
      expect(answer.text).not.toContain('mcp-connector');

      const { resourceVersion } = metadata;
      const statuses = async (...queries: string[]): Promise<number[]> =>
        await Promise.all(queries.map(async (query) => (await list(query)).status));
      expect(
        await statuses(
          `resourceVersion=${resourceVersion}`,
          `resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan`,
          `resourceVersion=${resourceVersion}&limit=500`,
          'resourceVersion=1',
        ),
      ).toEqual([200, 200, 200, 200]);
      expect(
        await statuses(
          '',
          `resourceVersion=${Number(resourceVersion) + 1}`,
          `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`,
          'resourceVersion=1&limit=500',
          'resourceVersion=0&labelSelector=a%3Db',
          `watch=true&resourceVersion=${resourceVersion}`,
        ),
      ).toEqual([503, 503, 503, 503, 503, 503]);
      const one = (await list('resourceVersion=0', 'kept')).json() as { items: KubeObject[] };
      expect(one.items.map(({ metadata: { name } }) => name)).toEqual(['three']);
    });

    it('kube-controller-manager that is restarted does its work [namespaces.outage.controllers]', async () => {
      const configMaps = configMapPath('quota');
      const owner = await app.client.create<KubeObject>(configMaps, configMap('owner'));
      const { name, uid } = owner.metadata;
      await app.client.create(
        configMaps,
        configMap('owned', { apiVersion: 'v1', kind: 'ConfigMap', name, uid }),
      );
      await lab.app.component('kube-controller-manager').restart();
      const quota = await createQuota('first');
      const used = await eventually(async () => {
        const counted = await usedOf(quota);
        expect(counted).toBeDefined();
        return counted;
      });
      const { items } = await app.client.get<{ items: unknown[] }>(configMaps);
      expect(Number(used?.configmaps)).toBe(items.length);
      await app.client.delete(configMapPath('quota', 'owner'), { propagationPolicy: 'Background' });
      await eventually(async () =>
        expect(await isGone(app.client, configMapPath('quota', 'owned'))).toBe(true),
      );
      const seconds = await goneAfter('late');
      process.stdout.write(`after one of kube-controller-manager too: ${seconds.toFixed(1)} s\n`);
      // The collector knows of its owner by what was saved.
      expect(await isGone(app.client, configMapPath('kept', 'of-a-claim'))).toBe(false);
    });

    // What the test before would see, were the lists not answered.
    it('kube-controller-manager accounts no quota without the saved copy, until it is there [namespaces.outage.controllers]', async () => {
      const copy = configMapPath('connector', 'mcp-connector-claims');
      const { metadata, ...content } = await app.client.get<ConfigMap>(copy);
      await app.client.delete(copy);
      const manager = lab.app.component('kube-controller-manager');
      const [saidBefore, refusedBefore] = [(await manager.log()).length, await refusedLists()];
      const isSynced = async (): Promise<boolean> =>
        /"Caches are synced" controller="resource quota"/.test((await manager.log()).slice(saidBefore));
      await manager.restart();
      const quota = await createQuota('second');
      // It works, and has asked more than once.
      await app.createNamespace('other');
      await eventually(() => app.client.get(`${namespacePath('other')}/serviceaccounts/default`));
      await eventually(async () => expect((await refusedLists()) - refusedBefore).toBeGreaterThan(4));
      expect(await usedOf(quota)).toBeUndefined();
      expect(await isSynced()).toBe(false);

      await app.client.create(configMapPath('connector'), {
        ...content,
        metadata: { name: metadata.name, namespace: metadata.namespace },
      });
      await eventually(async () => expect(await usedOf(quota)).toBeDefined());
      expect(await isSynced()).toBe(true);
    });
  });

  describe('and again when it can be', () => {
    beforeAll(() => proxy.use({ kind: 'pass' }));

    it('the namespace goes with its claims, and no other claim [namespaces.outage.recovery]', async () => {
      const started = Date.now();
      await eventually(async () => expect(await isGone(app.client, namespacePath('full'))).toBe(true));
      process.stdout.write(
        `the one with claims was gone ${(Date.now() - started) / 1000} s after the recovery\n`,
      );
      await eventually(async () => expect(await storedNames()).toEqual(['kept/three']));
      const { metadata } = await app.client.get<KubeObject>(claimPath('kept', 'three'));
      expect(metadata).toMatchObject({ uid: kept.metadata.uid });
      expect(metadata.deletionTimestamp).toBeUndefined();
      expect(await isGone(app.client, configMapPath('kept', 'of-a-claim'))).toBe(false);
    });

    it('the collector sees claims come and go again [namespaces.outage.recovery]', async () => {
      await app.client.delete(claimPath('kept', 'three'));
      await eventually(async () =>
        expect(await isGone(app.client, configMapPath('kept', 'of-a-claim'))).toBe(true),
      );
    });
  });
});
