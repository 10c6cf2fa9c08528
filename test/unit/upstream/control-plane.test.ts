import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Cancellation } from '../../../src/base/cancellation.ts';
import { accessFromKubeconfig } from '../../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../../src/clusters/kube-client.ts';
import { Transport } from '../../../src/clusters/transport.ts';
import { ControlPlane, type UpstreamRequest } from '../../../src/upstream/control-plane.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(60_000);

/** One to three, at random. */
const retryAfterSeconds: unknown = expect.any(Number);
const open: { server: Server; transport: Transport }[] = [];

afterEach(async () => {
  for (const { server, transport } of open.splice(0)) {
    await transport[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  }
});

/** A control plane that speaks real HTTP and answers as told. */
async function controlPlane(listener: RequestListener): Promise<ControlPlane> {
  const server = createServer((req, res) => {
    res.setHeader('content-type', 'application/json');
    listener(req, res);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const transport = new Transport(accessFromKubeconfig(kubeconfigOf(port), 'the test'));
  open.push({ server, transport });
  return new ControlPlane(transport);
}

function kubeconfigOf(port: number): string {
  return JSON.stringify({
    clusters: [
      { name: 'c', cluster: { server: `http://127.0.0.1:${port}/prefix`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

function request(more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { method: 'GET', path: '/apis/g/v/x', headers: {}, cancellation: new Cancellation(), ...more };
}

describe('the forward leg', () => {
  it('sends the credential and the path prefix of the kubeconfig', async () => {
    const seen: (string | undefined)[] = [];
    const upstream = await controlPlane((req, res) => {
      seen.push(req.url, req.headers.authorization);
      res.end('{}');
    });
    const answer = await upstream.collect(request());
    expect(seen).toEqual(['/prefix/apis/g/v/x', 'Bearer secret']);
    expect(answer.body.toString()).toBe('{}');
  });

  it('answers 503 with Retry-After when nobody listens, since nothing was sent', async () => {
    const transport = new Transport(accessFromKubeconfig(kubeconfigOf(1), 'the test'));
    const failed = new ControlPlane(transport).collect(request({ method: 'POST', body: Buffer.from('{}') }));
    await expect(failed).rejects.toMatchObject({ code: 503, details: { retryAfterSeconds } });
    await transport[Symbol.asyncDispose]();
  });

  it('answers 503 with Retry-After when a read breaks off, since it may be asked again', async () => {
    const upstream = await controlPlane((req) => req.socket.destroy());
    await expect(upstream.collect(request())).rejects.toMatchObject({
      code: 503,
      details: { retryAfterSeconds },
    });
  });

  it('answers 504 when a write breaks off, since it may have been carried out', async () => {
    let received = 0;
    const upstream = await controlPlane((req) => {
      received++;
      req.socket.destroy();
    });
    const failed = upstream.collect(request({ method: 'POST', body: Buffer.from('{}') }));
    await expect(failed).rejects.toMatchObject({ code: 504, reason: 'Timeout' });
    expect(received).toBe(1);
  });

  it('neither follows a redirect nor passes it on', async () => {
    const paths: (string | undefined)[] = [];
    const upstream = await controlPlane((req, res) => {
      paths.push(req.url);
      res.writeHead(302, { location: '/elsewhere' }).end();
    });
    const started = jest.fn();
    const failed = upstream.forward(request(), { start: started, data: () => true, end: () => undefined });
    await expect(failed).rejects.toMatchObject({ code: 503, details: { retryAfterSeconds } });
    expect(started).not.toHaveBeenCalled();
    expect(paths).toEqual(['/prefix/apis/g/v/x']);
  });

  it('ends the request on the control plane when the client goes away', async () => {
    const ended = Promise.withResolvers<void>();
    const cancellation = new Cancellation();
    const upstream = await controlPlane((_req, res) => {
      res.once('close', () => ended.resolve());
      res.write('{');
      cancellation.cancel(new Error('gone'));
    });
    await expect(upstream.collect(request({ cancellation }))).rejects.toThrow('gone');
    await ended.promise;
  });

  it('answers 503 or 504 when the time is over, by what was sent', async () => {
    const upstream = await controlPlane(() => undefined);
    await expect(upstream.collect(request({ timeoutMs: 50 }))).rejects.toMatchObject({ code: 503 });
    const write = request({ method: 'POST', body: Buffer.from('{}'), timeoutMs: 50 });
    await expect(upstream.collect(write)).rejects.toMatchObject({ code: 504 });
  });

  it.each([200, 201, 500])(
    'gives an answer without an end and %i up where it is wanted whole, and joins it at no time [outage.kind.endless]',
    async (status) => {
      const upstream = await controlPlane((_req, res) => {
        const chunk = Buffer.alloc(1024 * 1024, ' ');
        const write = (): void => {
          while (!res.destroyed && res.write(chunk));
          if (!res.destroyed) res.once('drain', write);
        };
        res.writeHead(status).write('{');
        write();
      });
      let handedOn = 0;
      const sink = {
        start: () => undefined,
        data: (chunk: Buffer) => (handedOn += chunk.length) >= 0,
        end: () => undefined,
      };
      const concat = jest.spyOn(Buffer, 'concat');
      const asked = request({ maxBytes: 4 * 1024 * 1024 });
      const wanted = status === 200 ? upstream.collect(asked) : upstream.stream(asked, sink);
      await expect(wanted).rejects.toMatchObject({ code: 503 });
      expect(handedOn).toBe(0);
      const joined = concat.mock.results.filter(({ value }) => (value as Buffer).length > 1024 * 1024);
      concat.mockRestore();
      expect(joined).toEqual([]);
    },
  );

  it('hands a 200 on while it arrives, and gives every other answer whole', async () => {
    const upstream = await controlPlane((req, res) => {
      res.writeHead(req.url?.endsWith('ok') ? 200 : 404).write('{"a":');
      setImmediate(() => res.end('1}'));
    });
    const pieces: string[] = [];
    const sink = {
      start: (status: number) => void pieces.push(String(status)),
      data: (chunk: Buffer) => pieces.push(chunk.toString()) > 0,
      end: () => void pieces.push('end'),
    };
    const refused = await upstream.stream(request(), sink);
    expect([refused.status, refused.body.toString(), pieces]).toEqual([404, '{"a":1}', []]);
    const answer = await upstream.stream(request({ path: '/ok' }), sink);
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
    expect([pieces.at(0), pieces.slice(1, -1).join(''), pieces.at(-1)]).toEqual(['200', '{"a":1}', 'end']);
  });

  it('pauses the control plane while the client does not read', async () => {
    const upstream = await controlPlane((_req, res) => {
      res.end(Buffer.alloc(32 * 1024 * 1024));
    });
    let received = 0;
    let resume: (() => void) | undefined;
    const paused = Promise.withResolvers<void>();
    const done = upstream.forward(request(), {
      start: (_status, _headers, next) => {
        resume = next;
      },
      data: (chunk) => {
        received += chunk.length;
        if (received < 1024 * 1024) return true;
        paused.resolve();
        return false;
      },
      end: () => undefined,
    });
    await paused.promise;
    const atPause = received;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(received).toBe(atPause);
    received = -1e12;
    resume?.();
    await done;
    expect(received + 1e12).toBe(32 * 1024 * 1024 - atPause);
  });
});

/** Tokens come from a file, and only `good` is accepted. */
async function withTokenFile(change: (file: string) => void) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'mcp-connector-token-'));
  const file = path.join(dir, 'token');
  writeFileSync(file, 'bad');
  const seen: (string | undefined)[] = [];
  const server = createServer((req, res) => {
    seen.push(req.headers.authorization);
    const isGood = req.headers.authorization === 'Bearer good';
    change(file);
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () =>
      res.writeHead(isGood ? 201 : 401, { 'content-type': 'application/json' }).end(body || '{}'),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const config = JSON.parse(kubeconfigOf((server.address() as AddressInfo).port)) as {
    users: { user: object }[];
  };
  for (const entry of config.users) entry.user = { tokenFile: file };
  const transport = new Transport(accessFromKubeconfig(JSON.stringify(config), 'the test'));
  open.push({ server, transport });
  return { upstream: new ControlPlane(transport), client: new KubeClient(transport), seen };
}

describe('a request that is refused with 401', () => {
  it('is sent once more with a credential that has been renewed [rotation.retry.unauthorized]', async () => {
    const { upstream, seen } = await withTokenFile((file) => writeFileSync(file, 'good'));
    const answer = await upstream.collect(request({ method: 'POST', body: Buffer.from('{"a":1}') }));
    expect([answer.status, answer.body.toString()]).toEqual([201, '{"a":1}']);
    expect(seen).toEqual(['Bearer bad', 'Bearer good']);
  });

  it('is answered with the refusal where there is no other credential, and not sent again [rotation.retry.unauthorized]', async () => {
    const { upstream, seen } = await withTokenFile(() => undefined);
    const answer = await upstream.collect(request({ method: 'POST', body: Buffer.from('{"a":1}') }));
    expect([answer.status, answer.body.toString()]).toEqual([401, '{"a":1}']);
    expect(seen).toEqual(['Bearer bad']);
  });

  it('is sent once more for a call of our own too [rotation.retry.unauthorized]', async () => {
    const { client, seen } = await withTokenFile((file) => writeFileSync(file, 'good'));
    expect(await client.create('/apis/g/v/x', { a: 1 })).toEqual({ a: 1 });
    expect(seen).toEqual(['Bearer bad', 'Bearer good']);
  });
});
