import type { TraceContext } from './trace-context.ts';

export type SpanAttributes = Record<string, string | number | boolean>;

/** A stretch of time in a trace. */
export interface Span {
  /** What the next hop goes on from. */
  readonly context: TraceContext;
  /** Work for this span; `client` where another process is asked. */
  child(name: string, kind: 'client' | 'internal', attributes: SpanAttributes): Span;
  /** With `failure`, one word that says why, the span is an error. */
  end(attributes: SpanAttributes, failure?: string): void;
  rename(name: string): void;
}

/** Where spans go. */
export interface Tracing {
  /** `startedAt` by performance.now(). Sampled as the parent was; without one, by chance. */
  serverSpan(name: string, parent: TraceContext | undefined, startedAt: number): Span;
  /** Sends what waits, for a few seconds at most. */
  close(): Promise<void>;
}
