import type { Status } from '../apimachinery/status.ts';
import type { Fault } from '../base/faults.ts';
import type { TraceContext } from '../base/trace-context.ts';
import type { Span } from '../base/tracing.ts';
import type { UpstreamRequest } from '../upstream/control-plane.ts';
import type { CallRecorder, RecordedCall } from '../upstream/recorded-call.ts';

/**
 * What operators are told of a request: by metrics, the log, audit lines and spans. Filled in on the way; nothing is
 * decided by it.
 */
export class RequestRecord implements CallRecorder {
  /** Why the request was not carried out, where its answer says that it was not. */
  fault: Fault | undefined;
  /** The Status it was answered with, in the user's names. */
  status: Status | undefined;
  /** The authorizer's verdict; undefined where it was not asked. */
  isAuthorized: boolean | undefined;
  /** Of an object whose name is not in the path: a create. */
  objectName: string | undefined;
  /** What to go on from, where nobody records spans. */
  trace: TraceContext | undefined;
  span: Span | undefined;
  /** True where somebody will ask for `upstreamMs`. */
  takesTime = false;
  /** Spent on calls to the control plane, one after the other; of a watch until its first byte. */
  upstreamMs: number | undefined;

  /** Undefined, at no cost, where nobody wants to know. Adds the trace's headers. */
  startCall(request: UpstreamRequest): RecordedCall | undefined {
    if (!this.takesTime && !this.span) return undefined;
    return new Call(this, request);
  }
}

class Call implements RecordedCall {
  readonly #record: RequestRecord;
  readonly #span: Span | undefined;
  readonly #isLong: boolean;
  readonly #startedAt = performance.now();
  #status = 0;
  #isTimed = false;

  constructor(record: RequestRecord, { method, headers, longRunning }: UpstreamRequest) {
    this.#record = record;
    this.#isLong = longRunning === true;
    // The path has the hashed name, which the span of the control plane has too.
    this.#span = record.span?.child('control plane', 'client', { 'http.request.method': method });
    if (this.#span) Object.assign(headers, this.#span.context);
  }

  answered(status: number): void {
    this.#status = status;
    if (this.#isLong) this.#take();
  }

  ended(failure?: Fault): void {
    this.#take();
    const attributes = this.#status === 0 ? {} : { 'http.response.status_code': this.#status };
    this.#span?.end(attributes, failure ?? (this.#status >= 500 ? String(this.#status) : undefined));
  }

  #take(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#record.upstreamMs = (this.#record.upstreamMs ?? 0) + performance.now() - this.#startedAt;
  }
}
