import type { NamespaceDeletionReview } from '../admission/namespace-deletion-review.ts';
import { badRequest } from '../apimachinery/status.ts';
import type { Filter } from './filter.ts';

export interface NamespaceReviewDependencies {
  /** Undefined where no policy blocks: the path is one that nobody serves then. */
  namespaceReview: Pick<NamespaceDeletionReview, 'review'> | undefined;
}

/** Where the webhook configuration leads. */
export const namespaceReviewPath = '/admission/namespaces';
/** An AdmissionReview holds the namespace: up to 256 KiB of annotations, and who manages what. */
const maxReviewBytes = 512 * 1024;

/** Answers kube-apiserver's question whether a namespace may be deleted. It sends no credential to webhooks. */
export function withNamespaceReview({ namespaceReview }: NamespaceReviewDependencies): Filter {
  return (exchange) => {
    const { method, url } = exchange.req;
    if (!namespaceReview || method !== 'POST' || url?.split('?', 1)[0] !== namespaceReviewPath)
      return undefined;
    return exchange.readBody(maxReviewBytes).then(async (body) => {
      const review = await namespaceReview.review(body);
      if (!review)
        throw badRequest('the body is no AdmissionReview of admission.k8s.io/v1 that can be answered now');
      const text = Buffer.from(JSON.stringify(review));
      exchange.answer(200, { 'content-type': 'application/json' }, text);
      return 'handled' as const;
    });
  };
}
