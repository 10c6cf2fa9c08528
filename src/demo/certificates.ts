import { generateKeyPair, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import forge from 'node-forge';
import type { KeyPair } from '../controllers/certificates/certificate-authority.ts';

const generate = promisify(generateKeyPair);

/** Who a certificate stands for. To kube-apiserver the common name is the user, organizations are its groups. */
export interface Subject {
  commonName: string;
  organizations?: readonly string[];
  /** DNS names and IP addresses, for a server. */
  hosts?: readonly string[];
  /** From now; 30 days when left out. Negative for one that has expired, by 5 minutes at most. */
  lifetimeMs?: number;
}

const defaultLifetimeMs = 30 * 86_400_000;
/** Certificates begin this long before they are made, for clocks that are a little behind. */
const backdateMs = 300_000;

/** An RSA key as service account tokens are signed with. PEM texts. */
export async function createSigningKey(): Promise<{ publicKey: string; privateKey: string }> {
  return await generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/** A certificate authority of the lab: what it issues is good for servers and for clients. */
export class LabAuthority implements KeyPair {
  readonly cert: string;
  readonly key: string;
  readonly #name: forge.pki.CertificateField[];

  private constructor(name: forge.pki.CertificateField[], pair: KeyPair) {
    this.#name = name;
    this.cert = pair.cert;
    this.key = pair.key;
  }

  static async create(commonName: string): Promise<LabAuthority> {
    const name = distinguishedName({ commonName });
    const { privateKey, publicKey } = await createSigningKey();
    const cert = sign(name, name, publicKey, privateKey, undefined, [
      { name: 'basicConstraints', critical: true, cA: true },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true, digitalSignature: true },
      { name: 'subjectKeyIdentifier' },
    ]);
    return new LabAuthority(name, { cert, key: privateKey });
  }

  async issue(subject: Subject): Promise<KeyPair> {
    const { privateKey, publicKey } = await createSigningKey();
    const altNames = (subject.hosts ?? []).map((host) =>
      isIP(host) ? { type: 7, ip: host } : { type: 2, value: host },
    );
    const cert = sign(distinguishedName(subject), this.#name, publicKey, this.key, subject.lifetimeMs, [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      ...(altNames.length > 0 ? [{ name: 'subjectAltName', altNames }] : []),
    ]);
    return { cert, key: privateKey };
  }
}

/** UTF8String: the default is PrintableString, and Go refuses one with an `@` or `_` in it (crypto/x509/parser.go). */
function distinguishedName({ commonName, organizations = [] }: Subject): forge.pki.CertificateField[] {
  const valueTagClass = forge.asn1.Type.UTF8 as unknown as forge.asn1.Class;
  return [
    ...organizations.map((value) => ({ name: 'organizationName', value, valueTagClass })),
    { name: 'commonName', value: commonName, valueTagClass },
  ];
}

function sign(
  subject: forge.pki.CertificateField[],
  issuer: forge.pki.CertificateField[],
  publicKey: string,
  signingKey: string,
  lifetimeMs: number = defaultLifetimeMs,
  extensions: unknown[],
): string {
  const now = Date.now();
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  // The first byte stays below 0x80: a serial number is a positive integer.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(now - backdateMs);
  certificate.validity.notAfter = new Date(now + lifetimeMs);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer);
  certificate.setExtensions(extensions);
  certificate.sign(forge.pki.privateKeyFromPem(signingKey), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
