import { describe, expect, it } from '@jest/globals';
import type { CustomResourceDefinition } from '../../../src/apimachinery/objects.ts';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  type ApiGroup,
  type ApiGroupDiscoveryList,
  type ApiResourceList,
  apiResourceList,
} from '../../../src/catalog/discovery.ts';
import { groupVersionsOf } from '../../../src/catalog/connected-resource.ts';
import { captured, capturedGroupVersions, captures, connectedOf } from '../../testdata/catalog/captured.ts';

// The oracle is what a kube-apiserver v1.34.4 published for the same CRDs. One difference stays: the order within an
// APIResourceList, which the server takes from a map and the connector from the plural, so that replicas agree.

const pluralsOf = (list: { plural: string }[]) => new Set(list.map((resource) => resource.plural));

function onlyConnected(list: ApiGroupDiscoveryList, plurals: Set<string>): ApiGroupDiscoveryList {
  for (const item of list.items) {
    for (const version of item.versions) {
      version.resources = version.resources.filter((resource) => plurals.has(resource.resource));
    }
  }
  return list;
}

function comparable(list: ApiResourceList, plurals: Set<string>): ApiResourceList {
  const resources = list.resources
    .filter((resource) => plurals.has(resource.name.split('/')[0]!))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return { ...list, resources };
}

describe.each(captures)('discovery of the capture %s', (capture, group) => {
  const groupVersions = capturedGroupVersions(capture);
  const plurals = pluralsOf(groupVersions.flatMap((groupVersion) => groupVersion.resources));

  it('publishes in aggregated discovery what the server does, byte by byte', () => {
    const server = onlyConnected(captured(`${capture}/discovery`) as ApiGroupDiscoveryList, plurals);
    expect(JSON.stringify(aggregatedDiscovery(groupVersions, 'v2'))).toBe(JSON.stringify(server));
  });

  it.each(groupVersions.map((groupVersion) => [groupVersion.version, groupVersion] as const))(
    'lists the resources of %s as the server does',
    (version, groupVersion) => {
      const server = comparable(captured(`${capture}/${version}.resources`) as ApiResourceList, plurals);
      expect(comparable(apiResourceList(groupVersion), plurals)).toStrictEqual(server);
    },
  );

  it('prints the group and its preferred version as the server does, byte by byte', () => {
    expect(JSON.stringify(apiGroup(groupVersions, group))).toBe(JSON.stringify(captured(`${capture}/group`)));
  });
});

describe('a terminating CRD', () => {
  const crd = captured('features/terminating.crd') as CustomResourceDefinition;
  const groupVersions = groupVersionsOf(connectedOf([crd]));
  const arbors = new Set(['arbors']);

  it('offers no create, update and patch in aggregated discovery', () => {
    const server = captured('features/terminating.discovery') as ApiGroupDiscoveryList;
    const resources = onlyConnected(server, arbors).items[0]!.versions.find(
      ({ version }) => version === 'v1',
    )!.resources;
    expect(aggregatedDiscovery(groupVersions, 'v2').items[0]!.versions[0]!.resources).toStrictEqual(
      resources,
    );
  });

  it('offers no create, update and patch in the list of resources', () => {
    const server = comparable(captured('features/terminating.resources') as ApiResourceList, arbors);
    expect(comparable(apiResourceList(groupVersions[0]!), arbors)).toStrictEqual(server);
  });
});

describe('discovery of several groups', () => {
  const groupVersions = captures.flatMap(([capture]) => capturedGroupVersions(capture));

  it('puts groups in order of name and versions in order of preference, whatever the input order', () => {
    const { items } = aggregatedDiscovery(groupVersions.toReversed(), 'v2');
    expect(
      items.map((item) => [item.metadata.name, item.versions.map(({ version }) => version)]),
    ).toStrictEqual([
      ['features.example.org', ['v1', 'v1beta10', 'v1beta2']],
      ['k8s.starter.org', ['v1alpha1']],
    ]);
  });

  it('gives aggregators before 1.30 the same items as v2beta1', () => {
    const beta = aggregatedDiscovery(groupVersions, 'v2beta1');
    expect(beta.apiVersion).toBe('apidiscovery.k8s.io/v2beta1');
    expect(beta.items).toStrictEqual(aggregatedDiscovery(groupVersions, 'v2').items);
  });

  it('lists all groups without kind and apiVersion of their own', () => {
    const entries = captures.map(([capture]) => {
      const { kind: _kind, apiVersion: _apiVersion, ...entry } = captured(`${capture}/group`) as ApiGroup;
      return entry;
    });
    const groups = entries.toSorted((a, b) => a.name.localeCompare(b.name));
    expect(apiGroupList(groupVersions)).toStrictEqual({ kind: 'APIGroupList', apiVersion: 'v1', groups });
  });

  it('knows no group that has no connected version', () => {
    expect(apiGroup(groupVersions, 'apps')).toBeUndefined();
  });
});
