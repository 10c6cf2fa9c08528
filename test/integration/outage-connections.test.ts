import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { FaultMode } from '../support/fault-modes.ts';
import { eventually } from '../support/lab.ts';
import { OutageGround } from '../support/outage-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

interface Kind {
  name: string;
  id: string;
  mode: FaultMode;
  sentence: RegExp;
}

const since = 'the control plane is not available since \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ: .*';
const kinds: Kind[] = [
  {
    name: 'is stopped',
    id: 'outage.kind.stopped',
    mode: { kind: 'stopped' },
    sentence: new RegExp(`${since}ECONNREFUSED`),
  },
  {
    name: 'resets connections',
    id: 'outage.kind.reset',
    mode: { kind: 'reset' },
    sentence: new RegExp(`${since}ECONNRESET`),
  },
  {
    name: 'has vanished without a word',
    id: 'outage.kind.blackhole',
    mode: { kind: 'black-hole' },
    sentence: new RegExp(`${since}due to timeout`),
  },
  {
    name: 'is slower than anybody waits',
    id: 'outage.kind.slow',
    mode: { kind: 'slow', ms: 20_000 },
    sentence: new RegExp(`${since}due to timeout`),
  },
  {
    name: 'has a serving certificate that expired',
    id: 'outage.kind.certificate',
    mode: { kind: 'expired-certificate' },
    sentence: new RegExp(`${since}certificate has expired`),
  },
];
let outage: OutageGround;

beforeAll(async () => {
  outage = await OutageGround.prepare('outage-connections');
});
afterAll(() => outage?.remove());
afterEach(() => outage?.proxy.use({ kind: 'pass' }));

describe('while the control plane', () => {
  it.each(kinds)(
    '$name, discovery stays, data is refused at once, watches end, and all comes back [$id]',
    async ({ mode, sentence }) => {
      const { connector, proxy } = outage;
      const { pid } = connector.process;
      await outage.servesData();
      await using kubectl = await outage.kubectlWatch();
      await using watch = await outage.rawWatch();

      await outage.fail(mode, sentence);
      expect(await outage.requestsThatPass()).toBe(0);
      await outage.keepsDiscovery();
      await outage.expectCleanEnd(watch);
      expect(await kubectl.ended()).toBe(0);
      expect(kubectl.output).not.toMatch(/error|unable|fail/i);

      const recovery = await recover();
      expect(proxy.requests.length).toBeLessThan(150);
      process.stdout.write(`after "${mode.kind}": ${recovery}\n`);
      expect(connector.process.pid).toBe(pid);
      outage.expectAlwaysAvailable();
    },
  );
});

/** Ends the fault; resolves when data is there, and 5 s of the time after it have been counted. */
async function recover(): Promise<string> {
  const { proxy } = outage;
  const startedAt = Date.now();
  await proxy.use({ kind: 'pass' });
  proxy.mark();
  await outage.servesData();
  const ms = Date.now() - startedAt;
  await eventually(() =>
    expect(proxy.requests.some(({ url }) => /\/secrets\?.*watch=true/.test(url))).toBe(true),
  );
  const informersMs = Date.now() - startedAt;
  await delay(Math.max(0, startedAt + 5_000 - Date.now()));
  const { connections, requests } = proxy.counts;
  return `data again after ${ms} ms, the connector's own watches after ${informersMs} ms; in the first 5 s ${requests} requests over ${connections} connections`;
}
