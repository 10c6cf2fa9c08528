import { unauthorized } from '../apimachinery/status.ts';
import type { RequestHeaderTrust } from './client-trust.ts';
import { emptyExtra, type UserInfo } from './user-info.ts';

/** A byte order mark is part of a name: stripped, one user would become another. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
// oxlint-disable-next-line no-control-regex
const nonAscii = /[^\x00-\x7f]/;

/**
 * The user that a verified front proxy names in its headers (apiserver/pkg/authentication/request/headerrequest), or
 * undefined when it names none. Read from `rawHeaders` (name, value, name, value, ...): node joins repeated headers
 * by commas, and a group may contain one (LDAP names do).
 *
 * Throws StatusError 401 when user or UID come twice, or when a value is not UTF-8.
 */
export function readRemoteUser(
  rawHeaders: readonly string[],
  trust: RequestHeaderTrust,
): UserInfo | undefined {
  const headers = rawHeaders.map((part, i) => (i % 2 === 0 ? part.toLowerCase() : part));
  const name = singleValue(headers, trust.usernameHeaders);
  if (!name) return undefined;
  const uid = singleValue(headers, trust.uidHeaders);
  const groups: string[] = [];
  for (const header of trust.groupHeaders) {
    for (let i = 0; i < headers.length; i += 2) {
      const value = headers[i + 1];
      if (value && headers[i] === header) groups.push(text(value));
    }
  }
  const extra = emptyExtra();
  for (const prefix of trust.extraPrefixes) {
    for (let i = 0; i < headers.length; i += 2) {
      const header = headers[i] ?? '';
      if (!header.startsWith(prefix)) continue;
      const key = unescapeKey(header.slice(prefix.length));
      (extra[key] ??= []).push(text(headers[i + 1] ?? ''));
    }
  }
  return { name, groups, extra, ...(uid ? { uid } : {}) };
}

/** Value of the first of `names` that has one; header names are in lower case. */
function singleValue(headers: readonly string[], names: readonly string[]): string | undefined {
  for (const name of names) {
    let found: string | undefined;
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] !== name) continue;
      // A front proxy sends it once; a second one was smuggled past it.
      if (found !== undefined) throw unauthorized();
      found = headers[i + 1] ?? '';
    }
    if (found) return text(found);
  }
  return undefined;
}

/** Go writes names as UTF-8 bytes, node hands header bytes over as Latin-1. */
function text(value: string): string {
  if (!nonAscii.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    // Replacement characters would give two users one name.
    throw unauthorized();
  }
}

/** client-go escapes bytes that no header name may hold (client-go/transport headerKeyEscape). */
function unescapeKey(key: string): string {
  if (!key.includes('%')) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
