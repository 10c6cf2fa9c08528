import { shortText } from '../../answers/short-text.ts';
import { isSensitiveName } from '../../answers/sensitive-names.ts';
import { redactedMark } from '../../answers/secret-text.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { anyKind } from '../any-kind.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

/** As in OpenAPI v3, as far as fields are shown. */
interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string;
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  enum?: unknown[] | undefined;
  default?: unknown;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

interface Document {
  components?: { schemas?: Record<string, Schema> };
}

export interface ExplainInput {
  api_version: string;
  kind: string;
  path?: string | undefined;
  depth?: number | undefined;
}

const mostFields = 80;

/** The fields of a kind as the API server itself documents them, below a path; needs no right to read CRDs. */
export async function explainKind(call: ToolCall, input: ExplainInput): Promise<ToolAnswer> {
  const resource = await anyKind(call, input.api_version, input.kind);
  const { group, version } = resource;
  const document = await call.api.getPath<Document>(
    group === '' ? `/openapi/v3/api/${version}` : `/openapi/v3/apis/${group}/${version}`,
  );
  const schemas = document.components?.schemas ?? {};
  const root = rootOf(schemas, resource);
  const path = input.path?.split('.').filter((part) => part !== '') ?? [];
  const at = path.reduce((schema, part) => step(schemas, schema, part, input), root);
  const rows: Record<string, unknown>[] = [];
  // Of a whole kind the spec is what is asked for; metadata is the same everywhere.
  const shown = path.length === 0 ? withoutMetadata(resolved(schemas, at)) : at;
  collect(schemas, shown, path.join('.'), input.depth ?? 2, rows);
  const more = rows.length - mostFields;
  return {
    summary: `${input.kind} in ${input.api_version}${path.length > 0 ? `, ${path.join('.')}` : ''}: ${rows.length} field${rows.length === 1 ? '' : 's'}`,
    object: {
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      plural: resource.plural,
      about: shortText(resolved(schemas, at).description ?? '', 300),
    },
    items: rows.slice(0, mostFields),
    warnings: more > 0 ? [`${more} fields are left out: ask for a path, or a smaller depth`] : [],
  };
}

function rootOf(schemas: Record<string, Schema>, { group, kind, version }: Resource): Schema {
  const found = Object.values(schemas).find((schema) =>
    schema['x-kubernetes-group-version-kind']?.some(
      (one) => one.group === group && one.version === version && one.kind === kind,
    ),
  );
  if (found) return found;
  throw new ToolError('not_found', `the API server publishes no schema of ${kind}`, {
    hint: 'a kind that is a moment old is published seconds later',
    retryable: true,
  });
}

function step(schemas: Record<string, Schema>, schema: Schema, part: string, input: ExplainInput): Schema {
  let here = resolved(schemas, schema);
  while (here.items) here = resolved(schemas, here.items);
  const found = here.properties?.[part.replace(/\[\]$/, '')];
  if (found) return found;
  throw new ToolError('not_found', `${input.kind} has no field ${input.path}: ${part} is not there`, {
    hint: `there is: ${Object.keys(here.properties ?? {})
      .slice(0, 20)
      .join(', ')}`,
    details: { field: 'path' },
  });
}

/** References of the API server's own types: `allOf` with one `$ref`, beside a default and a description. */
function resolved(schemas: Record<string, Schema>, schema: Schema): Schema {
  const { $ref, allOf, ...own } = schema;
  const ref = $ref ?? allOf?.[0]?.$ref;
  if (!ref) return schema;
  return { ...schemas[ref.slice(ref.lastIndexOf('/') + 1)], ...own };
}

function withoutMetadata(schema: Schema): Schema {
  const { properties = {} } = schema;
  const kept = Object.entries(properties).filter(
    ([name]) => !['apiVersion', 'kind', 'metadata'].includes(name),
  );
  return { ...schema, properties: Object.fromEntries(kept) };
}

function collect(
  schemas: Record<string, Schema>,
  schema: Schema,
  path: string,
  depth: number,
  rows: Record<string, unknown>[],
): void {
  let here = resolved(schemas, schema);
  let prefix = path;
  while (here.items) {
    here = resolved(schemas, here.items);
    prefix += '[]';
  }
  if (depth === 0) return;
  for (const [name, field] of Object.entries(here.properties ?? {})) {
    const its = resolved(schemas, field);
    const at = prefix === '' ? name : `${prefix}.${name}`;
    rows.push({
      field: at,
      // In a table nobody would know that these are values of a password.
      type: typeOf(schemas, isSensitiveName(name) ? { ...its, enum: undefined } : its),
      required: here.required?.includes(name) ? 'yes' : '',
      default: defaultOf(name, its),
      about: shortText(its.description ?? '', 100),
    });
    collect(schemas, its, at, depth - 1, rows);
  }
}

function defaultOf(name: string, { default: value }: Schema): string {
  if (value === undefined) return '';
  return isSensitiveName(name) ? redactedMark : shortText(JSON.stringify(value), 40);
}

function typeOf(
  schemas: Record<string, Schema>,
  { additionalProperties, enum: values, format, items, type }: Schema,
): string {
  if (values) return values.map(String).join('|');
  if (items) return `${typeOf(schemas, resolved(schemas, items))}[]`;
  if (typeof additionalProperties === 'object')
    return `map of ${typeOf(schemas, resolved(schemas, additionalProperties))}`;
  return format ? `${type ?? ''} (${format})` : (type ?? 'any');
}
