import type { ResourceRequest } from '../apimachinery/request-info.ts';
import { StatusError } from '../apimachinery/status.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Exchange } from '../downstream/exchange.ts';
import type { Filter } from './filter.ts';
import { outcomeOf } from './outcome.ts';

export interface RequestLogDependencies {
  log: Logger;
  metrics: Metrics;
  /** Tells resources that are connected from words that somebody asks for: those would fill the metrics. */
  isConnected: (info: ResourceRequest) => boolean;
  /** Called with every error on its way to the client. */
  onError: (exchange: Exchange, error: unknown) => void;
}

/** Counts every answer, and logs it at debug. */
export function withRequestLog({ log, metrics, isConnected }: RequestLogDependencies): Filter {
  return (exchange) => {
    exchange.onClose(() => {
      const info = exchange.infoIfKnown;
      const verb = info?.verb ?? 'unknown';
      const resource = info?.isResource ? resourceLabel(info, isConnected) : '';
      const seconds = (performance.now() - exchange.startedAt) / 1000;
      const { code, reason } = outcomeOf(exchange);
      metrics.requests.inc({ verb, resource, code, reason });
      if (verb !== 'watch') metrics.requestSeconds.observe({ verb }, seconds);
      if (log.isLevelEnabled('debug')) {
        log.debug(
          { auditID: exchange.auditID, method: exchange.req.method, path: info?.path, code, reason, seconds },
          'answered',
        );
      }
    });
  };
}

/** `<plural>.<group>`, and `unknown` for what is not connected. */
export function resourceLabel(
  info: ResourceRequest,
  isConnected: RequestLogDependencies['isConnected'],
): string {
  return isConnected(info) ? `${info.resource}.${info.group}` : 'unknown';
}

/** What a failed request leaves in the log: a refusal nothing, an outage a line, a mistake of ours its stack. */
export function requestErrorLogger(log: Logger): RequestLogDependencies['onError'] {
  return (exchange, error) => {
    if (exchange.res.destroyed && !exchange.res.headersSent) return;
    const where = { auditID: exchange.auditID, path: exchange.infoIfKnown?.path };
    if (error instanceof StatusError) {
      if (error.code >= 500)
        log.warn(
          { ...where, code: error.code, fault: error.fault, reason: describeError(error) },
          'a request failed',
        );
      return;
    }
    if (exchange.gone.reason) return;
    log.error({ ...where, err: error }, 'a request failed by an error of the connector');
  };
}
