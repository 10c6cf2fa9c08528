import type { OwnerReference, Secret } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { inParallel } from '../claim-moves/plan.ts';
import { resourcePath, secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, isConflict, type JsonOperation, type KubeClient } from '../clusters/kube-client.ts';
import { changeOwners } from '../clusters/owners.ts';
import { adoptedFromAnnotation, adoptionFieldManager } from '../mapping/identity.ts';
import { copyOf } from './copy.ts';
import type { AdoptionRecord, SecretCopy } from './ledger.ts';
import {
  type AdoptedObject,
  apiVersionOfMember,
  levels,
  type Member,
  type ObjectPlace,
  showMember,
  showObjectPlace,
} from './member.ts';
import { controllerUID, type Originals } from './originals.ts';
import { adoptionPauseOf, mustRead } from './pause.ts';

const query = { fieldManager: adoptionFieldManager };
/** Objects of one claim. */
const atOnce = 4;

export interface BothClusters {
  app: KubeClient;
  controlPlane: KubeClient;
}

/** Whether an object is the copy of this member, and nobody else's object of the same name. */
export function isCopyOf({ metadata }: AdoptedObject, { from }: Member): boolean {
  return metadata.annotations?.[adoptedFromAnnotation] === from.uid;
}

/** The cluster that copies are made in, and how they are called there. */
export interface Destination {
  client: KubeClient;
  /** For people. */
  name: string;
  placeOf: (member: Member) => ObjectPlace;
  bodyOf: (object: AdoptedObject, member: Member, record: AdoptionRecord) => AdoptedObject;
  secretPlaceOf: (secret: SecretCopy) => Required<ObjectPlace>;
  /** Whether a connection Secret that nobody controls is the one that is meant. */
  takesSecrets: boolean;
}

export function onControlPlane(controlPlane: KubeClient): Destination {
  return {
    client: controlPlane,
    name: 'the control plane',
    placeOf: ({ to }) => to,
    bodyOf: copyOf,
    secretPlaceOf: ({ to }) => to,
    takesSecrets: false,
  };
}

/**
 * Makes what is missing of the copies, paused: what is composed first, then composite resources, the claim last. So no composite
 * resource ever looks for what is not there yet, and would make it anew, whoever takes a pause away meanwhile. Resolves to their uids.
 */
export async function makeCopies(
  record: AdoptionRecord,
  originals: Originals,
  destination: Destination,
): Promise<Map<Member, string>> {
  const uids = new Map<Member, string>();
  const uidOf = (member: Member): string => uids.get(member) ?? '';
  for (const level of levels(record.members).toReversed())
    await inParallel(level, atOnce, async (member) => {
      uids.set(member, await makeCopy(member, record, originals, destination));
    });
  await inParallel(record.members, atOnce, async (member) => {
    if (member.owner === undefined) return;
    const owner = record.members[member.owner] as Member;
    await setOwner(member, uidOf(member), ownerReference(owner, uidOf(owner), destination), destination);
  });
  await inParallel(record.secrets, atOnce, async (secret) => {
    const member = record.members[secret.of] as Member;
    const owner = ownerReference(member, uidOf(member), destination);
    await copySecret(secret, member, owner, originals, destination);
  });
  return uids;
}

/** Resolves to the uid of the copy. */
async function makeCopy(
  member: Member,
  record: AdoptionRecord,
  originals: Originals,
  { client, name, placeOf, bodyOf }: Destination,
): Promise<string> {
  const object = await originals.read(member);
  if (!object) throw new ConnectorError('object-gone', `${showMember(member)} is not there any more`);
  const body = bodyOf(object, member, record);
  const path = resourcePath(member.resource, placeOf(member));
  const folder = path.slice(0, path.lastIndexOf('/'));
  // Strict: what the schema there does not know would be lost without a word.
  const strict = { ...query, fieldValidation: 'Strict' };
  const there =
    (await client.create<AdoptedObject>(folder, body, { query: strict }).catch(existsOrThrow)) ??
    (await mustRead(client, path, member));
  if (!isCopyOf(there, member))
    throw new ConnectorError(
      'name-taken',
      `${name} has a ${member.resource.kind} ${showObjectPlace(placeOf(member))} that is not of this adoption: two objects for one resource in the cloud are what must not be`,
    );
  if (adoptionPauseOf(there) === undefined)
    throw new ConnectorError(
      'not-paused',
      `somebody has taken the pause from ${path} of ${name}: pause it, and see who did`,
    );
  const { uid = '' } = there.metadata;
  const { status } = object;
  if (status === undefined) return uid;
  // The subresource: where the kind has one, what was created has lost its status; without one this path does not exist. Of the version that
  // is there: Crossplane may have said meanwhile that it is paused.
  const operations: JsonOperation[] = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/status', value: status },
  ];
  await client
    .patchJson(`${path}/status`, operations, { query })
    .catch((error: unknown) => (there.status === undefined ? Promise.reject(error) : absentOrThrow(error)));
  return uid;
}

function ownerReference(owner: Member, uid: string, { placeOf }: Destination): OwnerReference {
  return {
    apiVersion: apiVersionOfMember(owner),
    kind: owner.resource.kind,
    name: placeOf(owner).name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Without it Crossplane would take what it composed for somebody else's. */
async function setOwner(
  member: Member,
  uid: string,
  owner: OwnerReference,
  { client, placeOf }: Destination,
): Promise<void> {
  const path = resourcePath(member.resource, placeOf(member));
  const copy = await mustRead(client, path, member);
  if (copy.metadata.ownerReferences?.some((known) => known.uid === owner.uid)) return;
  const { resourceVersion } = copy.metadata;
  await client.patch(path, { metadata: { uid, resourceVersion, ownerReferences: [owner] } }, { query });
}

/** With its owner from the start: Crossplane takes over no Secret that nobody controls, and would leave it behind for ever. */
async function copySecret(
  secret: SecretCopy,
  member: Member,
  owner: OwnerReference,
  originals: Originals,
  { client, name, secretPlaceOf, takesSecrets }: Destination,
): Promise<void> {
  const source = await originals.secretOf(member, secret.from);
  if (!source) return;
  const place = secretPlaceOf(secret);
  const { labels, annotations } = source.metadata;
  const metadata = {
    ...place,
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
    ownerReferences: [owner],
  };
  const body = { apiVersion: 'v1', kind: 'Secret', type: source.type, data: source.data, metadata };
  const made = await client.create<Secret>(secretPath(place.namespace), body, { query }).catch(existsOrThrow);
  if (made) return;
  const path = secretPath(place.namespace, place.name);
  const there = await client.get<Secret>(path);
  if (controllerUID(there) === owner.uid) return;
  if (takesSecrets && controllerUID(there) === undefined && there.type === source.type)
    return await changeOwners(client, path, adoptionFieldManager, (owners) => [...owners, owner]);
  throw new ConnectorError(
    'secret-taken',
    `${name} has a Secret ${showObjectPlace(place)} already that is not of ${showMember(member)}`,
  );
}

/** For `catch`: nothing where there is one already. */
function existsOrThrow(error: unknown): undefined {
  if (isConflict(error)) return undefined;
  throw error;
}
