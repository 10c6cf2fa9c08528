import { AuditLog } from '../../base/audit-log.ts';
import type { Logger } from '../../base/logger.ts';
import type { AgentMetrics } from '../agent-metrics.ts';
import { auditedArguments, auditedText } from './audited-arguments.ts';
import type { CallLog, CallRecord } from './call-record.ts';

export interface CallLogsOptions {
  log: Logger;
  metrics: Pick<AgentMetrics, 'auditEvents' | 'auditEventsDropped'>;
}

interface OpenLog {
  opening: Promise<AuditLog>;
  users: number;
}

/** The audit logs of a process: servers that name the same file write to one. */
export class CallLogs {
  readonly #options: CallLogsOptions;
  readonly #open = new Map<string, OpenLog>();

  constructor(options: CallLogsOptions) {
    this.#options = options;
  }

  /** Throws ConnectorError `audit-log-unusable`. To be closed once; the file is closed with its last user. */
  async open(path: string): Promise<CallLog & { close(): Promise<void> }> {
    const shared = this.#open.get(path) ?? {
      opening: AuditLog.open({ path, namedBy: 'audit.logPath', ...this.#options }),
      users: 0,
    };
    this.#open.set(path, shared);
    shared.users++;
    const leave = async (): Promise<void> => {
      shared.users--;
      if (shared.users > 0) return;
      if (this.#open.get(path) === shared) this.#open.delete(path);
      await (await shared.opening).close();
    };
    try {
      const file = await shared.opening;
      return { write: (record) => file.write(audited(record)), close: leave };
    } catch (error) {
      this.#open.delete(path);
      throw error;
    }
  }
}

/** Nothing of a record that a client chose goes to the log as it came. */
function audited(record: CallRecord): CallRecord {
  const { client } = record;
  return {
    ...record,
    ...(client === undefined ? {} : { client: auditedText(client) }),
    tool: auditedText(record.tool),
    arguments: auditedArguments(record.arguments),
  };
}
