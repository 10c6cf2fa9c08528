import type { Drain } from './drain.ts';
import type { Exchanges } from './exchanges.ts';
import type { DownstreamServer } from './server.ts';

export interface ShutdownOptions {
  server: Pick<DownstreamServer, 'stopListening' | 'close'>;
  exchanges: Pick<Exchanges, 'leave' | 'quiet' | 'giveUp'>;
  drain: Drain;
  /** Time for API servers to learn that this replica leaves. /readyz fails already. */
  delayMs: number;
  /** For what is under way after that; 60 s when left out. */
  requestTimeoutMs?: number;
}

/** kube-apiserver ends every request but a watch after 60 s (apiserver/pkg/endpoints/filters/request_deadline.go). */
const defaultRequestTimeoutMs = 60_000;
/** Connections freed last are taken first from Go's pool: used in this time, they leave it with their answer. */
const quietMs = 200;
/** Watches end in this part of the delay; what comes back on their connections has the rest. */
const watchShare = 0.8;

/**
 * Leaves as kube-apiserver does (apiserver/pkg/server/genericapiserver.go, RunWithContext): serve on for the delay, then
 * take no new connection, let what is under way finish, and close idle connections last. Nothing is left without an
 * answer, and no connection is closed under a request that is on its way.
 */
export async function shutDown({
  server,
  exchanges,
  drain,
  delayMs,
  requestTimeoutMs = defaultRequestTimeoutMs,
}: ShutdownOptions): Promise<void> {
  exchanges.leave();
  drain.begin(delayMs * watchShare);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  server.stopListening();
  drain.cancel(new Error('the connector stops'));
  await exchanges.quiet(quietMs, requestTimeoutMs);
  exchanges.giveUp();
  // Time for what was said last; without anybody under way this ends at once.
  await exchanges.quiet(0, 500);
  server.close();
}
