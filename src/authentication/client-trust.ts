import { X509Certificate } from 'node:crypto';
import { ConnectorError, describeError } from '../base/errors.ts';

/** What the app cluster says about its front proxy. Header names are in lower case. */
export interface RequestHeaderTrust {
  readonly cas: readonly X509Certificate[];
  /** Common names that may act as front proxy; empty means every one that the CAs signed. */
  readonly allowedNames: ReadonlySet<string>;
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

/** Whom to believe, at one moment. Never changed: a new one takes its place as a whole. */
export interface ClientTrust {
  /** Undefined: nobody is believed to be the front proxy. */
  readonly requestHeader: RequestHeaderTrust | undefined;
  /** CAs of client certificates that name a user themselves. */
  readonly clientCas: readonly X509Certificate[];
  /** Why the front proxy is refused although it is configured; for the log and for readiness. */
  readonly warning: string | undefined;
}

/**
 * Reads the data of ConfigMap kube-system/extension-apiserver-authentication, which each kube-apiserver writes
 * (kubernetes/pkg/controlplane/controller/clusterauthenticationtrust). Throws ConnectorError `client-trust-invalid`
 * when a value cannot be read; an absent one means that nobody is trusted by it.
 */
export function parseClientTrust(data: Record<string, string>): ClientTrust {
  const clientCas = certificates(data, 'client-ca-file');
  const cas = certificates(data, 'requestheader-client-ca-file');
  const requestHeader: RequestHeaderTrust = {
    cas,
    allowedNames: new Set(strings(data, 'requestheader-allowed-names')),
    usernameHeaders: headerNames(data, 'requestheader-username-headers'),
    uidHeaders: headerNames(data, 'requestheader-uid-headers'),
    groupHeaders: headerNames(data, 'requestheader-group-headers'),
    extraPrefixes: headerNames(data, 'requestheader-extra-headers-prefix'),
  };
  const warning = impersonationRisk(requestHeader, clientCas);
  return { requestHeader: cas.length === 0 || warning ? undefined : requestHeader, clientCas, warning };
}

/**
 * With one CA for users and front proxy and no list of names, the certificate of any user could name any other user
 * in X-Remote-User.
 */
function impersonationRisk(
  trust: RequestHeaderTrust,
  clientCas: readonly X509Certificate[],
): string | undefined {
  if (trust.allowedNames.size > 0) return undefined;
  const shared = clientCas.some((client) =>
    trust.cas.some((proxy) => sameAuthority(client, proxy) || signed(proxy, client)),
  );
  return shared
    ? 'the front proxy is refused: its CA (requestheader-client-ca-file) also signs the client certificates of users, and ' +
        'requestheader-allowed-names is empty, so that any user could act as any other; start kube-apiserver with ' +
        '--requestheader-allowed-names or with a CA of its own for the front proxy'
    : undefined;
}

function sameAuthority(a: X509Certificate, b: X509Certificate): boolean {
  return a.publicKey.equals(b.publicKey);
}

function signed(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

/** The certificates of a PEM bundle, text between them ignored. Throws what node:crypto throws. */
export function parseBundle(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

function certificates(data: Record<string, string>, key: string): X509Certificate[] {
  const pem = data[key];
  if (!pem?.trim()) return [];
  try {
    const bundle = parseBundle(pem);
    if (bundle.length > 0) return bundle;
  } catch (cause) {
    throw unreadable(key, describeError(cause), cause);
  }
  throw unreadable(key, 'it holds no certificate');
}

function strings(data: Record<string, string>, key: string): string[] {
  const text = data[key];
  if (!text) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(key, describeError(cause), cause);
  }
  if (value === null) return [];
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  throw unreadable(key, 'it is not a JSON array of strings');
}

function headerNames(data: Record<string, string>, key: string): string[] {
  return strings(data, key)
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

function unreadable(key: string, why: string, cause?: unknown): ConnectorError {
  return new ConnectorError(
    'client-trust-invalid',
    `"${key}" in ConfigMap kube-system/extension-apiserver-authentication cannot be read: ${why}`,
    { cause },
  );
}
