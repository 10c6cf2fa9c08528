import type { Clock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { ApiError, type KubeClient } from '../clusters/kube-client.ts';

/** Attempts and pauses of apiserver/pkg/server/options DefaultAuthWebhookRetryBackoff. */
const attempts = 5;
const firstPauseMs = 500;
const pauseFactor = 1.5;

/** For all attempts together: the user's request waits meanwhile. */
const deadlineMs = 10_000;

/**
 * Asks the app cluster's API server for a TokenReview or SubjectAccessReview and returns what it filled in. Asked
 * again where a review was lost on the way or the server was busy: a review changes nothing. Throws what KubeClient
 * throws for the last attempt.
 */
export async function requestReview<T>(
  client: KubeClient,
  path: string,
  body: unknown,
  clock: Clock,
): Promise<T> {
  const end = clock.now() + deadlineMs;
  let pauseMs = firstPauseMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.create<T>(path, body, { timeoutMs: Math.max(1, end - clock.now()) });
    } catch (error) {
      const wait = pauseMs * (1 + Math.random() * 0.2);
      if (attempt >= attempts || !isTransient(error) || clock.now() + wait >= end) throw error;
      await clock.sleep(wait);
      pauseMs *= pauseFactor;
    }
  }
}

function isTransient(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500;
  return error instanceof ConnectorError && error.code === 'unreachable';
}
