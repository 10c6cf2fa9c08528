import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pino from 'pino';
import type { Logger } from '../../../src/base/logger.ts';
import { CompositeReasons } from '../../../src/controllers/claims/composite-reasons.ts';
import type { FollowedClaim } from '../../../src/mapping/followed-claim.ts';
import { FakeApiServer, failure } from '../clusters/fake-api-server.ts';
import { ManualClock } from '../clusters/manual-clock.ts';
import { claimNamespace, FakeClaims, followedClaim } from './fake-claims.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(60_000);

const group = '/apis/example.org/v1';
const notReady = { conditions: [{ type: 'Ready', status: 'False', reason: 'Waiting', message: '' }] };
let controlPlane: FakeApiServer;
let clock: ManualClock;
let claims: FakeClaims;
let told: [string, string][];
let lines: string[];
let controller: CompositeReasons;

beforeEach(async () => {
  controlPlane = await FakeApiServer.start();
  controlPlane.put(group, { metadata: { name: '' }, resources: [{ name: 'xbuckets', kind: 'XBucket' }] });
  clock = new ManualClock();
  claims = new FakeClaims();
  told = [];
  lines = [];
  const log: Logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  controller = new CompositeReasons({
    client: controlPlane.client(),
    claims,
    recorder: { record: (_object, type, reason, message) => void told.push([`${type} ${reason}`, message]) },
    log,
    clock,
  });
  controller.start();
});
afterEach(async () => {
  await controller.stop();
  await controlPlane[Symbol.asyncDispose]();
});

function xrPath({ composite }: FollowedClaim): string {
  return `${group}/xbuckets/${composite?.name}`;
}

function putComposite(claim: FollowedClaim, message: string, claimName = claim.metadata.name): void {
  controlPlane.put(xrPath(claim), {
    metadata: { name: claim.composite?.name ?? '' },
    spec: { claimRef: { namespace: claimNamespace, name: claimName } },
    status: {
      conditions: [
        { type: 'Synced', status: 'True' },
        { type: 'Ready', status: 'False', reason: 'Creating', message },
        { type: 'Degraded', status: 'False', reason: 'AllIsWell', message: 'not bad news' },
      ],
    },
  });
}

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await clock.advance(1_000);
}

describe('the composite resource of a claim that is not Ready', () => {
  const claim = followedClaim('photos', notReady);

  it('is told of once, and again every ten minutes [events.composite.changed]', async () => {
    putComposite(claim, 'Unready resources: a');
    claims.set(claim);
    await pass(120);
    const first = [
      'Warning CompositeNotReady',
      'XBucket photos-xr has Ready=False: Creating: Unready resources: a',
    ];
    expect(told).toEqual([first]);
    await pass(600);
    expect(told).toEqual([first, first]);
    putComposite(claim, 'Unready resources: b');
    await pass(80);
    expect(told.slice(2).map(([, message]) => message)).toEqual([
      'XBucket photos-xr has Ready=False: Creating: Unready resources: b',
    ]);
  });

  it('is read after 2 s, and then less and less often, once a minute in the end [events.composite.slow]', async () => {
    putComposite(claim, 'Unready resources: a');
    claims.set(claim);
    await pass(1);
    expect(controlPlane.count('GET', xrPath(claim))).toBe(0);
    await pass(3);
    expect(controlPlane.count('GET', xrPath(claim))).toBe(1);
    // After 5, 10, 20, 40 and 60 s, each a fifth more or less.
    await pass(95);
    const early = controlPlane.count('GET', xrPath(claim));
    expect(early).toBeGreaterThanOrEqual(4);
    expect(early).toBeLessThanOrEqual(7);
    await pass(600);
    const late = controlPlane.count('GET', xrPath(claim)) - early;
    expect(late).toBeGreaterThanOrEqual(7);
    expect(late).toBeLessThanOrEqual(14);
    expect(controlPlane.count('GET', group)).toBe(1);
    claims.set(followedClaim('photos'));
    controlPlane.received.length = 0;
    await pass(200);
    expect(controlPlane.received).toEqual([]);
  });

  it('that may not be read is told of once, in the log [events.composite.right]', async () => {
    controlPlane.intercept = ({ path }) => (path === group ? undefined : failure(403, 'Forbidden'));
    claims.set(claim);
    claims.set(followedClaim('films', notReady));
    await pass(900);
    expect(told).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('example.org/v1/XBucket');
    // Every five minutes one of the two asks.
    const asked = controlPlane.received.filter(({ path }) => path.includes('/xbuckets/'));
    expect(asked.length).toBeLessThanOrEqual(4);
    controlPlane.intercept = undefined;
    putComposite(claim, 'Unready resources: a');
    await pass(400);
    expect(told).toHaveLength(1);
  });

  it('and belongs to another claim, or to another group, is not told of [events.composite.foreign]', async () => {
    const stranger = followedClaim('stranger', {
      ...notReady,
      composite: { apiVersion: 'v1', kind: 'Secret', name: 'treasure' },
    });
    const lost = followedClaim('lost', notReady);
    putComposite(claim, 'secret of another', 'claim-0123456789abcdef');
    claims.set(claim);
    claims.set(stranger);
    claims.set(lost);
    await pass(30);
    expect(controlPlane.count('GET', xrPath(claim))).toBeGreaterThan(0);
    expect(controlPlane.count('GET', xrPath(lost))).toBeGreaterThan(0);
    expect(controlPlane.received.some(({ path }) => path.includes('treasure') || path === '/api/v1')).toBe(
      false,
    );
    expect(told).toEqual([]);
  });
});
