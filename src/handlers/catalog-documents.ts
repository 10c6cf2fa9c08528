import type { OutgoingHttpHeaders } from 'node:http';
import { plainForm } from '../apimachinery/media-types.ts';
import { notAcceptable } from '../apimachinery/status.ts';
import { contentTypeOf, writeAs } from '../apimachinery/text-form.ts';
import type { ServedDocument } from '../catalog/catalog.ts';
import type { ApiResourceList } from '../catalog/discovery.ts';
import { resourceListProtobuf } from '../catalog/discovery-protobuf.ts';
import type { Exchange } from '../downstream/exchange.ts';
import { answerPathNotFound } from './path-not-found.ts';

/** A document with the ETag of its content, or 304 to who has it. */
export function answerDocument(
  exchange: Exchange,
  document: ServedDocument | undefined,
  contentType = 'application/json',
): void {
  if (!document) return answerPathNotFound(exchange);
  const headers: OutgoingHttpHeaders = { 'content-type': contentType, etag: document.etag, vary: 'Accept' };
  const known = exchange
    .header('if-none-match')
    ?.split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(document.etag)) {
    exchange.res.writeHead(304, { etag: document.etag, vary: 'Accept' });
    exchange.res.end();
    return;
  }
  exchange.answer(200, headers, document.body);
}

const newline = Buffer.from('\n');
const listTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;

/** An APIResourceList in the form the client prefers (apiserver/pkg/endpoints/handlers/responsewriters). */
export function answerResourceList(exchange: Exchange, { body }: ServedDocument): void {
  const form = plainForm(exchange.wishes);
  if (form === undefined) {
    // With another status than that of what was to be written, Go prints it by hand.
    const status = JSON.stringify(notAcceptable(listTypes).toStatus(), null, 2);
    return exchange.answer(406, { 'content-type': 'application/json' }, Buffer.from(status));
  }
  if (form !== 'protobuf') {
    const headers = { 'content-type': contentTypeOf(form) };
    return exchange.answer(200, headers, writeAs(form, Buffer.concat([body, newline])));
  }
  const list = JSON.parse(body.toString('utf8')) as ApiResourceList;
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  return exchange.answer(200, headers, resourceListProtobuf(list));
}
