import { describe, expect, it } from '@jest/globals';
import type { ClaimObject, CompositeObject } from '../../../src/claim-moves/claim-object.ts';
import type { MoveRecord } from '../../../src/claim-moves/ledger.ts';
import { nextStep, type Step } from '../../../src/claim-moves/next-step.ts';

const move = 'claim-move-1';
const record: MoveRecord = {
  api: {
    group: 'example.org',
    version: 'v1',
    claim: { kind: 'Database', plural: 'databases' },
    composite: { kind: 'XDatabase', plural: 'xdatabases' },
  },
  from: { namespace: 'a', name: 'old', uid: 'uid-old' },
  to: { namespace: 'b', name: 'new' },
  composite: { name: 'old-x', uid: 'uid-x' },
  direction: 'forward',
  guard: false,
  before: { spec: {}, composed: [], synced: true, ready: true },
};

interface ClaimState {
  /** The mark of a pause by the move, or `user` for a pause of somebody else's; not paused when left out. */
  paused?: string;
  isEnding?: boolean;
  isSynced?: boolean;
  uid?: string;
  isForeign?: boolean;
}

function claim({ paused, isEnding, isSynced, uid, isForeign }: ClaimState, name: string): ClaimObject {
  const isOurs = name === 'new' ? !isForeign : paused !== undefined && paused !== 'user';
  return {
    metadata: {
      name,
      uid: uid ?? `uid-${name}`,
      ...(isEnding ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      annotations: {
        ...(paused === undefined ? {} : { 'crossplane.io/paused': 'true' }),
        ...(paused === undefined || paused === 'user'
          ? {}
          : { 'mcp-connector-k8s.io/claim-move-pause': paused }),
        ...(isOurs ? { 'mcp-connector-k8s.io/claim-move': move } : {}),
      },
    },
    status: { conditions: isSynced ? [{ type: 'Synced', status: 'True', reason: 'ReconcileSuccess' }] : [] },
  };
}

interface Scene {
  old?: ClaimState | undefined;
  next?: ClaimState | undefined;
  /** Which claim the composite resource is bound to; `gone` and `ending` for one that is. */
  composite: 'old' | 'new' | 'other' | 'gone' | 'ending' | 'another';
  done?: Step[];
  change?: Partial<MoveRecord>;
}

function compositeOf(state: Scene['composite']): CompositeObject | undefined {
  if (state === 'gone') return undefined;
  const place = { old: record.from, new: record.to }[state === 'new' ? 'new' : 'old'];
  const claimRef =
    state === 'other' ? { namespace: 'c', name: 'third' } : { namespace: place.namespace, name: place.name };
  return {
    metadata: {
      name: 'old-x',
      uid: state === 'another' ? 'uid-other' : 'uid-x',
      ...(state === 'ending' ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { claimRef },
  };
}

function decide({ old, next, composite, done = [], change }: Scene): string {
  const seen = {
    old: old && claim(old, 'old'),
    next: next && claim(next, 'new'),
    composite: compositeOf(composite),
  };
  const step = nextStep({ ...record, ...change }, move, seen, new Set(done));
  return typeof step === 'string' ? step : `stop: ${step.stop}`;
}

describe('the next step of a move', () => {
  it.each<[string, Scene, string]>([
    ['begins with a pause', { old: {}, composite: 'old' }, 'pause-old'],
    ['marks a pause of somebody else’s', { old: { paused: 'user' }, composite: 'old' }, 'pause-old'],
    ['waits until the pause is seen', { old: { paused: 'condition' }, composite: 'old' }, 'await-old'],
    [
      'makes the new claim',
      { old: { paused: 'condition' }, composite: 'old', done: ['await-old'] },
      'create-new',
    ],
    [
      'notes what is there before that',
      {
        old: { paused: 'condition' },
        composite: 'old',
        done: ['await-old'],
        change: { before: undefined } as never,
      },
      'record',
    ],
    [
      'guards it before that where it is asked to',
      { old: { paused: 'condition' }, composite: 'old', done: ['await-old'], change: { guard: true } },
      'guard',
    ],
    [
      'binds the new claim',
      { old: { paused: 'condition' }, next: { paused: 'new' }, composite: 'old', done: ['await-old'] },
      'switch',
    ],
    [
      'waits again in another process before it binds',
      { old: { paused: 'condition' }, next: { paused: 'new' }, composite: 'old' },
      'await-old',
    ],
    [
      'hands over the Secret',
      { old: { paused: 'condition' }, next: { paused: 'new' }, composite: 'new' },
      'hand-over-secret',
    ],
    [
      'goes only forward once the new claim is bound, whatever the old one is',
      { old: {}, next: { paused: 'new' }, composite: 'new', done: ['hand-over-secret'] },
      'release-new',
    ],
    [
      'makes the new claim again where it is missing',
      { old: { paused: 'condition' }, composite: 'new' },
      'create-new',
    ],
    [
      'waits for Crossplane',
      { old: { paused: 'condition' }, next: {}, composite: 'new', done: ['hand-over-secret'] },
      'await-new',
    ],
    [
      'compares before it removes anything',
      {
        old: { paused: 'condition' },
        next: { isSynced: true },
        composite: 'new',
        done: ['hand-over-secret'],
      },
      'verify',
    ],
    [
      'removes the old claim',
      {
        old: { paused: 'condition' },
        next: { isSynced: true },
        composite: 'new',
        done: ['hand-over-secret', 'verify'],
      },
      'retire-old',
    ],
    [
      'removes one that is going, too',
      {
        old: { isEnding: true },
        next: { isSynced: true },
        composite: 'new',
        done: ['hand-over-secret', 'verify'],
      },
      'retire-old',
    ],
    [
      'lets the new claim go where the old one is gone',
      { next: { paused: 'new' }, composite: 'new', done: ['hand-over-secret'] },
      'release-new',
    ],
    ['ends', { next: { isSynced: true }, composite: 'new', done: ['hand-over-secret', 'verify'] }, 'finish'],
    [
      'leaves a claim paused that was paused before',
      { next: { paused: 'new-before' }, composite: 'new', done: ['hand-over-secret', 'verify'] },
      'finish',
    ],
    [
      'pauses a claim that is being deleted at once',
      { old: { isEnding: true }, composite: 'old' },
      'pause-old',
    ],
    [
      'saves what is behind a claim that is being deleted',
      { old: { paused: 'condition', isEnding: true }, composite: 'old', done: ['await-old'] },
      'create-new',
    ],
  ])('%s [moves.steps]', (_, scene, step) => {
    expect(decide(scene)).toBe(step);
  });

  it.each<[string, Scene, string]>([
    [
      'the composite resource is gone',
      { old: { paused: 'condition' }, next: { paused: 'new' }, composite: 'gone' },
      'is gone',
    ],
    ['the composite resource is going', { old: { isEnding: true }, composite: 'ending' }, 'is being deleted'],
    ['another has its name', { old: {}, composite: 'another' }, 'has taken the name'],
    ['it is bound to a third claim', { old: {}, composite: 'other' }, 'bound to another claim, c/third'],
    ['the old claim was made anew', { old: { uid: 'uid-2' }, composite: 'old' }, 'deleted and made again'],
    [
      'somebody else has the target',
      { old: {}, next: { isForeign: true }, composite: 'old' },
      'is there already',
    ],
    ['neither claim is there', { composite: 'new' }, 'its composite resource stays'],
    [
      'somebody deletes the new claim',
      { next: { isEnding: true }, composite: 'new' },
      'is being deleted by somebody',
    ],
  ])('is none, and nothing is let go, where %s [moves.stops]', (_, scene, words) => {
    expect(decide(scene)).toMatch(new RegExp(`^stop: .*${words}`));
  });
});

describe('the next step back', () => {
  const change = { direction: 'back' } as const;
  it.each<[string, Scene, string]>([
    [
      'removes a claim that was never bound',
      { old: { paused: 'condition' }, next: { paused: 'new' }, composite: 'old' },
      'return-secret',
    ],
    [
      'lets the old claim go before the new one is removed',
      { old: { paused: 'condition' }, next: { paused: 'new' }, composite: 'old', done: ['return-secret'] },
      'release-old',
    ],
    [
      'removes the new claim',
      { old: {}, next: { paused: 'new' }, composite: 'old', done: ['return-secret'] },
      'remove-new',
    ],
    ['ends', { old: {}, composite: 'old' }, 'finish-back'],
    [
      'pauses the new claim',
      { old: { paused: 'condition' }, next: { isSynced: true }, composite: 'new' },
      'pause-new',
    ],
    [
      'waits until that is seen',
      { old: { paused: 'condition' }, next: { paused: 'condition' }, composite: 'new' },
      'await-next',
    ],
    [
      'binds the old claim again',
      { old: { paused: 'condition' }, next: { paused: 'condition' }, composite: 'new', done: ['await-next'] },
      'switch-back',
    ],
    [
      'is forward where the old claim is gone',
      { next: { isSynced: true }, composite: 'new' },
      'turn-forward',
    ],
    [
      'is forward where the old claim is going',
      { old: { isEnding: true }, next: {}, composite: 'new' },
      'turn-forward',
    ],
  ])('%s [moves.steps]', (_, scene, step) => {
    expect(decide({ ...scene, change })).toBe(step);
  });

  it('is none where it would let a claim delete its composite resource [moves.stops]', () => {
    const old = { paused: 'condition', isEnding: true };
    expect(decide({ old, composite: 'old', change })).toMatch(/^stop: somebody has deleted/);
  });
});
