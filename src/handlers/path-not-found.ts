import type { Exchange } from '../downstream/exchange.ts';

const body = Buffer.from('404 page not found\n');

/** What kube-apiserver says for a path that nobody serves: plain text, which client-go reads as NotFound. */
export function answerPathNotFound(exchange: Exchange): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  exchange.answer(404, headers, body);
}
