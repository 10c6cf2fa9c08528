import { hash } from 'node:crypto';
import { internalError } from '../apimachinery/status.ts';
import { requestReview } from '../authentication/delegated-review.ts';
import { ExpiringCache } from '../authentication/expiring-cache.ts';
import { mastersGroup, type UserInfo } from '../authentication/user-info.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { accessDenied } from './access-denied.ts';
import {
  type AccessAttributes,
  type AccessReviewSpec,
  accessReviewSpec,
  isResourceRequest,
} from './access-question.ts';

const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const openPaths = new Set(['/healthz', '/readyz', '/livez']);

const cacheSize = 8192;
const cacheLifetimeMs = 10_000;

/** Attributes the caller chooses freely must not fill the cache (authorizer/webhook maxControlledAttrCacheSize). */
const maxCachedAttributesBytes = 10_000;

interface Answer {
  allowed: boolean;
  reason: string;
}

interface AccessReviewStatus {
  allowed?: boolean;
  denied?: boolean;
  reason?: string;
}

export interface AuthorizerOptions {
  /** The app cluster. */
  client: KubeClient;
  log: Logger;
  clock?: Clock;
}

/**
 * Asks the app cluster by SubjectAccessReview whether a user may do what a request says. Either answer counts for 10 s;
 * concurrent equal questions share one call.
 */
export class Authorizer {
  readonly #client: KubeClient;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #answers: ExpiringCache<Answer>;
  readonly #pending = new Map<string, Promise<Answer>>();

  constructor({ client, log, clock = systemClock }: AuthorizerOptions) {
    this.#client = client;
    this.#log = log;
    this.#clock = clock;
    this.#answers = new ExpiringCache(cacheSize, cacheLifetimeMs, clock);
  }

  /**
   * Returns when the user may; a promise only while the app cluster is asked. Throws (or rejects with) StatusError: 403
   * when the user may not, 500 when nobody could be asked.
   */
  authorize(user: UserInfo, attributes: AccessAttributes): void | Promise<void> {
    // Without the first, the aggregator's availability probe would depend on reviews; the second is asked by the kubelet.
    if (user.groups.includes(mastersGroup)) return undefined;
    if (!isResourceRequest(attributes) && openPaths.has(attributes.path)) return undefined;

    const spec = accessReviewSpec(user, attributes);
    const key = keyOf(spec);
    const known = this.#answers.get(key);
    if (known) return enforce(known, user, attributes);
    let pending = this.#pending.get(key);
    if (!pending) {
      pending = this.#ask(spec, key).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return pending.then((answer) => enforce(answer, user, attributes));
  }

  async #ask(spec: AccessReviewSpec, key: string): Promise<Answer> {
    let status: AccessReviewStatus;
    try {
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
      const review = await requestReview<{ status?: AccessReviewStatus }>(
        this.#client,
        path,
        body,
        this.#clock,
      );
      status = review.status ?? {};
      if (status.allowed && status.denied)
        throw new ConnectorError('review-invalid', 'allowed and denied at once');
    } catch (cause) {
      this.#log.error({ reason: describeError(cause) }, 'a SubjectAccessReview failed');
      throw internalError(
        'the API server of this cluster did not answer a SubjectAccessReview',
        cause,
      ).causedBy('app_cluster_unavailable');
    }
    const answer = { allowed: status.allowed === true, reason: status.reason ?? '' };
    const attributes = JSON.stringify(spec.resourceAttributes ?? spec.nonResourceAttributes);
    if (Buffer.byteLength(attributes) <= maxCachedAttributesBytes) this.#answers.set(key, answer);
    return answer;
  }
}

function enforce(answer: Answer, user: UserInfo, attributes: AccessAttributes): void {
  if (!answer.allowed) throw accessDenied(user, attributes, answer.reason).causedBy('forbidden');
}

/** The question itself, or its hash where a user in hundreds of groups would make every key large. */
function keyOf(spec: AccessReviewSpec): string {
  const text = JSON.stringify(spec);
  return text.length <= 1024 ? text : hash('sha256', text);
}
