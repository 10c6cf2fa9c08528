import type { Metrics } from '../base/metrics.ts';
import type { Filter } from './filter.ts';
import { type RequestLogDependencies, resourceLabel } from './with-request-log.ts';

export interface MetricsDependencies extends Pick<RequestLogDependencies, 'isConnected'> {
  metrics: Metrics;
}

/** Counts open watches, and serves `/metrics`, behind authorization: the names of APIs and users are nobody else's business. */
export function withMetrics({ metrics, isConnected }: MetricsDependencies): Filter {
  return (exchange) => {
    const { info } = exchange;
    if (info.isResource && info.verb === 'watch') {
      const resource = resourceLabel(info, isConnected);
      metrics.watches.inc({ resource });
      exchange.onClose(() => metrics.watches.dec({ resource }));
    }
    if (info.isResource || info.path !== '/metrics') return undefined;
    return metrics.registry.metrics().then((text) => {
      exchange.answer(200, { 'content-type': metrics.registry.contentType }, Buffer.from(text));
      return 'handled' as const;
    });
  };
}
