import type { IncomingMessage } from 'node:http';

/** With this prefix browsers take the cookie over TLS only, and from no other host (RFC 6265bis section 4.1.3). */
const names = { encrypted: '__Host-mcp-console', plain: 'mcp-console' };

export function sessionCookie(id: string, isEncrypted: boolean): string {
  return `${cookieName(isEncrypted)}=${id}; Path=/; HttpOnly; SameSite=Strict${isEncrypted ? '; Secure' : ''}`;
}

export function expiredCookie(isEncrypted: boolean): string {
  return `${sessionCookie('', isEncrypted)}; Max-Age=0`;
}

/** The session's id, where the request carries exactly one. */
export function sessionIdOf(request: IncomingMessage, isEncrypted: boolean): string | undefined {
  const name = `${cookieName(isEncrypted)}=`;
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(name))
    .map((one) => one.slice(name.length));
  // Two are a sign that somebody beside the console sets cookies here.
  return found.length === 1 && found[0] !== '' ? found[0] : undefined;
}

function cookieName(isEncrypted: boolean): string {
  return isEncrypted ? names.encrypted : names.plain;
}
