import { once } from 'node:events';
import pino from 'pino';
import { ConnectorError, describeError } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** What waits for the disk, or for the reader of stdout, at most. Bytes. */
const maxWaitingBytes = 16 * 1024 * 1024;
const complainEveryMs = 60_000;

export interface AuditLogOptions {
  /** File to append to; `-` for stdout (kube-apiserver's --audit-log-path). */
  path: string;
  /** Where the path was asked for, in the words of who did. */
  namedBy?: string;
  log: Logger;
  metrics: Pick<Metrics, 'auditEvents' | 'auditEventsDropped'>;
  maxBytes?: number;
}

/**
 * Lines of JSON for auditors. No request ever waits for one: writes go on behind it, what waits is bounded, and what
 * finds no room is dropped and counted. The file is opened for appending, so that it can be rotated by copying and
 * truncating.
 */
export class AuditLog {
  readonly #file: ReturnType<typeof pino.destination>;
  readonly #metrics: AuditLogOptions['metrics'];
  #complainedAt = -Infinity;

  private constructor(file: ReturnType<typeof pino.destination>, { path, log, metrics }: AuditLogOptions) {
    this.#file = file;
    this.#metrics = metrics;
    file.on('drop', () => metrics.auditEventsDropped.inc());
    file.on('error', (error: unknown) => {
      const now = performance.now();
      if (now - this.#complainedAt < complainEveryMs) return;
      this.#complainedAt = now;
      log.error({ path, reason: describeError(error) }, 'the audit log cannot be written');
    });
  }

  /** Throws ConnectorError `audit-log-unusable`. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { path, namedBy = '--audit-log-path', maxBytes = maxWaitingBytes } = options;
    const file = pino.destination({
      dest: path === '-' ? 1 : path,
      sync: false,
      mkdir: true,
      maxLength: maxBytes,
    });
    try {
      if (path !== '-') await once(file, 'ready');
    } catch (cause) {
      throw new ConnectorError(
        'audit-log-unusable',
        `${namedBy}: ${path} cannot be opened: ${describeError(cause)}`,
        { cause },
      );
    }
    return new AuditLog(file, options);
  }

  /** One line. Returns at once and never throws for what happens to it. */
  write(event: object): void {
    this.#metrics.auditEvents.inc();
    this.#file.write(`${JSON.stringify(event)}\n`);
  }

  /** Resolves when everything that waited is written. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#file.once('close', resolve);
      this.#file.once('error', () => resolve());
      this.#file.end();
    });
  }
}
