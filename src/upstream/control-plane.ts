import type { IncomingHttpHeaders } from 'node:http';
import type { Cancellation } from '../base/cancellation.ts';
import { describeError } from '../base/errors.ts';
import { GatheredBytes } from '../base/gathered-bytes.ts';
import type { Metrics } from '../base/metrics.ts';
import { headersOf } from '../clusters/credential.ts';
import type { Transport } from '../clusters/transport.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { Forwarding, type ForwardingEvents } from './forwarding.ts';
import { HeldRefusal } from './held-refusal.ts';
import { type CallRecorder, forwardRecorded } from './recorded-call.ts';
import { outageError, retryLater } from './retry-later.ts';

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
  /** Of an answer that is wanted whole: for one object when left out. */
  maxBytes?: number;
  /** Cancelled when nobody waits for the answer any more. */
  cancellation: Cancellation;
  record?: CallRecorder;
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

/** As of a refusal, which may quote an object; etcd takes 1.5 MiB by default. Many requests may hold as much at once. */
const maxObjectBytes = 16 * 1024 * 1024;

/**
 * The forward leg: sends one request to the control plane and hands its answer on. Resolves when the answer is
 * complete. Rejects with StatusError 503 (with Retry-After) where nothing was sent or the request only reads, with
 * 504 for a write of unknown outcome; after `start` was called, any rejection means that the answer broke off. What is
 * passed to `start` came from an API server, or is 400 and above.
 */
export class ControlPlane {
  /** While it is open, every request is refused at once. */
  readonly breaker: CircuitBreaker = new CircuitBreaker();
  readonly #transport: Transport;
  readonly #events: ForwardingEvents;

  constructor(transport: Transport, metrics?: Pick<Metrics, 'upstreamSeconds'>) {
    this.#transport = transport;
    this.#events = {
      breaker: this.breaker,
      onUnauthorized: () => transport.access.forgetCredential(),
      onAnswer: (status, { method, longRunning }, ms) =>
        metrics?.upstreamSeconds.observe(
          { verb: longRunning === true ? 'WATCH' : method, code: status ?? '<error>' },
          ms / 1_000,
        ),
    };
  }

  forward(request: UpstreamRequest, sink: AnswerSink): Promise<void> {
    const call = request.record?.startCall(request);
    if (!call) return this.#forward(request, sink);
    return forwardRecorded(call, sink, (watched) => this.#forward(request, watched));
  }

  async #forward(request: UpstreamRequest, sink: AnswerSink): Promise<void> {
    if (this.breaker.outage) throw outageError(this.breaker.outage);
    let leg;
    try {
      leg = await this.#transport.leg(request.longRunning === true);
    } catch (cause) {
      this.breaker.onSuspicion();
      throw retryLater(`the control plane cannot be asked: ${describeError(cause)}`, cause).causedBy(
        'credential_unavailable',
      );
    }
    const held = new HeldRefusal(sink);
    await this.#send(request, held, leg);
    if (!held.isHeld) return;
    const renewed = await this.#transport.access.renewed(leg.credential);
    if (!renewed) held.release();
    else await this.#send(request, sink, await this.#transport.leg(request.longRunning === true));
  }

  #send(
    request: UpstreamRequest,
    sink: AnswerSink,
    { dispatcher, credential }: Awaited<ReturnType<Transport['leg']>>,
  ): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      dispatcher.dispatch(
        {
          origin: this.#transport.origin,
          path: this.#transport.access.basePath + request.path,
          method: request.method,
          headers: { ...request.headers, ...headersOf(credential) },
          body: request.body ?? null,
        },
        new Forwarding(request, sink, resolve, reject, this.#events),
      );
    });
  }

  /** A whole answer, for one object or a list of names. */
  collect(request: UpstreamRequest): Promise<Answer> {
    return this.#receive(request);
  }

  /**
   * Hands a 200 on while it arrives, and any other answer whole, for the caller to judge; what was handed on has no body
   * in the end.
   */
  stream(request: UpstreamRequest, sink: AnswerSink): Promise<Answer> {
    return this.#receive(request, sink);
  }

  async #receive(request: UpstreamRequest, sink?: AnswerSink): Promise<Answer> {
    const { maxBytes = maxObjectBytes } = request;
    const body = new GatheredBytes();
    const answer: Answer = { status: 0, headers: {}, body: Buffer.alloc(0) };
    let handOn: AnswerSink | undefined;
    await this.forward(request, {
      start: (status, headers, resume) => {
        answer.status = status;
        answer.headers = headers;
        if (status === 200) handOn = sink;
        handOn?.start(status, headers, resume);
      },
      data: (chunk) => {
        if (handOn) return handOn.data(chunk);
        body.add(chunk);
        if (body.length > maxBytes) throw new Error('the control plane answered with too many bytes');
        return true;
      },
      end: () => handOn?.end(),
    });
    answer.body = body.take();
    return answer;
  }
}
