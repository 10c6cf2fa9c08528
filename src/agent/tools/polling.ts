import { setTimeout as delay } from 'node:timers/promises';
import { ToolError } from './tool-error.ts';
import type { ToolCall } from './tool.ts';

const everyMs = 300;

/**
 * Looks again and again until `isDone`, or until the time is over, and returns what was seen last. Where the call ends before
 * that, by its deadline or because the client went away, the error says what was done until then: `done` is that sentence.
 */
export async function poll<T>(
  call: ToolCall,
  seconds: number,
  done: string,
  look: () => Promise<T>,
  isDone: (seen: T) => boolean,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  try {
    for (;;) {
      const seen = await look();
      if (isDone(seen) || Date.now() >= end) return seen;
      await delay(everyMs, undefined, { signal: call.signal });
    }
  } catch (error) {
    if (!call.signal.aborted) throw error;
    throw new ToolError(
      'timeout',
      `${done}; the call ended before it was seen what came of it`,
      { details: { outcome: 'done' }, hint: 'read the object: the change itself was carried out' },
      { cause: error },
    );
  }
}
