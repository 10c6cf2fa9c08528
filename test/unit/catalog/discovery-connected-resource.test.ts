import { describe, expect, it } from '@jest/globals';
import type { CustomResourceDefinition } from '../../../src/apimachinery/objects.ts';
import {
  connectedPrefixOf,
  connectedResourcesOf,
  groupVersionsOf,
} from '../../../src/catalog/connected-resource.ts';
import { capturedCrds } from '../../testdata/catalog/captured.ts';

function crdOf(capture: 'crossplane' | 'features', plural: string): CustomResourceDefinition {
  const crd = capturedCrds(capture).find((each) => each.spec.names.plural === plural);
  if (!crd) throw new Error(`no CRD ${plural} in ${capture}`);
  return crd;
}

function changed(change: (crd: CustomResourceDefinition) => void): CustomResourceDefinition {
  const crd = crdOf('crossplane', 'kubernetesclusters');
  change(crd);
  return crd;
}

describe('connectedPrefixOf', () => {
  it('takes the claim CRD that Crossplane made', () => {
    expect(connectedPrefixOf(crdOf('crossplane', 'kubernetesclusters'))).toBe('claim');
  });

  it('takes a namespaced XR under a prefix of its own', () => {
    expect(connectedPrefixOf(crdOf('features', 'arbors'))).toBe('nxr');
  });

  it.each<[string, CustomResourceDefinition]>([
    ['the cluster-scoped XR that Crossplane made', crdOf('crossplane', 'xkubernetesclusters')],
    ['a namespaced CRD of category claim that no XRD owns', crdOf('features', 'gardenings')],
    [
      'a cluster-scoped XR whose author gave it the category claim',
      changed((crd) => {
        crd.spec.scope = 'Cluster';
      }),
    ],
    [
      'a CRD that is not established',
      changed((crd) => {
        for (const condition of crd.status!.conditions!) condition.status = 'False';
      }),
    ],
    [
      'a CRD without status',
      changed((crd) => {
        delete crd.status;
      }),
    ],
    [
      'a CRD that an XRD owns but does not control',
      changed((crd) => {
        crd.metadata.ownerReferences![0]!.controller = false;
      }),
    ],
    [
      'a CRD of a CompositeResourceDefinition of another group',
      changed((crd) => {
        crd.metadata.ownerReferences![0]!.apiVersion = 'apiextensions.crossplane.io.example.org/v1';
      }),
    ],
    [
      'a CRD of neither category',
      changed((crd) => {
        crd.status!.acceptedNames!.categories = ['managed'];
      }),
    ],
  ])('leaves out %s', (_what, crd) => {
    expect(connectedPrefixOf(crd)).toBeUndefined();
  });
});

describe('connectedResourcesOf', () => {
  const gardens = connectedResourcesOf(crdOf('features', 'gardens'), 'claim');
  const garden = (version: string) => gardens.find((resource) => resource.version === version)!;

  it('gives one resource per served version', () => {
    expect(gardens.map(({ version }) => version)).toStrictEqual(['v1', 'v1beta2', 'v1beta10']);
  });

  it('tells no storage version that is not served', () => {
    const crd = crdOf('features', 'gardens');
    for (const version of crd.spec.versions) if (version.storage) version.served = false;
    const hashes = connectedResourcesOf(crd, 'claim').map(({ storageVersionHash }) => storageVersionHash);
    expect(hashes).toStrictEqual([undefined, undefined]);
  });

  it('reads names, subresources, selectable fields and columns', () => {
    expect(garden('v1')).toStrictEqual({
      group: 'features.example.org',
      version: 'v1',
      plural: 'gardens',
      singular: 'garden',
      kind: 'Garden',
      listKind: 'GardenList',
      shortNames: ['gd', 'gdn'],
      categories: ['plants', 'claim'],
      prefix: 'claim',
      subresources: { status: true, scale: true },
      selectableFields: ['.spec.size'],
      terminating: false,
      printerColumns: [
        { name: 'SIZE', jsonPath: '.spec.size', type: 'string' },
        { name: 'CONNECTION-SECRET', jsonPath: '.spec.writeConnectionSecretToRef.name', type: 'string' },
      ],
      storageVersionHash: 'vCaUp0JtrnQ=',
    });
  });

  it('gives a version without columns the age, as the server does', () => {
    expect(garden('v1beta2').printerColumns).toStrictEqual([
      { name: 'Age', jsonPath: '.metadata.creationTimestamp', type: 'date' },
    ]);
  });

  it("passes the author's deprecation warning, or writes the server's", () => {
    expect(garden('v1').deprecationWarning).toBeUndefined();
    expect(garden('v1beta2').deprecationWarning).toBe(
      'features.example.org/v1beta2 Garden is deprecated; use v1',
    );
    expect(garden('v1beta10').deprecationWarning).toBe(
      'features.example.org/v1beta10 Garden is deprecated; use features.example.org/v1 Garden',
    );
  });

  it('does not recommend a version that is less stable than the deprecated one', () => {
    const crd = changed((each) => {
      const [only] = each.spec.versions;
      each.spec.versions = [
        { ...only!, name: 'v1', deprecated: true },
        { ...only!, name: 'v2alpha1' },
      ];
    });
    expect(connectedResourcesOf(crd, 'claim')[0]!.deprecationWarning).toBe(
      'k8s.starter.org/v1 KubernetesCluster is deprecated',
    );
  });

  it('offers only the short names that were accepted', () => {
    const crd = crdOf('features', 'gardens');
    crd.status!.acceptedNames!.shortNames = ['gdn'];
    expect(connectedResourcesOf(crd, 'claim')[0]!.shortNames).toStrictEqual(['gdn']);
  });
});

describe('groupVersionsOf', () => {
  it('gathers resources independently of their order', () => {
    const resources = ['gardens', 'arbors'].flatMap((plural) =>
      connectedResourcesOf(crdOf('features', plural), 'claim'),
    );
    const gathered = groupVersionsOf(resources);
    expect(
      gathered.map(({ version, resources: each }) => [version, ...each.map(({ plural }) => plural)]),
    ).toStrictEqual([
      ['v1', 'arbors', 'gardens'],
      ['v1beta10', 'gardens'],
      ['v1beta2', 'gardens'],
    ]);
    expect(groupVersionsOf(resources.toReversed())).toStrictEqual(gathered);
  });
});
