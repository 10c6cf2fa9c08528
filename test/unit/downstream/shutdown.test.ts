import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from '../../../src/downstream/drain.ts';
import { Exchanges } from '../../../src/downstream/exchanges.ts';
import { shutDown } from '../../../src/downstream/shutdown.ts';

let server: Server;
let drain: Drain;
let exchanges: Exchanges;
let steps: string[];

beforeEach(async () => {
  drain = new Drain();
  exchanges = new Exchanges(drain);
  steps = [];
  server = createServer((req, res) => void exchanges.open(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A request that nobody answers. */
async function pending(method: string): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ host: '127.0.0.1', port, method, agent: false });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  return answer;
}

function stop(requestTimeoutMs: number): Promise<void> {
  return shutDown({
    server: { stopListening: () => steps.push('stopListening'), close: () => steps.push('close') },
    exchanges,
    drain,
    delayMs: 0,
    requestTimeoutMs,
  });
}

describe('a stop that runs out of time', () => {
  it('answers a read with 503 and Retry-After, and a write with 504 [replicas.stop.giveup]', async () => {
    const answers = [pending('GET'), pending('POST')];
    await new Promise((resolve) => setTimeout(resolve, 100));
    await stop(50);
    const [read, write] = await Promise.all(answers);
    expect([read?.statusCode, read?.headers['retry-after'], read?.headers.connection]).toEqual([
      503,
      '1',
      'close',
    ]);
    expect([write?.statusCode, write?.headers['retry-after'], write?.headers.connection]).toEqual([
      504,
      undefined,
      'close',
    ]);
    expect(steps).toEqual(['stopListening', 'close']);
  });
});

describe('a drain', () => {
  it('calls each listener once, those before, within and after its window', async () => {
    const called: string[] = [];
    drain.onCancel(() => called.push('before'));
    drain.begin(20);
    drain.onCancel(() => called.push('within'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(called.toSorted()).toEqual(['before', 'within']);
    drain.cancel(new Error('the connector stops'));
    drain.onCancel(() => called.push('after'));
    expect(called.toSorted()).toEqual(['after', 'before', 'within']);
  });

  it('calls nobody who left, and all who are left when it is cut short', () => {
    const called: string[] = [];
    drain.onCancel(() => called.push('gone'))();
    drain.onCancel(() => called.push('here'));
    drain.begin(60_000);
    drain.cancel(new Error('the connector stops'));
    expect(called).toEqual(['here']);
  });
});
