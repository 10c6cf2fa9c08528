import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { maxBodyBytes } from '../apimachinery/body-limit.ts';
import { goJson } from '../apimachinery/go-json.ts';
import { negotiate, type PrintWishes, statusForm } from '../apimachinery/media-types.ts';
import type { RequestInfo, ResourceRequest } from '../apimachinery/request-info.ts';
import { requestEntityTooLarge, type Status, StatusError } from '../apimachinery/status.ts';
import { statusProtobuf } from '../apimachinery/status-protobuf.ts';
import { contentTypeOf, writeAs } from '../apimachinery/text-form.ts';
import type { UserInfo } from '../authentication/user-info.ts';
import { Cancellation } from '../base/cancellation.ts';

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

  /**
   * The whole body. Rejects with StatusError 413 above the limit, as soon as that is known. By events: an async
   * iterator over the request costs several turns of the event loop.
   */
  readBody(limit = maxBodyBytes): Promise<Buffer> {
    const { req } = this;
    if (Number(req.headers['content-length'] ?? 0) > limit)
      return Promise.reject(requestEntityTooLarge(limit));
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      req.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= limit) chunks.push(chunk);
        else reject(requestEntityTooLarge(limit));
      });
      req.once('end', () =>
        resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)),
      );
      req.once('error', reject);
      req.once('close', () => reject(new Error('the client went away before its request was complete')));
    });
  }

  /** A whole answer; Content-Length makes it one write. */
  answer(status: number, headers: OutgoingHttpHeaders, body: Buffer): void {
    const { req, res } = this;
    if (res.headersSent || res.destroyed) return;
    res.writeHead(status, { ...headers, 'content-length': body.length });
    res.end(req.method === 'HEAD' ? undefined : body);
  }

  /** What the client says about the form of its answer. */
  get wishes(): PrintWishes {
    return {
      accept: this.header('accept'),
      pretty: this.#info?.query.get('pretty') ?? undefined,
      userAgent: this.header('user-agent'),
    };
  }

  /** An object or a list: JSON in one line, which goes out in the form that was asked for. Throws StatusError 406. */
  answerObject(status: number, headers: OutgoingHttpHeaders, json: Buffer): void {
    const { form } = negotiate(this.wishes);
    const typed = { ...headers, 'content-type': contentTypeOf(form) };
    this.answer(status, typed, writeAs(form, json));
  }

  /** Text as Go's encoder writes it: safe in HTML, and with a newline at its end. */
  answerStatus(code: number, status: Status, headers: OutgoingHttpHeaders = {}): void {
    // One that tells of success is negotiated as the object is in whose place it stands.
    const form = code < 300 ? negotiate(this.wishes).form : statusForm(this.wishes);
    if (form === 'protobuf') {
      const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' };
      return this.answer(code, { ...headers, ...protobuf }, statusProtobuf(status));
    }
    const type = { 'content-type': contentTypeOf(form) };
    return this.answer(code, { ...headers, ...type }, writeAs(form, Buffer.from(`${goJson(status)}\n`)));
  }

  /** The one place where an error becomes a Status. One of any other family is a mistake of ours, and is a 500. */
  answerError(error: unknown): void {
    if (this.res.headersSent) {
      // Half an answer is out: breaking the connection is the only way left to say that it is not whole.
      this.res.destroy();
      return;
    }
    const known =
      error instanceof StatusError
        ? error
        : new StatusError(500, 'InternalError', 'Internal error occurred: see the log of the connector');
    const retryAfter = known.details?.retryAfterSeconds;
    this.answerStatus(
      known.code,
      known.toStatus(),
      retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
    );
  }
}

/** An exchange whose path names a resource. */
export type ResourceExchange = Exchange & { info: ResourceRequest };

function set<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the ${what} is asked for before its filter ran`);
  return value;
}
