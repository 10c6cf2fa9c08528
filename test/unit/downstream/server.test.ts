import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { LabAuthority } from '../../../src/demo/certificates.ts';
import { DownstreamServer } from '../../../src/downstream/server.ts';
import { RawConnection } from '../../support/raw-client.ts';

// Generous: the machine may be busy.
jest.setTimeout(60_000);

/** As in service, and shorter. */
const patience = { handshake: 1_000, headers: 1_500, request: 2_000, idle: 20_000, check: 50 };
const head = 'POST /path HTTP/1.1\r\nHost: a\r\n';

let server: DownstreamServer;
let port: number;
/** What became of requests that had begun. */
const broken: string[] = [];
let watch: ServerResponse | undefined;

function listener(req: IncomingMessage, res: ServerResponse): void {
  req.on('error', () => broken.push(req.url ?? ''));
  if (req.url === '/watch') {
    watch = res;
    res.writeHead(200).flushHeaders();
    return;
  }
  req.resume();
  req.on('end', () => res.end('done'));
}

beforeAll(async () => {
  const authority = await LabAuthority.create('server');
  const { cert, key } = await authority.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
  server = new DownstreamServer({ listener, cert, key, host: '127.0.0.1', port: 0, patience });
  port = await server.listen();
});
afterAll(() => server?.[Symbol.asyncDispose]());

function open(): Promise<RawConnection> {
  return RawConnection.open(`https://127.0.0.1:${port}`);
}

/** One byte at a time, for as long as the server takes them. */
async function trickle(connection: RawConnection, byte: string): Promise<void> {
  const timer = setInterval(() => connection.write(byte), 20);
  try {
    await connection.closed;
  } finally {
    clearInterval(timer);
  }
}

describe('the listener', () => {
  it('ends a connection that says nothing, before its handshake and behind it [attack.patience.end]', async () => {
    const silent = createConnection(port, '127.0.0.1').on('error', () => undefined);
    await using idle = await open();
    await Promise.all([once(silent, 'close'), idle.closed]);
    expect(idle.text).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it('ends a header that comes one byte at a time with 408 [attack.patience.end]', async () => {
    await using slow = await open();
    slow.write(`${head}X-Slow: `);
    await trickle(slow, 'a');
    expect(slow.text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it('ends a body that comes one byte at a time with 408, and the request knows [attack.patience.end]', async () => {
    await using slow = await open();
    slow.write(`${head.replace('/path', '/slow-body')}Content-Length: 100000\r\n\r\n`);
    await trickle(slow, 'a');
    expect(slow.text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(broken).toEqual(['/slow-body']);
  });

  it('lets an answer take its time, and serves the next request of the connection [attack.patience.end]', async () => {
    await using other = await open();
    await using watching = await open();
    watching.write('GET /watch HTTP/1.1\r\nHost: a\r\n\r\n');
    await watching.answer({ until: (text) => text.includes('200 OK') });
    // One that came later has been ended for its slowness meanwhile.
    await using slow = await open();
    slow.write(`${head}Content-Length: 100000\r\n\r\n`);
    await trickle(slow, 'a');
    await other.closed;
    watch?.write('{"type":"ADDED"}\n');
    const { text, isClosed } = await watching.answer({ until: (seen) => seen.includes('ADDED') });
    expect({ isClosed, hasEvent: text.includes('ADDED') }).toEqual({ isClosed: false, hasEvent: true });
    watch?.end();
    await watching.answer({ until: (seen) => seen.includes('\r\n0\r\n\r\n') });
    watching.write(`${head}Content-Length: 0\r\n\r\n`);
    expect((await watching.answer({ until: (seen) => seen.includes('done') })).codes).toEqual([200, 200]);
  });
});
