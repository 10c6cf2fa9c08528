import type { JsonSchema } from '../../../apimachinery/objects.ts';

/** One way in which a schema takes less than before. */
export interface SchemaChange {
  /** `spec.size: removed`. */
  text: string;
  /** Whether an object that was fine would be refused, or would lose this. */
  affects(object: unknown): boolean;
}

type Steps = readonly string[];

/** What the second schema of a version no longer takes of what the first took. Additions are none of that. */
export function schemaChanges(
  version: string,
  before: JsonSchema | undefined,
  after: JsonSchema | undefined,
): SchemaChange[] {
  if (!before || !after) return [];
  return Array.from(changesOf(before, after, []), (change) =>
    Object.assign(change, { text: `${version} ${change.text}` }),
  );
}

function* changesOf(before: JsonSchema, after: JsonSchema, path: Steps): Generator<SchemaChange> {
  if (before['type'] !== after['type'] && after['type'] !== undefined) {
    yield changeAt(path, `type ${textOf(before['type'])} → ${textOf(after['type'])}`, (object) =>
      valuesAt(object, path).some((value) => !isOfType(value, String(after['type']))),
    );
    return;
  }
  yield* narrowed(before, after, path);
  yield* newlyRequired(before, after, path);
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  for (const [name, node] of Object.entries(old)) {
    const at = [...path, name];
    const kept = now[name];
    if (kept) yield* changesOf(node, kept, at);
    else if (after['x-kubernetes-preserve-unknown-fields'] !== true)
      yield changeAt(at, 'removed', (object) => valuesAt(object, at).length > 0);
  }
  for (const [key, step] of [
    ['items', '[]'],
    ['additionalProperties', '*'],
  ] as const) {
    const [oldNode, newNode] = [before[key], after[key]];
    if (isSchema(oldNode) && isSchema(newNode)) yield* changesOf(oldNode, newNode, [...path, step]);
  }
}

function* narrowed(before: JsonSchema, after: JsonSchema, path: Steps): Generator<SchemaChange> {
  const refused = (isFine: (value: unknown) => boolean) => (object: unknown) =>
    valuesAt(object, path).some((value) => !isFine(value));
  const [oldEnum, newEnum] = [
    before['enum'] as unknown[] | undefined,
    after['enum'] as unknown[] | undefined,
  ];
  if (newEnum) {
    const gone = oldEnum?.filter((value) => !newEnum.includes(value));
    if (!gone || gone.length > 0)
      yield changeAt(
        path,
        gone
          ? `no longer takes ${gone.map(textOf).join(', ')}`
          : `takes only ${newEnum.map(textOf).join(', ')}`,
        refused((value) => newEnum.includes(value)),
      );
  }
  const bounds = [
    ['minimum', 1, (value: unknown, limit: number) => typeof value !== 'number' || value >= limit],
    ['maximum', -1, (value: unknown, limit: number) => typeof value !== 'number' || value <= limit],
    ['minLength', 1, (value: unknown, limit: number) => typeof value !== 'string' || value.length >= limit],
    ['maxLength', -1, (value: unknown, limit: number) => typeof value !== 'string' || value.length <= limit],
    ['minItems', 1, (value: unknown, limit: number) => !Array.isArray(value) || value.length >= limit],
    ['maxItems', -1, (value: unknown, limit: number) => !Array.isArray(value) || value.length <= limit],
  ] as const;
  for (const [bound, sign, isFine] of bounds) {
    const [old, now] = [before[bound] as number | undefined, after[bound] as number | undefined];
    if (now === undefined || (old !== undefined && (now - old) * sign <= 0)) continue;
    yield changeAt(
      path,
      `${bound} ${old ?? 'none'} → ${now}`,
      refused((value) => isFine(value, now)),
    );
  }
  const pattern = after['pattern'];
  if (typeof pattern === 'string' && pattern !== before['pattern'])
    yield changeAt(
      path,
      `has to match ${pattern}`,
      refused((value) => matches(value, pattern)),
    );
}

function* newlyRequired(before: JsonSchema, after: JsonSchema, path: Steps): Generator<SchemaChange> {
  const old = new Set((before['required'] as string[] | undefined) ?? []);
  for (const name of (after['required'] as string[] | undefined) ?? []) {
    const node = propertiesOf(after)[name];
    if (old.has(name) || node?.['default'] !== undefined) continue;
    yield changeAt([...path, name], 'becomes required', (object) =>
      valuesAt(object, path).some((value) => isSchema(value) && value[name] === undefined),
    );
  }
}

function changeAt(path: Steps, what: string, affects: (object: unknown) => boolean): SchemaChange {
  const shown = path.join('.').replaceAll('.[]', '[]');
  return { text: `${shown}: ${what}`, affects };
}

/** All values at a path that goes through lists and maps. */
function valuesAt(object: unknown, path: Steps): unknown[] {
  let values = [object];
  for (const step of path) {
    values = values.flatMap((value): unknown[] => {
      if (step === '[]') return Array.isArray(value) ? (value as unknown[]) : [];
      if (!isSchema(value)) return [];
      if (step === '*') return Object.values(value);
      return value[step] === undefined ? [] : [value[step]];
    });
  }
  return values;
}

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return (schema['properties'] ?? {}) as Record<string, JsonSchema>;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isSchema(value);
  return typeof value === type;
}

/** A pattern of Go that JavaScript does not know is not judged. */
function matches(value: unknown, pattern: string): boolean {
  try {
    return typeof value !== 'string' || new RegExp(pattern).test(value);
  } catch {
    return true;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'any');
}
