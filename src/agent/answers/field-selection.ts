import { ToolError } from '../tools/tool-error.ts';

/** `spec.versions[0].schema`, `metadata.labels["a.b/c"]`, `.spec.size`: steps into an object. */
export function parseFieldPath(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  const step = /\.?([\w$/-]+)|\[(\d+)\]|\[["']([^"'\]]+)["']\]/y;
  for (let at = 0; at < path.length; at = step.lastIndex) {
    step.lastIndex = at;
    const match = step.exec(path);
    if (!match)
      throw new ToolError('invalid', `"${path.slice(0, 100)}" is not the path of a field`, {
        hint: 'write spec.versions[0].name, and metadata.labels["example.org/key"] for keys with dots',
      });
    const [, name, index, quoted] = match;
    steps.push(index === undefined ? (name ?? quoted ?? '') : Number(index));
  }
  return steps;
}

/** Undefined where the object has no such field. */
export function fieldAt(object: unknown, path: string): unknown {
  let value = object;
  for (const step of parseFieldPath(path)) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** Fields of an object by their paths; undefined values say that there is nothing. */
export function selectFields(object: unknown, paths: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(paths.map((path) => [path, fieldAt(object, path) ?? null]));
}
