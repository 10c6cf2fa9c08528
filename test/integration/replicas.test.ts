import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ClaimLoad, type LoadReport } from '../support/claim-load.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TcpBalancer } from '../support/tcp-balancer.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

let ground: TestGround;
let api: ClaimApi;
let balancer: TcpBalancer;
let clusterID: string;
let replicas: TestConnector[];
let started = 0;

beforeAll(async () => {
  ground = await TestGround.prepare('replicas');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  clusterID = await ground.app.uidOfKubeSystem();
  balancer = await TcpBalancer.start();
  replicas = [await startReplica(), await startReplica()];
  await ground.available(api);
});
afterAll(async () => {
  await ground?.remove();
  await balancer?.[Symbol.asyncDispose]();
});

/** A pod of the Deployment: resolves when the Service sends connections to it. */
async function startReplica(): Promise<TestConnector> {
  const name = `replica-${++started}`;
  const replica = await ground.startConnector({
    name,
    env: { POD_NAME: name },
    flags: [`--allow=*.${ground.group}`, `--external-port=${balancer.port}`, '--shutdown-delay-duration=2s'],
  });
  balancer.add(replica.port);
  await eventually(() => expect(balancer.ready).toContain(replica.port));
  return replica;
}

async function claimsIn(suffix: string): Promise<Claims> {
  return new Claims(ground, api, await ground.createAppNamespace(suffix), clusterID);
}

function storedCollection(): string {
  return `/apis/${api.group}/v1/namespaces/${ground.claimNamespace}/${api.plural}`;
}

/** Until so many requests were made since now. */
async function underLoad(load: ClaimLoad, requests: number): Promise<void> {
  const from = load.requests;
  await eventually(() => expect(load.requests - from).toBeGreaterThan(requests));
}

function print(title: string, report: LoadReport): void {
  process.stdout.write(`${title}: ${JSON.stringify(report)}\n`);
}

const nothingWrong = { lost: [], surplus: [], falselyDeleted: [], unseen: [] };

describe('under load', () => {
  it('a rolling replacement of all replicas refuses no request, loses no write and ends watches in order [replicas.roll.load]', async () => {
    const claims = await claimsIn('roll');
    const load = new ClaimLoad(ground.app, claims);
    const refusedBefore = balancer.refused;
    await load.start();
    await underLoad(load, 30);
    for (let round = 0; round < 4; round++) {
      const next = await startReplica();
      const leaving = replicas.shift() as TestConnector;
      expect(await leaving.stop()).toBe(0);
      balancer.remove(leaving.port);
      replicas.push(next);
      expect(balancer.connectionsOf(next.port)).toBeGreaterThan(0);
    }
    await underLoad(load, 30);
    const report = await load.finish(ground.controlPlane.client, storedCollection());
    print('rolling replacement, 4 replicas', report);
    expect(report).toMatchObject({ ...nothingWrong, refused: {}, unanswered: 0 });
    expect(Object.keys(report.watches)).toEqual(['clean']);
    expect(report.acknowledgedWrites).toBeGreaterThan(50);
    expect(balancer.refused).toBe(refusedBefore);
  });

  it('a replica that is killed leaves no request without an answer and loses no acknowledged write [replicas.kill.load]', async () => {
    const claims = await claimsIn('kill');
    const load = new ClaimLoad(ground.app, claims);
    await load.start();
    await underLoad(load, 30);
    const killed = replicas.shift() as TestConnector;
    await killed.process.kill();
    await eventually(() => expect(balancer.ready).not.toContain(killed.port));
    balancer.remove(killed.port);
    await underLoad(load, 60);
    replicas.push(await startReplica());
    await underLoad(load, 30);
    const report = await load.finish(ground.controlPlane.client, storedCollection());
    print('kill -9 of one of 2 replicas', report);
    expect(report).toMatchObject({ ...nothingWrong, unanswered: 0 });
    // What kube-apiserver says about a connection that broke.
    expect(Object.keys(report.refused).filter((code) => code !== '503')).toEqual([]);
    expect(report.acknowledgedWrites).toBeGreaterThan(50);
  });
});
