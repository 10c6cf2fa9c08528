import { type Arbitrary, constant, constantFrom, oneof, record } from 'fast-check';
import type { OracleObject, Plural } from '../scenario.ts';

/** A small change of an object, which can be written as a whole object, as a merge patch and as a JSON Patch. */
export interface Change {
  /** Of what: the path of the field, by plural. */
  field: keyof typeof fields;
  /** null: it goes. */
  value: string | number | null;
}

/** Where the field of a change stands: in all kinds, or by kind. */
const fields = {
  tier: ['metadata', 'labels', 'tier'],
  team: ['metadata', 'labels', 'team'],
  note: ['metadata', 'annotations', 'example.org/note'],
  hold: ['metadata', 'finalizers'],
  owners: ['metadata', 'ownerReferences'],
  secret: ['spec', 'writeConnectionSecretToRef', 'name'],
  status: ['status', 'note'],
  size: {
    buckets: ['spec', 'parameters', 'size'],
    databases: ['spec', 'engine'],
    networks: ['spec', 'cidr'],
  },
  count: {
    buckets: ['spec', 'parameters', 'count'],
    databases: ['spec', 'replicas'],
    networks: ['spec', 'zones'],
  },
} satisfies Record<string, string[] | Record<Plural, string[]>>;

function pathOf({ field }: Change, plural: Plural): string[] {
  const place: string[] | Record<Plural, string[]> = fields[field];
  return Array.isArray(place) ? place : place[plural];
}

const holder = 'example.org/hold';
const sizes: Record<Plural, string[]> = {
  buckets: ['small', 'medium', 'large', 'huge'],
  databases: ['postgres', 'mysql', 'oracle', 'access'],
  networks: ['10.0.0.0/16', '10.1.0.0/16', '10.2.0.0/16', 'everywhere'],
};

/** Names of the ConfigMaps that can own an object; where a uid is needed there is `uid-of-<name>`, since each side has its own. */
export const owners = ['owner-1'] as const;

function ownerReference(name: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: `uid-of-${name}` };
}

const gone = constant(null);

export const change: Arbitrary<Change> = oneof(
  record({ field: constant('tier' as const), value: constantFrom('gold', 'silver', null) }),
  record({ field: constant('team' as const), value: constantFrom('red', null) }),
  record({ field: constant('note' as const), value: constantFrom('one', 'two', null) }),
  // The last size is one that validation refuses.
  record({ field: constant('size' as const), value: constantFrom(0, 0, 1, 1, 2, 3) }),
  record({ field: constant('count' as const), value: oneof(constantFrom(1, 2, 3), gone) }),
  record({ field: constant('secret' as const), value: constantFrom('conn', 'other', null) }),
  record({ field: constant('status' as const), value: constantFrom('well', 'ill', null) }),
  record({ field: constant('hold' as const), value: constantFrom(1, 1, null) }),
  record({ field: constant('owners' as const), value: constantFrom(1, null) }),
);

function valueOf({ field, value }: Change, plural: Plural): unknown {
  if (value === null) return null;
  if (field === 'size') return sizes[plural][Number(value)];
  if (field === 'owners') return owners.slice(0, Number(value)).map(ownerReference);
  return field === 'hold' ? [holder] : value;
}

/** Changes the object itself. */
export function changeObject(object: OracleObject, made: Change, plural: Plural): void {
  const where = [...pathOf(made, plural)];
  const last = where.pop() as string;
  const value = valueOf(made, plural);
  let inner = object as unknown as Record<string, unknown>;
  for (const key of where) {
    if (value === null && inner[key] === undefined) return;
    inner = (inner[key] ??= {}) as Record<string, unknown>;
  }
  if (value === null) delete inner[last];
  else inner[last] = value;
}

export function mergePatchOf(made: Change, plural: Plural): object {
  let patch: unknown = valueOf(made, plural);
  for (const key of pathOf(made, plural).toReversed()) patch = { [key]: patch };
  return patch as object;
}

/** Fails on an object that has nothing at the field's parent, as a JSON Patch does. */
export function jsonPatchOf(made: Change, plural: Plural): object[] {
  const pointer = pathOf(made, plural)
    .map((key) => `/${key.replaceAll('/', '~1')}`)
    .join('');
  const value = valueOf(made, plural);
  return [value === null ? { op: 'remove', path: pointer } : { op: 'add', path: pointer, value }];
}

/** `tier=gold` */
export function describeChange(made: Change, plural: Plural): string {
  const { field, value } = made;
  const shown = field === 'owners' ? `${value} of ${owners.length}` : JSON.stringify(valueOf(made, plural));
  return `${pathOf(made, plural).join('.')}=${value === null ? '(none)' : shown}`;
}
