import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import { conditionOf, isPaused, pausedAnnotation } from '../claim-moves/claim-object.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { adoptedFromAnnotation, adoptionFieldManager, adoptionPauseAnnotation } from '../mapping/identity.ts';
import { readObject } from './family.ts';
import { type AdoptedObject, type Member, showMember } from './member.ts';
import type { Workers } from './workers.ts';

/**
 * How it is known that no reconcile that began before the pause is still under way (see claim-moves/pause.ts).
 *
 * - `condition`: Synced said something else when the pause was set, so that its reason ReconcilePaused is the proof.
 * - `time`: there was no such proof to be had: it said ReconcilePaused already, or nothing at all. A reconcile ends after some time.
 * - `idle`: nothing has ever reconciled it, and no provider has installed its kind: nobody works on it.
 * - `before`: as `time`, and whoever paused it wants it to stay so.
 * - `copy`: made paused by an adoption: nothing has ever reconciled it. `copy-before`: and it is to stay so.
 */
const marks = ['condition', 'time', 'idle', 'before', 'copy', 'copy-before'] as const;
export type AdoptionPause = (typeof marks)[number];

/** In milliseconds, by role: after this a reconcile has been given up (Crossplane's claim and composite reconcilers, and crossplane-runtime's for managed resources). */
export const reconcileEndsMs = { claim: 65_000, composite: 125_000, composed: 95_000 } as const;
/** Milliseconds between two looks, at first and at most. */
const looks = [200, 2_000] as const;
const query = { fieldManager: adoptionFieldManager };

/** Undefined where it is not paused, or not by an adoption. */
export function adoptionPauseOf(object: AdoptedObject): AdoptionPause | undefined {
  const mark = object.metadata.annotations?.[adoptionPauseAnnotation];
  return isPaused(object) ? marks.find((known) => known === mark) : undefined;
}

export interface PauseOptions {
  client: KubeClient;
  path: string;
  member: Member;
  workers: Workers;
  /** True for tests: what takes minutes is not waited for. */
  endsMs?: number | undefined;
  clock?: Clock | undefined;
}

/** Pauses an object unless it is, and resolves when no reconcile can be under way that has not seen it. */
export async function pauseMember(options: PauseOptions): Promise<void> {
  const { client, path, member } = options;
  let object = await mustRead(client, path, member);
  if (adoptionPauseOf(object) === undefined) {
    const annotations = {
      [pausedAnnotation]: 'true',
      [adoptionPauseAnnotation]: await markFor(object, options),
    };
    // Guarded: what the mark says is true of the very object that gets it.
    const { resourceVersion } = object.metadata;
    object = await client.patch<AdoptedObject>(
      path,
      { metadata: { resourceVersion, annotations } },
      { query },
    );
  }
  await pauseIsSeen(object, options);
}

async function markFor(object: AdoptedObject, { member, workers }: PauseOptions): Promise<AdoptionPause> {
  if (isPaused(object)) return 'before';
  const synced = conditionOf(object, 'Synced');
  if (!synced && member.role === 'composed' && (await workers.of(member)) === 'none') return 'idle';
  return !synced || synced.reason === 'ReconcilePaused' ? 'time' : 'condition';
}

async function pauseIsSeen(
  paused: AdoptedObject,
  { client, path, member, workers, endsMs = reconcileEndsMs[member.role], clock = systemClock }: PauseOptions,
): Promise<void> {
  const backoff = new Backoff(...looks);
  const end = clock.now() + endsMs;
  for (let object = paused; ; object = await mustRead(client, path, member)) {
    const mark = adoptionPauseOf(object);
    if (mark === undefined)
      throw new ConnectorError(
        'not-paused',
        `somebody has taken the pause from ${showMember(member)}: see who did, then resume`,
      );
    if (mark === 'idle' || mark.startsWith('copy')) return;
    const isAcknowledged = conditionOf(object, 'Synced')?.reason === 'ReconcilePaused';
    if (mark === 'condition' && isAcknowledged) return;
    if (clock.now() < end) {
      await clock.sleep(backoff.next());
      continue;
    }
    if (isAcknowledged || (await workers.of(member)) !== 'running') return;
    throw new ConnectorError(
      'not-paused',
      `whoever reconciles ${showMember(member)} does not say that it is paused: scale its Deployment to 0, then resume`,
    );
  }
}

/** Takes the pause back, unless it was somebody else's. With `isEnd` whatever the adoption has marked it with goes too. */
export async function releaseMember(
  client: KubeClient,
  path: string,
  member: Member,
  isEnd: boolean,
): Promise<void> {
  const object = await mustRead(client, path, member);
  const mark = adoptionPauseOf(object);
  if (mark === undefined && object.metadata.annotations?.[adoptionPauseAnnotation] === undefined) return;
  const stays = mark?.endsWith('before') === true;
  const annotations = {
    // The annotation goes: of a claim a value like "false" would be copied to the composite resource.
    ...(stays ? {} : { [pausedAnnotation]: null }),
    ...(isEnd || !stays ? { [adoptionPauseAnnotation]: null } : {}),
    ...(isEnd ? { [adoptedFromAnnotation]: null } : {}),
  };
  const { resourceVersion } = object.metadata;
  await client.patch(path, { metadata: { resourceVersion, annotations } }, { query });
}

export async function mustRead(client: KubeClient, path: string, member: Member): Promise<AdoptedObject> {
  const object = await readObject(client, path);
  if (object) return object;
  throw new ConnectorError('object-gone', `${showMember(member)} is not there any more (${path})`);
}
