import type { Metrics } from '../base/metrics.ts';
import type { Filter } from './filter.ts';

export interface MetricsDependencies {
  metrics: Metrics;
}

/** `/metrics`, behind authorization: the names of APIs and users are nobody else's business. */
export function withMetrics({ metrics }: MetricsDependencies): Filter {
  return (exchange) => {
    if (exchange.info.isResource || exchange.info.path !== '/metrics') return undefined;
    return metrics.registry.metrics().then((text) => {
      exchange.answer(200, { 'content-type': metrics.registry.contentType }, Buffer.from(text));
      return 'handled' as const;
    });
  };
}
