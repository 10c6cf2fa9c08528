import { describe, expect, it } from '@jest/globals';
import {
  type BlockingClaims,
  NamespaceDeletionReview,
} from '../../../src/admission/namespace-deletion-review.ts';
import { silentLogger } from '../../../src/base/logger.ts';

function reviewOf(claimsIn: (namespace: string) => Promise<BlockingClaims>): NamespaceDeletionReview {
  return new NamespaceDeletionReview({
    isKnown: (name) => name !== 'nowhere',
    claimsIn,
    log: silentLogger(),
  });
}

function question(request: object = {}): Buffer {
  const resource = { group: '', version: 'v1', resource: 'namespaces' };
  const deletion = { uid: 'u', operation: 'DELETE', resource, name: 'shop', ...request };
  return Buffer.from(
    JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: deletion }),
  );
}

const holding = (counts: [string, number][]) => () => Promise.resolve({ counts: new Map(counts) });
const two = holding([
  ['buckets.example.org', 1],
  ['databases.example.org', 2],
  ['queues.example.org', 0],
]);

describe('the deletion of a namespace', () => {
  it('is refused while it holds claims, and the refusal counts them', async () => {
    expect((await reviewOf(two).review(question()))?.response).toEqual({
      uid: 'u',
      allowed: false,
      status: {
        code: 403,
        reason: 'Forbidden',
        message:
          'namespace "shop" holds 3 claims (1 buckets.example.org, 2 databases.example.org); delete them first',
      },
    });
  });

  it('is refused where they cannot be counted', async () => {
    const lost = reviewOf(() => Promise.reject(new Error('no answer')));
    const unknown = reviewOf(() => Promise.resolve({ unknown: 'no answer' }));
    for (const review of [lost, unknown])
      expect((await review.review(question()))?.response.status?.message).toBe(
        'namespace "shop" may hold claims, which cannot be counted: no answer',
      );
  });

  it.each([
    ['of an empty one', holding([]), {}],
    ['of one that the cluster does not have', two, { name: 'nowhere' }],
    ['that is under way', two, { oldObject: { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } } }],
    ['which is none', two, { operation: 'UPDATE' }],
    ['of its finalizers', two, { subResource: 'finalize' }],
  ])('%s passes', async (_, claimsIn, request) => {
    expect((await reviewOf(claimsIn).review(question(request)))?.response).toEqual({
      uid: 'u',
      allowed: true,
    });
  });

  it('is asked about once by many at a time, and by few about many', async () => {
    const gate = Promise.withResolvers<BlockingClaims>();
    let asked = 0;
    const review = reviewOf(() => {
      asked++;
      return gate.promise;
    });
    const same = [review.review(question()), review.review(question())];
    const others = Array.from({ length: 9 }, (_, at) => review.review(question({ name: `shop-${at}` })));
    gate.resolve({ counts: new Map() });
    expect((await Promise.all(same)).map((answer) => answer?.response.allowed)).toEqual([true, true]);
    expect((await Promise.all(others)).filter((answer) => !answer)).toHaveLength(2);
    expect(asked).toBe(8);
  });

  it('is not what these ask about', async () => {
    for (const body of [
      '',
      'null',
      '[]',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}',
    ])
      expect(await reviewOf(two).review(Buffer.from(body))).toBeUndefined();
  });
});
