import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** Where the browser thinks it is: the address that was configured, else that of the request. */
export function originOf(request: IncomingMessage, publicUrl: URL | undefined): URL {
  if (publicUrl) return publicUrl;
  const isTls = (request.socket as Partial<TLSSocket>).encrypted === true;
  const host = request.headers.host ?? '';
  const url = `${isTls ? 'https' : 'http'}://${host}`;
  return URL.canParse(url) ? new URL(url) : new URL('http://localhost');
}

/**
 * Whether a request that changes something was sent by a page of the console. Browsers name the origin with every POST; without it
 * nothing is done, and a program can use the definitions file instead.
 */
export function isFromConsole(request: IncomingMessage, origin: URL): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  return request.headers.origin === origin.origin;
}

/** A path of the console to go on with; anything else leads to its first page. */
export function nextPath(given: string | null): string {
  const fallback = '/console/servers';
  if (given === null || !/^\/console\/[\w./?=&%-]*$/.test(given) || given.includes('//')) return fallback;
  // What only works as a POST, or would sign out again.
  return /^\/console\/(sign-|calls\/stream)/.test(given) ? fallback : given;
}
