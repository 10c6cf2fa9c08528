import { readTraceContext } from '../base/trace-context.ts';
import type { Tracing } from '../base/tracing.ts';
import type { Filter } from './filter.ts';
import { outcomeOf } from './outcome.ts';

export interface TracingDependencies {
  /** Undefined where spans are not recorded: a trace then passes through as it came. */
  tracing: Tracing | undefined;
}

/** Goes on with the trace of the request, towards the control plane, and records a span of it where that was asked for. */
export function withTracing({ tracing }: TracingDependencies): Filter {
  return (exchange) => {
    const { record, req } = exchange;
    const trace = readTraceContext(exchange.header('traceparent'), exchange.header('tracestate'));
    record.trace = trace;
    if (!tracing) return;
    const span = tracing.serverSpan(req.method ?? '', trace, exchange.startedAt);
    record.span = span;
    record.trace = span.context;
    exchange.onClose(() => {
      const { code, reason } = outcomeOf(exchange);
      const info = exchange.infoIfKnown;
      const resource = info?.isResource ? `${info.resource}.${info.group}` : undefined;
      // Low in cardinality, as names of spans have to be: not the path.
      if (info)
        span.rename(resource === undefined ? `${info.verb} (no resource)` : `${info.verb} ${resource}`);
      span.end(
        {
          'audit-id': exchange.auditID,
          'http.request.method': req.method ?? '',
          'http.response.status_code': code,
          ...(info ? { 'url.path': info.path, verb: info.verb } : {}),
          ...(resource === undefined ? {} : { resource }),
        },
        code >= 500 ? reason || String(code) : undefined,
      );
    });
  };
}
