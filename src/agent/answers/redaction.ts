import { redactedMark, redactText } from './secret-text.ts';
import { isSensitiveName } from './sensitive-names.ts';

interface Scope {
  /** Below a name like that of a credential: no text passes but what says where it lies. */
  isSecret: boolean;
  /** Inside of a JSON schema, where `password` is the name of a field and no password. */
  inSchema: boolean;
}

/** Say where something is, or what it is, also inside of `credentials`. */
const locating = new Set([
  'name',
  'namespace',
  'key',
  'kind',
  'apiVersion',
  'source',
  'type',
  'step',
  'fieldPath',
]);
const secretType = /^(?:Opaque$|(?:bootstrap\.)?kubernetes\.io\/|connection\.crossplane\.io\/)/;
/** Of a schema: what stands there is a value. */
const schemaValues = new Set(['default', 'enum', 'example', 'examples', 'const']);
/** Hexadecimal digits under these are digests. */
const digestName = /hash|digest|sha\d*$|uid|identifier|commit|fingerprint/i;

/**
 * Anything that leaves the gateway, without what could be a credential: data of Secrets wherever they are embedded, connection
 * details, environment variables, what stands under a name like `password`, and what looks like a credential.
 */
export function redact<T>(value: T): T {
  return redactNode(value, '', { isSecret: false, inSchema: false }) as T;
}

function redactNode(value: unknown, key: string, scope: Scope): unknown {
  if (typeof value === 'string') return redactString(value, key, scope);
  if (typeof value === 'number') return scope.isSecret && !scope.inSchema ? redactedMark : value;
  if (Array.isArray(value)) return value.map((item) => redactNode(item, key, scope));
  if (typeof value !== 'object' || value === null) return value;
  const node = value as Record<string, unknown>;
  const entries = Object.entries(node).map(([name, child]) => {
    if (hidesWhole(node, name, key)) return [name, blank(child)];
    return [safeName(name), redactNode(child, name, scopeBelow(node, name, key, scope))];
  });
  return Object.fromEntries(entries) as unknown;
}

function redactString(value: string, key: string, { isSecret }: Scope): string {
  if (isSecret && value !== '') return redactedMark;
  const asJson = /^\s*[[{]/.test(value) ? parsed(value) : undefined;
  if (asJson !== undefined) return JSON.stringify(redact(asJson));
  if (digestName.test(key) && /^[0-9a-f]{32,}$/.test(value)) return value;
  return redactText(value);
}

/** Values whose own names say nothing about them. */
function hidesWhole(node: Record<string, unknown>, name: string, parent: string): boolean {
  if (isSecretObject(node) && (name === 'data' || name === 'stringData')) return true;
  if (name !== 'value' || typeof node['name'] !== 'string') return false;
  return parent === 'connectionDetails' || parent === 'env' || isSensitiveName(node['name']);
}

/** The items of a list come without their kind. */
function isSecretObject({ kind, type }: Record<string, unknown>): boolean {
  return kind === 'Secret' || (typeof type === 'string' && secretType.test(type));
}

function scopeBelow(node: Record<string, unknown>, name: string, parent: string, scope: Scope): Scope {
  if (name === 'openAPIV3Schema') return { isSecret: false, inSchema: true };
  if (scope.inSchema) {
    // The parent's key is the name of the field that this schema is of.
    const isValue = schemaValues.has(name) && typeof node['type'] === 'string';
    return { inSchema: !isValue, isSecret: isValue && isSensitiveName(parent) };
  }
  if (isSensitiveName(name)) return { ...scope, isSecret: !isReference(node[name]) };
  if (scope.isSecret && locating.has(name)) return { ...scope, isSecret: false };
  return scope;
}

/** `passwordSecret: {name, key}`, whatever it is called. */
function isReference(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return typeof value === 'boolean';
  const keys = Object.keys(value);
  return keys.includes('name') && keys.every((key) => locating.has(key));
}

/** Keeps the shape, so that one sees which keys there are. */
function blank(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(blank);
  if (typeof value !== 'object' || value === null) return redactedMark;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [safeName(name), blank(child)]));
}

function safeName(name: string): string {
  return redactText(name);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
