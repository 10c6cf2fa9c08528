import type { JsonSchema } from '../../../apimachinery/objects.ts';
import { redactedMark } from '../../answers/secret-text.ts';
import { isSensitiveName } from '../../answers/sensitive-names.ts';

const maxChoices = 8;

/**
 * The fields of a schema, one a line, deepest last: `spec.size string required; small|medium|large; default small`. What a model
 * needs to write an object, in a tenth of the schema's size.
 */
export function schemaFields(schema: JsonSchema | undefined): string[] {
  return schema ? [...linesBelow(schema, '')] : [];
}

function* linesBelow(schema: JsonSchema, path: string): Generator<string> {
  const required = new Set((schema['required'] as string[] | undefined) ?? []);
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  for (const [name, node] of Object.entries(properties)) {
    const at = path === '' ? name : `${path}.${name}`;
    yield* linesOf(node, at, required.has(name));
  }
}

function* linesOf(node: JsonSchema, path: string, isRequired: boolean): Generator<string> {
  const items = node['items'] as JsonSchema | undefined;
  const map = node['additionalProperties'];
  const hasFields = Object.keys(node['properties'] ?? {}).length > 0;
  // A node that only holds others is in their paths.
  if (!hasFields || isRequired || node['description'] !== undefined)
    yield [
      `${path} ${typeOf(node)}`,
      isRequired ? 'required' : '',
      ...(isSensitiveName(path.split('.').at(-1) ?? '')
        ? [hiddenValues(node)]
        : [choices(node), defaultOf(node)]),
      limits(node),
    ]
      .filter((part) => part !== '')
      .join('; ');
  yield* linesBelow(node, path);
  if (items && typeof items === 'object') yield* linesBelow(items, `${path}[]`);
  if (typeof map === 'object' && map !== null) yield* linesBelow(map as JsonSchema, `${path}.*`);
}

function typeOf(node: JsonSchema): string {
  if (node['x-kubernetes-int-or-string'] === true) return 'int-or-string';
  const type = typeof node['type'] === 'string' ? node['type'] : 'any';
  const items = node['items'] as JsonSchema | undefined;
  if (type === 'array' && items) return `${typeOf(items)}[]`;
  if (typeof node['additionalProperties'] === 'object')
    return `map of ${typeOf(node['additionalProperties'] as JsonSchema)}`;
  return type;
}

function choices(node: JsonSchema): string {
  const values = node['enum'] as unknown[] | undefined;
  if (!values) return '';
  const shown = values.slice(0, maxChoices).map(String).join('|');
  return values.length > maxChoices ? `${shown}|… (${values.length})` : shown;
}

function defaultOf(node: JsonSchema): string {
  return node['default'] === undefined ? '' : `default ${JSON.stringify(node['default'])}`;
}

/** In a line of text nobody would know that the value is one of a password. */
function hiddenValues(node: JsonSchema): string {
  return node['default'] === undefined ? '' : `default ${redactedMark}`;
}

function limits(node: JsonSchema): string {
  const { minimum, maximum, minLength, maxLength, pattern } = node as Record<
    string,
    number | string | undefined
  >;
  return [
    minimum === undefined ? '' : `>= ${minimum}`,
    maximum === undefined ? '' : `<= ${maximum}`,
    minLength === undefined ? '' : `at least ${minLength} characters`,
    maxLength === undefined ? '' : `at most ${maxLength} characters`,
    pattern === undefined ? '' : `matches ${pattern}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}
