import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { maxBodyBytes } from '../apimachinery/body-limit.ts';
import { goJson } from '../apimachinery/go-json.ts';
import { endOfInput } from '../apimachinery/json-scan.ts';
import { negotiate, type PrintWishes, statusForm } from '../apimachinery/media-types.ts';
import type { RequestInfo, ResourceRequest } from '../apimachinery/request-info.ts';
import {
  gatewayTimeout,
  requestEntityTooLarge,
  serviceUnavailable,
  type Status,
  StatusError,
  tooManyRequests,
} from '../apimachinery/status.ts';
import { statusProtobuf } from '../apimachinery/status-protobuf.ts';
import { contentTypeOf, writeAs } from '../apimachinery/text-form.ts';
import type { UserInfo } from '../authentication/user-info.ts';
import { Cancellation } from '../base/cancellation.ts';
import { faultOfStatus } from '../base/faults.ts';
import { BodyRoom, smallBodyBytes } from './body-room.ts';
import { RequestRecord } from './request-record.ts';

/** As long as Go's server waits before it closes on what a client goes on sending (net/http rstAvoidanceDelay), twice. */
const unreadBodyMs = 1_000;

/** One request of the app cluster with its reply. The filters fill it in, in the order of filters/chain.ts. */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The app cluster's Audit-ID; kube-apiserver sends one with every proxied request. */
  readonly auditID: string;
  /** Cancelled when the server stops: what has no end of its own has to end then. */
  readonly draining: Cancellation;
  readonly startedAt: number = performance.now();
  /** Set by an answer without an end of its own: ends it in order, behind what was sent already. */
  endEarly: ((reason: Error) => void) | undefined;
  readonly #bodies: BodyRoom;
  readonly record = new RequestRecord();
  #info: RequestInfo | undefined;
  #user: UserInfo | undefined;
  #gone: Cancellation | undefined;
  #heldBytes = 0;
  readonly #closers: (() => void)[] = [];

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    auditID: string,
    draining: Cancellation,
    bodies: BodyRoom = new BodyRoom(),
  ) {
    this.req = req;
    this.res = res;
    this.auditID = auditID;
    this.draining = draining;
    this.#bodies = bodies;
    res.once('close', () => {
      for (const closed of this.#closers) closed();
    });
  }

  /**
   * Calls back when the answer is out or has broken off, in the order of the calls. One listener of the response serves
   * all: every request has five who want to know. Never called where that was before.
   */
  onClose(closed: () => void): void {
    this.#closers.push(closed);
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

  /** For what also sees requests that nobody could authenticate. */
  get userIfKnown(): UserInfo | undefined {
    return this.#user;
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
      else this.onClose(leave);
    }
    return this.#gone;
  }

  header(name: string): string | undefined {
    const value = this.req.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /**
   * The whole body. Rejects with StatusError 413 above the limit, as soon as that is known, and with 429 where all
   * bodies take too much memory. By events: an async iterator over the request costs several turns of the event loop.
   */
  readBody(limit = maxBodyBytes): Promise<Buffer> {
    const { req } = this;
    if (Number(req.headers['content-length'] ?? 0) > limit)
      return Promise.reject(requestEntityTooLarge(limit));
    return new Promise((resolve, reject) => {
      let chunks: Buffer[] = [];
      let length = 0;
      let refusal: StatusError | undefined;
      req.on('data', (chunk: Buffer) => {
        if (refusal) return;
        length += chunk.length;
        if (length > limit) refusal = requestEntityTooLarge(limit);
        else if (length > smallBodyBytes && !this.#holdMore(chunk.length)) refusal = tooManyRequests();
        else chunks.push(chunk);
        if (!refusal) return;
        chunks = [];
        reject(refusal);
      });
      req.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
      req.once('error', reject);
      req.once('close', () => {
        // Every request ends with a close, and an error costs the stack that it tells of.
        if (!req.readableEnded) reject(new Error('the client went away before its request was complete'));
      });
    });
  }

  /** Room for a part of a large body, until the answer is out. */
  #holdMore(bytes: number): boolean {
    if (!this.#bodies.take(bytes)) return false;
    if (this.#heldBytes === 0) this.onClose(() => this.#bodies.giveBack(this.#heldBytes));
    this.#heldBytes += bytes;
    return true;
  }

  /** A whole answer; Content-Length makes it one write. */
  answer(status: number, headers: OutgoingHttpHeaders, body: Buffer): void {
    const { req, res } = this;
    if (res.headersSent || res.destroyed) return;
    res.writeHead(status, { ...headers, 'content-length': body.length });
    res.end(req.method === 'HEAD' ? undefined : body);
    if (!req.complete && hasBody(req)) setTimeout(() => dropUnread(req), unreadBodyMs).unref();
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
    this.record.status = status;
    // One that tells of success is negotiated as the object is in whose place it stands.
    const form = code < 300 ? negotiate(this.wishes).form : statusForm(this.wishes);
    if (form === 'protobuf') {
      const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' };
      return this.answer(code, { ...headers, ...protobuf }, statusProtobuf(status));
    }
    const type = { 'content-type': contentTypeOf(form) };
    return this.answer(code, { ...headers, ...type }, writeAs(form, Buffer.from(`${goJson(status)}\n`)));
  }

  /** Bodies of users were read before; what cannot be read behind that came from the control plane. */
  #statusOf(error: unknown): StatusError {
    const isUnreadable = error === endOfInput || error instanceof SyntaxError;
    if (!isUnreadable)
      return new StatusError(500, 'InternalError', 'Internal error occurred: see the log of the connector');
    const what = 'the control plane gave an unusable answer';
    return ['GET', 'HEAD'].includes(this.req.method ?? '')
      ? serviceUnavailable(what)
      : gatewayTimeout(`${what}, and the request may have been carried out`);
  }

  /** The one place where an error becomes a Status. One of any other family is a mistake of ours, and is a 500. */
  answerError(error: unknown): void {
    if (this.res.headersSent) {
      this.record.fault = 'answer_broken';
      // Half an answer is out: breaking the connection is the only way left to say that it is not whole.
      this.res.destroy();
      return;
    }
    const known = error instanceof StatusError ? error : this.#statusOf(error);
    this.record.fault = known.fault ?? faultOfStatus(known.code);
    const retryAfter = known.details?.retryAfterSeconds;
    this.answerStatus(
      known.code,
      known.toStatus(),
      retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
    );
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Node would go on reading, and throwing away, what was answered already. */
function dropUnread(req: IncomingMessage): void {
  if (!req.complete) req.socket.destroy();
}

/** An exchange whose path names a resource. */
export type ResourceExchange = Exchange & { info: ResourceRequest };

function set<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the ${what} is asked for before its filter ran`);
  return value;
}
