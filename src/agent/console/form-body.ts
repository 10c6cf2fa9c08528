import type { IncomingMessage } from 'node:http';
import { ConsoleRefusal } from './refusal.ts';

/** A kubeconfig with certificates is the largest thing anybody sends here. Bytes. */
const maxBytes = 256 * 1024;

/**
 * The fields of a form. Only the media type that a plain form has is read: JSON of another origin would otherwise come in as
 * text/plain without being asked about (CORS).
 */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new ConsoleRefusal(415, 'The form came in a form that this page does not send.');
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxBytes) throw new ConsoleRefusal(413, 'The form is too large.');
    pieces.push(piece);
  }
  return new URLSearchParams(Buffer.concat(pieces).toString('utf8'));
}
