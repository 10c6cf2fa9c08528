import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Exchange } from '../downstream/exchange.ts';
import type { Filter } from './filter.ts';
import { withAuthentication, type AuthenticationDependencies } from './with-authentication.ts';
import { withAuthorization, type AuthorizationDependencies } from './with-authorization.ts';
import { withHealth, type HealthDependencies } from './with-health.ts';
import { withMetrics, type MetricsDependencies } from './with-metrics.ts';
import { withRequestInfo } from './with-request-info.ts';
import { withRequestLog, type RequestLogDependencies } from './with-request-log.ts';

export interface ChainDependencies
  extends
    AuthenticationDependencies,
    AuthorizationDependencies,
    HealthDependencies,
    MetricsDependencies,
    RequestLogDependencies {
  /** The exchange that was opened when the request arrived. */
  exchangeOf: (req: Request) => Exchange;
  /** Answers what has passed all filters. */
  handle: (exchange: Exchange) => void | Promise<void>;
}

/** THE list: every request passes these, in order of arrival, and then the handlers. */
function filtersOf(dependencies: ChainDependencies): Filter[] {
  return [
    withRequestLog(dependencies), // sees every request and its answer, refused ones included
    withHealth(dependencies), // the kubelet has no credential, and must be answered whatever else is broken
    withRequestInfo(), // refuses paths that two readers could read differently, before anybody decides by them
    withAuthentication(dependencies), // who asks
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
    dependencies.onError(exchange, error);
    exchange.answerError(error);
  });
  return app;
}
