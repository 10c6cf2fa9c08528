import { expect, it } from '@jest/globals';
import { assert, property, shuffledSubarray } from 'fast-check';
import { compareVersions } from '../../../src/apimachinery/version-order.ts';

// The example of the Kubernetes documentation of CRD versioning, "Version priority".
const documented = 'v10 v2 v1 v11beta2 v10beta3 v3beta1 v12alpha1 v11alpha2 foo1 foo10'.split(' ');

it('orders versions as Kubernetes documents it, whatever order they come in', () => {
  assert(
    property(shuffledSubarray(documented, { minLength: documented.length }), (shuffled) => {
      expect(shuffled.toSorted(compareVersions)).toStrictEqual(documented);
    }),
  );
});

it.each(['v1gamma1', 'v1beta', 'v', 'v1.2', 'V1'])('puts %s, which is no Kubernetes version, last', (odd) => {
  expect([odd, 'v1alpha1'].toSorted(compareVersions)).toStrictEqual(['v1alpha1', odd]);
});

it('finds a version equal to itself', () => {
  expect(compareVersions('v1beta1', 'v1beta1')).toBe(0);
  expect(compareVersions('foo', 'foo')).toBe(0);
});
