import type { ServerResponse } from 'node:http';

/**
 * Scripts and styles are files of this server, and nothing else is loaded, framed, submitted or evaluated; markup can only be
 * made of text nodes (Trusted Types).
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** On every answer of the console, refusals and assets included. */
export function setSecurityHeaders(response: ServerResponse, isEncrypted: boolean): void {
  response.setHeader('Content-Security-Policy', contentSecurityPolicy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  // Nothing reaches another origin. Under no-referrer browsers send "Origin: null" with the console's own forms (Fetch, "append a
  // request Origin header"), and the check of the origin would have nothing to compare.
  response.setHeader('Referrer-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Permissions-Policy', 'camera=(), microphone=(), geolocation=(), usb=(), payment=()');
  response.setHeader('Cache-Control', 'no-store');
  // The host's other ports and names are not the console's to speak for: no includeSubDomains.
  if (isEncrypted) response.setHeader('Strict-Transport-Security', 'max-age=31536000');
}
