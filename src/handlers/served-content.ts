import type { OutgoingHttpHeaders } from 'node:http';
import type { ServedDocument } from '../catalog/catalog.ts';
import type { Exchange } from '../downstream/exchange.ts';

/**
 * A document as Go's http.ServeContent answers it, with which kube-apiserver serves OpenAPI: 304 to who has it, and the
 * range that was asked for.
 */
export function serveContent(exchange: Exchange, { body, etag, madeAt }: ServedDocument): void {
  const validators = { etag, vary: 'Accept', 'last-modified': madeAt.toUTCString() };
  if (isKnown(exchange, etag, madeAt)) {
    const { 'last-modified': _, ...kept } = validators;
    exchange.res.writeHead(304, kept);
    exchange.res.end();
    return;
  }
  const headers: OutgoingHttpHeaders = {
    'content-type': 'application/json',
    ...validators,
    'accept-ranges': 'bytes',
  };
  const range = rangeOf(exchange.header('range'), body.length);
  if (!range) return exchange.answer(200, headers, body);
  const [start, end] = range;
  headers['content-range'] = `bytes ${start}-${end - 1}/${body.length}`;
  return exchange.answer(206, headers, body.subarray(start, end));
}

/** If-Modified-Since counts only without If-None-Match (RFC 9110 section 13.2.2). */
function isKnown(exchange: Exchange, etag: string, madeAt: Date): boolean {
  const tags = exchange.header('if-none-match');
  if (tags !== undefined) {
    const known = new Set(tags.split(',').map((tag) => tag.trim().replace(/^W\//, '')));
    return known.has(etag) || known.has('*');
  }
  const since = Date.parse(exchange.header('if-modified-since') ?? '');
  return !Number.isNaN(since) && Math.trunc(madeAt.getTime() / 1000) * 1000 <= since;
}

/** Start and end (not included) of the one range that is asked for; several are answered with all of it. */
function rangeOf(header: string | undefined, length: number): [number, number] | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, length - Number(to)) : Number(from);
  const end = from === '' || to === '' ? length : Math.min(length, Number(to) + 1);
  return start < end ? [start, end] : undefined;
}
