import { type Clock, systemClock } from '../base/clock.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import { claimMoveAnnotation, claimMovePauseAnnotation, moveFieldManager } from '../mapping/identity.ts';
import { type ClaimObject, conditionOf, isPaused, pausedAnnotation, readExactly } from './claim-object.ts';

/**
 * How it is known that no reconcile that began before the pause is still under way. Claims are reconciled one at a time, so a
 * reconcile that has seen the pause is the proof, and it says so in the condition Synced, reason ReconcilePaused.
 *
 * - `condition`: the condition said otherwise when the pause was set, so ReconcilePaused is that proof.
 * - `time`: it said ReconcilePaused already, from an earlier pause. A reconcile ends after a minute.
 * - `before`: as `time`, and whoever paused it wants it to stay so.
 * - `new`: made paused by the move: nothing has ever reconciled it. `new-before`: and it is to stay so.
 */
export type PauseMark = 'condition' | 'time' | 'before' | 'new' | 'new-before';

/** Crossplane's claim reconciler gives up after 60 s (claim/reconciler.go, timeout). */
export const reconcileEndsMs = 65_000;
const pollMs = 100;

/** Undefined where it is not paused, or not by a move. */
export function pauseMarkOf(claim: ClaimObject): PauseMark | undefined {
  const mark = claim.metadata.annotations?.[claimMovePauseAnnotation];
  return isPaused(claim) && mark !== undefined ? (mark as PauseMark) : undefined;
}

/** True where the claim was paused by somebody else before the move, and is to stay so after it. */
export function staysPaused(claim: ClaimObject): boolean {
  return pauseMarkOf(claim)?.endsWith('before') === true;
}

/** Guarded by the resourceVersion: what the mark says is true of the very object that gets it. */
export async function pauseClaim(
  client: KubeClient,
  path: string,
  claim: ClaimObject,
  move: string,
): Promise<void> {
  const annotations = {
    [pausedAnnotation]: 'true',
    [claimMovePauseAnnotation]: markFor(claim),
    [claimMoveAnnotation]: move,
  };
  await patchAnnotations(client, path, claim, annotations);
}

function markFor(claim: ClaimObject): PauseMark {
  if (isPaused(claim)) return 'before';
  return conditionOf(claim, 'Synced')?.reason === 'ReconcilePaused' ? 'time' : 'condition';
}

/**
 * Takes the pause back, unless it was somebody else's. The annotation goes: a value like "false" would be copied to the
 * composite resource. With `isEnd` the marks of the move go too.
 */
export async function releaseClaim(
  client: KubeClient,
  path: string,
  claim: ClaimObject,
  isEnd: boolean,
): Promise<void> {
  const annotations = {
    ...(staysPaused(claim) ? {} : { [pausedAnnotation]: null }),
    ...(isEnd || !staysPaused(claim) ? { [claimMovePauseAnnotation]: null } : {}),
    ...(isEnd ? { [claimMoveAnnotation]: null } : {}),
  };
  await patchAnnotations(client, path, claim, annotations);
}

async function patchAnnotations(
  client: KubeClient,
  path: string,
  { metadata: { resourceVersion } }: ClaimObject,
  annotations: Record<string, string | null>,
): Promise<void> {
  const query = { fieldManager: moveFieldManager };
  await client.patch(path, { metadata: { resourceVersion, annotations } }, { query });
}

export interface BarrierOptions {
  client: KubeClient;
  path: string;
  mark: PauseMark;
  /** `reconcileEndsMs`; tests have less patience. */
  endsMs: number;
  clock?: Clock;
}

/**
 * Resolves to true when no reconcile can be under way any more that has not seen the pause: it would write the composite
 * resource without looking at its version. False where the pause has been taken away meanwhile.
 */
export async function pauseIsSeen({
  client,
  path,
  mark,
  endsMs,
  clock = systemClock,
}: BarrierOptions): Promise<boolean> {
  if (mark.startsWith('new')) return true;
  for (const end = clock.now() + endsMs; clock.now() < end; await clock.sleep(pollMs)) {
    const claim = await readExactly<ClaimObject>(client, path);
    if (!claim || pauseMarkOf(claim) !== mark) return false;
    if (mark === 'condition' && conditionOf(claim, 'Synced')?.reason === 'ReconcilePaused') return true;
  }
  return true;
}
