import type { Config } from '../config/config.ts';
import { AuditLog } from './audit-log.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Tracing } from './tracing.ts';
import { productVersion } from './version.ts';

/** What is written down about requests, where that was asked for. */
export interface Records {
  audit: AuditLog | undefined;
  tracing: Tracing | undefined;
  /** Writes and sends what waits. */
  close: () => Promise<void>;
}

/** Throws ConnectorError `audit-log-unusable`. A receiver of spans need not be there. */
export async function openRecords(
  { auditLogPath, tracing: asked, identity }: Pick<Config, 'auditLogPath' | 'tracing' | 'identity'>,
  { metrics, log }: { metrics: Metrics; log: Logger },
): Promise<Records> {
  const audit =
    auditLogPath === undefined ? undefined : await AuditLog.open({ path: auditLogPath, metrics, log });
  let tracing: Tracing | undefined;
  if (asked) {
    // Only now: the packages behind it take time to load, and memory.
    const { openTracing } = await import('./otlp-tracing.ts');
    tracing = openTracing({ ...asked, version: productVersion(), instance: identity });
  }
  return {
    audit,
    tracing,
    close: async () => void (await Promise.all([audit?.close(), tracing?.close()])),
  };
}
