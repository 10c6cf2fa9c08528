import { Writable } from 'node:stream';
import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { Metrics } from '../../../src/base/metrics.ts';
import { createAuthority } from '../../../src/controllers/certificates/certificate-authority.ts';
import { ExpiryMonitor } from '../../../src/controllers/certificates/expiry-monitor.ts';
import { lastToEnd } from '../../../src/controllers/certificates/expiry-sources.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

const dayMs = 86_400_000;
const start = Date.UTC(2026, 0, 1);
let monitor: ExpiryMonitor | undefined;
afterEach(() => monitor?.stop());

async function watch(pem: string, expiresAt?: number) {
  const lines: { certificate?: string; msg: string }[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as { msg: string });
      done();
    },
  });
  const clock = new ManualClock(start);
  const metrics = new Metrics();
  const certificates = { serving: () => new X509Certificate(pem), absent: () => undefined };
  monitor = new ExpiryMonitor({
    sources: { certificates, credential: () => ({ expiresAt }) },
    metrics,
    log: pino({}, sink),
    clock,
  }).start();
  await clock.idle();
  return { lines, clock, metrics };
}

describe('the expiry monitor', () => {
  it('says when certificates and the credential end [rotation.expiry.metrics]', async () => {
    const { cert } = await createAuthority('test', start);
    const end = new X509Certificate(cert).validToDate.getTime() / 1_000;
    const { metrics, lines } = await watch(cert, start + 1_000);
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      `mcp_connector_certificate_expiration_timestamp_seconds{certificate="serving"} ${end}`,
    );
    expect(text).not.toContain('certificate="absent"');
    expect(text).toContain(`mcp_connector_credential_expiration_timestamp_seconds ${start / 1_000 + 1}`);
    expect(lines).toEqual([]);
  });

  it('warns once a day from a week before the end [rotation.expiry.metrics]', async () => {
    const { cert } = await createAuthority('test', start);
    const end = new X509Certificate(cert).validToDate.getTime();
    const { lines, clock } = await watch(cert);
    await clock.advance(end - start - 8 * dayMs);
    expect(lines).toEqual([]);
    await clock.advance(dayMs + 10_000);
    expect(lines).toMatchObject([{ certificate: 'serving', msg: 'a certificate expires soon' }]);
    await clock.advance(dayMs / 2);
    expect(lines).toHaveLength(1);
    await clock.advance(8 * dayMs);
    expect(lines.at(-1)).toMatchObject({ msg: 'a certificate has expired' });
  });

  it('takes the CA that ends last of several', async () => {
    const [old, next] = await Promise.all([createAuthority('a', start), createAuthority('a', start + dayMs)]);
    expect(lastToEnd(`${next.cert}${old.cert}`)?.toString()).toBe(next.cert);
    expect(lastToEnd('nothing')).toBeUndefined();
  });
});
