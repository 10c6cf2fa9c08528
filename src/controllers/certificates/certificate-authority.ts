import { generateKeyPair, randomBytes, sign as signBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import forge from 'node-forge';

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

const generate = promisify(generateKeyPair);

const dayMs = 86_400_000;
export const authorityLifetimeMs = 3650 * dayMs;
export const servingLifetimeMs = 365 * dayMs;

/** Certificates begin this long before they are made: the clocks of API servers differ. */
export const backdateMs = 300_000;

/** Longest common name of X.520; longer ones are cut, names that count are subject alternative names. */
const commonNameLimit = 64;

/** A new self-signed CA. Its name holds the time, so that two in a row are never mistaken for one another. */
export async function createAuthority(name: string, now: number): Promise<KeyPair> {
  const suffix = `-ca@${Math.floor(now / 1000)}`;
  const subject = commonName(`${name.slice(0, commonNameLimit - suffix.length)}${suffix}`);
  const { certificate, key } = await newCertificate(now, authorityLifetimeMs);
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true, digitalSignature: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  return sign(certificate, key, key);
}

/** A serving certificate for DNS names and IP addresses. */
export async function createServingCertificate(
  authority: KeyPair,
  names: readonly string[],
  now: number,
): Promise<KeyPair> {
  const issuer = forge.pki.certificateFromPem(authority.cert);
  const { certificate, key } = await newCertificate(now, servingLifetimeMs);
  certificate.setSubject(commonName((names[0] ?? '').slice(0, commonNameLimit)));
  certificate.setIssuer(issuer.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
    },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ]);
  return sign(certificate, key, authority.key);
}

async function newCertificate(now: number, lifetimeMs: number) {
  const pair = await generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  certificate.serialNumber = serialNumber();
  certificate.validity.notBefore = new Date(now - backdateMs);
  certificate.validity.notAfter = new Date(now + lifetimeMs);
  return { certificate, key: pair.privateKey };
}

/**
 * node-forge writes the certificate, node:crypto signs it: forge's RSA is plain JavaScript, slow and not constant in
 * time.
 */
function sign(certificate: forge.pki.Certificate, key: string, signingKey: string): KeyPair {
  let toBeSigned = '';
  const digest = { algorithm: 'sha256', update: (bytes: string) => void (toBeSigned = bytes) };
  const signer = {
    sign: () => signBytes('sha256', Buffer.from(toBeSigned, 'latin1'), signingKey).toString('latin1'),
  };
  certificate.sign(
    signer as unknown as forge.pki.rsa.PrivateKey,
    digest as unknown as forge.md.MessageDigest,
  );
  return { cert: forge.pki.certificateToPem(certificate).replaceAll('\r', ''), key };
}

/** Positive and without leading zeros, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** As UTF8String: forge's default, PrintableString, has no `@`, and Go refuses to parse a certificate that puts one there. */
function commonName(value: string): forge.pki.CertificateField[] {
  const valueTagClass = forge.asn1.Type.UTF8 as unknown as forge.asn1.Class;
  return [{ name: 'commonName', value, valueTagClass }];
}
