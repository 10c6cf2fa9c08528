import type { JSONObject } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** A tool's parameters as clients are told of them. */
export type ParameterSchema = JSONObject & {
  type: 'object';
  properties: Record<string, JSONObject>;
  required?: string[];
};

/** What zod writes for any integer; it says nothing, and is paid for in each conversation. */
const integerBounds: Record<string, number> = {
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
};

/** JSON Schema of what a tool takes, without what a model does not need. */
export function parameterSchema(input: z.ZodObject): ParameterSchema {
  // That unknown parameters are refused a model learns when it invents one.
  const {
    $schema: _dialect,
    additionalProperties: _closed,
    ...schema
  } = z.toJSONSchema(input, { io: 'input' });
  return { properties: {}, ...(pruned(schema) as object) } as ParameterSchema;
}

function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, part]) => integerBounds[key] !== part)
      // Keys of any kind are what an object without this has anyway.
      .filter(([key, part]) => key !== 'propertyNames' || JSON.stringify(part) !== '{"type":"string"}')
      .filter(([key, part]) => key !== 'additionalProperties' || JSON.stringify(part) !== '{}')
      .map(([key, part]) => [key, pruned(part)]),
  );
}
