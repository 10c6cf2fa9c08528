import type { JsonSchema } from '../apimachinery/objects.ts';
import { compareNames } from './connected-resource.ts';
import {
  type OpenApiV3Document,
  type OperationV3,
  operationsOf,
  type PathItemV3,
} from './openapi-document.ts';
import {
  operationParameters,
  type ParameterReference,
  type ParameterV2,
  parameterV2Of,
  SharedParameters,
} from './openapi-v2-parameters.ts';
import { definitionOf, schemaV2Of } from './openapi-v2-schema.ts';

/** `/openapi/v2`: swagger 2.0, as kube-aggregator downloads it for each APIService. */
export interface OpenApiV2Document {
  swagger: '2.0';
  info: { title: string; version: string };
  paths: Record<string, PathItemV2>;
  definitions: Record<string, JsonSchema>;
  parameters: Record<string, ParameterV2>;
}

export interface PathItemV2 {
  parameters?: (ParameterV2 | ParameterReference)[];
  [method: string]: unknown;
}

/** The title of what apiextensions publishes; the control plane's own never tells more. */
const info = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' };

/**
 * One document for all connected group versions, made from their (filtered) v3 documents; the control plane's own
 * `/openapi/v2` is megabytes and never asked for. Of a definition that several documents have (ObjectMeta and the
 * like) the first one stands. Equal input in any order gives equal bytes.
 */
export function openApiV2Of(documents: readonly OpenApiV3Document[]): OpenApiV2Document {
  const shared = new SharedParameters();
  const paths = new Map<string, PathItemV2>();
  const definitions = new Map<string, JsonSchema>();
  // Keys are unique over documents but for definitions: order these by the documents' first path.
  for (const document of documents.toSorted((a, b) => compareNames(firstPath(a), firstPath(b)))) {
    for (const [path, item] of Object.entries(document.paths)) paths.set(path, pathItemOf(item, shared));
    for (const [name, component] of Object.entries(document.components?.schemas ?? {})) {
      if (!definitions.has(name)) definitions.set(name, definitionOf(component));
    }
  }
  return {
    swagger: '2.0',
    info,
    paths: sorted(paths),
    definitions: sorted(definitions),
    parameters: shared.toJSON(),
  };
}

function pathItemOf(item: PathItemV3, shared: SharedParameters): PathItemV2 {
  const operations = operationsOf(item).map(([method, operation]) => [
    method,
    operationOf(method, operation, shared),
  ]);
  const parameters = (item.parameters ?? []).map((parameter) => shared.share(parameterV2Of(parameter)));
  return { ...Object.fromEntries(operations), ...(parameters.length > 0 ? { parameters } : {}) };
}

function operationOf(
  method: string,
  operation: OperationV3,
  shared: SharedParameters,
): Record<string, unknown> {
  const parameters = operationParameters(operation).map((parameter) => shared.share(parameter));
  const extensions = Object.entries(operation).filter(([key]) => key.startsWith('x-'));
  const responses = Object.entries(operation.responses);
  const produced = responses.flatMap(([, response]) => Object.keys(response.content ?? {}));
  return {
    description: operation.description,
    consumes: consumesOf(method, operation),
    produces: [...new Set(produced)],
    schemes: ['https'],
    tags: operation.tags,
    operationId: operation.operationId,
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: Object.fromEntries(responses.map(([code, response]) => [code, responseOf(response)])),
    ...Object.fromEntries(extensions),
  };
}

function responseOf({ description, content }: OperationV3['responses'][string]): Record<string, unknown> {
  const schema = Object.values(content ?? {})[0]?.schema;
  return { description, ...(schema ? { schema: schemaV2Of(schema) } : {}) };
}

/** The order of builder.go; v3 has the body's media types in alphabetical order, and none for requests without a body. */
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];

function consumesOf(method: string, operation: OperationV3): string[] {
  const types = Object.keys(
    operation.requestBody?.content ?? { 'application/json': {}, 'application/yaml': {} },
  );
  if (method !== 'patch') return types;
  return [
    ...patchTypes.filter((type) => types.includes(type)),
    ...types.filter((type) => !patchTypes.includes(type)),
  ];
}

function firstPath(document: OpenApiV3Document): string {
  return Object.keys(document.paths).toSorted(compareNames)[0] ?? '';
}

function sorted<T>(entries: Map<string, T>): Record<string, T> {
  return Object.fromEntries([...entries].toSorted(([a], [b]) => compareNames(a, b)));
}
