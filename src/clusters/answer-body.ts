import type { Dispatcher } from 'undici';
import { systemClock } from '../base/clock.ts';

type Body = Dispatcher.ResponseData['body'];

/** The whole of it. Throws what `tooLong` makes where it has more than `limit` bytes, and what the connection ends with. */
export async function readText(body: Body, limit: number, tooLong: () => Error): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  body.on('error', ignore);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop ends the answer.
    if (length > limit) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

interface LineOptions {
  /** Characters of one line. */
  limit: number;
  tooLong: () => Error;
  /** Milliseconds between two looks, while little arrives. */
  gatherMs: number;
}

/** Whoever is behind reads on at once. */
const littleBytes = 16 * 1024;

/** The lines that are not empty, each as it comes, or some at once. */
export async function* readLines(
  body: Body,
  { limit, tooLong, gatherMs }: LineOptions,
): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
      const line = rest.slice(start, end);
      start = end + 1;
      if (line.trim()) yield line;
    }
    rest = rest.slice(start);
    if (rest.length > limit) throw tooLong();
    if (gatherMs > 0 && chunk.length < littleBytes) await systemClock.sleep(gatherMs);
  }
}

/** Ends an answer that nobody reads; undici calls that an error of the stream, which would end the process. */
export function discard(body: Body): void {
  body.on('error', ignore).destroy();
}

function ignore(): void {
  // Told to whoever iterates.
}
