import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EndState } from '../../chaos/end-state.ts';
import { attemptLabel, type ChaosClaim, type Entry, Ledger } from '../../chaos/ledger.ts';
import { judge, unfinished } from '../../chaos/verdict.ts';

let ledger: Ledger;
let state: EndState;
let entry: Entry;

/** One claim that was created with a value and changed once, in both clusters, with what Crossplane made of it. */
beforeEach(() => {
  ledger = new Ledger();
  entry = ledger.attempt('a', 'one');
  entry.sends('create', '1');
  entry.hears('create', '1', 'acknowledged');
  entry.created = 'acknowledged';
  entry.sends('merge', '2');
  entry.hears('merge', '2', 'acknowledged');
  const shown = claimOf(entry, { create: '1', merge: '2' });
  state = stateOf([shown]);
});

function claimOf({ attempt, namespace, name = '' }: Entry, settings: Record<string, string>): ChaosClaim {
  return {
    apiVersion: 'chaos.example.org/v1',
    kind: 'Database',
    metadata: { name, namespace, uid: `uid-${attempt}`, labels: { [attemptLabel]: attempt } },
    spec: { parameters: { size: 'small', settings }, resourceRef: { name: `xr-${attempt}` } },
  };
}

function stateOf(shown: ChaosClaim[]): EndState {
  const stored = shown.map((claim) => ({
    ...claim,
    metadata: { ...claim.metadata, namespace: 'claims', name: `claim-${claim.metadata.uid}` },
  }));
  const composites = stored.map(({ metadata: { namespace, name }, spec }) => ({
    apiVersion: 'chaos.example.org/v1',
    kind: 'XDatabase',
    metadata: { name: spec.resourceRef?.name ?? '' },
    spec: { claimRef: { namespace, name } },
  }));
  return { shown, stored, composites, instances: composites, configMaps: new Set(['config-map']) };
}

function judged(): string[] {
  judge(state, ledger, [{ namespace: 'a', name: 'below', uid: 'config-map', entry }]);
  return ledger.violations.map(({ fault }) => fault);
}

describe('the verdict', () => {
  it('finds nothing where all is as the clients were told', () => {
    expect(judged()).toEqual([]);
    expect(unfinished(state, ledger, [])).toEqual([]);
  });

  it('finds an acknowledged claim that is not there', () => {
    state = stateOf([]);
    expect(judged()).toContain('lost');
  });

  it('finds an acknowledged value that is not there', () => {
    state = stateOf([claimOf(entry, { create: '1' })]);
    expect(judged()).toContain('lost');
  });

  it('takes a later value of unknown outcome, and not an earlier one', () => {
    entry.sends('merge', '3');
    entry.hears('merge', '3', 'unknown');
    state = stateOf([claimOf(entry, { create: '1', merge: '3' })]);
    expect(judged()).toEqual([]);
    entry.sends('merge', '4');
    entry.hears('merge', '4', 'acknowledged');
    expect(judged()).toContain('lost');
  });

  it('finds a value whose write was refused', () => {
    entry.sends('merge', '3');
    entry.hears('merge', '3', 'refused');
    state = stateOf([claimOf(entry, { create: '1', merge: '3' })]);
    judged();
    expect(ledger.violations[0]?.text).toContain('whose write was refused');
  });

  it('finds a claim whose creation was refused, and takes one of unknown outcome', () => {
    const other = ledger.attempt('a');
    state = stateOf([...state.shown, claimOf(other, {})]);
    expect(judged()).toEqual([]);
    other.created = 'refused';
    expect(judged()).toContain('duplicated');
  });

  it('finds one attempt that made two claims', () => {
    const second = claimOf(entry, { create: '1', merge: '2' });
    second.metadata = { ...second.metadata, uid: 'another', name: 'two' };
    state = stateOf([...state.shown, second]);
    expect(judged()).toContain('duplicated');
  });

  it('finds a claim that stays after its deletion was acknowledged', () => {
    entry.deletion = 'acknowledged';
    expect(judged()).toContain('lost');
    expect(unfinished(state, ledger, [])).toHaveLength(1);
  });

  it('finds a claim that is being deleted though nobody asked for it', () => {
    const [claim] = state.shown as [ChaosClaim];
    claim.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(judged()).toContain('wrongly deleted');
  });

  it('finds a claim with two composite resources, and one without any', () => {
    const [composite] = state.composites;
    state.composites.push({ ...composite, metadata: { name: 'xr-second' } } as EndState['composites'][0]);
    expect(judged()).toContain('duplicated');
    state.composites.length = 0;
    ledger.violations.length = 0;
    expect(judged()).toContain('lost');
  });

  it('finds a composite resource whose claim is gone', () => {
    const [composite] = state.composites;
    const spec = { claimRef: { namespace: 'claims', name: 'gone' } };
    state.composites.push({ ...composite, spec } as EndState['composites'][0]);
    expect(judged()).toContain('duplicated');
    expect(unfinished(state, ledger, [])).toContain('1 composite resources have no claim');
  });

  it('finds a ConfigMap that went before its claim, and one that stayed after it', () => {
    state.configMaps.clear();
    expect(judged()).toContain('wrongly deleted');
    entry.deletion = 'acknowledged';
    state = { ...stateOf([]), configMaps: new Set(['config-map']) };
    judged();
    expect(ledger.violations.some(({ text }) => text.includes('was not collected'))).toBe(true);
  });

  it('finds what one cluster shows and the other does not', () => {
    state.stored.length = 0;
    expect(judged()).toContain('duplicated');
  });
});
