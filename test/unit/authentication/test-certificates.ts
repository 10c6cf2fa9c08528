import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import forge from 'node-forge';

export interface TestCertificate {
  cert: string;
  key: string;
}

export interface TestCertificateOptions {
  issuer?: TestCertificate;
  ca?: boolean;
  /** Extended key usages; none at all when left out. */
  usages?: { clientAuth?: boolean; serverAuth?: boolean };
  organizations?: string[];
  /** Days from now. */
  from?: number;
  to?: number;
  /** A subject of its own instead of common name and organizations. */
  subject?: forge.pki.CertificateField[];
  /** The key of another certificate, as a CA that renews itself has. */
  key?: string;
}

let serial = 1;

/** One for all that are no CA: making keys is what takes long. */
const leafKey = newKey();

/** A certificate as any PKI would make it, good or bad. */
export function makeCertificate(commonName: string, options: TestCertificateOptions = {}): TestCertificate {
  const key = options.key ?? (options.ca ? newKey() : leafKey);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(
    createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
  );
  certificate.serialNumber = `01${(serial++).toString(16).padStart(6, '0')}`;
  certificate.validity.notBefore = new Date(Date.now() + (options.from ?? -1) * 86_400_000);
  certificate.validity.notAfter = new Date(Date.now() + (options.to ?? 365) * 86_400_000);
  const organizations = (options.organizations ?? []).map((value) => ({ name: 'organizationName', value }));
  const subject = options.subject ?? [{ name: 'commonName', value: commonName }, ...organizations];
  certificate.setSubject(subject);
  certificate.setIssuer(
    options.issuer ? forge.pki.certificateFromPem(options.issuer.cert).subject.attributes : subject,
  );
  certificate.setExtensions([
    ...(options.ca === undefined ? [] : [{ name: 'basicConstraints', cA: options.ca, critical: true }]),
    ...(options.usages ? [{ name: 'extKeyUsage', ...options.usages }] : []),
  ]);
  // Signed by node:crypto, since forge's own RSA takes a second in a jest context.
  let toBeSigned = '';
  const digest = { algorithm: 'sha256', update: (bytes: string) => void (toBeSigned = bytes) };
  const signingKey = options.issuer?.key ?? key;
  const signer = {
    sign: () => sign('sha256', Buffer.from(toBeSigned, 'latin1'), signingKey).toString('latin1'),
  };
  certificate.sign(
    signer as unknown as forge.pki.rsa.PrivateKey,
    digest as unknown as forge.md.MessageDigest,
  );
  return { cert: forge.pki.certificateToPem(certificate), key };
}

function newKey(): string {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  }).privateKey;
}
