import { createHash } from 'node:crypto';
import type { KubeObject, ObjectReference } from '../apimachinery/objects.ts';
import type { ApiDirectory } from '../clusters/api-directory.ts';
import { ApiError, absentOrThrow, isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import { type CompositeObject, isTrue } from './claim-object.ts';

/** A composed resource; without uid and generation where this account may not read it. */
export interface Composed {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
  uid?: string;
  generation?: number;
  /** True once it is being deleted. */
  ends?: true;
}

/** What a move must leave as it is: small enough for a ledger, and without anything secret. */
export interface Snapshot {
  /** Digest of each field of the composite resource's spec but `claimRef`. */
  spec: Record<string, string>;
  composed: Composed[];
  /** Both False where Crossplane was still at work on it. */
  synced: boolean;
  ready: boolean;
}

/** What differs, a sentence for each; empty where the infrastructure was left alone. */
export function differencesOf(before: Snapshot, after: Snapshot): string[] {
  const differences: string[] = [];
  const fields = new Set([...Object.keys(before.spec), ...Object.keys(after.spec)]);
  // While Crossplane still makes composed resources, more of them may come.
  const settled = before.synced && before.ready;
  for (const field of fields) {
    if (field === 'resourceRefs' || before.spec[field] === after.spec[field]) continue;
    differences.push(`spec.${field} of the composite resource has changed`);
  }
  const now = new Map(after.composed.map((one) => [keyOf(one), one]));
  for (const was of before.composed) {
    const is = now.get(keyOf(was));
    now.delete(keyOf(was));
    if (!is) differences.push(`${keyOf(was)} is no longer composed`);
    else if (is.ends && !was.ends) differences.push(`${keyOf(was)} is being deleted`);
    else if (was.uid !== is.uid) differences.push(`${keyOf(was)} is another object than before`);
    else if (settled && was.generation !== is.generation)
      differences.push(`the spec of ${keyOf(was)} has changed`);
  }
  if (settled) for (const key of now.keys()) differences.push(`${key} has been added`);
  return differences;
}

function keyOf({ apiVersion, kind, name, namespace }: Composed): string {
  return `${kind}.${apiVersion.split('/')[0]} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** Composite resources within composite resources. */
const maxDepth = 5;

/** Reads what the composite resource composes, as it is now. `labels`: those of each composed object that could be read. */
export async function takeSnapshot(
  client: KubeClient,
  directory: ApiDirectory,
  composite: CompositeObject,
): Promise<{ snapshot: Snapshot; labels: Record<string, string>[] }> {
  const { claimRef: _claimRef, ...spec } = composite.spec ?? {};
  const objects = await readAllComposed(client, directory, composite, maxDepth);
  return {
    snapshot: {
      spec: Object.fromEntries(Object.entries(spec).map(([field, value]) => [field, digestOf(value)])),
      composed: objects.map(({ composed }) => composed),
      synced: isTrue(composite, 'Synced'),
      ready: isTrue(composite, 'Ready'),
    },
    labels: objects.flatMap(({ object }) => (object ? [object.metadata.labels ?? {}] : [])),
  };
}

/** What it composes, and what that composes: a composite resource may consist of others. */
async function readAllComposed(
  client: KubeClient,
  directory: ApiDirectory,
  composite: CompositeObject,
  depth: number,
): Promise<{ composed: Composed; object?: KubeObject }[]> {
  const references = (composite.spec?.resourceRefs ?? []).filter((reference): reference is ObjectReference =>
    Boolean(reference.name && reference.kind && reference.apiVersion),
  );
  const all = references.map(async (reference) => {
    const found = await readComposed(client, directory, reference);
    const inner =
      found.object && depth > 1 ? await readAllComposed(client, directory, found.object, depth - 1) : [];
    return [found].concat(inner);
  });
  return (await Promise.all(all)).flat();
}

async function readComposed(
  client: KubeClient,
  directory: ApiDirectory,
  { apiVersion, kind, name, namespace }: ObjectReference,
): Promise<{ composed: Composed; object?: KubeObject }> {
  const composed: Composed = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
  const path = await directory.pathOf({ apiVersion, kind, name, namespace }).catch(absentOrThrow);
  const object = path && (await client.get<KubeObject>(path).catch(unreadableOrThrow));
  if (!object) return { composed };
  const { uid, generation, deletionTimestamp } = object.metadata;
  return {
    object,
    composed: {
      ...composed,
      ...(uid === undefined ? {} : { uid }),
      ...(generation === undefined ? {} : { generation }),
      ...(deletionTimestamp === undefined ? {} : { ends: true }),
    },
  };
}

function unreadableOrThrow(error: unknown): undefined {
  if (isNotFound(error) || (error instanceof ApiError && error.status === 403)) return undefined;
  throw error;
}

/** The same for the same value in any order of keys. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
