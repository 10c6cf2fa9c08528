import { connect } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { certificateOf, type ClientMaterial } from '../support/api-request.ts';
import { type Claim, Claims } from '../support/claims.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { OpenClient } from '../support/open-request.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';
import { WatchClient } from '../support/watch-client.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

let ground: TestGround;
let api: ClaimApi;
let admin: ClientMaterial;
let claims: Claims;

beforeAll(async () => {
  ground = await TestGround.prepare('replicas-stop');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  admin = await certificateOf(ground.app);
  const namespace = await ground.createAppNamespace('a');
  claims = new Claims(ground, api, namespace, await ground.app.uidOfKubeSystem());
});
afterAll(() => ground?.remove());

async function start(delay: string, options: { controlPlane?: { kubeconfig: string } } = {}) {
  const connector = await ground.startConnector({
    flags: [`--allow=*.${ground.group}`, `--shutdown-delay-duration=${delay}`],
    ...options,
  });
  await ground.available(api);
  return connector;
}

function sigterm({ process: component }: TestConnector): void {
  process.kill(component.pid as number, 'SIGTERM');
}

/** Crossplane leaves it alone. */
function manifest(name: string, parameters: object = {}): string {
  const claim = JSON.parse(claims.manifest(name, parameters)) as Claim;
  return JSON.stringify({
    ...claim,
    metadata: { ...claim.metadata, annotations: { 'crossplane.io/paused': 'true' } },
  });
}

/** No new connection is taken any more. */
async function listensNoMore({ port }: TestConnector): Promise<void> {
  await eventually(
    () =>
      new Promise<void>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port });
        socket.once('connect', () => {
          socket.destroy();
          reject(new Error('it still listens'));
        });
        socket.once('error', () => resolve());
      }),
  );
}

async function exitCode(connector: TestConnector): Promise<number | null> {
  await connector.process.ended();
  return await connector.stop();
}

describe('after SIGTERM a replica', () => {
  it('fails /readyz at once and serves on for the delay, closing each connection with its answer [replicas.stop.delay]', async () => {
    await using connector = await start('3s');
    await using client = new OpenClient(connector.url, admin);
    expect((await client.get(claims.path())).connection).toBe('keep-alive');

    sigterm(connector);

    await eventually(async () => {
      const { status, body } = await connector.process.probe('/readyz');
      expect([status, body]).toEqual([
        503,
        expect.stringContaining('[-]shutdown failed: the connector stops'),
      ]);
    });
    expect((await connector.process.probe('/livez')).status).toBe(200);
    // On the connection that was there before, and on a new one.
    for (let i = 0; i < 2; i++)
      expect(await client.get(claims.path())).toMatchObject({ status: 200, connection: 'close' });
    expect(await exitCode(connector)).toBe(0);
  });

  it('lets a create go on whose body is on its way, and answers what comes on idle connections meanwhile [replicas.stop.create]', async () => {
    await using connector = await start('0s');
    await using writer = new OpenClient(connector.url, admin);
    await using idle = new OpenClient(connector.url, admin);
    await idle.get(claims.path());
    const created = await writer.beginWrite(claims.path(), manifest('on-its-way'));

    sigterm(connector);
    await listensNoMore(connector);

    expect(await idle.get(claims.path())).toMatchObject({ status: 200, connection: 'close' });
    expect(await created.finish()).toMatchObject({ status: 201, connection: 'close', isComplete: true });
    expect(await exitCode(connector)).toBe(0);
    expect((await claims.stored('on-its-way')).metadata.name).toBe(claims.storedName('on-its-way'));
  });

  it('lets a create go on that waits for the control plane [replicas.stop.wait]', async () => {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-replicas-stop-'));
    await using proxy = await FaultProxy.start({ kubeconfig: ground.controlPlane.kubeconfig, dir });
    await using connector = await start('0s', { controlPlane: proxy });
    await using writer = new OpenClient(connector.url, admin);
    await proxy.use({ kind: 'slow', ms: 1_500 });
    proxy.mark();
    const created = (await writer.beginWrite(claims.path(), manifest('waits'))).finish();
    await eventually(() => expect(proxy.requests.some(({ method }) => method === 'POST')).toBe(true));

    sigterm(connector);
    await listensNoMore(connector);

    expect(await created).toMatchObject({ status: 201, isComplete: true });
    expect(await exitCode(connector)).toBe(0);
    await rm(dir, { recursive: true, force: true });
  });

  it('lets a long list be read to its end [replicas.stop.list]', async () => {
    await using connector = await start('0s');
    await using reader = new OpenClient(connector.url, admin);
    const text = 'x'.repeat(1_000_000);
    const names = Array.from({ length: 16 }, (_, i) => `long-${i}`);
    for (const name of names)
      await ground.app.client.create(claims.path(), JSON.parse(manifest(name, { settings: { text } })));
    const list = await reader.beginRead(claims.path());

    sigterm(connector);
    await listensNoMore(connector);
    // Nobody reads: had it closed what it thinks idle, the rest would be lost by now.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(connector.process.isRunning).toBe(true);

    const { isComplete, text: body } = await list.finish();
    expect(isComplete).toBe(true);
    const { items } = JSON.parse(body) as { items: Claim[] };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(names));
    expect(body.length).toBeGreaterThan(16_000_000);
    expect(await exitCode(connector)).toBe(0);
    await ground.controlPlane.client.delete(claims.storedPath('x').replace(/\/[^/]*$/, ''));
  });

  it('ends 50 watches in order, one after the other over the delay [replicas.stop.watches]', async () => {
    await using connector = await start('3s');
    const { metadata } = await ground.app.client.get<Claim>(claims.path());
    const pathname = `${claims.path()}?watch=true&resourceVersion=${metadata.resourceVersion}`;
    const watches = await Promise.all(
      Array.from({ length: 50 }, () => WatchClient.open(ground.app, pathname)),
    );
    await Promise.all(watches.map((watch) => watch.started));
    await ground.app.client.create(claims.path(), JSON.parse(manifest('seen-by-all')));
    await eventually(() => expect(watches.every(({ events }) => events.length > 0)).toBe(true));

    sigterm(connector);

    const ends = await Promise.all(
      watches.map(async (watch) => ({ end: await watch.ended, at: performance.now() })),
    );
    const isListening = connector.process.isRunning;
    expect(ends.map(({ end }) => end)).toEqual(watches.map(() => 'clean'));
    expect(isListening).toBe(true);
    const instants = new Set(ends.map(({ at }) => Math.floor(at / 50)));
    process.stdout.write(`50 watches ended in ${instants.size} different twentieths of a second\n`);
    expect(instants.size).toBeGreaterThan(5);
    expect(await exitCode(connector)).toBe(0);
  });
});
