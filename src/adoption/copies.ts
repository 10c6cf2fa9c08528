import type { OwnerReference, Secret } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { inParallel } from '../claim-moves/plan.ts';
import { secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, isConflict, type KubeClient } from '../clusters/kube-client.ts';
import { adoptedFromAnnotation, adoptionFieldManager } from '../mapping/identity.ts';
import { copyOf } from './copy.ts';
import type { AdoptionRecord, SecretCopy } from './ledger.ts';
import {
  type AdoptedObject,
  apiVersionOfMember,
  appPath,
  controlPlanePath,
  levels,
  type Member,
  showMember,
  showObjectPlace,
} from './member.ts';
import { adoptionPauseOf, mustRead } from './pause.ts';

const query = { fieldManager: adoptionFieldManager };
/** Objects of one claim. */
const atOnce = 4;

export interface BothClusters {
  app: KubeClient;
  controlPlane: KubeClient;
}

/** Whether an object of the control plane is the copy of this member, and nobody else's object of the same name. */
export function isCopyOf({ metadata }: AdoptedObject, { from }: Member): boolean {
  return metadata.annotations?.[adoptedFromAnnotation] === from.uid;
}

/**
 * Makes what is missing of the copies: what is composed first, then composite resources, the claim last. So no composite
 * resource ever looks for what is not there yet, and would make it anew, whoever takes a pause away meanwhile.
 */
export async function makeCopies(record: AdoptionRecord, clusters: BothClusters): Promise<void> {
  const uids = new Map<Member, string>();
  for (const level of levels(record.members).toReversed())
    await inParallel(level, atOnce, async (member) => {
      uids.set(member, await makeCopy(member, record, clusters));
    });
  await inParallel(record.members, atOnce, async (member) => {
    if (member.owner === undefined) return;
    const owner = record.members[member.owner] as Member;
    const uid = uids.get(member) as string;
    await setOwner(member, ownerReference(owner, uids.get(owner)), { ...clusters, uid });
  });
  await inParallel(record.secrets, atOnce, async (secret) => {
    const member = record.members[secret.of] as Member;
    await copySecret(secret, member, uids.get(member), clusters);
  });
}

/** Resolves to the uid of the copy. */
async function makeCopy(
  member: Member,
  record: AdoptionRecord,
  { app, controlPlane }: BothClusters,
): Promise<string> {
  const object = await mustRead(app, appPath(member), member);
  const body = copyOf(object, member, record);
  const path = controlPlanePath(member);
  const folder = path.slice(0, path.lastIndexOf('/'));
  // Strict: what the control plane's schema does not know would be lost without a word.
  const strict = { ...query, fieldValidation: 'Strict' };
  const there =
    (await controlPlane.create<AdoptedObject>(folder, body, { query: strict }).catch(existsOrThrow)) ??
    (await mustRead(controlPlane, path, member));
  if (!isCopyOf(there, member)) throw taken(member);
  if (adoptionPauseOf(there) === undefined)
    throw new ConnectorError(
      'not-paused',
      `somebody has taken the pause from ${path} on the control plane: pause it, and see who did`,
    );
  const { uid = '', resourceVersion } = there.metadata;
  const { status } = object;
  if (status === undefined) return uid;
  // The subresource: where the kind has one, what was created has lost its status; without one this path does not exist.
  const { apiVersion, kind } = body;
  const update = { apiVersion, kind, metadata: { ...member.to, uid, resourceVersion }, status };
  await controlPlane
    .replace(`${path}/status`, update, { query })
    .catch((error: unknown) => (there.status === undefined ? Promise.reject(error) : absentOrThrow(error)));
  return uid;
}

function ownerReference(owner: Member, uid = ''): OwnerReference {
  return {
    apiVersion: apiVersionOfMember(owner),
    kind: owner.resource.kind,
    name: owner.to.name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Without it Crossplane would take what it composed for somebody else's. */
async function setOwner(
  member: Member,
  owner: OwnerReference,
  { controlPlane, uid }: BothClusters & { uid: string },
): Promise<void> {
  const path = controlPlanePath(member);
  const copy = await mustRead(controlPlane, path, member);
  if (copy.metadata.ownerReferences?.some((known) => known.uid === owner.uid)) return;
  const { resourceVersion } = copy.metadata;
  await controlPlane.patch(path, { metadata: { uid, resourceVersion, ownerReferences: [owner] } }, { query });
}

/** With its owner from the start: Crossplane takes over no Secret that nobody controls, and would leave it behind for ever. */
async function copySecret(
  { from, to }: SecretCopy,
  member: Member,
  uid: string | undefined,
  { app, controlPlane }: BothClusters,
): Promise<void> {
  const source = await app.get<Secret>(secretPath(from.namespace, from.name)).catch(absentOrThrow);
  // None yet, or none of this member's: Crossplane makes it.
  if (!source || controllerUID(source) !== member.from.uid) return;
  const owner = ownerReference(member, uid);
  const { labels, annotations } = source.metadata;
  const metadata = {
    ...to,
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
    ownerReferences: [owner],
  };
  const body = { apiVersion: 'v1', kind: 'Secret', type: source.type, data: source.data, metadata };
  const made = await controlPlane
    .create<Secret>(secretPath(to.namespace), body, { query })
    .catch(existsOrThrow);
  if (made) return;
  const there = await controlPlane.get<Secret>(secretPath(to.namespace, to.name));
  if (controllerUID(there) === owner.uid) return;
  throw new ConnectorError(
    'secret-taken',
    `a Secret ${showObjectPlace(to)} is on the control plane already, and not of ${showMember(member)}`,
  );
}

/** For `catch`: nothing where there is one already. */
function existsOrThrow(error: unknown): undefined {
  if (isConflict(error)) return undefined;
  throw error;
}

function controllerUID({ metadata }: Secret): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
}

function taken(member: Member): ConnectorError {
  return new ConnectorError(
    'name-taken',
    `the control plane has a ${member.resource.kind} ${showObjectPlace(member.to)} that is not of this adoption: two objects for one resource in the cloud are what must not be`,
  );
}
