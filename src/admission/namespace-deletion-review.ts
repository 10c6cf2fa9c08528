import type { Logger } from '../base/logger.ts';
import { describeError } from '../base/errors.ts';

/** admission.k8s.io/v1 AdmissionReview, as far as it is looked at. */
interface AdmissionReview {
  apiVersion?: unknown;
  kind?: unknown;
  request?: {
    uid?: unknown;
    operation?: unknown;
    resource?: { group?: unknown; resource?: unknown };
    subResource?: unknown;
    name?: unknown;
    oldObject?: { metadata?: { deletionTimestamp?: unknown } } | null;
  };
}

export interface AdmissionResponse {
  apiVersion: 'admission.k8s.io/v1';
  kind: 'AdmissionReview';
  response: {
    uid: string;
    allowed: boolean;
    status?: { code: number; reason: string; message: string };
  };
}

/** What is left in a namespace of resources that block its deletion. */
export type BlockingClaims =
  /** Number of claims by `<plural>.<group>`. */
  | { counts: ReadonlyMap<string, number> }
  /** The control plane cannot be asked, and the namespace is recorded as one that may hold claims. */
  | { unknown: string };

export interface NamespaceDeletionReviewOptions {
  /** True for a namespace that the app cluster has: what is made up costs nothing. */
  isKnown: (namespace: string) => boolean;
  claimsIn: (namespace: string) => Promise<BlockingClaims>;
  log: Logger;
}

const maxAtOnce = 8;

/** Says whether a namespace may be deleted: not while it holds claims of a resource with the policy `block`. */
export class NamespaceDeletionReview {
  readonly #options: NamespaceDeletionReviewOptions;
  /** Nobody has to authenticate here: who asks for the same namespace at once gets the same answer. */
  readonly #underWay = new Map<string, Promise<string | undefined>>();

  constructor(options: NamespaceDeletionReviewOptions) {
    this.#options = options;
  }

  /** Undefined for what is no review, or where too many are under way: the API server lets the deletion pass then. */
  async review(body: Buffer): Promise<AdmissionResponse | undefined> {
    const request = readReview(body)?.request;
    if (typeof request?.uid !== 'string') return undefined;
    const { uid, operation, resource, subResource, name, oldObject } = request;
    const isDeletion =
      operation === 'DELETE' &&
      resource?.group === '' &&
      resource.resource === 'namespaces' &&
      (subResource ?? '') === '' &&
      typeof name === 'string' &&
      oldObject?.metadata?.deletionTimestamp === undefined;
    const denied = isDeletion ? this.#refusal(name) : Promise.resolve(undefined);
    if (denied === 'busy') return undefined;
    const message = await denied;
    return {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response:
        message === undefined
          ? { uid, allowed: true }
          : { uid, allowed: false, status: { code: 403, reason: 'Forbidden', message } },
    };
  }

  #refusal(namespace: string): Promise<string | undefined> | 'busy' {
    const asked = this.#underWay.get(namespace);
    if (asked) return asked;
    if (!this.#options.isKnown(namespace)) return Promise.resolve(undefined);
    if (this.#underWay.size >= maxAtOnce) return 'busy';
    const answer = this.#ask(namespace).finally(() => this.#underWay.delete(namespace));
    this.#underWay.set(namespace, answer);
    return answer;
  }

  async #ask(namespace: string): Promise<string | undefined> {
    let claims: BlockingClaims;
    try {
      claims = await this.#options.claimsIn(namespace);
    } catch (error) {
      const reason = describeError(error);
      this.#options.log.warn({ namespace, reason }, 'the claims of a namespace cannot be counted');
      return `namespace "${namespace}" may hold claims, which cannot be counted: ${reason}`;
    }
    if ('unknown' in claims)
      return `namespace "${namespace}" may hold claims, which cannot be counted: ${claims.unknown}`;
    const counts = [...claims.counts].filter(([, count]) => count > 0);
    if (counts.length === 0) return undefined;
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    const each = counts.map(([resource, count]) => `${count} ${resource}`).join(', ');
    return `namespace "${namespace}" holds ${total} claim${total === 1 ? '' : 's'} (${each}); delete ${total === 1 ? 'it' : 'them'} first`;
  }
}

function readReview(body: Buffer): AdmissionReview | undefined {
  try {
    const review = JSON.parse(body.toString('utf8')) as AdmissionReview | null;
    const isReview = review?.kind === 'AdmissionReview' && review.apiVersion === 'admission.k8s.io/v1';
    return isReview ? review : undefined;
  } catch {
    return undefined;
  }
}
