import type { Dispatcher } from 'undici';
import { Lines } from '../apimachinery/lines.ts';
import { systemClock } from '../base/clock.ts';
import { GatheredBytes } from '../base/gathered-bytes.ts';

type Body = Dispatcher.ResponseData['body'];

/** The whole of it. Throws what `tooLong` makes where it has more than `limit` bytes, and what the connection ends with. */
export async function readText(body: Body, limit: number, tooLong: () => Error): Promise<string> {
  const whole = new GatheredBytes();
  body.on('error', ignore);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    whole.add(chunk);
    // Leaving the loop ends the answer.
    if (whole.length > limit) throw tooLong();
  }
  return whole.take().toString('utf8');
}

interface LineOptions {
  /** Bytes of one line. */
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
  const lines = new Lines();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    for (const line of lines.push(chunk)) {
      const text = line.toString('utf8');
      if (text.trim()) yield text;
    }
    if (lines.pendingBytes > limit) throw tooLong();
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
