import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { type Status, StatusError } from '../apimachinery/status.ts';
import type { Exchange } from './exchange.ts';

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

/** A whole answer; Content-Length makes it one write. */
export function answerBody(
  exchange: Exchange,
  status: number,
  headers: OutgoingHttpHeaders,
  body: Buffer,
): void {
  const { res } = exchange;
  if (res.headersSent || res.destroyed) return;
  headers['content-length'] = body.length;
  res.writeHead(status, headers);
  res.end(exchange.req.method === 'HEAD' ? undefined : body);
}

function answerJson(
  exchange: Exchange,
  status: number,
  value: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  answerBody(
    exchange,
    status,
    { 'content-type': 'application/json', ...headers },
    Buffer.from(JSON.stringify(value)),
  );
}

/** The one place that writes a Status. An error of any other family is a mistake of ours, and is a 500. */
export function answerError(exchange: Exchange, error: unknown): void {
  const { res } = exchange;
  if (res.headersSent) {
    // Half an answer is out: breaking the connection is the only way left to say that it is not whole.
    res.destroy();
    return;
  }
  const known =
    error instanceof StatusError
      ? error
      : new StatusError(500, 'InternalError', 'Internal error occurred: see the log of the connector');
  const retryAfter = known.details?.retryAfterSeconds;
  answerStatus(
    exchange,
    known.code,
    known.toStatus(),
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  );
}

export function answerStatus(
  exchange: Exchange,
  code: number,
  status: Status,
  headers: OutgoingHttpHeaders = {},
): void {
  answerJson(exchange, code, status, headers);
}
