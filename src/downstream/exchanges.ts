import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gatewayTimeout, serviceUnavailable } from '../apimachinery/status.ts';
import { BodyRoom } from './body-room.ts';
import type { Drain } from './drain.ts';
import { Exchange } from './exchange.ts';

const readMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Makes the exchange of each request that arrives, and knows which are under way. */
export class Exchanges {
  readonly #underWay = new Set<Exchange>();
  readonly #drain: Drain;
  readonly #bodies = new BodyRoom();
  #isLeaving = false;
  #lastEnd = 0;

  constructor(drain: Drain) {
    this.#drain = drain;
  }

  open(req: IncomingMessage, res: ServerResponse): Exchange {
    const exchange = new Exchange(req, res, auditIDOf(req), this.#drain, this.#bodies);
    this.#underWay.add(exchange);
    exchange.onClose(() => {
      this.#underWay.delete(exchange);
      this.#lastEnd = performance.now();
    });
    if (this.#isLeaving) res.shouldKeepAlive = false;
    return exchange;
  }

  /**
   * From now on every answer says `Connection: close`, those under way included where their header is not out: a
   * connection leaves the pool of kube-apiserver with its answer. Closing one that is idle races with the next request
   * on it, which Go sends again only when it has no body.
   */
  leave(): void {
    this.#isLeaving = true;
    for (const { res } of this.#underWay) if (!res.headersSent) res.shouldKeepAlive = false;
  }

  /** Resolves when nothing has been under way for `quietMs`, at the latest after `timeoutMs`. */
  async quiet(quietMs: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      const isQuiet = this.#underWay.size === 0 && performance.now() - this.#lastEnd >= quietMs;
      if (isQuiet) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Answers what is still under way. What was a write may have been carried out. */
  giveUp(): void {
    for (const exchange of this.#underWay) {
      const isRead = readMethods.has(exchange.req.method ?? '');
      exchange.answerError(
        isRead
          ? serviceUnavailable('the connector stops', 1).causedBy('stopping')
          : gatewayTimeout('the connector stops, and the request may have been carried out').causedBy(
              'stopping',
            ),
      );
    }
  }
}

/** The Audit-ID of kube-apiserver, which joins the audit logs of both clusters; one of our own for direct requests. */
function auditIDOf(req: IncomingMessage): string {
  const given = req.headers['audit-id'];
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
}
