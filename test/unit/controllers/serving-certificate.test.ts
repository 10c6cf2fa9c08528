import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { connect, createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../src/base/logger.ts';
import {
  ServingCertificate,
  type ServingMaterial,
} from '../../../src/controllers/certificates/serving-certificate.ts';
import { FakeApiServer, failure } from '../clusters/fake-api-server.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

const path = '/api/v1/namespaces/kube-system/secrets/mcp-connector-serving-cert';
const dayMs = 86_400_000;

let app: FakeApiServer;
let replicas: ServingCertificate[];

beforeEach(async () => {
  app = await FakeApiServer.start();
  replicas = [];
});
afterEach(async () => {
  await Promise.all(replicas.map((each) => each.stop()));
  await app[Symbol.asyncDispose]();
});

function replica(clock: ManualClock, externalHost?: string): ServingCertificate {
  const certificate = new ServingCertificate({
    client: app.client(),
    namespace: 'kube-system',
    secretName: 'mcp-connector-serving-cert',
    serviceName: 'mcp-connector',
    externalHost,
    log: silentLogger(),
    clock,
  });
  replicas.push(certificate);
  return certificate;
}

/** What a client that trusts the bundle sees under a name: `true`, or the fault. */
async function verified(
  { cert, key, caBundle }: ServingMaterial,
  servername: string,
): Promise<true | string> {
  const server = createServer({ cert, key }, (socket) => void socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', servername, ca: caBundle });
  try {
    await once(socket, 'secureConnect');
    return socket.authorized || 'unauthorized';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
    server.close();
  }
}

describe('ServingCertificate', () => {
  it('makes a certificate that verifies under every name of the service', async () => {
    const clock = new ManualClock();
    const certificate = replica(clock, 'host.example.org');
    await certificate.start();
    const names = [
      'mcp-connector.kube-system.svc',
      'mcp-connector.kube-system.svc.cluster.local',
      'localhost',
      'host.example.org',
    ];
    for (const name of names) expect(await verified(certificate.current(), name)).toBe(true);
    expect(await verified(certificate.current(), 'kubernetes.default.svc')).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  it('stores it in a Secret of type kubernetes.io/tls, with the CA beside it', async () => {
    await replica(new ManualClock()).start();
    const secret = app.objects.get(path);
    expect(secret?.['type']).toBe('kubernetes.io/tls');
    expect(Object.keys(secret?.['data'] as object).toSorted()).toEqual([
      'ca.crt',
      'ca.key',
      'tls.crt',
      'tls.key',
    ]);
  });

  it('is shared by replicas that start together', async () => {
    const clocks = [new ManualClock(), new ManualClock(), new ManualClock()];
    const all = clocks.map((clock) => replica(clock));
    const ready = Promise.all(all.map((each) => each.start()));
    const step = async () => {
      await turn();
      await Promise.all(clocks.map((clock) => clock.advance(1_000, 0)));
    };
    while ((await Promise.race([ready, step()])) === undefined);
    expect(new Set(all.map((each) => each.current().cert)).size).toBe(1);
    expect(app.objects.get(path)?.metadata.resourceVersion).toBe('1001');
  });

  it('is renewed by its CA when less than a third of its life is left, and followed by the other replica', async () => {
    const [clock, otherClock] = [new ManualClock(), new ManualClock()];
    const [certificate, other] = [replica(clock), replica(otherClock)];
    await certificate.start();
    await other.start();
    const before = certificate.current();
    const heard: ServingMaterial[] = [];
    other.onChange((material) => void heard.push(material));
    await clock.advance(240 * dayMs);
    expect(certificate.current()).toEqual(before);
    await clock.advance(5 * dayMs);
    expect(certificate.current().cert).not.toBe(before.cert);
    expect(certificate.current().caBundle).toBe(before.caBundle);
    await otherClock.advance(60_000);
    expect(heard).toEqual([certificate.current()]);
    expect(other.current()).toEqual(certificate.current());
  });

  it('gets the names that a replica misses, and keeps those of another', async () => {
    const clocks = [new ManualClock(), new ManualClock()] as const;
    const old = replica(clocks[0], 'old.example.org');
    await old.start();
    const young = replica(clocks[1], '10.1.2.3');
    await young.start();
    await clocks[0].advance(60_000);
    expect(old.current()).toEqual(young.current());
    expect(await verified(old.current(), 'old.example.org')).toBe(true);
    expect(old.current().caBundle).toBe(young.current().caBundle);
  });

  it('goes on with the last one while the Secret cannot be read', async () => {
    const clock = new ManualClock();
    const certificate = replica(clock);
    await certificate.start();
    const before = certificate.current();
    app.intercept = () => failure(500, 'InternalError');
    await clock.advance(60_000);
    await clock.advance(60_000);
    expect(certificate.current()).toEqual(before);
  });

  it('waits for the app cluster at the start', async () => {
    const clock = new ManualClock();
    app.intercept = () => failure(503, 'ServiceUnavailable');
    const certificate = replica(clock);
    const ready = certificate.start();
    await clock.idle();
    expect(() => certificate.current()).toThrow('before it was loaded');
    app.intercept = undefined;
    await clock.advance(1_000);
    await ready;
    expect(certificate.current().cert).toContain('BEGIN CERTIFICATE');
  });

  it('rejects its start when it is stopped before it has one', async () => {
    const clock = new ManualClock();
    app.intercept = () => failure(503, 'ServiceUnavailable');
    const certificate = replica(clock);
    const ready = certificate.start();
    await clock.idle();
    await certificate.stop();
    await expect(ready).rejects.toThrow('stopped');
  });
});
