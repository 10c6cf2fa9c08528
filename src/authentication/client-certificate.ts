import type { X509Certificate } from 'node:crypto';
import { asAuthenticated, emptyExtra, type UserInfo } from './user-info.ts';
import type { Verdict } from './verdict.ts';

/** A user's UID in the subject of a certificate (apimachinery/pkg/util/x509 X509UID). */
const uidAttribute = '1.3.6.1.4.1.57683.2';

const credentialIdKey = 'authentication.kubernetes.io/credential-id';

/**
 * The user a verified client certificate names, as apiserver/pkg/authentication/request/x509 CommonNameUserConversion:
 * the common name is the user, each organization a group. Where Go takes the last of several common names, several
 * are refused here: which of them the CA meant to vouch for cannot be known.
 */
export function userOfCertificate(certificate: X509Certificate): Verdict<UserInfo> {
  // The legacy form keeps values apart that the text form joins by line breaks, which a value may itself contain.
  const subject = certificate.toLegacyObject().subject as unknown as Record<
    string,
    string | string[] | undefined
  >;
  const names = listOf(subject['CN']);
  const uids = listOf(subject[uidAttribute]);
  if (names.length > 1) return { state: 'refused', reason: 'it has more than one common name' };
  if (uids.length > 1 || uids[0] === '') return { state: 'refused', reason: 'it has no single UID' };
  if (!names[0]) return { state: 'absent' };
  const extra = emptyExtra();
  extra[credentialIdKey] = [`X509SHA256=${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`];
  const value = { name: names[0], groups: listOf(subject['O']), extra, ...(uids[0] ? { uid: uids[0] } : {}) };
  return { state: 'accepted', value: asAuthenticated(value) };
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
