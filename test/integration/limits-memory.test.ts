import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type AttackedGround, prepareAttackedGround } from '../support/attacked-ground.ts';
import { RawConnection } from '../support/raw-client.ts';

// A thousand connections are opened, each of them twice.
jest.setTimeout(240_000);

const watches = 1_000;
/** In each of two halves. */
const changes = 60;
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
  const peaks: number[] = [];
  for (const half of [1, 2]) {
    let peak = 0;
    for (let change = (half - 1) * changes + 1; change <= half * changes; change++) {
      await ground.app.client.patch(mine.path('changing'), {
        spec: { parameters: { settings: { text, change } } },
      });
      peak = Math.max(peak, residentMB());
    }
    for (const connection of awake) {
      const last = `"change":${half * changes}`;
      await connection.answer({ waitMs: 120_000, until: (seen) => seen.includes(last) });
      peak = Math.max(peak, residentMB());
    }
    peaks.push(peak);
  }
  const [first = 0, second = 0] = peaks;
  const sent = Math.round((2 * changes * claimBytes * watches) / 1024 / 1024);
  process.stderr.write(
    `memory of the connector: ${before} MB before, ${opened} MB with ${watches} watches, at most ${first} MB in the first half of ${sent} MB of events and ${second} MB in the second\n`,
  );
  for (const connection of awake) {
    const seen = new Set(
      [...connection.text.matchAll(/"change":(\d+)/g)].map(([, number]) => Number(number)),
    );
    expect(Array.from({ length: 2 * changes }, (_, i) => i + 1).filter((one) => !seen.has(one))).toEqual([]);
  }
  // What those that sleep did not take of one half would be 230 MB, had it been held.
  expect(second - first).toBeLessThan(100);
  expect(second).toBeLessThan(800);
  for (const connection of connections) connection.socket.destroy();
});
