import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath } from '../../src/clusters/api-paths.ts';
import { Claims } from '../support/claims.ts';
import { type FaultMode, html, type SeenRequest } from '../support/fault-modes.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { eventually } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// The controller manager looks for new APIs every 30 s, and no timing is a test here.
jest.setTimeout(180_000);
const patience = { timeoutMs: 120_000, everyMs: 200 };
const names = ['one', 'two', 'three'];

let dir: string | undefined;
let ground: TestGround;
let api: ClaimApi;
let claims: Claims;
let proxy: FaultProxy;
const witnesses = new Map<string, string>();

beforeAll(async () => {
  ground = await TestGround.prepare('owners-faults');
  dir = await mkdtemp(path.join(os.tmpdir(), 'owners-faults-'));
  proxy = await FaultProxy.start({ kubeconfig: ground.controlPlane.kubeconfig, dir });
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  claims = new Claims(ground, api, await ground.createAppNamespace('a'), await ground.app.uidOfKubeSystem());
  await ground.startConnector({ controlPlane: { kubeconfig: proxy.kubeconfig } });
  await ground.available(api);
  for (const name of names) {
    const { metadata } = await claims.create(name);
    const owner = { apiVersion: `${api.group}/v1`, kind: api.kind, name, uid: metadata.uid as string };
    const witness = await ground.app.client.create<KubeObject>(configMapPath(claims.namespace), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, ownerReferences: [owner] },
    });
    witnesses.set(name, witness.metadata.uid as string);
  }
  await collectorRan();
});
afterAll(async () => {
  await ground?.remove();
  await proxy?.[Symbol.asyncDispose]();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** Resolves when the collector of the app cluster has deleted a claim and a ConfigMap that came later and are below nobody. */
async function collectorRan(): Promise<void> {
  const { client } = ground.app;
  const uid = '00000000-0000-4000-8000-000000000003';
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid }];
  const metadata = { generateName: 'fence-', ownerReferences };
  const claim = JSON.parse(claims.manifest('fence')) as object;
  for (const [collection, body] of [
    [configMapPath(claims.namespace), { apiVersion: 'v1', kind: 'ConfigMap' }],
    [claims.path(), claim],
  ] as [string, object][]) {
    const fence = await client.create<KubeObject>(collection, { ...body, metadata });
    const fencePath = `${collection}/${fence.metadata.name}`;
    await eventually(async () => expect(await isGone(client, fencePath)).toBe(true), patience);
  }
}

function isOfClaims({ method, url }: SeenRequest): boolean {
  return method === 'GET' && url.includes(`/${api.plural}`) && url.startsWith(`/apis/${api.group}/`);
}

function isWatch(request: SeenRequest): boolean {
  return isOfClaims(request) && /[?&]watch=(true|1)/.test(request.url);
}

function isList(request: SeenRequest): boolean {
  return isOfClaims(request) && !isWatch(request) && new RegExp(`/${api.plural}(\\?|$)`).test(request.url);
}

function answer(status: number, type: string, body: unknown, only = isOfClaims): FaultMode {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { kind: 'answer', status, headers: { 'content-type': type }, body: text, only };
}

function failure(code: number, reason: string, details?: object): object {
  const message = `said with ${code}`;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    details,
    code,
  };
}

const json = 'application/json';
const expired = failure(410, 'Expired');
const faults: [string, () => FaultMode][] = [
  ['breaks off lists', () => ({ kind: 'cut', bytes: 900, only: isList })],
  ['ends lists early', () => ({ kind: 'cut', bytes: 900, cleanly: true, only: isList })],
  ['breaks off watches in an event', () => ({ kind: 'cut', bytes: 500, only: isWatch })],
  ['ends watches in an event', () => ({ kind: 'cut', bytes: 500, cleanly: true, only: isWatch })],
  ['has no such path', () => answer(404, 'text/plain; charset=utf-8', '404 page not found\n')],
  ['has no such resource', () => answer(404, json, failure(404, 'NotFound', {}))],
  [
    'has no such namespace',
    () => answer(404, json, failure(404, 'NotFound', { name: ground.claimNamespace, kind: 'namespaces' })),
  ],
  ['has forgotten the versions of watches', () => answer(410, json, expired, isWatch)],
  [
    'tells watches that they are too old',
    () => answer(200, json, { type: 'ERROR', object: expired }, isWatch),
  ],
  ['has forgotten the versions of lists', () => answer(410, json, expired, isList)],
  ['answers HTML', () => ({ ...html(200), only: isOfClaims }) as FaultMode],
];

interface Seen {
  deleted: string[];
  gets: Set<number>;
  lists: Set<number>;
  partial: string[];
  watches: number;
}

/** A client that lists, reads and watches the claims without a pause, and believes what it is told. */
async function observe(signal: AbortSignal, seen: Seen): Promise<void> {
  const collection = `/apis/${api.group}/v1/${api.plural}`;
  const pause = (): Promise<void> => delay(100, undefined, { signal }).catch(() => undefined);
  const read = async (): Promise<void> => {
    for (; !signal.aborted; await pause()) {
      const one = await ground.app.ask(claims.path(names[0]));
      seen.gets.add(one.status);
      const all = await ground.app.ask(collection);
      seen.lists.add(all.status);
      if (all.status !== 200) continue;
      const { items } = all.json() as { items: KubeObject[] };
      const found = items.map(({ metadata }) => metadata.name);
      if (!names.every((name) => found.includes(name))) seen.partial.push(found.join());
    }
  };
  const watch = async (): Promise<void> => {
    for (; !signal.aborted; await pause()) {
      try {
        for await (const { type, object } of ground.app.client.watch<KubeObject>(collection, { signal })) {
          seen.watches++;
          if (type === 'DELETED' && names.includes(object.metadata.name))
            seen.deleted.push(object.metadata.name);
        }
      } catch {
        // It begins again, as an informer does.
      }
    }
  };
  await Promise.all([read(), watch()]);
}

async function changeAll(turn: string): Promise<void> {
  const { client } = ground.controlPlane;
  for (const name of names)
    await client.patch(claims.storedPath(name), { metadata: { annotations: { turn } } });
}

describe('no claim seems to be gone', () => {
  it.each(faults)('while the control plane %s [owners.faults.answers]', async (_, fault) => {
    const seen: Seen = { deleted: [], gets: new Set(), lists: new Set(), partial: [], watches: 0 };
    const abort = new AbortController();
    const observed = observe(abort.signal, seen);
    try {
      // Open watches end, that of the collector too, and all begin again with the fault.
      await proxy.use({ kind: 'reset' });
      proxy.mark();
      await proxy.use(fault());
      const mode = fault() as { only: (request: SeenRequest) => boolean };
      for (let turn = 0; turn < 3; turn++) {
        const before = proxy.requests.filter(mode.only).length;
        await changeAll(`turn ${turn}`);
        await eventually(
          () => expect(proxy.requests.filter(mode.only).length).toBeGreaterThan(before),
          patience,
        );
      }
      await proxy.use({ kind: 'pass' });
      await eventually(
        async () => expect(await claims.names()).toEqual(expect.arrayContaining(names)),
        patience,
      );
      // A watch that works again has told of something.
      const told = seen.watches;
      await changeAll('over');
      await eventually(() => expect(seen.watches).toBeGreaterThan(told), patience);
    } finally {
      await proxy.use({ kind: 'pass' });
      abort.abort();
      await observed;
    }
    expect(seen.partial).toEqual([]);
    expect(seen.deleted).toEqual([]);
    expect([...seen.gets, ...seen.lists].filter((status) => status === 404)).toEqual([]);
  });

  it('to the collector, which has kept all that they own [owners.faults.witness]', async () => {
    await collectorRan();
    for (const name of names) {
      const { metadata } = await ground.app.client.get<KubeObject>(configMapPath(claims.namespace, name));
      expect({ name, uid: metadata.uid }).toEqual({ name, uid: witnesses.get(name) });
      expect(metadata.deletionTimestamp).toBeUndefined();
      expect((await claims.read(name)).metadata.deletionTimestamp).toBeUndefined();
    }
  });
});
