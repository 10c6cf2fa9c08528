import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cancellation } from '../base/cancellation.ts';
import { Exchange } from './exchange.ts';

/** Makes the exchange of each request that arrives, and finds it again: Express hands on requests only. */
export class Exchanges {
  readonly #open = new WeakMap<IncomingMessage, Exchange>();
  readonly #draining: Cancellation;

  constructor(draining: Cancellation) {
    this.#draining = draining;
  }

  open(req: IncomingMessage, res: ServerResponse): Exchange {
    const exchange = new Exchange(req, res, auditIDOf(req), this.#draining);
    this.#open.set(req, exchange);
    return exchange;
  }

  of(req: IncomingMessage): Exchange {
    return this.#open.get(req) as Exchange;
  }
}

/** The Audit-ID of kube-apiserver, which joins the audit logs of both clusters; one of our own for direct requests. */
function auditIDOf(req: IncomingMessage): string {
  const given = req.headers['audit-id'];
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
}
