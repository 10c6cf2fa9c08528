import type { JsonSchema } from '../../src/apimachinery/objects.ts';
import { isStructural, plantedText } from './secret-corpus.ts';

type Json = Record<string, unknown>;

const time = '2026-01-01T00:00:00Z';

/**
 * Everything beside apiVersion, kind and metadata, with a value in every field that a CRD's schema has. `known` says what a field
 * has to be; what the schema lacks is left out of it, and `null` leaves a field empty. Every other text that is neither an enum nor
 * of a format has a credential behind it, but for names and the like (secret-corpus.ts); which one changes with `round`.
 */
export function filledObject(schema: JsonSchema, known: Json, round: number): Json {
  let leaf = round;
  const text = (key: string): string => (isStructural(key) ? 'thing' : plantedText(`the ${key}`, leaf++));

  const scalar = (node: JsonSchema, key: string): unknown => {
    const { type, format, pattern } = node;
    if (Array.isArray(node['enum'])) return node['enum'][0];
    // Quantities, of which the one pattern in Crossplane's CRDs is.
    if (node['x-kubernetes-int-or-string'] === true) return pattern === undefined ? 1 : '1';
    if (type === 'boolean') return true;
    if (type === 'integer' || type === 'number') return node['minimum'] ?? 1;
    if (format === 'date-time') return time;
    return format === 'byte' ? 'dGV4dA==' : text(key);
  };

  const object = (node: JsonSchema, wanted: Json): Json => {
    const { properties, additionalProperties: more } = node;
    if (node['x-kubernetes-embedded-resource'] === true)
      return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'thing' }, note: text('note'), ...wanted };
    if (typeof properties === 'object') {
      const entries = Object.entries(properties as Record<string, JsonSchema>);
      return Object.fromEntries(
        entries
          .filter(([name]) => wanted[name] !== null)
          .map(([name, child]) => [name, value(child, name, wanted[name])]),
      );
    }
    if (typeof more === 'object') return { any: value(more as JsonSchema, 'any', undefined), ...wanted };
    return node['x-kubernetes-preserve-unknown-fields'] === true ? { note: text('note'), ...wanted } : wanted;
  };

  const value = (node: JsonSchema, key: string, wanted: unknown): unknown => {
    const { type, items } = node;
    if (type === 'object') return object(node, (wanted ?? {}) as Json);
    if (type === 'array') {
      const some = Array.isArray(wanted) ? (wanted as unknown[]) : [undefined];
      return some.map((one) => value(items as JsonSchema, key, one));
    }
    return wanted ?? scalar(node, key);
  };

  const own = { apiVersion: null, kind: null, metadata: null };
  return object(schema, { ...known, ...own });
}
