import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../src/base/logger.ts';
import { Lease } from '../../../src/clusters/lease.ts';
import { FakeApiServer, failure, type Stored } from './fake-api-server.ts';
import { ManualClock } from './manual-clock.ts';

const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/mcp-connector';

let app: FakeApiServer;
let started: Lease[];

beforeEach(async () => {
  app = await FakeApiServer.start();
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((lease) => lease.stop()));
  await app[Symbol.asyncDispose]();
});

function compete(
  identity: string,
  clock: ManualClock,
  onLost?: () => void,
): { lease: Lease; events: string[] } {
  const options = {
    client: app.client(),
    namespace: 'kube-system',
    name: 'mcp-connector',
    log: silentLogger(),
  };
  const lease = new Lease({ ...options, identity, clock });
  const events: string[] = [];
  lease.start({
    onAcquired: () => void events.push('acquired'),
    onLost: () => {
      events.push('lost');
      onLost?.();
    },
  });
  started.push(lease);
  return { lease, events };
}

function spec(): Record<string, unknown> {
  return app.objects.get(path)?.['spec'] as Record<string, unknown>;
}

function heldByOther(more: Record<string, unknown> = {}): Stored {
  return {
    metadata: { name: 'mcp-connector', namespace: 'kube-system' },
    spec: { holderIdentity: 'other', leaseDurationSeconds: 15, leaseTransitions: 4, ...more },
  };
}

describe('Lease', () => {
  it('is created as client-go writes it', async () => {
    const clock = new ManualClock(Date.parse('2026-01-02T03:04:05.678Z'));
    const { lease, events } = compete('a', clock);
    await clock.idle();
    expect(lease.isHeld).toBe(true);
    expect(events).toEqual(['acquired']);
    expect(spec()).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-02T03:04:05.678000Z',
      renewTime: '2026-01-02T03:04:05.678000Z',
      leaseTransitions: 0,
    });
  });

  it('is renewed with one call each time, and keeps its acquire time and labels', async () => {
    app.put(path, {
      ...heldByOther({ holderIdentity: '' }),
      metadata: { ...heldByOther().metadata, labels: { app: 'x' } },
    } as Stored);
    const clock = new ManualClock(Date.parse('2026-01-02T03:04:05Z'));
    const { events } = compete('a', clock);
    await clock.idle();
    const before = app.received.length;
    await clock.advance(2_000);
    await clock.advance(2_000);
    expect(app.received.slice(before).map(({ method }) => method)).toEqual(['PUT', 'PUT']);
    expect(spec()).toMatchObject({
      acquireTime: '2026-01-02T03:04:05.000000Z',
      renewTime: '2026-01-02T03:04:09.000000Z',
      leaseTransitions: 5,
    });
    expect(app.objects.get(path)?.metadata).toMatchObject({ labels: { app: 'x' } });
    expect(events).toEqual(['acquired']);
  });

  it('is renewed by a clock that counts fractions of a millisecond', async () => {
    const clock = new ManualClock(1_000_000.5);
    const { lease } = compete('a', clock);
    await clock.idle();
    await clock.advance(2_000.25);
    expect(app.count('PUT', path)).toBe(1);
    expect(lease.isHeld).toBe(true);
  });

  it('is left alone while its record changes, whatever time the record claims', async () => {
    const clock = new ManualClock();
    app.put(path, heldByOther({ renewTime: '2001-01-01T00:00:00.000000Z' }));
    const { lease } = compete('a', clock);
    for (let renewal = 1; renewal <= 6; renewal++) {
      await clock.advance(10_000);
      app.put(path, heldByOther({ renewTime: `2001-01-01T00:00:0${renewal}.000000Z` }));
    }
    expect(lease.isHeld).toBe(false);
    expect(spec()['holderIdentity']).toBe('other');
  });

  it('is taken over when its record stayed the same for its duration by our clock', async () => {
    const clock = new ManualClock();
    app.put(path, heldByOther({ renewTime: '2999-01-01T00:00:00.000000Z' }));
    const { lease } = compete('a', clock);
    await clock.advance(14_999);
    expect(lease.isHeld).toBe(false);
    await clock.advance(5_000);
    expect(lease.isHeld).toBe(true);
    expect(spec()).toMatchObject({ holderIdentity: 'a', leaseTransitions: 5 });
  });

  it('goes to one of two only', async () => {
    const clocks = [new ManualClock(), new ManualClock()];
    const both = clocks.map((clock, i) => compete(`replica-${i}`, clock));
    await Promise.all(clocks.map((clock) => clock.idle()));
    for (let round = 0; round < 5; round++) {
      await Promise.all(clocks.map((clock) => clock.advance(5_000)));
      expect(both.filter(({ lease }) => lease.isHeld)).toHaveLength(1);
    }
  });

  it('is lost when it could not be renewed for 10 s, before another may take it', async () => {
    const clock = new ManualClock();
    const { lease, events } = compete('a', clock);
    await clock.idle();
    app.intercept = () => failure(500, 'InternalError');
    await clock.advance(9_000);
    expect(lease.isHeld).toBe(true);
    await clock.advance(2_000);
    expect(lease.isHeld).toBe(false);
    expect(events).toEqual(['acquired', 'lost']);
    app.intercept = undefined;
    await clock.advance(5_000);
    expect(events).toEqual(['acquired', 'lost', 'acquired']);
  });

  it('is not held by a process that was stalled past its duration', async () => {
    const clock = new ManualClock();
    const { lease, events } = compete('a', clock);
    await clock.idle();
    clock.stall(15_000);
    expect(lease.isHeld).toBe(false);
    app.put(path, heldByOther());
    await clock.advance(0);
    expect(events).toEqual(['acquired', 'lost']);
    expect(spec()['holderIdentity']).toBe('other');
  });

  it('is acquired anew after a stall in which nobody took it', async () => {
    const clock = new ManualClock();
    const { events } = compete('a', clock);
    await clock.idle();
    clock.stall(15_000);
    await clock.advance(0);
    expect(events).toEqual(['acquired', 'lost', 'acquired']);
  });

  it('is lost at once when the record names another holder', async () => {
    const clock = new ManualClock();
    const { events } = compete('a', clock);
    await clock.idle();
    app.put(path, heldByOther());
    await clock.advance(2_000);
    expect(events).toEqual(['acquired', 'lost']);
  });

  it('is made again when somebody deleted it', async () => {
    const clock = new ManualClock();
    const { lease, events } = compete('a', clock);
    await clock.idle();
    app.remove(path);
    await clock.advance(2_000);
    expect(lease.isHeld).toBe(true);
    expect(spec()['holderIdentity']).toBe('a');
    expect(events).toEqual(['acquired']);
  });

  it('is given up on stop, after what it guards has ended, and taken at once by another', async () => {
    const clock = new ManualClock();
    let holderAtTheEnd: unknown;
    const { lease } = compete('a', clock, () => {
      holderAtTheEnd = spec()['holderIdentity'];
    });
    await clock.idle();
    await lease.stop();
    expect(holderAtTheEnd).toBe('a');
    expect(spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
    const next = compete('b', clock);
    await clock.idle();
    expect(next.lease.isHeld).toBe(true);
  });

  it.each(['POST', 'PUT'])(
    'is given up on stop when the %s that took it arrived and its answer did not',
    async (method) => {
      const clock = new ManualClock();
      const arrived = Promise.withResolvers<void>();
      app.intercept = (request) => {
        if (request.method !== method) return undefined;
        app.intercept = undefined;
        app.put(path, request.body as Stored);
        arrived.resolve();
        return new Promise(() => undefined);
      };
      const { lease } = compete('a', clock);
      if (method === 'PUT') {
        await clock.idle();
        await clock.advance(2_000, 0);
      }
      await arrived.promise;
      expect(spec()['holderIdentity']).toBe('a');
      await lease.stop();
      expect(spec()['holderIdentity']).toBe('');
    },
  );

  it('is not touched on stop by one who does not hold it', async () => {
    const clock = new ManualClock();
    app.put(path, heldByOther());
    const { lease, events } = compete('a', clock);
    await clock.idle();
    await lease.stop();
    expect(app.count('PUT', path)).toBe(0);
    expect(events).toEqual([]);
  });
});
