import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { silentLogger } from '../../../src/base/logger.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import { ConnectionSecrets } from '../../../src/controllers/claims/connection-secrets.ts';
import type { FollowedClaim } from '../../../src/mapping/followed-claim.ts';
import { FakeApiServer, failure, type Stored } from '../clusters/fake-api-server.ts';
import { ManualClock } from '../clusters/manual-clock.ts';
import { claimNamespace, connection, FakeClaims, followedClaim } from './fake-claims.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(60_000);

const minute = 60_000;
let app: FakeApiServer;
let controlPlane: FakeApiServer;
let clock: ManualClock;
let claims: FakeClaims;
let metrics: Metrics;
let told: string[];
let controller: ConnectionSecrets;

beforeEach(async () => {
  [app, controlPlane] = await Promise.all([FakeApiServer.start(), FakeApiServer.start()]);
  clock = new ManualClock();
  claims = new FakeClaims();
  metrics = new Metrics();
  told = [];
  controller = new ConnectionSecrets({
    client: app.client(),
    link: { client: controlPlane.client(), connection },
    claims,
    recorder: { record: (_object, _type, _reason, message) => void told.push(message) },
    metrics,
    log: silentLogger(),
    clock,
  });
});
afterEach(async () => {
  await controller.stop();
  await Promise.all([app[Symbol.asyncDispose](), controlPlane[Symbol.asyncDispose]()]);
});

function ownedBy({ uid, app: { name } }: FollowedClaim): object[] {
  return [{ apiVersion: 'example.org/v1', kind: 'Bucket', name, uid, controller: true }];
}

/** A claim with its Secret on the control plane. */
function put(claim: FollowedClaim, password = 'AAAA'): void {
  const name = claim.storedSecretName ?? '';
  controlPlane.put(`/api/v1/namespaces/${claimNamespace}/secrets/${name}`, {
    metadata: { name, namespace: claimNamespace, ownerReferences: ownedBy(claim) } as never,
    type: 'connection.crossplane.io/v1alpha1',
    data: { password },
  });
  claims.set(claim);
}

function deliveredPath(name: string): string {
  return `/api/v1/namespaces/team/secrets/${name}`;
}

function delivered(name: string): Stored | undefined {
  return app.objects.get(deliveredPath(name));
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 20_000) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function refused(): Promise<number | undefined> {
  return (await metrics.connectionSecretsRefused.get()).values[0]?.value;
}

describe('connection Secrets', () => {
  it.each([
    ['is missing', 404, 'namespaces "team" not found'],
    [
      'is being deleted',
      403,
      'unable to create new content in namespace team because it is being terminated',
    ],
  ])(
    'into a namespace that %s are tried less and less often, and nobody is told [secrets.retry.slow]',
    async (_, status, message) => {
      app.intercept = ({ method }) =>
        method === 'POST'
          ? { status, body: { ...(failure(status, '').body as object), message } }
          : undefined;
      put(followedClaim('photos'));
      controller.start();
      // The round, and the next try.
      await clock.idle(2);
      for (let seconds = 0; seconds < 240; seconds++) await clock.advance(1_000, 2);
      // 1, 2, 4, 8, 16, 32, 60 s and so on, with jitter, and the rounds of 30 s beside them.
      expect(app.count('POST', deliveredPath('').slice(0, -1))).toBeLessThan(40);
      expect(told).toEqual([]);
      expect(await refused()).toBe(0);
    },
  );

  it('that the app cluster refuses are tried in each round, and told every ten minutes [secrets.retry.slow]', async () => {
    app.intercept = ({ method }) =>
      method === 'POST'
        ? { status: 403, body: { ...(failure(403, '').body as object), message: 'exceeded quota: few' } }
        : undefined;
    put(followedClaim('photos'));
    controller.start();
    await until(() => told.length === 1);
    await clock.idle();
    expect(told).toEqual(['cannot deliver the connection secret: exceeded quota: few']);
    expect(await refused()).toBe(1);
    const posts = (): number => app.count('POST', deliveredPath('').slice(0, -1));
    // A round in which nothing was known yet comes first.
    await clock.advance(30_000);
    for (let round = 2; round <= 22; round++) {
      await clock.advance(30_000);
      await until(() => posts() === round);
    }
    expect(told).toHaveLength(2);
    app.intercept = undefined;
    await clock.advance(30_000);
    await until(() => delivered('photos-secret') !== undefined);
    await clock.advance(30_000);
    await until(() => app.count('GET', deliveredPath('photos-secret')) >= 24);
    expect(await refused()).toBe(0);
  });

  it('are read in rounds, ten in a second at most [secrets.rounds.paced]', async () => {
    for (let nth = 0; nth < 400; nth++) put(followedClaim(`c${nth}`));
    controller.start();
    await until(() => app.objects.size === 400);
    await clock.advance(30_000);
    app.received.length = 0;
    for (let tenths = 0; tenths < 50; tenths++) await clock.advance(100);
    // What is due in the last tenth may be under way.
    await until(() => app.received.length >= 49);
    expect(app.received.length).toBeLessThanOrEqual(50);
    expect(new Set(app.received.map(({ path }) => path)).size).toBe(app.received.length);
    expect(app.received.every(({ method, path }) => method === 'GET' && path.includes('/secrets/'))).toBe(
      true,
    );
  });

  it('cost nothing when only the status of a claim changes', async () => {
    put(followedClaim('photos'));
    controller.start();
    await until(() => delivered('photos-secret') !== undefined);
    const ready = { type: 'Ready', status: 'False' };
    for (let nth = 0; nth < 20; nth++) claims.set(followedClaim('photos', { conditions: [ready] }));
    put(followedClaim('second'));
    await until(() => delivered('second-secret') !== undefined);
    expect(app.count('GET', deliveredPath('photos-secret'))).toBeLessThan(3);
  });

  it('of an earlier claim of the name are waited for, and told of after a minute', async () => {
    const earlier = followedClaim('photos', { uid: 'uid-earlier' });
    app.put(deliveredPath('photos-secret'), {
      metadata: { name: 'photos-secret', namespace: 'team', ownerReferences: ownedBy(earlier) } as never,
      data: {},
    });
    put(followedClaim('photos'));
    controller.start();
    await clock.idle(2);
    for (let seconds = 0; seconds < 50; seconds++) await clock.advance(1_000, 2);
    expect(told).toEqual([]);
    await clock.advance(2 * minute, 2);
    await until(() => told.length === 1);
    app.remove(deliveredPath('photos-secret'));
    await clock.advance(minute, 1);
    await until(() => delivered('photos-secret') !== undefined);
    expect(delivered('photos-secret')?.metadata).toMatchObject({
      ownerReferences: [{ uid: 'uid-photos', controller: true, blockOwnerDeletion: true }],
    });
  });

  it('of a claim that is being deleted, or of another claim, are not delivered', async () => {
    put(followedClaim('ending', { isDeleting: true }));
    const thief = followedClaim('thief', { storedSecretName: followedClaim('rich').storedSecretName });
    put(followedClaim('rich'));
    claims.set(thief);
    controller.start();
    await until(() => delivered('rich-secret') !== undefined);
    put(followedClaim('last'));
    await until(() => delivered('last-secret') !== undefined);
    expect([...app.objects.keys()].toSorted()).toEqual(['last-secret', 'rich-secret'].map(deliveredPath));
  });
});
