import { absentOrThrow, type JsonOperation, type KubeClient } from '../clusters/kube-client.ts';
import { ConnectorError } from '../base/errors.ts';
import { isPaused } from '../claim-moves/claim-object.ts';
import { adoptionFieldManager } from '../mapping/identity.ts';
import { readObject } from './family.ts';
import { type AdoptedObject, type Member, showMember } from './member.ts';

/** Those of Crossplane and its runtime, whose work at a deletion is what must not be done here. */
export const crossplaneFinalizers: ReadonlySet<string> = new Set([
  'finalizer.apiextensions.crossplane.io',
  'composite.apiextensions.crossplane.io',
  'finalizer.managedresource.crossplane.io',
  'foregroundDeletion',
]);

const query = { fieldManager: adoptionFieldManager };

/**
 * Takes the objects of one of the two clusters out of it, and leaves what they stand for as it is. They are paused, so that nobody
 * acts on what happens to them; what says that the cloud is to be left alone comes first all the same, and so that no collector deletes
 * what is composed before its turn, their owners go. Then each loses its finalizers and is deleted, and is gone at once: there is never a
 * deletion under way that a controller could see.
 */
export async function removeWithoutTrace(client: KubeClient, objects: readonly Removed[]): Promise<void> {
  for (const one of objects)
    await change(client, one, (object) => [...orphaning(object), ...disowning(object)]);
  // From the claim down: what is above would make anew what is gone below.
  for (const one of objects) {
    const left = await change(client, one, unfinalizing);
    if (!left || left.metadata.deletionTimestamp !== undefined) continue;
    const { uid, resourceVersion } = left.metadata;
    const options = { propagationPolicy: 'Background', preconditions: { uid, resourceVersion } };
    await client.delete(one.path, options).catch(absentOrThrow);
  }
  for (const { path, uid, member } of objects)
    if ((await readObject(client, path))?.metadata.uid === uid)
      throw new ConnectorError('still-there', `${showMember(member)} is still going: resume`);
}

export interface Removed {
  path: string;
  uid: string;
  member: Member;
}

/** Undefined where it is gone, or another. */
async function change(
  client: KubeClient,
  { path, uid, member }: Removed,
  operationsFor: (object: AdoptedObject) => JsonOperation[],
): Promise<AdoptedObject | undefined> {
  const object = await readObject(client, path);
  if (object?.metadata.uid !== uid) return undefined;
  if (!isPaused(object))
    throw new ConnectorError(
      'not-paused',
      `${showMember(member)} is not paused any more, and is left alone: see who let it go, then resume`,
    );
  const foreign = (object.metadata.finalizers ?? []).filter((one) => !crossplaneFinalizers.has(one));
  if (foreign.length > 0)
    throw new ConnectorError(
      'foreign-finalizer',
      `${showMember(member)} waits for ${foreign.join(', ')}, which is not Crossplane's: see who set it, then resume`,
    );
  const operations = operationsFor(object);
  if (operations.length === 0) return object;
  const guards = (['uid', 'resourceVersion'] as const).map((field): JsonOperation => ({
    op: 'test',
    path: `/metadata/${field}`,
    value: object.metadata[field],
  }));
  const changed = await client
    .patchJson<AdoptedObject>(path, [...guards, ...operations], { query })
    .catch(absentOrThrow);
  return changed;
}

/** The second belt, for managed resources: whoever sees a deletion in spite of all leaves the cloud alone. */
function orphaning({ spec }: AdoptedObject): JsonOperation[] {
  const policies = spec?.['managementPolicies'];
  return [
    ...(spec?.['deletionPolicy'] === undefined || spec['deletionPolicy'] === 'Orphan'
      ? []
      : [{ op: 'replace' as const, path: '/spec/deletionPolicy', value: 'Orphan' }]),
    ...(Array.isArray(policies) && policies.some((policy) => policy === '*' || policy === 'Delete')
      ? [{ op: 'replace' as const, path: '/spec/managementPolicies', value: ['Observe'] }]
      : []),
  ];
}

function disowning({ metadata }: AdoptedObject): JsonOperation[] {
  return metadata.ownerReferences ? [{ op: 'remove', path: '/metadata/ownerReferences' }] : [];
}

function unfinalizing({ metadata }: AdoptedObject): JsonOperation[] {
  return metadata.finalizers ? [{ op: 'remove', path: '/metadata/finalizers' }] : [];
}
