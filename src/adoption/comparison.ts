import type { ObjectReference } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { claimNameLabel, claimNamespaceLabel } from '../claim-moves/claim-object.ts';
import { digestOf } from '../claim-moves/snapshot.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';
import { isCopyOf } from './copies.ts';
import { changesOfFamily } from './family-changes.ts';
import { readObject } from './family.ts';
import type { AdoptionRecord } from './ledger.ts';
import {
  type AdoptedObject,
  appUid,
  controlPlanePath,
  externalNameAnnotation,
  type Member,
  showMember,
} from './member.ts';
import type { Originals } from './originals.ts';

/** Fields of spec that the two clusters have to have otherwise, by role. */
const ownFields: Record<Member['role'], ReadonlySet<string>> = {
  claim: new Set(['writeConnectionSecretToRef']),
  composite: new Set(['claimRef', 'resourceRefs']),
  composed: new Set(),
};

/** Objects of the app cluster and of the control plane, both beside the members; undefined for what is not there. */
export interface BothSides {
  objects: (AdoptedObject | undefined)[];
  copies: (AdoptedObject | undefined)[];
}

async function readBothSides(
  { members }: AdoptionRecord,
  originals: Originals,
  controlPlane: KubeClient,
): Promise<BothSides> {
  const [objects, copies] = await Promise.all([
    Promise.all(members.map((member) => originals.read(member))),
    Promise.all(members.map((member) => readObject(controlPlane, controlPlanePath(member)))),
  ]);
  return { objects, copies };
}

/**
 * Throws ConnectorError `differs` with a sentence for each difference between the objects of the app cluster, which stand still, and
 * their copies. `isAtRest`: no provider has worked on the copies yet, so that the specs of managed resources are equal to the letter.
 */
export async function requireEqual(
  record: AdoptionRecord,
  originals: Originals,
  controlPlane: KubeClient,
  isAtRest: boolean,
): Promise<BothSides> {
  const sides = await readBothSides(record, originals, controlPlane);
  const differences = await differencesOf(record, sides, controlPlane, isAtRest);
  if (differences.length > 0) throw new ConnectorError('differs', differences.join('; '));
  return sides;
}

async function differencesOf(
  record: AdoptionRecord,
  { objects, copies }: BothSides,
  controlPlane: KubeClient,
  isAtRest: boolean,
): Promise<string[]> {
  return [
    ...record.members.flatMap((member, at) => differencesOfMember(member, objects[at], copies[at], isAtRest)),
    ...changesOfFamily(record, objects),
    ...(await secondComposites(record, controlPlane)),
  ];
}

function differencesOfMember(
  member: Member,
  object: AdoptedObject | undefined,
  copy: AdoptedObject | undefined,
  isAtRest: boolean,
): string[] {
  const what = showMember(member);
  if (object?.metadata.uid !== appUid(member))
    return [`${what} of the app cluster is another object, or gone`];
  if (!copy) return [`${what} has no copy on the control plane`];
  if (!isCopyOf(copy, member)) return [`what is called ${what} on the control plane is no copy of it`];
  const differences: string[] = [];
  if (copy.metadata.deletionTimestamp !== undefined) differences.push(`the copy of ${what} is being deleted`);
  if (object.metadata.deletionTimestamp !== undefined) differences.push(`${what} is being deleted`);
  const external = object.metadata.annotations?.[externalNameAnnotation];
  if (external !== undefined && copy.metadata.annotations?.[externalNameAnnotation] !== external)
    differences.push(`the copy of ${what} has another external name`);
  if (member.role !== 'composed' || isAtRest)
    for (const field of changedFields(member, object, copy))
      differences.push(`spec.${field} of the copy of ${what} differs`);
  if (member.role === 'composite') differences.push(...differentReferences(what, object, copy));
  return differences;
}

/** Of claims and composite resources Crossplane fills in what is missing: that is no difference. */
function changedFields(
  { role }: Member,
  { spec = {} }: AdoptedObject,
  { spec: copied = {} }: AdoptedObject,
): string[] {
  const fields = new Set(
    role === 'composed' ? [...Object.keys(spec), ...Object.keys(copied)] : Object.keys(spec),
  );
  return [...fields].filter(
    (field) => !ownFields[role].has(field) && digestOf(spec[field]) !== digestOf(copied[field]),
  );
}

function differentReferences(what: string, object: AdoptedObject, copy: AdoptedObject): string[] {
  const [before, after] = [referencesOf(object), referencesOf(copy)];
  return [
    ...[...before]
      .filter((one) => !after.has(one))
      .map((one) => `the copy of ${what} no longer composes ${one}`),
    ...[...after]
      .filter((one) => !before.has(one))
      .map((one) => `the copy of ${what} composes ${one} besides`),
  ];
}

function referencesOf({ spec }: AdoptedObject): Set<string> {
  const references = (spec?.['resourceRefs'] ?? []) as Partial<ObjectReference>[];
  return new Set(
    references
      .filter(({ name }) => name)
      .map(({ apiVersion, kind, name }) => `${kind} ${name} (${apiVersion})`),
  );
}

/** Composite resources that the control plane has for the same claim, besides its own. */
async function secondComposites(
  { api, members }: AdoptionRecord,
  controlPlane: KubeClient,
): Promise<string[]> {
  const [claim, composite] = members as [Member, Member | undefined];
  const { group, version } = api;
  const items = await listMetadata(
    controlPlane,
    resourcePath({ group, version, plural: api.composite.plural }),
    { labelSelector: `${claimNameLabel}=${claim.to.name},${claimNamespaceLabel}=${claim.to.namespace}` },
  );
  // Those that it composes carry the labels too.
  const known = new Set(
    members.filter(({ resource }) => resource.plural === api.composite.plural).map(({ to }) => to.name),
  );
  return items
    .filter(({ metadata }) => !known.has(metadata.name))
    .map(({ metadata }) => `${metadata.name} was made for the same claim as ${composite?.to.name}`);
}
