import type { Effect } from '../tools/tool.ts';

/** One line of the audit log: one call of one tool, never with a secret, a token or an object's content. */
export interface CallRecord {
  time: string;
  server: string;
  caller: string;
  via: string;
  clientId?: string;
  /** Name and version that the client gives itself. */
  client?: string;
  /** The same under `named` and `compact`. */
  tool: string;
  effect: Effect;
  /** Redacted by key and by shape; long texts cut. */
  arguments: Record<string, unknown>;
  outcome: 'done' | 'refused' | 'failed' | 'confirmation_required';
  /** ToolError's code. */
  code?: string;
  /** How it was confirmed, where it had to be. */
  confirmed?: 'elicitation' | 'argument';
  /** Of the requests to the control plane, as its own audit log has them. */
  auditIds: readonly string[];
  /** "DELETE /apis/…": what was sent. */
  writes: readonly string[];
  durationMs: number;
  /** W3C trace id, where the client sent one. */
  traceId?: string;
}

/** Where the lines go. A server in production mode does not start without one. */
export interface CallLog {
  write(record: CallRecord): void;
}
