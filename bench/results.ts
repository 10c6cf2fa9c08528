import type { Ratio } from './statistics.ts';

/** What one column was measured at in one phase. */
export interface ColumnResult {
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Milliseconds more than direct over HTTP/1.1 in the same turn, median. */
  added?: number;
  /** Body of one answer, unpacked. */
  bytes?: number;
  /** Requests per second, median of the rounds. */
  perSecond?: number;
  /** CPU milliseconds per request: the server under test and, where blocks alternate, the two kube-apiservers. */
  cpu?: { self: number; app?: number; controlPlane?: number };
  /** MiB of the server under test: before the phase, and its peak within. */
  memory?: { before: number; peak: number };
  /** Against the baseline: of the p50s, or of the rates. */
  ratio?: Ratio;
}

export interface PhaseResult {
  id: string;
  title: string;
  kind: 'time' | 'rate';
  /** Requests per column. */
  requests: number;
  columns: Record<string, ColumnResult>;
}
