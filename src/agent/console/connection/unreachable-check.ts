import { describeError } from '../../../base/errors.ts';
import { type Check, failed } from '../../../connecting/check.ts';

/** What the certificate of the other side is not; codes of node:tls. */
const certificateFaults: Record<string, string> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'is signed by an authority that the gateway does not know',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is signed by itself',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is signed by an authority that the gateway does not know',
  UNABLE_TO_GET_ISSUER_CERT: 'is signed by an authority that the gateway does not know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is signed by an authority that the gateway does not know',
  CERT_SIGNATURE_FAILURE: 'is signed by another authority of the same name',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet: look at the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another name',
};

const networkFaults: Record<string, [said: string, remedy: string]> = {
  ECONNREFUSED: ['refuses connections', 'look at the port, and whether the API server runs'],
  ECONNRESET: ['closes the connection', 'look at whether an API server, with TLS, is at that port'],
  EHOSTUNREACH: [
    'cannot be reached from here',
    'look at routes and firewalls between gateway and control plane',
  ],
  ENETUNREACH: [
    'cannot be reached from here',
    'look at routes and firewalls between gateway and control plane',
  ],
  ENOTFOUND: ['is a name that nobody knows', 'look at the spelling'],
  UND_ERR_CONNECT_TIMEOUT: [
    'does not answer',
    'look at firewalls and NetworkPolicies: packets to it seem to be dropped',
  ],
  ETIMEDOUT: ['does not answer', 'look at firewalls and NetworkPolicies: packets to it seem to be dropped'],
};

/** One sentence for each way in which nothing usable came back. */
export function unreachableCheck(host: string, error: unknown): Check {
  const codes = codesOf(error);
  for (const code of codes) {
    const fault = certificateFaults[code];
    if (fault !== undefined)
      return failed(
        'TLS',
        `the certificate of ${host} ${fault}`,
        'give the certificate authority of the control plane, and the address under which its certificate is made out',
      );
    const network = networkFaults[code];
    if (network) return failed('Reachable', `${host} ${network[0]}`, network[1]);
  }
  if (codes.some((code) => code.startsWith('ERR_SSL') || code === 'EPROTO'))
    return failed('TLS', `${host} does not speak TLS`, 'look at the port');
  return failed('Reachable', describeError(error), 'look at the address and the way there');
}

function codesOf(error: unknown): string[] {
  if (error === null || typeof error !== 'object') return [];
  const { code, cause, errors = [] } = error as { code?: unknown; cause?: unknown; errors?: unknown[] };
  // Of several addresses, each has its own (AggregateError).
  return [...(typeof code === 'string' ? [code] : []), ...errors.flatMap(codesOf), ...codesOf(cause)];
}
