import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { parseBundle } from '../../authentication/client-trust.ts';
import {
  authorityLifetimeMs,
  backdateMs,
  createAuthority,
  createServingCertificate,
  type KeyPair,
  servingLifetimeMs,
} from './certificate-authority.ts';

/** What the replicas share, as PEM. */
export interface CertificateBundle {
  serving: KeyPair;
  /** The caBundle; the CA that signs stands first. */
  authorities: string;
  authorityKey: string;
}

/** How long a new CA stands in the bundle before a certificate of it is served: the API servers must know it first. */
const headStartMs = 3_600_000;

/**
 * The bundle to store in place of `stored`, or undefined when that one is good. The first of `names` is the one that
 * the aggregator asks for; a certificate without it is of no use.
 *
 * Certificates are renewed when less than a third of their life is left. A new CA joins the bundle before anything it
 * signed is served, and the old one stays there until it expires, so that no API server meets a certificate it cannot
 * verify.
 */
export async function renewBundle(
  stored: CertificateBundle,
  names: readonly string[],
  now: number,
): Promise<CertificateBundle | undefined> {
  const parsed = tryParse(() => parseBundle(stored.authorities)) ?? [];
  const valid = parsed.filter((authority) => authority.validToDate.getTime() > now);
  const usable = valid[0] && canSign(valid[0], stored.authorityKey, now) ? valid[0] : undefined;
  const signing = usable
    ? { cert: usable.toString(), key: stored.authorityKey }
    : await createAuthority(names[0] ?? '', now);
  const authority = usable ?? new X509Certificate(signing.cert);
  const authorities = usable ? valid : [authority, ...valid];
  const bundle = { authorities: authorities.map(String).join(''), authorityKey: signing.key };

  const leaf = servable(stored.serving, valid, names, now);
  if (leaf) {
    const isByAuthority = issued(authority, leaf);
    const isFresh = isByAuthority && !isDue(leaf, servingLifetimeMs, now) && covers(leaf, names);
    const mustWait = !isByAuthority && now < authority.validFromDate.getTime() + backdateMs + headStartMs;
    if (isFresh || mustWait) {
      const isSame = usable !== undefined && valid.length === parsed.length;
      return isSame ? undefined : { ...bundle, serving: stored.serving };
    }
  }
  // Names another replica asked for stay: with changed names in a roll-out the two would undo each other's work.
  const isDone = !leaf || isDue(leaf, servingLifetimeMs, now);
  const wanted = isDone ? names : [...new Set([...names, ...namesOf(leaf)])];
  return { ...bundle, serving: await createServingCertificate(signing, wanted, now) };
}

function canSign(authority: X509Certificate, key: string, now: number): boolean {
  return authority.ca && belongs(key, authority) && !isDue(authority, authorityLifetimeMs, now);
}

/** The stored serving certificate if it can be served at all. */
function servable(
  { cert, key }: KeyPair,
  authorities: readonly X509Certificate[],
  names: readonly string[],
  now: number,
): X509Certificate | undefined {
  const leaf = tryParse(() => new X509Certificate(cert));
  if (!leaf || !belongs(key, leaf) || leaf.validToDate.getTime() <= now) return undefined;
  return authorities.some((authority) => issued(authority, leaf)) && covers(leaf, names.slice(0, 1))
    ? leaf
    : undefined;
}

function issued(authority: X509Certificate, leaf: X509Certificate): boolean {
  return leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
}

function belongs(pem: string, certificate: X509Certificate): boolean {
  const key: KeyObject | undefined = tryParse(() => createPrivateKey(pem));
  return key !== undefined && certificate.checkPrivateKey(key);
}

function isDue(certificate: X509Certificate, lifetimeMs: number, now: number): boolean {
  return certificate.validToDate.getTime() - now < lifetimeMs / 3;
}

function covers(leaf: X509Certificate, names: readonly string[]): boolean {
  return names.every(
    (name) => (isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name, { subject: 'never' })) !== undefined,
  );
}

/** From a text such as `DNS:a.svc, IP Address:10.0.0.1`. */
function namesOf(leaf: X509Certificate): string[] {
  const entries = (leaf.subjectAltName ?? '').matchAll(/(?:^|, )(?:DNS|IP Address):([\w.:*-]+)(?=,|$)/g);
  return [...entries].map((entry) => entry[1] ?? '');
}

function tryParse<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
