import express, { type Express, type NextFunction, type Request, type Response } from 'express';
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
  /** The exchange that was opened when the request arrived. */
  exchangeOf: (req: Request) => Exchange;
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

export function createChain(dependencies: ChainDependencies): Express {
  const { exchangeOf } = dependencies;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  for (const filter of filtersOf(dependencies)) {
    app.use((req: Request, _res: Response, next: NextFunction) => {
      const result = filter(exchangeOf(req));
      if (result instanceof Promise) result.then((outcome) => outcome ?? next(), next);
      else if (result === undefined) next();
    });
  }
  app.use((req: Request, _res: Response, next: NextFunction) => {
    const result = dependencies.handle(exchangeOf(req));
    if (result instanceof Promise) result.catch(next);
  });
  app.use((error: unknown, req: Request, _res: Response, _next: NextFunction) => {
    const exchange = exchangeOf(req);
    // Whatever comes of the log, and never by Express, which answers with HTML and a stack.
    try {
      dependencies.onError(exchange, error);
    } finally {
      exchange.answerError(error);
    }
  });
  return app;
}
