import type { X509Certificate } from 'node:crypto';

export type ChainCheck = { accepted: true; validUntil: number } | { accepted: false; reason: string };

const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyExtendedUsage = '2.5.29.37.0';

/** As Go's crypto/x509: a peer may send many certificates, and each step costs a signature check. */
const maxSignatureChecks = 100;
const maxDepth = 8;

/**
 * Verifies a client certificate as crypto/x509 does for Kubernetes (VerifyOptions with KeyUsages ClientAuth): a chain
 * over the intermediates the peer sent to one of `roots`, each certificate in its validity, each issuer a CA, the
 * extended key usages of every one open to client authentication (none at all means any). Path length and name
 * constraints are not looked at: neither limits a common name, which is all that is read from the leaf.
 *
 * `now` and `validUntil` are milliseconds since the epoch; the latter is when the first certificate of the chain ends.
 */
export function checkClientChain(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: number,
): ChainCheck {
  const unusable = unfit(leaf, now);
  if (unusable) return { accepted: false, reason: unusable };
  let checksLeft = maxSignatureChecks;
  const reasons = new Set<string>();

  const isIssuer = (issuer: X509Certificate, subject: X509Certificate): boolean => {
    // OpenSSL's check of names, key identifiers and the keyCertSign usage; the signature is a step of its own.
    if (!subject.checkIssued(issuer)) return false;
    const fault = issuer.ca ? unfit(issuer, now) : 'its issuer is not a CA';
    if (fault) reasons.add(fault);
    if (fault || checksLeft <= 0) return false;
    checksLeft -= 1;
    return subject.verify(issuer.publicKey);
  };

  const climb = (subject: X509Certificate, path: readonly X509Certificate[]): number | undefined => {
    for (const root of roots) {
      if (isIssuer(root, subject)) return Math.min(...[...path, root].map(endOf));
    }
    if (path.length >= maxDepth) return undefined;
    for (const next of intermediates) {
      if (path.includes(next) || !isIssuer(next, subject)) continue;
      const end = climb(next, [...path, next]);
      if (end !== undefined) return end;
    }
    return undefined;
  };

  const validUntil = climb(leaf, [leaf]);
  if (validUntil !== undefined) return { accepted: true, validUntil };
  return { accepted: false, reason: [...reasons][0] ?? 'it was signed by an unknown authority' };
}

function unfit(certificate: X509Certificate, now: number): string | undefined {
  if (now < certificate.validFromDate.getTime()) return 'a certificate of its chain is not valid yet';
  if (now > endOf(certificate)) return 'a certificate of its chain has expired';
  // Go refuses signatures over MD5 and SHA-1; OpenSSL's plain verification does not.
  if (/md5|sha1(?!\d)/i.test(certificate.signatureAlgorithm ?? ''))
    return 'a certificate of its chain has a weak signature';
  const usages = certificate.keyUsage as string[] | undefined;
  if (usages && !usages.includes(clientAuth) && !usages.includes(anyExtendedUsage)) {
    return 'a certificate of its chain is not meant for client authentication';
  }
  return undefined;
}

function endOf(certificate: X509Certificate): number {
  return certificate.validToDate.getTime();
}
