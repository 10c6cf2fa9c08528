import type { Check } from '../../../connecting/check.ts';
import type { Status } from '../../../connecting/status.ts';

/** What the console shows of the connector beside this gateway. */
export interface ConnectorStatus {
  status: Status;
  /** What somebody has to see to; empty where all is well. */
  problems: readonly Check[];
  /** Newest first. */
  events: readonly ConnectorEvent[];
  /** What could not be looked at from here, one sentence each. */
  unseen: readonly string[];
}

export interface ConnectorEvent {
  /** RFC 3339. */
  time: string;
  object: string;
  reason: string;
  message: string;
  count: number;
}

export interface StatusSource {
  /** Throws ConnectorError, which says why there is nothing to see. */
  read(): Promise<ConnectorStatus>;
}
