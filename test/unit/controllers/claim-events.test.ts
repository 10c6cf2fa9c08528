import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../../src/base/logger.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import { ClaimEvents } from '../../../src/controllers/claims/claim-events.ts';
import { FakeApiServer, failure, type Stored } from '../clusters/fake-api-server.ts';
import { ManualClock } from '../clusters/manual-clock.ts';
import { claimNamespace, connection, FakeClaims, followedClaim } from './fake-claims.ts';
import { mergePatch } from './merge-patch.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(60_000);

interface Written extends Stored {
  count: number;
}

const path = `/api/v1/namespaces/${claimNamespace}/events`;
const shownPath = '/api/v1/namespaces/team/events';
const start = Date.parse('2026-01-02T03:04:05Z');
let app: FakeApiServer;
let controlPlane: FakeApiServer;
let clock: ManualClock;
let claims: FakeClaims;
let metrics: Metrics;
let running: ClaimEvents[];

beforeEach(async () => {
  [app, controlPlane] = await Promise.all([FakeApiServer.start(), FakeApiServer.start()]);
  app.intercept = (request) => mergePatch(app, request);
  clock = new ManualClock(start);
  claims = new FakeClaims();
  metrics = new Metrics();
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((controller) => controller.stop()));
  await Promise.all([app[Symbol.asyncDispose](), controlPlane[Symbol.asyncDispose]()]);
});

function bring(): ClaimEvents {
  const link = { client: controlPlane.client(), connection };
  const controller = new ClaimEvents({
    client: app.client(),
    link,
    claims,
    metrics,
    log: silentLogger(),
    clock,
  });
  running.push(controller);
  controller.start();
  return controller;
}

/** An Event of the control plane about a claim. */
function put(name: string, claim = followedClaim('photos'), count = 1): void {
  controlPlane.put(`${path}/${name}`, {
    metadata: { name, namespace: claimNamespace, uid: `uid-${name}` } as never,
    involvedObject: {
      apiVersion: 'example.org/v1',
      kind: 'Bucket',
      namespace: claimNamespace,
      name: claim.metadata.name,
      uid: claim.uid,
    },
    message: name,
    count,
    lastTimestamp: new Date(clock.now()).toISOString(),
  });
}

function shown(): Written[] {
  return [...app.objects.values()] as Written[];
}

function writes(): number {
  return app.received.filter(({ method }) => method !== 'GET').length;
}

async function watching(): Promise<void> {
  await until(() => controlPlane.watches > 0);
}

/** Without an end a test that fails would hang. */
async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 20_000) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('the Events of the control plane', () => {
  it('are written once in 10 s each, the last state of that time [events.series.updated]', async () => {
    claims.set(followedClaim('photos'));
    bring();
    await watching();
    put('first');
    await until(() => shown().length === 1);
    for (let count = 2; count <= 9; count++) put('first', followedClaim('photos'), count);
    await clock.idle();
    expect(writes()).toBe(1);
    await clock.advance(9_000);
    expect(writes()).toBe(1);
    await clock.advance(1_000, 0);
    await until(() => shown()[0]?.count === 9);
    expect(writes()).toBe(2);
  });

  it('wait for their claim where it is not known yet', async () => {
    bring();
    await watching();
    put('early');
    put('of-nobody', followedClaim('strange'));
    await until(() => controlPlane.objects.size === 2);
    claims.set(followedClaim('photos'));
    await until(() => shown().length === 1);
    expect(shown()[0]).toMatchObject({ message: 'early' });
  });

  it('are all together twenty in a second after the first hundred [events.limit.all]', async () => {
    // Of different claims, so that none has too many.
    for (let nth = 0; nth < 110; nth++) {
      const claim = followedClaim(`c${nth}`);
      claims.set(claim);
      put(`e${nth}`, claim);
    }
    bring();
    await clock.idle();
    expect(shown()).toHaveLength(100);
    await clock.advance(50);
    expect(shown()).toHaveLength(101);
    for (let nth = 0; nth < 8; nth++) await clock.advance(50);
    expect(shown()).toHaveLength(109);
    await clock.advance(50, 0);
    await until(() => shown().length === 110);
  });

  it('are found again by the next leader, who writes only what has changed [events.leader.once]', async () => {
    claims.set(followedClaim('photos'));
    const first = bring();
    await watching();
    put('same');
    put('counted');
    await until(() => shown().length === 2);
    await first.stop();
    put('counted', followedClaim('photos'), 5);
    app.received.length = 0;
    bring();
    await until(() => shown().some(({ count }) => count === 5));
    await until(() => app.received.filter(({ method }) => method === 'POST').length === 2);
    await until(() => app.received.length === 5);
    expect(shown()).toHaveLength(2);
    const changes = app.received.filter(
      ({ method, body }) => method === 'PATCH' && Object.keys(body as object).length > 0,
    );
    expect(changes).toHaveLength(1);
  });

  it('are made anew where they have been forgotten meanwhile', async () => {
    claims.set(followedClaim('photos'));
    bring();
    await watching();
    put('long');
    await until(() => shown().length === 1);
    const [name] = app.objects.keys();
    app.remove(name as string);
    clock.stall(20_000);
    put('long', followedClaim('photos'), 4);
    await until(() => shown()[0]?.count === 4);
  });

  it('are not sent again when the app cluster refuses them [events.failed.once]', async () => {
    app.intercept = () => failure(403, 'Forbidden');
    claims.set(followedClaim('photos'));
    bring();
    await watching();
    put('unwanted');
    await until(() => writes() === 1);
    put('unwanted');
    claims.set(followedClaim('photos'));
    app.intercept = undefined;
    put('wanted');
    await until(() => shown().length === 1);
    expect(app.count('POST', shownPath)).toBe(2);
    // The next one is taken up when this one has been counted.
    put('wanted too');
    await until(() => app.count('POST', shownPath) === 3);
    const counted = (await metrics.claimEvents.get()).values.map(({ labels, value }) => [
      labels.result,
      value,
    ]);
    expect(counted.filter(([result]) => result === 'failed')).toEqual([['failed', 1]]);
    expect(counted.map(([result]) => result)).toContain('brought');
  });
});
