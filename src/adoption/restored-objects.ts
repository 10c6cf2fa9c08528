import type { ObjectReference, OwnerReference } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { pausedAnnotation } from '../claim-moves/claim-object.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { changeOwners } from '../clusters/owners.ts';
import {
  adoptedFromAnnotation,
  adoptionFieldManager,
  adoptionPauseAnnotation,
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
} from '../mapping/identity.ts';
import { ownersFromAnnotations } from '../mapping/owner-references.ts';
import { type BothClusters, type Destination, isCopyOf } from './copies.ts';
import { readObject } from './family.ts';
import type { AdoptionRecord } from './ledger.ts';
import {
  type AdoptedObject,
  apiVersionOfMember,
  appPath,
  controlPlanePath,
  type Member,
  type ObjectPlace,
  showMember,
} from './member.ts';
import type { Originals } from './originals.ts';
import { type AdoptionPause, adoptionPauseOf, mustRead } from './pause.ts';

/** For an undo after the end: the objects of an archive as they are made in the app cluster again. */
export function inAppCluster(app: KubeClient): Destination {
  return {
    client: app,
    name: 'the app cluster',
    placeOf,
    bodyOf: restoredOf,
    secretPlaceOf: ({ from }) => from,
    // The connector has left it there.
    takesSecrets: true,
  };
}

function placeOf({ from: { namespace, name } }: Member): ObjectPlace {
  return namespace === undefined ? { name } : { namespace, name };
}

/** Under its own name, as it was, paused from its first moment; finalizers are set again by whoever works on it. */
function restoredOf(object: AdoptedObject, member: Member): AdoptedObject {
  const { metadata, apiVersion: _apiVersion, kind: _kind, ...content } = object;
  const mark: AdoptionPause = adoptionPauseOf(object) === 'before' ? 'copy-before' : 'copy';
  return {
    ...content,
    apiVersion: apiVersionOfMember(member),
    kind: member.resource.kind,
    metadata: {
      ...placeOf(member),
      ...(metadata.labels ? { labels: metadata.labels } : {}),
      annotations: {
        ...metadata.annotations,
        [pausedAnnotation]: 'true',
        [adoptionPauseAnnotation]: mark,
        [adoptedFromAnnotation]: member.from.uid,
      },
    },
  };
}

/** After the end nothing on the control plane says which object is the copy of what: seen by whom it belongs to, it is marked again. */
export async function recognizeCopies(record: AdoptionRecord, controlPlane: KubeClient): Promise<void> {
  const copies = await Promise.all(
    record.members.map((member) => readObject(controlPlane, controlPlanePath(member))),
  );
  for (const [at, member] of record.members.entries()) {
    const copy = copies[at];
    if (!copy || copy.metadata.deletionTimestamp !== undefined)
      throw new ConnectorError(
        'object-gone',
        `${showMember(member)} is not on the control plane any more, or going: what the archive has of it would be made anew`,
      );
    if (isCopyOf(copy, member)) continue;
    if (!belongs(copy, member, record, copies))
      throw new ConnectorError(
        'differs',
        `what the control plane has as ${showMember(member)} is not what was adopted: another was made in its place`,
      );
    const annotations = { [adoptedFromAnnotation]: member.from.uid };
    const { uid } = copy.metadata;
    await controlPlane.patch(
      controlPlanePath(member),
      { metadata: { uid, annotations } },
      { query: { fieldManager: adoptionFieldManager } },
    );
  }
}

function belongs(
  { metadata: { labels, ownerReferences }, spec }: AdoptedObject,
  member: Member,
  { clusterID, members }: AdoptionRecord,
  copies: readonly (AdoptedObject | undefined)[],
): boolean {
  const { from, to } = members[0] as Member;
  if (member.role === 'claim')
    return (
      labels?.[appClusterLabel] === clusterID &&
      labels[appNamespaceLabel] === from.namespace &&
      labels[appNameLabel] === from.name
    );
  if (member.owner !== undefined) {
    const owner = copies[member.owner]?.metadata.uid;
    return ownerReferences?.some(({ uid, controller }) => controller === true && uid === owner) === true;
  }
  const claim = spec?.['claimRef'] as Partial<ObjectReference> | undefined;
  return claim?.namespace === to.namespace && claim?.name === to.name;
}

/** Those that the claim has in the app cluster, which its copy keeps in annotations. */
export async function restoreOwners({ members }: AdoptionRecord, clusters: BothClusters): Promise<void> {
  const claim = members[0] as Member;
  const copy = await mustRead(clusters.controlPlane, controlPlanePath(claim), claim);
  const text = ownersFromAnnotations(new Map(Object.entries(copy.metadata.annotations ?? {})));
  if (text === undefined) return;
  const kept = JSON.parse(text) as OwnerReference[];
  await changeOwners(clusters.app, appPath(claim), adoptionFieldManager, (owners) => [
    ...owners,
    ...kept.filter(({ uid }) => !owners.some((one) => one.uid === uid)),
  ]);
}

/** Another revision of a composition may compose something else. */
export async function requireRevisions(
  { members }: AdoptionRecord,
  archived: Originals,
  app: KubeClient,
): Promise<void> {
  for (const member of members) {
    if (member.role !== 'composite') continue;
    const object = await archived.read(member);
    const reference = object?.spec?.['compositionRevisionRef'] as { name?: string } | undefined;
    const name = reference?.name;
    if (name === undefined) continue;
    const path = resourcePath(
      { group: 'apiextensions.crossplane.io', version: 'v1', plural: 'compositionrevisions' },
      { name },
    );
    if (await app.get(path).catch(absentOrThrow)) continue;
    throw new ConnectorError(
      'no-revision',
      `the app cluster has no CompositionRevision ${name}, of which ${showMember(member)} was composed: install Crossplane and the same Composition there`,
    );
  }
}
