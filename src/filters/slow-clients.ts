import { gatewayTimeout } from '../apimachinery/status.ts';
import type { Exchange } from '../downstream/exchange.ts';
import type { InFlight } from './in-flight.ts';

export interface SlowClientsOptions {
  requests: Pick<InFlight, 'exchanges'>;
  watches: Pick<InFlight, 'exchanges'>;
  /** How long the reader of a watch may take nothing of what waits for it. */
  watchWriteTimeoutMs: number;
  onStalledWatch: () => void;
}

/** kube-apiserver ends a request after 60 s (endpoints/filters/request_deadline.go); this is for those who come past it. */
const requestTimeoutMs = 65_000;
/** How long a watch that was ended waits for its reader to take the end. */
const lastWordMs = 30_000;

/** How far the reader of a watch was when it was looked at. */
interface Reading {
  taken: number;
  since: number;
  isEnded: boolean;
}

/**
 * Ends what its client does not take: an answer that is held in memory, and a watch that holds a connection to the
 * control plane. Looked at from time to time, since a timer for each request would cost each of them.
 */
export class SlowClients {
  readonly #options: SlowClientsOptions;
  /** Only of watches that wait for their reader. */
  readonly #readings = new WeakMap<Exchange, Reading>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SlowClientsOptions) {
    this.#options = options;
  }

  start(): void {
    const everyMs = Math.min(5_000, Math.max(100, this.#options.watchWriteTimeoutMs / 4));
    this.#timer = setInterval(() => this.#look(performance.now()), everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(now: number): void {
    for (const exchange of this.#options.requests.exchanges()) {
      if (now - exchange.startedAt < requestTimeoutMs) continue;
      if (exchange.res.headersSent) exchange.res.destroy();
      else exchange.answerError(gatewayTimeout('request did not complete within the allotted timeout'));
    }
    for (const exchange of this.#options.watches.exchanges()) this.#lookAtWatch(exchange, now);
  }

  #lookAtWatch(exchange: Exchange, now: number): void {
    const { res } = exchange;
    const reading = this.#readings.get(exchange);
    if (!res.writableNeedDrain && !reading?.isEnded) {
      if (reading) this.#readings.delete(exchange);
      return;
    }
    const taken = takenBytes(exchange);
    if (reading?.taken !== taken && !reading?.isEnded) {
      this.#readings.set(exchange, { taken, since: now, isEnded: false });
      return;
    }
    const waitedMs = now - reading.since;
    if (reading.isEnded) {
      if (waitedMs >= lastWordMs) res.destroy();
    } else if (waitedMs >= this.#options.watchWriteTimeoutMs) {
      // In order: a reader that comes back finds whole events and the end of the answer behind them.
      this.#readings.set(exchange, { taken, since: now, isEnded: true });
      this.#options.onStalledWatch();
      exchange.endEarly?.(new Error('the reader of the watch takes nothing'));
    }
  }
}

/** Bytes that have left for the client; it grows only while that one reads. */
function takenBytes({ res }: Exchange): number {
  const { socket } = res;
  return socket ? socket.bytesWritten - socket.writableLength : 0;
}
