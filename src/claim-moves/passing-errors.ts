import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { ApiError, isConflict, isNotFound } from '../clusters/kube-client.ts';

/** What another look at the objects, or some patience, may cure. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiError)
    return isConflict(error) || isNotFound(error) || error.status === 429 || error.status >= 500;
  return error instanceof ConnectorError && ['unreachable', 'unusable-answer'].includes(error.code);
}

/** Does it again while the API server is away or too busy. For what only reads. */
export async function patiently<T>(work: () => Promise<T>, clock: Clock = systemClock): Promise<T> {
  const backoff = new Backoff(500, 4_000);
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 4 || !isPassing(error)) throw error;
      await clock.sleep(backoff.next());
    }
  }
}
