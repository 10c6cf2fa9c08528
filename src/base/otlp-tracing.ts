import {
  type Context,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Span as ApiSpan, Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { TraceContext } from './trace-context.ts';
import type { Span, SpanAttributes, Tracing } from './tracing.ts';

export interface TracingOptions {
  /** URL of an OTLP/HTTP receiver; `/v1/traces` is added to one without a path. */
  endpoint: string;
  /** Of requests that come without a trace. */
  samplingRatePerMillion: number;
  version: string;
  /** Tells replicas apart. */
  instance: string;
}

const closeTimeoutMs = 3_000;

/**
 * Sends spans by OTLP over HTTP. What waits is bounded (2,048 spans), what finds no room or no receiver is lost, and no
 * request waits for it. Only this file knows the OpenTelemetry packages; it is loaded where tracing is asked for.
 */
export function openTracing(options: TracingOptions): Tracing {
  const { endpoint, samplingRatePerMillion, version, instance } = options;
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  const exporter = new OTLPTraceExporter({ url: url.href, timeoutMillis: closeTimeoutMs });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'mcp-connector',
      'service.version': version,
      'service.instance.id': instance,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplingRatePerMillion / 1e6) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 2_000 })],
  });
  const tracer = provider.getTracer('mcp-connector', version);
  return {
    serverSpan: (name, parent, startedAt) => {
      const context = parent ? remoteContext(parent) : ROOT_CONTEXT;
      const startTime = performance.timeOrigin + startedAt;
      return new TracedSpan(
        tracer,
        tracer.startSpan(name, { kind: SpanKind.SERVER, startTime }, context),
        parent?.tracestate,
      );
    },
    close: () => provider.shutdown().catch(() => undefined),
  };
}

function remoteContext({ traceparent }: TraceContext): Context {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  const span: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, span);
}

class TracedSpan implements Span {
  readonly #tracer: Tracer;
  readonly #span: ApiSpan;
  /** Passed on as it came: this hop adds nothing of its own. */
  readonly #state: string | undefined;

  constructor(tracer: Tracer, span: ApiSpan, state: string | undefined) {
    this.#tracer = tracer;
    this.#span = span;
    this.#state = state;
  }

  get context(): TraceContext {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
    return this.#state === undefined ? { traceparent } : { traceparent, tracestate: this.#state };
  }

  child(name: string, kind: 'client' | 'internal', attributes: SpanAttributes): Span {
    const context = trace.setSpan(ROOT_CONTEXT, this.#span);
    const spanKind = kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const span = this.#tracer.startSpan(name, { kind: spanKind, attributes }, context);
    return new TracedSpan(this.#tracer, span, this.#state);
  }

  end(attributes: SpanAttributes, failure?: string): void {
    this.#span.setAttributes(attributes);
    if (failure !== undefined) {
      this.#span.setAttribute('error.type', failure);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }
}
