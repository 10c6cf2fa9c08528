import { tooManyRequests } from '../apimachinery/status.ts';
import type { Filter } from './filter.ts';
import type { InFlight, Reached } from './in-flight.ts';

export interface LimitDependencies {
  /** Everything about resources but watches. */
  requestsInflight: InFlight;
  watchesInflight: InFlight;
  onRejected: (reason: RejectionReason) => void;
}

/** The flag whose limit was reached. */
export type RejectionReason =
  | 'max_requests_inflight'
  | 'max_requests_inflight_per_user'
  | 'max_watches'
  | 'max_watches_per_user';

const reasons: Record<'requests' | 'watches', Record<Reached, RejectionReason>> = {
  requests: { total: 'max_requests_inflight', user: 'max_requests_inflight_per_user' },
  watches: { total: 'max_watches', user: 'max_watches_per_user' },
};

/**
 * Keeps requests out while too many are under way, in all or of one user (apiserver/pkg/server/filters/maxinflight.go).
 * Paths that name no resource pass: discovery, OpenAPI and metrics are answered from memory, and the aggregator takes
 * the API for gone where they fail.
 */
export function withLimits({ requestsInflight, watchesInflight, onRejected }: LimitDependencies): Filter {
  return (exchange) => {
    const { info, res } = exchange;
    if (!info.isResource) return undefined;
    // Went away while it was authenticated: nothing would count it out again.
    if (res.closed) return 'handled';
    const isWatch = info.verb === 'watch';
    const reached = (isWatch ? watchesInflight : requestsInflight).enter(exchange);
    if (!reached) return undefined;
    onRejected(reasons[isWatch ? 'watches' : 'requests'][reached]);
    throw tooManyRequests();
  };
}
