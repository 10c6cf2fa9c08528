import { claimMoveAnnotation } from '../mapping/identity.ts';
import { type ClaimObject, type CompositeObject, isAt, isTrue, showPlace } from './claim-object.ts';
import type { MoveRecord } from './ledger.ts';
import { pauseMarkOf, staysPaused } from './pause.ts';

/** The three objects of a move as they are now; undefined for what is not there. */
export interface Seen {
  old: ClaimObject | undefined;
  next: ClaimObject | undefined;
  composite: CompositeObject | undefined;
}

export type ForwardStep =
  | 'pause-old'
  | 'await-old'
  | 'record'
  | 'guard'
  | 'create-new'
  | 'switch'
  | 'hand-over-secret'
  | 'release-new'
  | 'await-new'
  | 'verify'
  | 'retire-old'
  | 'finish';
export type BackStep =
  | 'pause-new'
  | 'await-next'
  | 'switch-back'
  | 'turn-forward'
  | 'return-secret'
  | 'release-old'
  | 'remove-new'
  | 'finish-back';
export type Step = ForwardStep | BackStep;

/** Nothing can be done, and nothing was made worse; a sentence for people. */
export interface Stop {
  stop: string;
}

/** Steps that leave nothing behind in the objects they are about: done again by each process that takes a move up. */
export type Done = ReadonlySet<Step>;

/**
 * What to do next, decided from the objects and not from memory, so that a move can be cut off anywhere and taken up again:
 * the composite resource's claimRef says which claim has power over it, and only a paused claim is ever without its
 * composite resource.
 */
export function nextStep(record: MoveRecord, move: string, seen: Seen, done: Done): Step | Stop {
  const { composite } = seen;
  const { kind } = record.api.composite;
  const { name, uid } = record.composite;
  // With nothing to bind to, a claim that is not paused makes a new composite resource, and new infrastructure.
  if (!composite) return stop(`its ${kind} ${name} is gone; both claims stay paused`);
  if (composite.metadata.uid !== uid) return stop(`another ${kind} has taken the name ${name}`);
  if (composite.metadata.deletionTimestamp !== undefined)
    return stop(`its ${kind} ${name} is being deleted; nothing can stop that any more`);
  const isOld = isAt(composite.spec ?? {}, record.from);
  if (!isOld && !isAt(composite.spec ?? {}, record.to)) {
    const { namespace = '', name: other = '' } = composite.spec?.claimRef ?? {};
    return stop(`its ${kind} ${name} is bound to another claim, ${namespace}/${other}`);
  }
  const context = { record, move, done };
  if (record.direction === 'back') return isOld ? backAtOld(context, seen) : backAtNew(context, seen);
  return isOld ? forwardAtOld(context, seen) : forwardAtNew(context, seen);
}

interface Context {
  record: MoveRecord;
  move: string;
  done: Done;
}

/** Bound to the old claim still. */
function forwardAtOld({ record, move, done }: Context, { old, next }: Seen): Step | Stop {
  if (next && !belongsTo(next, move)) return stop(`the claim ${showPlace(record.to)} is there already`);
  if (old && old.metadata.uid !== record.from.uid)
    return stop(`the claim ${showPlace(record.from)} was deleted and made again`);
  if (!old && !next)
    return stop(`the claim ${showPlace(record.from)} is gone, and its composite resource stays`);
  if (old) {
    // Also where somebody has deleted it: a paused claim does not delete its composite resource.
    if (!pauseMarkOf(old)) return 'pause-old';
    if (!done.has('await-old')) return 'await-old';
  }
  if (!record.before) return 'record';
  if (record.guard && !done.has('guard')) return 'guard';
  return next ? 'switch' : 'create-new';
}

/** Bound to the new claim: the old one has no power over it any more, in whatever state it is. */
function forwardAtNew({ record, move, done }: Context, { old, next }: Seen): Step | Stop {
  const isOldThere = old !== undefined && old.metadata.uid === record.from.uid;
  if (!next) {
    if (isOldThere) return 'create-new';
    return stop(`the claim ${showPlace(record.to)} is gone, and its composite resource stays`);
  }
  if (!belongsTo(next, move))
    return isOldThere ? stop(`the claim ${showPlace(record.to)} is not of this move`) : 'finish';
  if (next.metadata.deletionTimestamp !== undefined)
    return stop(`the claim ${showPlace(record.to)} is being deleted by somebody`);
  if (!done.has('hand-over-secret')) return 'hand-over-secret';
  if (pauseMarkOf(next) && !staysPaused(next)) return 'release-new';
  if (!staysPaused(next) && !isInSync(next)) return 'await-new';
  if (!done.has('verify')) return 'verify';
  return isOldThere ? 'retire-old' : 'finish';
}

/** Too late to go back where the old claim has gone or is going: the move ends, and another can take it back. */
function backAtNew({ record, move, done }: Context, { old, next }: Seen): Step {
  if (old?.metadata.uid !== record.from.uid || old.metadata.deletionTimestamp !== undefined)
    return 'turn-forward';
  if (next && belongsTo(next, move)) {
    if (!pauseMarkOf(next)) return 'pause-new';
    if (!done.has('await-next')) return 'await-next';
  }
  return 'switch-back';
}

function backAtOld({ record, move, done }: Context, { old, next }: Seen): Step | Stop {
  if (!old || old.metadata.uid !== record.from.uid)
    return stop(`the claim ${showPlace(record.from)} is gone, and its composite resource stays`);
  // Let go, it would delete its composite resource.
  if (old.metadata.deletionTimestamp !== undefined)
    return stop(
      `somebody has deleted the claim ${showPlace(record.from)}: resume the move, which saves what is behind it`,
    );
  const ours = next && belongsTo(next, move);
  // Before the new claim goes, which would take the Secret with it.
  if (ours && !done.has('return-secret')) return 'return-secret';
  if (old.metadata.annotations?.[claimMoveAnnotation] === move) return 'release-old';
  return ours ? 'remove-new' : 'finish-back';
}

function belongsTo({ metadata }: ClaimObject, move: string): boolean {
  return metadata.annotations?.[claimMoveAnnotation] === move;
}

/** Crossplane has worked on it since it was let go. */
export function isInSync(claim: ClaimObject): boolean {
  return isTrue(claim, 'Synced');
}

function stop(why: string): Stop {
  return { stop: why };
}
