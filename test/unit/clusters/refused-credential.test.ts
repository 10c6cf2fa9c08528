import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Credential } from '../../../src/clusters/credential.ts';
import { whyRefused } from '../../../src/clusters/refused-credential.ts';
import { LabAuthority } from '../../../src/demo/certificates.ts';
import { ManualClock } from './manual-clock.ts';

const now = Date.parse('2030-01-01T00:00:00Z');
const minuteMs = 60_000;
/** Keys are made, on a machine that may be busy. */
const keysMs = 60_000;
const unspecific =
  'the control plane control-plane.example.org does not accept the credential of the kubeconfig; renew it';

function sentence(lastCredential: Credential | undefined): string {
  const server = new URL('https://control-plane.example.org/path');
  return whyRefused({ server, lastCredential }, new ManualClock(now));
}

let expired: Credential;
let valid: Credential;

beforeAll(async () => {
  const authority = await LabAuthority.create('client-ca');
  const endingAt = async (time: number): Promise<Credential> => {
    const { cert, key } = await authority.issue({ commonName: 'connector', lifetimeMs: time - Date.now() });
    return { authorization: undefined, tls: { cert, key } };
  };
  expired = await endingAt(now - minuteMs);
  valid = await endingAt(now + minuteMs);
}, keysMs);

describe('a credential that is refused', () => {
  it('is called a client certificate that has expired, with the time [outage.kind.clientcertificate]', () => {
    expect(sentence(expired)).toBe(
      'the client certificate of the kubeconfig expired at 2029-12-31T23:59:00Z, and the control plane control-plane.example.org does not accept it; renew it',
    );
  });

  it('is called a token that has expired, with the time', () => {
    const token = { authorization: 'Bearer a.b.c', tls: {}, expiresAt: now - minuteMs };
    expect(sentence(token)).toMatch(/^the token of the kubeconfig expired at 2029-12-31T23:59:00Z, /);
  });

  it('is given no reason where there is none to be seen', () => {
    expect(sentence(valid)).toBe(unspecific);
    expect(sentence({ authorization: 'Bearer opaque', tls: {} })).toBe(unspecific);
    expect(sentence({ authorization: 'Bearer a.b.c', tls: {}, expiresAt: now + minuteMs })).toBe(unspecific);
    expect(sentence({ authorization: undefined, tls: { cert: 'no certificate' } })).toBe(unspecific);
    expect(sentence(undefined)).toBe(unspecific);
  });

  it('is a token where an expired certificate goes along with it', () => {
    expect(sentence({ ...expired, authorization: 'Bearer opaque' })).toBe(unspecific);
  });
});
