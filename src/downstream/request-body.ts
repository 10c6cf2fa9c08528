import { requestEntityTooLarge } from '../apimachinery/status.ts';
import type { Exchange } from './exchange.ts';

/** apiserver/pkg/server/config.go: MaxRequestBodyBytes. The main API server does not apply it to proxied requests. */
const maxBodyBytes = 3 * 1024 * 1024;

/** The whole body. Throws StatusError 413 above the limit, as soon as that is known. */
export async function readBody(exchange: Exchange, limit = maxBodyBytes): Promise<Buffer> {
  const { req } = exchange;
  if (Number(req.headers['content-length'] ?? 0) > limit) throw requestEntityTooLarge(limit);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw requestEntityTooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
}
