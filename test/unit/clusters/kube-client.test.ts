import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { accessFromKubeconfig } from '../../../src/clusters/cluster-access.ts';
import { isNotFound, isObjectNotFound, KubeClient } from '../../../src/clusters/kube-client.ts';
import { Transport } from '../../../src/clusters/transport.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(60_000);

const open: { server: Server; client: KubeClient }[] = [];

afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    await client.transport[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  }
});

async function clientOf(listener: RequestListener): Promise<KubeClient> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = {
    clusters: [
      { name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  const client = new KubeClient(new Transport(accessFromKubeconfig(JSON.stringify(kubeconfig), 'the test')));
  open.push({ server, client });
  return client;
}

function answering(status: number, type: string, body: string): Promise<KubeClient> {
  return clientOf((_req, res) => void res.writeHead(status, { 'content-type': type }).end(body));
}

async function failureOf(client: KubeClient): Promise<unknown> {
  return await client.get('/api/v1/namespaces/x').then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

describe("an answer to the connector's own call", () => {
  it.each([
    ['a page', 200, 'text/html', '<html></html>'],
    ['JSON that breaks off', 200, 'application/json', '{"kind":'],
    ['a redirect', 302, 'text/plain', ''],
  ])('that is %s is no object', async (_name, status, type, body) => {
    expect(await failureOf(await answering(status, type, body))).toMatchObject({ code: 'unusable-answer' });
  });

  it('without an end is given up', async () => {
    const client = await clientOf((_req, res) => {
      res.writeHead(500, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(64 * 1024, ' ');
      const write = (): void => {
        while (!res.destroyed && res.write(chunk));
        if (!res.destroyed) res.once('drain', write);
      };
      write();
    });
    expect(await failureOf(client)).toMatchObject({
      code: 'unusable-answer',
      message: expect.stringContaining('more than 1048576 bytes') as unknown,
    });
  });

  it("tells an object that is gone from a proxy's 404", async () => {
    const status = { kind: 'Status', reason: 'NotFound', details: { kind: 'namespaces', name: 'x' } };
    const gone = await failureOf(await answering(404, 'application/json', JSON.stringify(status)));
    expect([isNotFound(gone), isObjectNotFound(gone, 'namespaces', 'x')]).toEqual([true, true]);
    const noPath = await failureOf(await answering(404, 'text/plain; charset=utf-8', '404 page not found\n'));
    expect([isNotFound(noPath), isObjectNotFound(noPath, 'namespaces', 'x')]).toEqual([true, false]);
    const page = await failureOf(await answering(404, 'text/html', '<h1>404</h1>'));
    expect([isNotFound(page), isObjectNotFound(page, 'namespaces', 'x')]).toEqual([false, false]);
    expect(page).toMatchObject({ message: 'GET /api/v1/namespaces/x was answered with 404 and text/html' });
  });

  it('that says to come again soon is asked for again a few times, where it is a read [serve.process.busy]', async () => {
    let asked = 0;
    let busy = 2;
    let pause = '0';
    const client = await clientOf((_req, res) => {
      asked++;
      if (busy-- > 0) res.writeHead(429, { 'retry-after': pause }).end('storage is (re)initializing');
      else res.writeHead(200, { 'content-type': 'application/json' }).end('{"kind":"Namespace"}');
    });
    expect(await client.get('/api/v1/namespaces/x')).toEqual({ kind: 'Namespace' });
    expect(asked).toBe(3);
    busy = Infinity;
    const counted = async (call: Promise<unknown>): Promise<number> => {
      const before = asked;
      await expect(call).rejects.toMatchObject({ status: 429 });
      return asked - before;
    };
    expect(await counted(client.get('/api/v1/namespaces/x'))).toBe(6);
    expect(await counted(client.create('/api/v1/namespaces', {}))).toBe(1);
    pause = '3600';
    expect(await counted(client.get('/api/v1/namespaces/x'))).toBe(1);
  });

  it('is waited for only as long as was said, before there is a connection too', async () => {
    const client = await clientOf(() => undefined);
    await expect(client.get('/api', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'unreachable' });
    const aborted = new AbortController();
    const waiting = client.get('/api', { signal: aborted.signal });
    aborted.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });
});
