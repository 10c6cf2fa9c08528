import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { mediaType } from '../apimachinery/media-types.ts';
import { gatewayTimeout, StatusError } from '../apimachinery/status.ts';
import { describeError } from '../base/errors.ts';
import type { CircuitBreaker, Outage, UnderWay } from './circuit-breaker.ts';
import type { AnswerSink, UpstreamRequest } from './control-plane.ts';
import { outageError, retryLater } from './retry-later.ts';

/** kube-apiserver gives a write 34 s inside and everything 60 s (endpoints/handlers/create.go, filters/request_deadline.go). */
const defaultTimeoutMs = 60_000;
/** A refusal may quote the whole body it is about, which is 3 MiB at most, and escape it. */
const maxRefusalBytes = 16 * 1024 * 1024;

/** What a Forwarding tells of itself. */
export interface ForwardingEvents {
  breaker: CircuitBreaker;
  /** The control plane takes our credential for none. */
  onUnauthorized: () => void;
  /** Undefined where none came. */
  onAnswer: (status: number | undefined, request: UpstreamRequest, ms: number) => void;
}

/** One request under way, as undici's dispatcher calls it. */
export class Forwarding implements Dispatcher.DispatchHandler, UnderWay {
  readonly startedAt: number = performance.now();
  readonly #request: UpstreamRequest;
  readonly #sink: AnswerSink;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  readonly #events: ForwardingEvents;
  #controller: Dispatcher.DispatchController | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #sent = false;
  #settled = false;
  #status = 0;
  #received = 0;
  #isUsable = false;
  #givenUp: Outage | undefined;
  #forget: () => void = () => undefined;

  constructor(
    request: UpstreamRequest,
    sink: AnswerSink,
    resolve: () => void,
    reject: (error: unknown) => void,
    events: ForwardingEvents,
  ) {
    this.#request = request;
    this.#sink = sink;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#events = events;
    if (!request.longRunning) {
      this.#deadline = setTimeout(
        () => this.#abort(new Error('no complete answer in time')),
        request.timeoutMs ?? defaultTimeoutMs,
      );
      this.#deadline.unref();
    }
    events.breaker.begin(this);
    this.#forget = request.cancellation.onCancel((reason) => this.#abort(reason));
  }

  get isAnswered(): boolean {
    return this.#status > 0;
  }

  giveUp(outage: Outage): void {
    this.#givenUp = outage;
    this.#abort(new Error(outage.reason));
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
    const { breaker, onAnswer, onUnauthorized } = this.#events;
    this.#status = status;
    onAnswer(status, this.#request, performance.now() - this.startedAt);
    const type = mediaType(headers['content-type']);
    if (status === 401) {
      onUnauthorized();
      breaker.onSuspicion();
    } else if (type === 'application/json') this.#isUsable = true;
    // What the API server says in plain text (a path it has not, too many requests) is judged with its body (errors.ts).
    else if (status < 400 || type !== 'text/plain') breaker.onSuspicion();
    if (status < 400 && (status >= 300 || type !== 'application/json')) {
      controller.abort(this.#unusable(status, type));
      return;
    }
    this.#sink.start(status, headers, () => controller.resume());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#status >= 400 && (this.#received += chunk.length) > maxRefusalBytes) {
      controller.abort(new Error('its refusal has too many bytes'));
      return;
    }
    try {
      if (!this.#sink.data(chunk)) controller.pause();
    } catch (error) {
      controller.abort(error as Error);
    }
  }

  onResponseEnd(): void {
    this.#release();
    // Only now: an answer that never ends is none.
    if (this.#isUsable) this.#events.breaker.answered();
    try {
      this.#sink.end();
      this.#resolve();
    } catch (error) {
      this.#reject(error);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#settled) return;
    this.#fail(error);
  }

  #abort(reason: Error): void {
    if (this.#controller) this.#controller.abort(reason);
    else if (!this.#settled) this.#fail(reason);
  }

  #fail(error: Error): void {
    this.#settled = true;
    this.#release();
    if (this.#request.cancellation.reason) {
      this.#reject(error);
      return;
    }
    if (!this.isAnswered) this.#events.onAnswer(undefined, this.#request, performance.now() - this.startedAt);
    const isOurs = error instanceof StatusError || error.name === 'ConnectorError';
    if (!isOurs && !this.#givenUp) this.#events.breaker.onSuspicion();
    this.#reject(isOurs ? error : this.#translate(error));
  }

  #release(): void {
    clearTimeout(this.#deadline);
    this.#events.breaker.end(this);
    this.#forget();
  }

  get #isRead(): boolean {
    return this.#request.method === 'GET' || this.#request.method === 'HEAD';
  }

  #translate(error: Error): Error {
    if (!this.#sent || this.#isRead) {
      if (this.#givenUp) return outageError(this.#givenUp);
      return retryLater(`the control plane cannot be reached: ${describeError(error)}`, error).causedBy(
        'control_plane_unreachable',
      );
    }
    return gatewayTimeout(
      `the control plane did not answer, and the request may have been carried out: ${describeError(error)}`,
      error,
    ).causedBy('outcome_unknown');
  }

  /** A redirect is never followed, and says that nothing was carried out; behind anything else a write may have been. */
  #unusable(status: number, type: string): StatusError {
    const what = `what answered in place of the control plane spoke no Kubernetes: ${status}${type === '' ? '' : ` with ${type}`}`;
    const error =
      this.#isRead || status >= 300
        ? retryLater(what)
        : gatewayTimeout(`${what}; the request may have been carried out`);
    return error.causedBy('unusable_answer');
  }
}
