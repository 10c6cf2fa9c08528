import { hash } from 'node:crypto';
import { internalError, unauthorized } from '../apimachinery/status.ts';
import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { requestReview } from './delegated-review.ts';
import { ExpiringCache } from './expiring-cache.ts';
import { asAuthenticated, emptyExtra, type UserInfo } from './user-info.ts';

const path = '/apis/authentication.k8s.io/v1/tokenreviews';

interface TokenReview {
  status?: {
    authenticated?: boolean;
    error?: string;
    user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}

/**
 * Asks the app cluster whose bearer token it is. Either answer counts for 10 s; equal tokens share one call; tokens are
 * kept as hashes only.
 */
export class TokenReviewer {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** `false` for a token that nobody has. */
  readonly #answers: ExpiringCache<UserInfo | false>;
  readonly #pending = new Map<string, Promise<UserInfo>>();

  constructor(client: KubeClient, clock: Clock, log: Logger) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#answers = new ExpiringCache(4096, 10_000, clock);
  }

  /** Throws (or rejects with) StatusError 401 for a token that is refused, 500 when nobody could be asked. */
  userOf(token: string): UserInfo | Promise<UserInfo> {
    const key = hash('sha256', token);
    const known = this.#answers.get(key);
    if (known === false) throw unauthorized();
    if (known) return known;
    let pending = this.#pending.get(key);
    if (!pending) {
      pending = this.#ask(token, key).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return pending;
  }

  async #ask(token: string, key: string): Promise<UserInfo> {
    let review: TokenReview;
    try {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
      review = await requestReview<TokenReview>(this.#client, path, body, this.#clock);
    } catch (cause) {
      this.#log.error({ reason: describeError(cause) }, 'a TokenReview failed');
      throw internalError('the bearer token could not be reviewed', cause).causedBy(
        'app_cluster_unavailable',
      );
    }
    const { authenticated, error, user } = review.status ?? {};
    if (!authenticated || !user?.username) {
      if (error) this.#log.debug({ reason: error }, 'a bearer token was refused');
      this.#answers.set(key, false);
      throw unauthorized();
    }
    const answer = asAuthenticated({
      name: user.username,
      groups: user.groups ?? [],
      extra: Object.assign(emptyExtra(), user.extra),
      ...(user.uid ? { uid: user.uid } : {}),
    });
    this.#answers.set(key, answer);
    return answer;
  }
}

/**
 * The token of `Authorization: Bearer <token>`, or undefined when there is none. Throws StatusError 401 when the header
 * comes twice: which of the two counts must not depend on who reads it.
 */
export function bearerToken(rawHeaders: readonly string[]): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'authorization') continue;
    if (value !== undefined) throw unauthorized();
    value = rawHeaders[i + 1] ?? '';
  }
  const [scheme, token] = (value ?? '').trim().split(' ', 2);
  return scheme?.toLowerCase() === 'bearer' && token ? token : undefined;
}
