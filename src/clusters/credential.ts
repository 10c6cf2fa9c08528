import { createPrivateKey, X509Certificate } from 'node:crypto';

/** TLS material towards one API server, as node:tls takes it. */
export interface TlsMaterial {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
}

/** What a request has to carry right now. */
export interface Credential {
  /** Value of the Authorization header; absent with client certificates. */
  authorization: string | undefined;
  /** Impersonate-* headers, by their names in lower case; undefined where nobody is impersonated. */
  impersonation?: Readonly<Record<string, string | string[]>> | undefined;
  tls: TlsMaterial;
  /** Milliseconds since the epoch, where the token or the plugin says so. */
  expiresAt?: number | undefined;
}

/** The headers that say who asks. */
export function headersOf(
  { authorization, impersonation }: Credential,
  asked: Record<string, string | string[]> = {},
): Record<string, string | string[]> {
  // Whom one request is made as replaces all of it: groups of the kubeconfig's user would be rights of that one.
  const acting = 'impersonate-user' in asked ? {} : impersonation;
  return { ...acting, ...(authorization === undefined ? {} : { authorization }), ...asked };
}

/** The same headers on the same connections; when it ends does not count. */
export function isSameCredential(a: Credential, b: Credential): boolean {
  const isSame = JSON.stringify(headersOf(a)) === JSON.stringify(headersOf(b));
  return isSame && isSameTls(a.tls, b.tls);
}

/** False where what was connected with one must not carry requests of the other. */
export function isSameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  const parts = ({ ca, cert, key, servername, rejectUnauthorized }: TlsMaterial): string =>
    [ca, cert, key, servername, rejectUnauthorized].map((part) => String(part ?? '')).join('\n');
  return parts(a) === parts(b);
}

/** False for a certificate whose key has not followed yet. */
export function isPair({ cert, key }: TlsMaterial): boolean {
  if (!cert || !key) return true;
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
