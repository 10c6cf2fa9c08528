import { shortText } from '../answers/short-text.ts';
import { isDeepStrictEqual } from 'node:util';
import { redact } from '../answers/redaction.ts';
import { redactedMark } from '../answers/secret-text.ts';
import { isSensitiveName } from '../answers/sensitive-names.ts';

/** One field that differs; `undefined` where there was, or is, none. */
export interface FieldChange {
  path: string;
  before: unknown;
  after: unknown;
}

/** Written by the API server, or by controllers, on every write. */
const housekeeping = new Set([
  'metadata.managedFields',
  'metadata.resourceVersion',
  'metadata.generation',
  'metadata.creationTimestamp',
  'metadata.uid',
  'status',
]);
const maxShown = 80;

/** What an object would become, or has become: the deepest fields that differ, in the order of the object. */
export function fieldChanges(before: unknown, after: unknown): FieldChange[] {
  return [...changesBelow(before, after, '')];
}

/** `spec.size: "small" → "large"`, without what could be a credential. */
export function changeLines(changes: readonly FieldChange[], most = 20): string[] {
  const lines = changes
    .slice(0, most)
    .map(({ path, before, after }) => `${path}: ${shown(path, before)} → ${shown(path, after)}`);
  return changes.length > most ? [...lines, `and ${changes.length - most} more fields`] : lines;
}

function* changesBelow(before: unknown, after: unknown, path: string): Generator<FieldChange> {
  if (housekeeping.has(path) || isDeepStrictEqual(before, after)) return;
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* changesBelow(before[key], after[key], step(path, key));
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [at, item] of before.entries())
      yield* changesBelow(item, after[at] as unknown, `${path}[${at}]`);
  } else yield { path, before, after };
}

function step(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}["${key}"]`;
  return path === '' ? key : `${path}.${key}`;
}

function shown(path: string, value: unknown): string {
  if (value === undefined) return 'none';
  // Behind the arrow no rule for texts would know what it is.
  if (path.split(/[.[\]"]+/).some(isSensitiveName)) return redactedMark;
  return shortText(JSON.stringify(redact(value)), maxShown);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
