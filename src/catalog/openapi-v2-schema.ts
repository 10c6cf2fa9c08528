import type { JsonSchema } from '../apimachinery/objects.ts';

const droppedInV2 = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'default', '$ref']);
const embeddedMembers = ['apiVersion', 'kind', 'metadata'];

/**
 * A definition of OpenAPI v2 from the v3 component of the same name, as a kube-apiserver publishes both for one CRD.
 * v2 knows no junctors and no null, and kubectl trips over properties of nodes that allow unknown fields.
 */
export function definitionOf(component: JsonSchema): JsonSchema {
  if (!component['x-kubernetes-preserve-unknown-fields']) return schemaV2Of(component);
  // kubectl would forbid every other field, so not even apiVersion, kind and metadata stand here (builder.go buildKubeNative).
  const kept = ['x-kubernetes-group-version-kind', 'x-kubernetes-selectable-fields'].filter(
    (key) => key in component,
  );
  return { type: 'object', ...Object.fromEntries(kept.map((key) => [key, component[key]])) };
}

/**
 * The rules of apiextensions-apiserver/pkg/controller/openapi/v2/conversion.go at every node of a structural schema, and
 * of kube-openapi's default pruning. The comments name what each keeps away from clients.
 */
export function schemaV2Of(schema: JsonSchema): JsonSchema {
  const out: JsonSchema = {};
  for (const [key, value] of Object.entries(schema)) if (!droppedInV2.has(key)) out[key] = value;
  const reference = referenceOf(schema);
  if (reference !== undefined) out['$ref'] = reference;
  const free = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema['nullable'] === true || free) {
    // Untyped values break in kubectl when items or properties are set.
    delete out['items'];
    delete out['properties'];
    if (schema['nullable'] === true || out['type'] === 'object') delete out['type'];
  }
  // A client that parses v2 cannot cope with an array without items.
  if (out['type'] === 'array' && !out['items']) delete out['type'];
  if (schema['x-kubernetes-embedded-resource'] === true) keepEmbeddedMembers(schema, out, free);
  requireNoNullable(out);

  const { properties, items, additionalProperties } = out;
  if (properties) out['properties'] = mapValues(properties as Record<string, JsonSchema>, schemaV2Of);
  if (isSchema(items)) out['items'] = schemaV2Of(items);
  if (isSchema(additionalProperties)) out['additionalProperties'] = schemaV2Of(additionalProperties);
  return out;
}

/** v3 wraps a reference that has siblings into an allOf of one; v2 has it beside them (kube-openapi builder3/util WrapRefs). */
function referenceOf(schema: JsonSchema): string | undefined {
  const allOf = schema['allOf'] as JsonSchema[] | undefined;
  const found = schema['$ref'] ?? (allOf?.length === 1 ? allOf[0]!['$ref'] : undefined);
  return typeof found === 'string' ? found.replace('#/components/schemas/', '#/definitions/') : undefined;
}

/**
 * The API server adds apiVersion, kind and metadata to an embedded resource after the conversion, so that they survive
 * `nullable`; but not where unknown fields are allowed, and there it does not require them either. Whether an author
 * required them in this very order cannot be seen any more; v2 is then laxer than the server, never stricter.
 */
function keepEmbeddedMembers(schema: JsonSchema, out: JsonSchema, free: boolean): void {
  const required = (schema['required'] ?? []) as string[];
  if (free) {
    if (required.slice(-2).join() === 'kind,apiVersion') setRequired(out, required.slice(0, -2));
    return;
  }
  if (out['properties']) return;
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  out['properties'] = Object.fromEntries(embeddedMembers.map((name) => [name, properties[name] ?? {}]));
}

/** A nullable property loses its type, and v2 has no way to say "required, may be null". */
function requireNoNullable(out: JsonSchema): void {
  const required = out['required'] as string[] | undefined;
  if (!required) return;
  const additional = out['additionalProperties'];
  const properties = (out['properties'] ?? {}) as Record<string, JsonSchema>;
  const kept = required.filter((name) => properties[name]?.['nullable'] !== true);
  setRequired(out, isSchema(additional) && additional['nullable'] === true ? [] : kept);
}

function setRequired(out: JsonSchema, required: string[]): void {
  if (required.length > 0) out['required'] = required;
  else delete out['required'];
}

function mapValues(
  values: Record<string, JsonSchema>,
  map: (schema: JsonSchema) => JsonSchema,
): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}
