import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { CustomResourceDefinition } from '../../src/apimachinery/objects.ts';
import { apiServicePath, configMapPath, crdPath } from '../../src/clusters/api-paths.ts';
import type { FaultMode, SeenRequest } from '../support/fault-modes.ts';
import { statusAnswer } from '../support/fault-modes.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { eventually as untilTrue, type TestConnector } from '../support/lab.ts';
import { type ClaimApi, claimCrdName, withdrawApi } from '../support/platform-api.ts';
import { RegistryRecord } from '../support/registry-record.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);

const eventually = <T>(fn: () => T | Promise<T>): Promise<T> => untilTrue(fn, { timeoutMs: 40_000 });
const xrds = '/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions';
let ground: TestGround;
let dir: string | undefined;
let proxy: FaultProxy;
let connector: TestConnector;
let databases: ClaimApi;
let caches: ClaimApi;

beforeAll(async () => {
  ground = await TestGround.prepare('registry-steady');
  dir = await mkdtemp(path.join(os.tmpdir(), 'registry-steady-'));
  proxy = await FaultProxy.start({ kubeconfig: ground.controlPlane.kubeconfig, dir });
  databases = await ground.offer({ kind: 'Database', plural: 'databases', versions: ['v1', 'v1beta1'] });
  caches = await ground.offer({ group: `caches.${ground.group}`, kind: 'Cache', plural: 'caches' });
  connector = await start();
  await Promise.all([databases, caches].map((api) => ground.available(api)));
});
afterAll(async () => {
  await ground?.remove();
  await proxy?.[Symbol.asyncDispose]();
  if (dir) await rm(dir, { recursive: true, force: true });
});

function start(...flags: string[]): Promise<TestConnector> {
  return ground.startConnector({
    controlPlane: { kubeconfig: proxy.kubeconfig },
    flags: [`--allow=*.${databases.group}`, `--allow=*.${caches.group}`, ...flags],
  });
}

function isListOfCrds({ method, url }: SeenRequest): boolean {
  return method === 'GET' && url.startsWith(`${crdPath()}?`);
}

const listOf = (items: unknown): string =>
  JSON.stringify({
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '1' },
    items,
  });

/** What a list of CRDs may be answered with that is not the truth. */
const lies: [string, FaultMode][] = [
  ['empty', json(200, listOf([]))],
  ['null', json(200, listOf(null))],
  ['refused', { ...statusAnswer(403, 'Forbidden', 'no right'), only: isListOfCrds } as FaultMode],
  ['unavailable', { ...statusAnswer(503, 'ServiceUnavailable', 'later'), only: isListOfCrds } as FaultMode],
  ['not found', { ...statusAnswer(404, 'NotFound', 'no such path'), only: isListOfCrds } as FaultMode],
];

function json(status: number, body: string): FaultMode {
  return {
    kind: 'answer',
    status,
    headers: { 'content-type': 'application/json' },
    body,
    only: isListOfCrds,
  };
}

function follow({ group }: ClaimApi): Promise<RegistryRecord> {
  return RegistryRecord.start(ground.app, group, 'v1');
}

/** The APIService was at most written to, and discovery always listed the same. */
async function nothingHappened(record: RegistryRecord, { plural }: ClaimApi): Promise<void> {
  await record.stop();
  const { changes, discovered } = record;
  expect(changes.filter((change) => change !== 'MODIFIED Available=True')).toEqual([]);
  expect(discovered).toEqual([plural]);
}

function countOfReads(api: ClaimApi): number {
  return proxy.requests.filter(({ url }) => url === crdPath(claimCrdName(api))).length;
}

describe('what is registered', () => {
  it('stays when a running connector gets a false list of CRDs [registry.steady.list]', async () => {
    await using ofDatabases = await follow(databases);
    await using ofCaches = await follow(caches);
    // The others are errors, which the restarts below go through.
    for (const [name, lie] of lies.filter(([known]) => ['empty', 'null', 'refused'].includes(known))) {
      // The version of the last list is forgotten, so that the next thing is a list.
      await proxy.use({ ...statusAnswer(410, 'Expired', 'too old'), only: isListOfCrds } as FaultMode);
      await proxy.use({ kind: 'reset' });
      await proxy.use({ ...statusAnswer(410, 'Expired', 'too old'), only: isListOfCrds } as FaultMode);
      proxy.mark();
      await eventually(() => expect(proxy.requests.filter(isListOfCrds).length).toBeGreaterThan(1));
      proxy.mark();
      await proxy.use(lie);
      await eventually(() => {
        expect(proxy.requests.filter(isListOfCrds).length).toBeGreaterThan(0);
        // What the list lacks is asked for by name before it may go.
        const reads = Math.min(countOfReads(databases), countOfReads(caches));
        if (['empty', 'null'].includes(name)) expect(reads).toBeGreaterThan(0);
      });
      await proxy.use({ kind: 'pass' });
    }
    await nothingHappened(ofDatabases, databases);
    await nothingHappened(ofCaches, caches);
  });

  it.each([['empty'], ['refused'], ['not found']])(
    'stays when a connector starts with a list that is %s, with or without a saved catalog [registry.steady.restart]',
    async (name) => {
      const lie = lies.find(([known]) => known === name)?.[1] as FaultMode;
      for (const isSaved of [true, false]) {
        const before = await apiServiceUids();
        await connector.stop();
        const state = configMapPath(ground.namespace, `${ground.name}-state`);
        if (!isSaved) await ground.app.client.patch(state, { binaryData: { 'catalog.json.gz': null } });
        await proxy.use(lie);
        proxy.mark();
        connector = await ground.startConnector({
          controlPlane: { kubeconfig: proxy.kubeconfig },
          ready: false,
          flags: [`--allow=*.${databases.group}`, `--allow=*.${caches.group}`],
        });
        // Another leader: the lease of the one before it was given up.
        await eventually(async () => expect(await connector.stderr()).toContain('lease acquired'));
        await eventually(() => expect(proxy.requests.filter(isListOfCrds).length).toBeGreaterThan(1));
        const isServing = isSaved || name === 'empty';
        await eventually(async () => {
          const answer = await ground.app.ask(`/apis/${databases.group}/v1`);
          // Without a catalog nothing is said; what is not said is never an empty list.
          expect(answer.status).toBe(isServing ? 200 : 503);
        });
        expect(await apiServiceUids()).toEqual(before);
        await proxy.use({ kind: 'pass' });
        await connector.process.ready(30_000);
        await Promise.all([databases, caches].map((api) => ground.available(api)));
        expect(await apiServiceUids()).toEqual(before);
      }
    },
  );

  it('does not flicker while a CRD is replaced, applied or not established [registry.steady.crd]', async () => {
    await using ofDatabases = await follow(databases);
    await using ofCaches = await follow(caches);
    const { client } = ground.controlPlane;
    const target = crdPath(claimCrdName(databases));
    const read = (): Promise<CustomResourceDefinition> => client.get<CustomResourceDefinition>(target);

    // As `kubectl replace` with a manifest of Git: neither owner nor labels.
    const { kind, apiVersion, spec, metadata } = await read();
    proxy.mark();
    await ground.controlPlane.run(
      'replace -f -',
      JSON.stringify({ apiVersion, kind, metadata: { name: metadata.name }, spec }),
    );
    await eventually(() => expect(countOfReads(databases)).toBeGreaterThan(0));
    // Crossplane puts its owner back.
    await eventually(async () => expect((await read()).metadata.ownerReferences).toHaveLength(1));

    proxy.mark();
    await client.apply(target, {
      apiVersion,
      kind,
      metadata: { name: metadata.name, annotations: { note: 'x' } },
    });
    await eventually(() => expect(countOfReads(databases)).toBeGreaterThan(0));

    // Only the status subresource can say so; the API server says the opposite as soon as it sees it.
    const crd = await read();
    const conditions = (crd.status?.conditions ?? []).map((condition) =>
      Object.assign({}, condition, condition.type === 'Established' ? { status: 'False' } : {}),
    );
    proxy.mark();
    await client.replace(`${target}/status`, { ...crd, status: { ...crd.status, conditions } });
    await eventually(() => expect(countOfReads(databases)).toBeGreaterThan(0));
    await ground.available(databases);

    await nothingHappened(ofDatabases, databases);
    await nothingHappened(ofCaches, caches);
  });

  it('has its other versions untouched when one is switched or withdrawn [registry.steady.version]', async () => {
    await using ofV1 = await follow(databases);
    await using ofCaches = await follow(caches);
    const { client } = ground.controlPlane;
    const target = `${xrds}/x${databases.plural}.${databases.group}`;
    const beta = apiServicePath(`v1beta1.${databases.group}`);
    const xrd = await client.get<{ spec: { versions: { name: string }[] } }>(target);
    const use = (change: (version: { name: string }) => object): Promise<unknown> =>
      client.patch(target, {
        spec: { versions: xrd.spec.versions.map((version) => Object.assign({}, version, change(version))) },
      });

    await use(({ name }) => ({ referenceable: name === 'v1beta1' }));
    await eventually(async () => {
      const crd = await client.get<CustomResourceDefinition>(crdPath(claimCrdName(databases)));
      expect(crd.spec.versions.find(({ storage }) => storage)?.name).toBe('v1beta1');
    });
    await ground.available(databases);
    await use(({ name }) => ({ referenceable: name === 'v1' }));
    await ground.available(databases);

    await use(({ name }) => ({ served: name === 'v1' }));
    await eventually(async () => expect(await isGone(ground.app.client, beta)).toBe(true));
    await use(() => ({ served: true }));
    await eventually(async () => expect(await isGone(ground.app.client, beta)).toBe(false));
    await ground.available(databases);

    await nothingHappened(ofV1, databases);
    await nothingHappened(ofCaches, caches);
  });

  it('is served again after an XRD was deleted and made anew, and its neighbour never noticed [registry.steady.anew]', async () => {
    await using ofDatabases = await follow(databases);
    await withdrawApi(ground.controlPlane.client, caches);
    // What is applied before has the end of the first.
    await eventually(async () => {
      const xrd = `${xrds}/x${caches.plural}.${caches.group}`;
      expect(await isGone(ground.controlPlane.client, xrd)).toBe(true);
    });
    await ground.offer(caches);
    await ground.available(caches);
    const crd = await ground.controlPlane.client.get<CustomResourceDefinition>(crdPath(claimCrdName(caches)));
    await eventually(async () => {
      expect(await ground.app.discovered(caches.group, 'v1')).toEqual(['caches']);
      const { items } = (await ground.app.ask(`/apis/${caches.group}/v1/caches`)).json() as {
        items: unknown[];
      };
      expect(items).toEqual([]);
    });
    expect(crd.metadata.deletionTimestamp).toBeUndefined();
    await nothingHappened(ofDatabases, databases);
  });

  it('goes when the configuration denies it, and comes back with another [registry.removed.deny]', async () => {
    await connector.stop();
    connector = await start(`--deny=*.${databases.group}`);
    await eventually(async () => {
      const names = (await ground.apiServices()).map(({ metadata }) => metadata.name);
      expect(names).toEqual([`v1.${caches.group}`]);
    });
    expect(await ground.app.discovered(databases.group, 'v1')).toBeUndefined();
    await connector.stop();
    connector = await start();
    await ground.available(databases);
  });
});

/** Name and uid of what is registered: equal ones were never deleted in between. */
async function apiServiceUids(): Promise<string[]> {
  return (await ground.apiServices()).map(({ metadata }) => `${metadata.name} ${metadata.uid}`).toSorted();
}
