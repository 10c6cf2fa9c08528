import { describe, expect, it } from '@jest/globals';
import type { CustomResourceDefinition } from '../../../src/apimachinery/objects.ts';
import { connectedResourcesOf } from '../../../src/catalog/connected-resource.ts';
import { resourcesOrKept } from '../../../src/catalog/kept-resources.ts';

const owner = {
  apiVersion: 'apiextensions.crossplane.io/v1',
  kind: 'CompositeResourceDefinition',
  name: 'xbuckets.example.org',
  uid: '1',
  controller: true,
};

function bucketCrd(): CustomResourceDefinition {
  return {
    metadata: { name: 'buckets.example.org', ownerReferences: [owner] },
    spec: {
      group: 'example.org',
      scope: 'Namespaced',
      names: { plural: 'buckets', kind: 'Bucket', categories: ['claim'] },
      versions: [
        { name: 'v1', served: true, storage: true },
        { name: 'v1beta1', served: true, storage: false },
      ],
    },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  };
}

const previous = connectedResourcesOf(bucketCrd(), 'claim');

function versionsOf(crd: CustomResourceDefinition, before = previous): string[] {
  return resourcesOrKept(crd, before).map(({ plural, version }) => `${plural}/${version}`);
}

describe('the resources of a CRD', () => {
  it('are the served versions of a connected one, whatever was before', () => {
    expect(versionsOf(bucketCrd(), [])).toEqual(['buckets/v1', 'buckets/v1beta1']);
    const crd = bucketCrd();
    crd.spec.versions.pop();
    expect(versionsOf(crd)).toEqual(['buckets/v1']);
  });

  it.each<[string, (crd: CustomResourceDefinition) => void]>([
    [
      'is not established',
      (crd) => (crd.status = { conditions: [{ type: 'Established', status: 'False' }] }),
    ],
    ['was made anew', (crd) => delete crd.status],
    ['was replaced without its owner', (crd) => delete crd.metadata.ownerReferences],
  ])('stay while it %s, and do not begin then', (_, change) => {
    const crd = bucketCrd();
    change(crd);
    expect(versionsOf(crd)).toEqual(['buckets/v1', 'buckets/v1beta1']);
    expect(versionsOf(crd, [])).toEqual([]);
    crd.spec.versions[0]!.served = false;
    expect(versionsOf(crd)).toEqual(['buckets/v1beta1']);
  });

  it.each<[string, (crd: CustomResourceDefinition) => void]>([
    ['cluster-scoped', (crd) => (crd.spec.scope = 'Cluster')],
    ["somebody else's", (crd) => (crd.metadata.ownerReferences = [{ ...owner, kind: 'Other' }])],
    [
      'of no owner and no category',
      (crd) => {
        delete crd.metadata.ownerReferences;
        crd.spec.names.categories = [];
      },
    ],
  ])('go when it is %s now', (_, change) => {
    const crd = bucketCrd();
    change(crd);
    expect(versionsOf(crd)).toEqual([]);
  });
});
