import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/**
 * Headers of the control plane that mean the same to the user. All others stay behind: kube-apiserver adds its own
 * Audit-Id, Cache-Control, Date and priority-level headers to every proxied answer, and a second value would show.
 */
export function forwardedHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const forwarded: OutgoingHttpHeaders = { 'content-type': headers['content-type'] ?? 'application/json' };
  const warning = headers['warning'];
  // Each warning is a header line of its own: some of them hold commas.
  if (warning !== undefined) forwarded['warning'] = warning;
  if (headers['retry-after'] !== undefined) forwarded['retry-after'] = headers['retry-after'];
  return forwarded;
}
