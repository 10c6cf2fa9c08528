import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ServerDefinition } from '../servers/definition.ts';
import type { CallFeed } from './calls/call-feed.ts';
import type { CredentialStore, DefinitionsStore } from './definitions-store.ts';
import type { SessionLimits } from './sign-in/sessions.ts';
import type { StatusSource } from './status/connector-status.ts';

/** What the console is made of; the gateway's composition root hands it in. */
export interface ConsoleOptions {
  /** The administrator's password or token; without such a file there is no console. */
  passwordFile: string;
  definitions: DefinitionsStore;
  /** The servers of a text of the definitions file, complete. Throws ConnectorError, which says what is wrong and where. */
  parse: (text: string) => readonly ServerDefinition[];
  credentials: CredentialStore;
  /** Gets every call of every server, whether it is in an audit log or not. */
  calls: CallFeed;
  /** Or why there is none to read: one sentence. */
  status: StatusSource | string;
  /** Why the gateway serves other definitions than the file has; undefined while it does not. */
  problem: () => string | undefined;
  /** Where agents and people find the gateway; by each request when left out. */
  publicUrl?: URL;
  /** HTTPS_PROXY counts for control planes. */
  environmentProxy: boolean;
  log: Logger;
  clock?: Clock;
  sessionLimits?: SessionLimits;
}
