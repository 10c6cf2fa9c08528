import { describe, expect, it } from '@jest/globals';
import { type ParameterV3, referencesIn } from '../../../src/catalog/openapi-document.ts';
import { type OpenApiV2Document, openApiV2Of } from '../../../src/catalog/openapi-v2.ts';
import { operationParameters, SharedParameters } from '../../../src/catalog/openapi-v2-parameters.ts';
import { definitionOf, schemaV2Of } from '../../../src/catalog/openapi-v2-schema.ts';
import {
  captured,
  capturedGroupVersions,
  captures,
  filteredOpenApi,
} from '../../testdata/catalog/captured.ts';

// The oracle is the /openapi/v2 of a kube-apiserver v1.34.4 for the same CRDs. Differences that stay:
// - Of DeleteOptions the merged document of a kube-apiserver names the kinds of more groups than the v3 document of a
//   CRD does. kube-aggregator ignores exactly this when it compares definitions, and adds the lists up.
// - Integers beyond 2^53 within enums stand exact here; the server printed them rounded, having read them as floats.
// - `required: [kind, apiVersion]` written in this order by an author, on an embedded resource that allows unknown
//   fields, is lost: v3 has the same text where the server itself appended the two (see openapi-v2-schema.ts).

const deleteOptions = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

/** As a client reads it: through JSON, so that exact integers become what JSON.parse makes of the server's too. */
function served(capture: (typeof captures)[number][0]): OpenApiV2Document {
  return JSON.parse(JSON.stringify(openApiV2Of(filteredOpenApi(capture)))) as OpenApiV2Document;
}

function pick<T>(record: Record<string, T>, keep: (key: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => keep(key)));
}

describe.each(captures)('the swagger document of the capture %s', (capture) => {
  const ours = served(capture);
  const server = captured(`${capture}/openapi-v2`) as OpenApiV2Document;
  const resources = capturedGroupVersions(capture).flatMap((groupVersion) => groupVersion.resources);
  const paths = pick(server.paths, (path) =>
    resources.some(
      ({ group, version, plural }) =>
        path.startsWith(`/apis/${group}/${version}/`) && path.split('/').includes(plural),
    ),
  );

  it('has the paths of connected resources as the server prints them', () => {
    expect(Object.keys(paths).length).toBeGreaterThan(0);
    expect(ours.paths).toStrictEqual(paths);
  });

  it('has the definitions of connected kinds, and those they refer to, as the server prints them', () => {
    const names = new Set(Object.keys(ours.definitions));
    expect(names).toContain(
      `${resources[0]!.group.split('.').toReversed().join('.')}.${resources[0]!.version}.${resources[0]!.kind}`,
    );
    names.delete(deleteOptions);
    const own = (name: string) => names.has(name);
    expect(pick(ours.definitions, own)).toStrictEqual(pick(server.definitions, own));
  });

  it('has DeleteOptions as the server prints it, but for the list of groups', () => {
    const gvks = 'x-kubernetes-group-version-kind';
    const { [gvks]: mine, ...rest } = ours.definitions[deleteOptions]!;
    const { [gvks]: theirs, ...expected } = server.definitions[deleteOptions]!;
    expect(rest).toStrictEqual(expected);
    expect(theirs).toEqual(expect.arrayContaining(mine as unknown[]));
  });

  it('shares the parameters that the server shares, under the same names', () => {
    const used = new Set([...referencesIn(paths)].filter((ref) => ref.startsWith('#/parameters/')));
    expect(used.size).toBeGreaterThan(10);
    expect(ours.parameters).toStrictEqual(
      pick(server.parameters, (name) => used.has(`#/parameters/${name}`)),
    );
  });

  it('refers to nothing that is missing, and carries nothing that is not referred to', () => {
    const present = [
      ...Object.keys(ours.definitions).map((name) => `#/definitions/${name}`),
      ...Object.keys(ours.parameters).map((name) => `#/parameters/${name}`),
    ];
    expect(new Set(referencesIn(ours))).toStrictEqual(new Set(present));
  });
});

describe('openApiV2Of', () => {
  const documents = captures.flatMap(([capture]) => filteredOpenApi(capture));

  it('is the same bytes whatever order the documents come in', () => {
    expect(JSON.stringify(openApiV2Of(documents.toReversed()))).toBe(JSON.stringify(openApiV2Of(documents)));
  });

  it('names itself as apiextensions does, and is a valid document when nothing is connected', () => {
    expect(openApiV2Of([])).toStrictEqual({
      swagger: '2.0',
      info: { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' },
      paths: {},
      definitions: {},
      parameters: {},
    });
  });

  it('keeps media types of a patch that it does not know, after those it knows', () => {
    const [document] = filteredOpenApi('crossplane');
    const path = Object.keys(document!.paths).find((each) => each.endsWith('/{name}'))!;
    const patch = structuredClone(document!.paths[path]!['patch']) as {
      requestBody: { content: Record<string, unknown> };
    };
    patch.requestBody.content = { 'application/apply-patch+cbor': {}, ...patch.requestBody.content };
    const item = openApiV2Of([{ ...document!, paths: { [path]: { patch } } }]).paths[path]!;
    expect((item['patch'] as { consumes: string[] }).consumes).toStrictEqual([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
      'application/apply-patch+cbor',
    ]);
  });
});

describe('the schema rules', () => {
  it('does not take properties for keywords of the same name', () => {
    const properties = {
      default: { type: 'string' },
      nullable: { type: 'boolean' },
      allOf: { type: 'string' },
    };
    expect(schemaV2Of({ type: 'object', properties })).toStrictEqual({ type: 'object', properties });
  });

  it('leaves the v3 schema as it was', () => {
    const schema = Object.freeze({
      type: 'object',
      required: Object.freeze(['a']),
      properties: Object.freeze({ a: Object.freeze({ type: 'string', nullable: true, default: 'x' }) }),
    });
    expect(schemaV2Of(schema)).toStrictEqual({ type: 'object', properties: { a: {} } });
  });

  it('says nothing about a kind that allows unknown fields at its root', () => {
    const fields = [{ fieldPath: 'spec.size' }];
    const gvk = [{ group: 'g', version: 'v', kind: 'K' }];
    expect(
      definitionOf({
        type: 'object',
        description: 'free',
        'x-kubernetes-preserve-unknown-fields': true,
        'x-kubernetes-group-version-kind': gvk,
        'x-kubernetes-selectable-fields': fields,
        properties: { kind: { type: 'string' } },
      }),
    ).toStrictEqual({
      type: 'object',
      'x-kubernetes-group-version-kind': gvk,
      'x-kubernetes-selectable-fields': fields,
    });
  });
});

describe('parameters', () => {
  it('names a shared parameter as kube-openapi does when its text has to be escaped', () => {
    // The name was printed by base64Hash of kube-openapi over json.Marshal of this very spec.Parameter.
    const description = "<name> & \u2028 'é'";
    const parameter = { uniqueItems: true, type: 'string', description, name: 'limit', in: 'query' };
    const shared = new SharedParameters();
    expect(shared.share(parameter)).toStrictEqual({ $ref: '#/parameters/limit-EdozuICQ' });
    expect(shared.toJSON()).toStrictEqual({ 'limit-EdozuICQ': parameter });
  });

  it('puts parameters in order of name, the body among them', () => {
    const parameters = operationParameters({
      parameters: [named('dryRun'), named('allow')],
      requestBody: { content: { 'application/json': { schema: {} } }, required: true },
      responses: {},
    });
    expect(parameters.map(({ name }) => name)).toStrictEqual(['allow', 'body', 'dryRun']);
  });
});

function named(name: string): ParameterV3 {
  return { name, in: 'query', schema: { type: 'string' } };
}
