import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type AttackedGround, prepareAttackedGround } from '../support/attacked-ground.ts';
import { RawConnection } from '../support/raw-client.ts';

// A thousand connections are opened, each of them twice.
jest.setTimeout(240_000);

const watches = 1_000;
const changes = 100;
const claimBytes = 8_000;
let attacked: AttackedGround;

beforeAll(async () => {
  attacked = await prepareAttackedGround('limits-memory', { flags: ['--max-watches-per-user=0'] });
});
afterAll(() => attacked?.ground.remove());

/** Resident memory of the connector, in MB. */
function residentMB(): number {
  const status = readFileSync(`/proc/${attacked.connector.process.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

async function openWatch(target: string): Promise<RawConnection> {
  const connection = await RawConnection.open(attacked.connector.url, attacked.admin);
  connection.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return connection;
}

it('1,000 watches of which half stop reading take bounded memory, and the other half gets every event [limits.watches.memory]', async () => {
  const { mine, ground } = attacked;
  await mine.create('changing');
  const target = `${mine.path()}?watch=true&resourceVersion=0&fieldSelector=metadata.name%3Dchanging`;
  const before = residentMB();
  const connections: RawConnection[] = [];
  while (connections.length < watches)
    connections.push(...(await Promise.all(Array.from({ length: 25 }, () => openWatch(target)))));
  for (const connection of connections)
    await connection.answer({ waitMs: 60_000, until: (text) => text.includes('"ADDED"') });
  const opened = residentMB();
  const [asleep, awake] = [connections.slice(0, watches / 2), connections.slice(watches / 2)];
  for (const connection of asleep) connection.socket.pause();

  const text = 'x'.repeat(claimBytes);
  let peak = opened;
  for (let change = 1; change <= changes; change++) {
    await ground.app.client.patch(mine.path('changing'), {
      spec: { parameters: { settings: { text, change } } },
    });
    peak = Math.max(peak, residentMB());
  }
  const missing = new Set<number>();
  for (const connection of awake) {
    await connection.answer({ waitMs: 120_000, until: (seen) => seen.includes(`"change":${changes}`) });
    peak = Math.max(peak, residentMB());
    const numbers = new Set(
      [...connection.text.matchAll(/"change":(\d+)/g)].map(([, number]) => Number(number)),
    );
    for (let change = 1; change <= changes; change++) if (!numbers.has(change)) missing.add(change);
  }
  const after = residentMB();
  const sent = Math.round((changes * claimBytes * watches) / 1024 / 1024);
  process.stderr.write(
    `memory of the connector: ${before} MB before, ${opened} MB with ${watches} watches, ${peak} MB at most, ${after} MB after ${sent} MB of events\n`,
  );
  expect(missing).toEqual(new Set());
  // What half of them did not take would be 380 MB, had it been held.
  expect(peak - opened).toBeLessThan(150);
  expect(peak).toBeLessThan(512);
  for (const connection of connections) connection.socket.destroy();
});
