import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import forge from 'node-forge';
import { parseBundle } from '../../../src/authentication/client-trust.ts';
import {
  type CertificateBundle,
  renewBundle,
} from '../../../src/controllers/certificates/certificate-bundle.ts';

const names = ['mcp-connector.kube-system.svc', 'localhost'];
const start = Date.parse('2026-01-01T00:00:00Z');
const dayMs = 86_400_000;
const empty: CertificateBundle = { serving: { cert: '', key: '' }, authorities: '', authorityKey: '' };

let first: CertificateBundle;

beforeAll(async () => {
  first = await renewed(empty, start);
});

async function renewed(stored: CertificateBundle, now: number): Promise<CertificateBundle> {
  const bundle = await renewBundle(stored, names, now);
  if (!bundle) throw new Error('nothing was renewed');
  return bundle;
}

/** Which CA of the bundle signed the serving certificate. */
function signer({ serving, authorities }: CertificateBundle): number {
  const leaf = new X509Certificate(serving.cert);
  return parseBundle(authorities).findIndex((authority) => leaf.verify(authority.publicKey));
}

describe('renewBundle', () => {
  it('leaves a good bundle as it is', async () => {
    expect(await renewBundle(first, names, start)).toBeUndefined();
    expect(await renewBundle(first, names, start + 240 * dayMs)).toBeUndefined();
  });

  it('makes certificates of one year under a CA of ten', () => {
    const leaf = new X509Certificate(first.serving.cert);
    const [authority] = parseBundle(first.authorities);
    expect([leaf.ca, authority?.ca]).toEqual([false, true]);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.validToDate.getTime() - start).toBe(365 * dayMs);
    expect((authority?.validToDate.getTime() ?? 0) - start).toBe(3650 * dayMs);
    expect(leaf.validFromDate.getTime()).toBeLessThan(start);
  });

  it('writes names as UTF8String, since Go refuses an @ in a PrintableString', () => {
    const leaf = forge.pki.certificateFromPem(first.serving.cert);
    const authority = forge.pki.certificateFromPem(first.authorities);
    const written = [authority.subject, authority.issuer, leaf.issuer, leaf.subject].map(
      ({ attributes }) => attributes[0],
    );
    expect(written.map((name) => name?.valueTagClass)).toEqual([12, 12, 12, 12]);
    expect(written[2]?.value).toBe(written[0]?.value);
  });

  it('shows a new CA for an hour before it serves a certificate of it, and keeps the old one', async () => {
    const due = start + 2500 * dayMs;
    const current = await renewed(first, due - 100 * dayMs);
    expect(current.authorities).toBe(first.authorities);
    const rotated = await renewed(current, due);
    expect(rotated.serving).toEqual(current.serving);
    expect(parseBundle(rotated.authorities)).toHaveLength(2);
    expect(signer(rotated)).toBe(1);
    expect(await renewBundle(rotated, names, due + 3_599_000)).toBeUndefined();
    const switched = await renewed(rotated, due + 3_600_000);
    expect(switched.authorities).toBe(rotated.authorities);
    expect(signer(switched)).toBe(0);
    const later = await renewed({ ...switched }, start + 3651 * dayMs);
    expect(parseBundle(later.authorities)).toHaveLength(1);
  });

  it('serves a certificate of the new CA at once when the old one is of no use', async () => {
    const lost = { ...first, serving: { cert: first.serving.cert, key: '' }, authorityKey: '' };
    const repaired = await renewed(lost, start);
    expect(signer(repaired)).toBe(0);
    expect(parseBundle(repaired.authorities)).toHaveLength(2);
  });

  it('repairs whatever somebody wrote into the Secret', async () => {
    const other = await renewed(empty, start);
    const broken: CertificateBundle[] = [
      { ...first, serving: { cert: 'x', key: 'y' } },
      { ...first, serving: { cert: first.serving.cert, key: other.serving.key } },
      { ...first, serving: other.serving },
      { ...first, authorities: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
      { ...first, authorities: first.serving.cert },
      { ...first, authorityKey: other.authorityKey },
    ];
    for (const bundle of broken) {
      const repaired = await renewed(bundle, start);
      expect(signer(repaired)).toBeGreaterThanOrEqual(0);
      expect(new X509Certificate(repaired.serving.cert).checkHost(names[0] ?? '')).toBe(names[0]);
    }
  });

  it('drops the names of others when the certificate is renewed by age', async () => {
    const wider = await renewBundle(first, [...names, 'old.example.org'], start);
    expect(new X509Certificate(wider?.serving.cert ?? '').checkHost('old.example.org')).toBe(
      'old.example.org',
    );
    const narrow = await renewed(wider ?? empty, start + 300 * dayMs);
    expect(new X509Certificate(narrow.serving.cert).checkHost('old.example.org')).toBeUndefined();
  });
});
