import type { JsonSchema } from '../apimachinery/objects.ts';

/** An OpenAPI v3 document of one group version, as far as it is read here (kube-openapi/pkg/spec3). */
export interface OpenApiV3Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, PathItemV3>;
  components?: ComponentsV3;
}

export interface ComponentsV3 {
  schemas?: Record<string, JsonSchema>;
  [section: string]: Record<string, unknown> | undefined;
}

/** One path: operations by HTTP method, and the parameters that all of them share. */
export interface PathItemV3 {
  parameters?: ParameterV3[];
  [method: string]: unknown;
}

export interface OperationV3 {
  tags?: string[];
  description?: string;
  operationId?: string;
  parameters?: ParameterV3[];
  requestBody?: { content: Record<string, MediaTypeV3>; required?: boolean };
  responses: Record<string, { description: string; content?: Record<string, MediaTypeV3> }>;
  [extension: `x-${string}`]: unknown;
}

export interface MediaTypeV3 {
  schema?: JsonSchema;
}

export interface ParameterV3 {
  name: string;
  in: string;
  description?: string;
  required?: boolean;
  schema?: { type?: string; format?: string; uniqueItems?: boolean };
}

/** In the order in which Kubernetes prints them. */
export const httpMethods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

/** The operations of a path with their methods. */
export function operationsOf(item: PathItemV3): [string, OperationV3][] {
  return httpMethods
    .filter((method) => item[method] !== undefined)
    .map((method): [string, OperationV3] => [method, item[method] as OperationV3]);
}

/**
 * Reads a document so that JSON.stringify gives every number back as it came: integers beyond 2^53, which defaults and
 * enums of int64 fields may hold, stay text inside. Throws SyntaxError when it is no JSON.
 */
export function parseOpenApi(text: string): OpenApiV3Document {
  // The reviver costs several times the parsing, and hardly any document has a number this long.
  const mayLoseDigits = /\d{16}/.test(text);
  return (mayLoseDigits ? JSON.parse(text, keepSource as Reviver) : JSON.parse(text)) as OpenApiV3Document;
}

// JSON.rawJSON and the third argument of revivers are in Node 24, not yet in TypeScript's library.
type Reviver = (key: string, value: unknown) => unknown;
const { rawJSON } = JSON as unknown as { rawJSON(this: void, text: string): unknown };

function keepSource(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined || Number.isSafeInteger(value)) return value;
  return String(value) === context.source ? value : rawJSON(context.source);
}

/** Every `$ref` at any depth, schemas within lists and extensions included. */
export function* referencesIn(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === '$ref' && typeof value === 'string') yield value;
    else yield* referencesIn(value);
  }
}
