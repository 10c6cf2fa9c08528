import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditLog } from '../../../src/base/audit-log.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Metrics } from '../../../src/base/metrics.ts';

let dir: string;
const metrics = new Metrics();
const valueOf = async (metric: Metrics['auditEvents']): Promise<number> =>
  (await metric.get()).values[0]?.value ?? 0;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'audit-log-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (file: string, maxBytes?: number): Promise<AuditLog> =>
  AuditLog.open({
    path: path.join(dir, file),
    log: silentLogger(),
    metrics,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });

describe('AuditLog', () => {
  it('appends a line per event, and has written all of them when it is closed', async () => {
    await writeFile(path.join(dir, 'audit.log'), 'before\n');
    const log = await open('audit.log');
    for (let number = 0; number < 1_000; number++) log.write({ number });
    await log.close();
    const lines = (await readFile(path.join(dir, 'audit.log'), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(1_001);
    expect(lines[0]).toBe('before');
    expect(lines.at(-1)).toBe('{"number":999}');
  });

  it('drops and counts what finds no room, and never a part of a line [observe.audit.bounded]', async () => {
    const dropped = await valueOf(metrics.auditEventsDropped);
    const log = await open('audit.log', 10_000);
    for (let number = 0; number < 5_000; number++) log.write({ number, text: 'x'.repeat(100) });
    await log.close();
    const lines = (await readFile(path.join(dir, 'audit.log'), 'utf8')).trimEnd().split('\n');
    const lost = (await valueOf(metrics.auditEventsDropped)) - dropped;
    expect(lost).toBeGreaterThan(0);
    expect(lines.length + lost).toBe(5_000);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ text: expect.stringMatching(/^x{100}$/) });
  });

  it('says which file cannot be opened', async () => {
    await writeFile(path.join(dir, 'file'), '');
    await expect(open('file/audit.log')).rejects.toMatchObject({
      code: 'audit-log-unusable',
      message: expect.stringContaining(path.join(dir, 'file/audit.log')),
    });
  });
});
