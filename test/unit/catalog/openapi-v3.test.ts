import { describe, expect, it } from '@jest/globals';
import type { JsonSchema } from '../../../src/apimachinery/objects.ts';
import type { GroupVersion } from '../../../src/catalog/connected-resource.ts';
import { type OpenApiV3Document, parseOpenApi, referencesIn } from '../../../src/catalog/openapi-document.ts';
import {
  contentHash,
  openApiV3Index,
  openApiV3Key,
  openApiV3Of,
  pluralsWithoutPaths,
} from '../../../src/catalog/openapi-v3.ts';
import { capturedGroupVersions, capturedOpenApi, captures } from '../../testdata/catalog/captured.ts';

// The oracle is what a kube-apiserver v1.34.4 published. Compared as printed by JSON.stringify, so that the order of
// members and the digits of numbers count; only Go's escapes of <, > and & are another spelling of the same text.

const cases = captures.flatMap(([capture]) =>
  capturedGroupVersions(capture).map((groupVersion) => ({
    title: openApiV3Key(groupVersion),
    groupVersion,
    server: capturedOpenApi(capture, groupVersion.version),
    ours: openApiV3Of(capturedOpenApi(capture, groupVersion.version), groupVersion),
  })),
);

const schemaNamesOf = (document: OpenApiV3Document) => Object.keys(document.components?.schemas ?? {});

describe.each(cases)('the document of $title', ({ groupVersion, server, ours }) => {
  const plurals = groupVersion.resources.map((resource) => resource.plural);

  it('has the paths of connected resources and no other', () => {
    const expected = Object.keys(server.paths).filter((path) =>
      plurals.some((plural) => path.split('/').includes(plural)),
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(Object.keys(ours.paths)).toStrictEqual(expected);
  });

  it('leaves every path and every component as the server printed it', () => {
    for (const [path, item] of Object.entries(ours.paths)) {
      expect(JSON.stringify(item)).toBe(JSON.stringify(server.paths[path]));
    }
    for (const name of schemaNamesOf(ours)) {
      expect(JSON.stringify(ours.components!.schemas![name])).toBe(
        JSON.stringify(server.components!.schemas![name]),
      );
    }
    expect([ours.openapi, ours.info]).toStrictEqual([server.openapi, server.info]);
  });

  it('has the components that are referred to, each once, and no other', () => {
    const referred = new Set([...referencesIn(ours)].map((ref) => ref.replace('#/components/schemas/', '')));
    expect(schemaNamesOf(ours)).toStrictEqual([...referred].toSorted());
  });

  it('has the schemas of exactly the connected kinds', () => {
    const kinds = groupVersion.resources.flatMap(({ kind, listKind }) => [kind, listKind]).toSorted();
    const named = schemaNamesOf(ours).filter((name) => !name.startsWith('io.k8s.'));
    expect(named.map((name) => name.split('.').at(-1))).toStrictEqual(kinds);
  });

  it('is the same bytes from a server that prints in another order', () => {
    const other = inOtherOrder(server);
    expect(JSON.stringify(openApiV3Of(other, groupVersion))).toBe(JSON.stringify(ours));
  });
});

describe('openApiV3Of', () => {
  const server = capturedOpenApi('crossplane', 'v1alpha1');
  const [groupVersion] = capturedGroupVersions('crossplane') as [GroupVersion];

  it('leaves no trace of the cluster-scoped XR', () => {
    expect(JSON.stringify(server)).toContain('XKubernetesCluster');
    expect(JSON.stringify(openApiV3Of(server, groupVersion))).not.toMatch(/xkubernetescluster/i);
  });

  it('is empty when nothing of the document is connected', () => {
    const nothing = openApiV3Of(server, { ...groupVersion, resources: [] });
    expect([nothing.paths, nothing.components]).toStrictEqual([{}, {}]);
  });

  it('takes neither a longer plural nor another version for its own', () => {
    const item = {};
    const paths = {
      '/apis/k8s.starter.org/v1alpha1/kubernetesclustersets': item,
      '/apis/k8s.starter.org/v1alpha1/namespaces/{namespace}/others/kubernetesclusters': item,
      '/apis/k8s.starter.org/v1alpha1/kubernetesclusters': item,
      '/apis/k8s.starter.org/v1alpha11/kubernetesclusters': item,
    };
    expect(Object.keys(openApiV3Of({ ...server, paths }, groupVersion).paths)).toStrictEqual([
      '/apis/k8s.starter.org/v1alpha1/kubernetesclusters',
    ]);
  });

  it('follows references that go in a circle, and those with escaped names', () => {
    const document: OpenApiV3Document = {
      ...server,
      paths: { '/apis/k8s.starter.org/v1alpha1/kubernetesclusters': { get: schema('a~1b') } },
      components: { schemas: { 'a/b': schema('loop'), loop: schema('loop'), unused: schema('a~1b') } },
    };
    expect(schemaNamesOf(openApiV3Of(document, groupVersion))).toStrictEqual(['a/b', 'loop']);
  });
});

describe('parseOpenApi', () => {
  it('gives back integers that a JavaScript number cannot hold', () => {
    const document = openApiV3Of(capturedOpenApi('features', 'v1'), capturedGroupVersions('features')[0]!);
    expect(JSON.stringify(document)).toContain('"default":9007199254740993,"enum":[9007199254740993,1]');
  });

  it('leaves a document without long numbers plain', () => {
    expect(parseOpenApi('{"paths":{},"maximum":1e+24,"minimum":-0.5}')).toStrictEqual({
      paths: {},
      maximum: 1e24,
      minimum: -0.5,
    });
  });
});

describe('pluralsWithoutPaths', () => {
  it('names the resources whose OpenAPI the control plane has not published yet', () => {
    const [groupVersion] = capturedGroupVersions('crossplane') as [GroupVersion];
    const server = capturedOpenApi('crossplane', 'v1alpha1');
    expect(pluralsWithoutPaths(server, groupVersion)).toStrictEqual([]);
    expect(pluralsWithoutPaths({ ...server, paths: {} }, groupVersion)).toStrictEqual(['kubernetesclusters']);
  });
});

describe('openApiV3Index', () => {
  it('names each document with its hash, in order of name', () => {
    const hashes = new Map([
      ['apis/k8s.starter.org/v1alpha1', contentHash('b')],
      ['apis/features.example.org/v1', contentHash('a')],
    ]);
    expect(JSON.stringify(openApiV3Index(hashes))).toBe(
      `{"paths":{"apis/features.example.org/v1":{"serverRelativeURL":"/openapi/v3/apis/features.example.org/v1?hash=${contentHash('a')}"},` +
        `"apis/k8s.starter.org/v1alpha1":{"serverRelativeURL":"/openapi/v3/apis/k8s.starter.org/v1alpha1?hash=${contentHash('b')}"}}}`,
    );
  });

  it('hashes as kube-openapi does', () => {
    expect(contentHash('')).toBe(
      'CF83E1357EEFB8BDF1542850D66D8007D620E4050B5715DC83F4A921D36CE9CE47D0D13C5D85F2B0FF8318D2877EEC2F63B931BD47417A81A538327AF927DA3E',
    );
  });
});

function inOtherOrder({ paths, components, info, openapi }: OpenApiV3Document): OpenApiV3Document {
  return { components: { schemas: reversed(components!.schemas!) }, info, openapi, paths: reversed(paths) };
}

function reversed<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toReversed());
}

function schema(target: string): JsonSchema {
  return { properties: { next: { $ref: `#/components/schemas/${target}` } } };
}
