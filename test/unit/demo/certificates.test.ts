import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { LabAuthority } from '../../../src/demo/certificates.ts';

let authority: LabAuthority;
let ca: X509Certificate;
beforeAll(async () => {
  authority = await LabAuthority.create('test-ca');
  ca = new X509Certificate(authority.cert);
});

describe('LabAuthority', () => {
  it('is a CA that has signed itself', () => {
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.subject).toBe('CN=test-ca');
  });

  it('issues a client certificate whose user and groups stand in the subject', async () => {
    const certificate = new X509Certificate(
      (await authority.issue({ commonName: 'admin', organizations: ['system:masters', 'team_a'] })).cert,
    );
    expect(certificate.subject).toBe('O=system:masters\nO=team_a\nCN=admin');
    expect(certificate.checkIssued(ca)).toBe(true);
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
  });

  it('issues a serving certificate for names and addresses', async () => {
    const { cert, key } = await authority.issue({ commonName: 'server', hosts: ['localhost', '127.0.0.1'] });
    const certificate = new X509Certificate(cert);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.checkHost('elsewhere')).toBeUndefined();
    expect(key).toContain('PRIVATE KEY');
  });

  it('writes names as UTF8String, since Go refuses a PrintableString with @ or _', async () => {
    const { cert } = await authority.issue({ commonName: 'me@x_y' });
    const utf8String = 0x0c;
    const value = Buffer.concat([Buffer.from([utf8String, 'me@x_y'.length]), Buffer.from('me@x_y')]);
    expect(new X509Certificate(cert).raw.includes(value)).toBe(true);
  });
});
