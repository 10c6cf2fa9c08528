import type { Exchange } from '../downstream/exchange.ts';
import type { Filter } from './filter.ts';
import { withAudit, type AuditDependencies } from './with-audit.ts';
import { withAuthentication, type AuthenticationDependencies } from './with-authentication.ts';
import { withAuthorization, type AuthorizationDependencies } from './with-authorization.ts';
import { withLimits, type LimitDependencies } from './with-limits.ts';
import { withHealth, type HealthDependencies } from './with-health.ts';
import { withMetrics, type MetricsDependencies } from './with-metrics.ts';
import { withoutDetours } from './without-detours.ts';
import { type NamespaceReviewDependencies, withNamespaceReview } from './with-namespace-review.ts';
import { withRequestInfo } from './with-request-info.ts';
import { withTracing, type TracingDependencies } from './with-tracing.ts';
import { withRequestLog, type RequestLogDependencies } from './with-request-log.ts';

export interface ChainDependencies
  extends
    AuditDependencies,
    AuthenticationDependencies,
    AuthorizationDependencies,
    HealthDependencies,
    LimitDependencies,
    MetricsDependencies,
    NamespaceReviewDependencies,
    RequestLogDependencies,
    TracingDependencies {
  /** Answers what has passed all filters. */
  handle: (exchange: Exchange) => void | Promise<void>;
}

/** THE list: every request passes these, in order of arrival, and then the handlers. */
function filtersOf(dependencies: ChainDependencies): Filter[] {
  return [
    withRequestLog(dependencies), // sees every request and its answer, refused ones included
    withNamespaceReview(dependencies), // API servers send no credential to webhooks
    withHealth(dependencies), // the kubelet has no credential, and must be answered whatever else is broken
    withAudit(dependencies), // what is refused is audited too
    withTracing(dependencies),
    withRequestInfo(), // refuses paths that two readers could read differently, before anybody decides by them
    withoutDetours(), // neither another protocol nor another user than the one who asks
    withAuthentication(dependencies), // who asks
    withLimits(dependencies), // not too many at once; before the app cluster is asked about them
    withAuthorization(dependencies), // may they; on our own reading of the path
    withMetrics(dependencies),
  ];
}

/**
 * What a request passes from its arrival to its answer. A loop of its own and no Express: that cost each request as much
 * as reading the claim (docs/adr/0012).
 */
export function createChain(dependencies: ChainDependencies): (exchange: Exchange) => void {
  const filters = filtersOf(dependencies);
  const { handle, onError } = dependencies;
  return (exchange) => pass(exchange, 0);

  /** Goes on where a filter had to wait. */
  function pass(exchange: Exchange, from: number): void {
    try {
      for (let at = from; at < filters.length; at++) {
        const result = filters[at]?.(exchange);
        if (result === 'handled') return;
        if (result === undefined) continue;
        result.then(
          (outcome) => outcome ?? pass(exchange, at + 1),
          (error: unknown) => fail(exchange, error),
        );
        return;
      }
      handle(exchange)?.catch((error: unknown) => fail(exchange, error));
    } catch (error) {
      fail(exchange, error);
    }
  }

  function fail(exchange: Exchange, error: unknown): void {
    // Whatever comes of the log.
    try {
      onError(exchange, error);
    } finally {
      exchange.answerError(error);
    }
  }
}
