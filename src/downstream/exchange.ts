import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestInfo, ResourceRequest } from '../apimachinery/request-info.ts';
import { Cancellation } from '../base/cancellation.ts';
import type { UserInfo } from '../authentication/user-info.ts';

/** One request of the app cluster with its reply. The filters fill it in, in the order of filters/chain.ts. */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The app cluster's Audit-ID; kube-apiserver sends one with every proxied request. */
  readonly auditID: string;
  /** Cancelled when the server stops: what has no end of its own has to end then. */
  readonly draining: Cancellation;
  readonly startedAt: number = performance.now();
  #info: RequestInfo | undefined;
  #user: UserInfo | undefined;
  #gone: Cancellation | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, auditID: string, draining: Cancellation) {
    this.req = req;
    this.res = res;
    this.auditID = auditID;
    this.draining = draining;
  }

  get info(): RequestInfo {
    return set(this.#info, 'request info');
  }

  set info(info: RequestInfo) {
    this.#info = info;
  }

  /** For the request log, which also sees requests that no filter could read. */
  get infoIfKnown(): RequestInfo | undefined {
    return this.#info;
  }

  get user(): UserInfo {
    return set(this.#user, 'user');
  }

  set user(user: UserInfo) {
    this.#user = user;
  }

  /** Cancelled when the client went away before its answer was complete. */
  get gone(): Cancellation {
    if (!this.#gone) {
      const gone = new Cancellation();
      this.#gone = gone;
      const leave = (): void => {
        if (!this.res.writableFinished) gone.cancel(new Error('the client went away'));
      };
      if (this.res.destroyed) leave();
      else this.res.once('close', leave);
    }
    return this.#gone;
  }

  header(name: string): string | undefined {
    const value = this.req.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

/** An exchange whose path names a resource. */
export type ResourceExchange = Exchange & { info: ResourceRequest };

function set<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the ${what} is asked for before its filter ran`);
  return value;
}
