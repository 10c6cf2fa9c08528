import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { userOfCertificate } from './client-certificate.ts';
import { type ChainCheck, checkClientChain } from './certificate-chain.ts';
import type { ClientTrust, RequestHeaderTrust } from './client-trust.ts';
import type { UserInfo } from './user-info.ts';
import type { Verdict } from './verdict.ts';

interface Kept<T> {
  trust: ClientTrust;
  /** Milliseconds since the epoch. */
  until: number;
  verdict: Verdict<T>;
}

/** A refusal may end by itself when a certificate becomes valid. */
const refusalLifetimeMs = 60_000;

/**
 * Judges the client certificate of a connection and keeps the verdict for as long as it can hold: another trust or
 * the end of a certificate's validity asks for a new one. A request on a known connection costs one map look-up.
 */
export class PeerVerdicts<T> {
  readonly #kept = new WeakMap<TLSSocket, Kept<T>>();
  readonly #roots: (trust: ClientTrust) => readonly X509Certificate[];
  readonly #read: (leaf: X509Certificate, trust: ClientTrust) => Verdict<T>;

  constructor(
    roots: (trust: ClientTrust) => readonly X509Certificate[],
    read: (leaf: X509Certificate, trust: ClientTrust) => Verdict<T>,
  ) {
    this.#roots = roots;
    this.#read = read;
  }

  of(socket: TLSSocket, trust: ClientTrust, now: number): Verdict<T> {
    const kept = this.#kept.get(socket);
    if (kept && kept.trust === trust && now <= kept.until) return kept.verdict;
    const { verdict, until } = this.#judge(socket, trust, now);
    this.#kept.set(socket, { trust, until, verdict });
    return verdict;
  }

  #judge(socket: TLSSocket, trust: ClientTrust, now: number): { verdict: Verdict<T>; until: number } {
    const roots = this.#roots(trust);
    const [leaf, ...intermediates] = roots.length === 0 ? [] : presentedBy(socket);
    if (!leaf) return { verdict: { state: 'absent' }, until: Infinity };
    let check: ChainCheck;
    try {
      check = checkClientChain(leaf, intermediates, roots, now);
      if (check.accepted) return { verdict: this.#read(leaf, trust), until: check.validUntil };
    } catch {
      // node:crypto throws on keys of a kind it cannot use, such as one with broken parameters.
      check = { accepted: false, reason: 'it cannot be read' };
    }
    return { verdict: { state: 'refused', reason: check.reason }, until: now + refusalLifetimeMs };
  }
}

/** The certificates in the order the peer sent them. */
function presentedBy(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

/** Connections of the aggregator. The value is the trust under which its headers are read. */
export function frontProxyVerdicts(): PeerVerdicts<RequestHeaderTrust> {
  return new PeerVerdicts<RequestHeaderTrust>(
    (trust) => trust.requestHeader?.cas ?? [],
    (leaf, { requestHeader }) => {
      if (!requestHeader) return { state: 'absent' };
      // A subject with several common names is an array here and matches no name.
      const commonName: unknown = leaf.toLegacyObject().subject.CN;
      const allowed =
        requestHeader.allowedNames.size === 0 || requestHeader.allowedNames.has(commonName as string);
      return allowed
        ? { state: 'accepted', value: requestHeader }
        : {
            state: 'refused',
            reason: `its common name ${JSON.stringify(commonName)} is not an allowed front proxy`,
          };
    },
  );
}

/** Connections of users with a certificate of their own. */
export function clientCertificateVerdicts(): PeerVerdicts<UserInfo> {
  return new PeerVerdicts<UserInfo>(
    (trust) => trust.clientCas,
    (leaf) => userOfCertificate(leaf),
  );
}
