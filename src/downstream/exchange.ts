import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestInfo, ResourceRequest } from '../apimachinery/request-info.ts';
import type { UserInfo } from '../authentication/user-info.ts';

/** One request of the app cluster with its reply. The filters fill it in, in the order of filters/chain.ts. */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The app cluster's Audit-ID; kube-apiserver sends one with every proxied request. */
  readonly auditID: string;
  readonly startedAt: number = performance.now();
  #info: RequestInfo | undefined;
  #user: UserInfo | undefined;
  #gone: AbortController | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, auditID: string) {
    this.req = req;
    this.res = res;
    this.auditID = auditID;
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

  /** Aborted when the client went away before its answer was complete. */
  get gone(): AbortSignal {
    if (!this.#gone) {
      const controller = new AbortController();
      this.#gone = controller;
      this.res.once('close', () => {
        if (!this.res.writableFinished) controller.abort(new Error('the client went away'));
      });
      if (this.res.destroyed) controller.abort(new Error('the client went away'));
    }
    return this.#gone.signal;
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
