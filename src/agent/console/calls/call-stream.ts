import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConsoleRefusal } from '../refusal.ts';
import type { Session } from '../sign-in/sessions.ts';
import type { CallFeed, SeenCall } from './call-feed.ts';

const maxStreams = 32;
/** What waits for a reader that takes nothing; bytes. */
const maxWaiting = 512 * 1024;
const beatMs = 15_000;

/** Streams of calls as server-sent events (HTML section 9.2), as long as the session lasts. */
export class CallStreams {
  readonly #feed: CallFeed;
  #open = 0;

  constructor(feed: CallFeed) {
    this.#feed = feed;
  }

  /**
   * `isAlive` is asked before each event and each beat: a stream neither outlives its session nor keeps it from being idle. Throws
   * ConsoleRefusal where too many are open.
   */
  write(
    {
      request,
      response,
      session,
      server,
    }: {
      request: IncomingMessage;
      response: ServerResponse;
      session: Session;
      server: string | undefined;
    },
    isAlive: () => boolean,
  ): void {
    if (this.#open >= maxStreams)
      throw new ConsoleRefusal(503, 'Too many pages are looking at live calls. Close some.', 10);
    this.#open++;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      // Proxies that gather answers would hold calls back.
      'X-Accel-Buffering': 'no',
    });
    const end = (): void => {
      // EventSource comes back by itself after an end; this tells it not to.
      response.end('event: signed-out\ndata: {}\n\n');
    };
    const send = (text: string): void => {
      if (response.writableEnded) return;
      if (!isAlive()) return end();
      if (response.writableLength > maxWaiting) return void response.destroy();
      response.write(text);
    };
    const isMeant = ({ record }: SeenCall): boolean => server === undefined || record.server === server;
    response.write('retry: 3000\n\n');
    for (const call of this.#feed.since(lastSeen(request))) if (isMeant(call)) send(eventOf(call));
    const lookAway = this.#feed.look((call) => {
      if (isMeant(call)) send(eventOf(call));
    });
    const beat = setInterval(() => send(': still here\n\n'), beatMs);
    beat.unref();
    session.ended.signal.addEventListener('abort', end, { once: true });
    response.once('close', () => {
      this.#open--;
      lookAway();
      clearInterval(beat);
      session.ended.signal.removeEventListener('abort', end);
    });
  }
}

function lastSeen(request: IncomingMessage): number {
  const given = request.headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : 0;
}

/** JSON has no line breaks of its own, so that one line is one event. */
function eventOf({ id, record }: SeenCall): string {
  return `id: ${id}\ndata: ${JSON.stringify(record)}\n\n`;
}
