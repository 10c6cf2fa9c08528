import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { gatewayTimeout, serviceUnavailable, StatusError } from '../apimachinery/status.ts';
import type { Cancellation } from '../base/cancellation.ts';
import { describeError } from '../base/errors.ts';
import type { Transport } from '../clusters/transport.ts';

export interface UpstreamRequest {
  method: string;
  /** Path and query, as the control plane's API has them. */
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
  /** Watches use connections of their own and have no deadline. */
  longRunning?: boolean;
  /** Milliseconds until the answer has to be complete. */
  timeoutMs?: number;
  /** Cancelled when nobody waits for the answer any more. */
  cancellation: Cancellation;
}

/** Takes an answer while it arrives. `data` returns false to pause; call the function given to `start` to go on. */
export interface AnswerSink {
  start(status: number, headers: IncomingHttpHeaders, resume: () => void): void;
  data(chunk: Buffer): boolean;
  end(): void;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const retryAfterSeconds = 1;
/** kube-apiserver gives a write 34 s inside and everything 60 s (endpoints/handlers/create.go, filters/request_deadline.go). */
const defaultTimeoutMs = 60_000;
/** No object of etcd is larger than 1.5 MiB by default; lists never come through `collect`. */
const maxCollectedBytes = 64 * 1024 * 1024;

/**
 * The forward leg: sends one request to the control plane and hands its answer on. Resolves when the answer is
 * complete. Rejects with StatusError 503 (with Retry-After) where nothing was sent or the request only reads, with
 * 504 for a write of unknown outcome; after `start` was called, any rejection means that the answer broke off.
 */
export class ControlPlane {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async forward(request: UpstreamRequest, sink: AnswerSink): Promise<void> {
    let leg;
    try {
      leg = await this.#transport.leg(request.longRunning === true);
    } catch (cause) {
      throw serviceUnavailable(
        `the control plane cannot be asked: ${describeError(cause)}`,
        retryAfterSeconds,
        cause,
      );
    }
    const { authorization } = leg.credential;
    await new Promise<void>((resolve, reject) => {
      leg.dispatcher.dispatch(
        {
          origin: this.#transport.origin,
          path: this.#transport.access.basePath + request.path,
          method: request.method,
          headers: authorization === undefined ? request.headers : { ...request.headers, authorization },
          body: request.body ?? null,
        },
        new Forwarding(request, sink, resolve, reject, () => this.#transport.access.forgetCredential()),
      );
    });
  }

  /** A whole answer, for one object. */
  async collect(request: UpstreamRequest): Promise<Answer> {
    const chunks: Buffer[] = [];
    let length = 0;
    const answer: Answer = { status: 0, headers: {}, body: Buffer.alloc(0) };
    await this.forward(request, {
      start: (status, headers) => {
        answer.status = status;
        answer.headers = headers;
      },
      data: (chunk) => {
        length += chunk.length;
        if (length > maxCollectedBytes) throw new Error('the control plane answered with too many bytes');
        chunks.push(chunk);
        return true;
      },
      end: () => undefined,
    });
    answer.body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
    return answer;
  }
}

/** One request under way, as undici's dispatcher calls it. */
class Forwarding implements Dispatcher.DispatchHandler {
  readonly #request: UpstreamRequest;
  readonly #sink: AnswerSink;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  readonly #onUnauthorized: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #sent = false;
  #settled = false;
  #forget: () => void = () => undefined;

  constructor(
    request: UpstreamRequest,
    sink: AnswerSink,
    resolve: () => void,
    reject: (error: unknown) => void,
    onUnauthorized: () => void,
  ) {
    this.#request = request;
    this.#sink = sink;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onUnauthorized = onUnauthorized;
    if (!request.longRunning) {
      this.#deadline = setTimeout(
        () => this.#abort(new Error('no complete answer in time')),
        request.timeoutMs ?? defaultTimeoutMs,
      );
      this.#deadline.unref();
    }
    this.#forget = request.cancellation.onCancel((reason) => this.#abort(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) {
      // Given up while it waited for a connection, and answered as not sent: it must not be sent now.
      controller.abort(new Error('given up'));
      return;
    }
    this.#controller = controller;
    this.#sent = true;
    const { reason } = this.#request.cancellation;
    if (reason) this.#abort(reason);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    if (status === 401) this.#onUnauthorized();
    this.#sink.start(status, headers, () => controller.resume());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    try {
      if (!this.#sink.data(chunk)) controller.pause();
    } catch (error) {
      controller.abort(error as Error);
    }
  }

  onResponseEnd(): void {
    this.#release();
    try {
      this.#sink.end();
      this.#resolve();
    } catch (error) {
      this.#reject(error);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    this.#reject(this.#request.cancellation.reason ? error : this.#translate(error));
  }

  #abort(reason: Error): void {
    if (this.#controller) this.#controller.abort(reason);
    else {
      this.#settled = true;
      this.#release();
      this.#reject(this.#request.cancellation.reason ? reason : this.#translate(reason));
    }
  }

  #release(): void {
    clearTimeout(this.#deadline);
    this.#forget();
  }

  #translate(error: Error): Error {
    if (error instanceof StatusError || error.name === 'ConnectorError') return error;
    const why = describeError(error);
    if (!this.#sent || this.#request.method === 'GET' || this.#request.method === 'HEAD') {
      return serviceUnavailable(`the control plane cannot be reached: ${why}`, retryAfterSeconds, error);
    }
    return gatewayTimeout(
      `the control plane did not answer, and the request may have been carried out: ${why}`,
      error,
    );
  }
}
