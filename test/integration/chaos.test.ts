import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { faultsNamed } from '../chaos/faults/catalogue.ts';
import { ChaosGround } from '../chaos/ground.ts';
import { type ChaosResult, runChaos } from '../chaos/run.ts';

// Generous: a lab of its own, and Crossplane and the collectors have to come to rest at the end; no timing is a test here.
jest.setTimeout(900_000);

/** The most telling ones; `make chaos` causes all. */
const short = ['control-plane-killed', 'black-hole', 'silent', 'leader-killed', 'wrong-control-plane'];

let ground: ChaosGround;
let result: ChaosResult;

beforeAll(async () => {
  ground = await ChaosGround.open({ log: () => undefined });
  result = await runChaos({
    ground,
    faults: faultsNamed(short),
    seconds: 4,
    seed: 1,
    onRow: () => undefined,
  });
});
afterAll(() => ground?.[Symbol.asyncDispose]());

function uids(claims: ChaosResult['end']['shown']): string[] {
  return claims.map(({ metadata }) => metadata.uid ?? '').toSorted((one, other) => one.localeCompare(other));
}

function violations(kind: string): string[] {
  return result.violations.filter(({ fault }) => fault === kind).map(({ text }) => text);
}

describe('clients that read and write while the control plane and the connectors fail', () => {
  it('lose no write that was acknowledged, and see none done that was refused [chaos.writes.kept]', () => {
    expect(violations('lost')).toEqual([]);
    expect(result.acknowledgedWrites).toBeGreaterThan(50);
    // Without writes of unknown outcome the faults would have missed the writes.
    expect(result.rows.some(({ unknown }) => unknown > 0)).toBe(true);
  });

  it('have one composite resource for each claim [chaos.composites.one]', () => {
    expect(violations('duplicated')).toEqual([]);
    expect(result.end.composites).toHaveLength(result.end.stored.length);
    expect(result.end.stored.length).toBeGreaterThan(8);
  });

  it('never lose what nobody deletes, nor hear that it is gone [chaos.owners.kept]', () => {
    expect(violations('wrongly deleted')).toEqual([]);
    expect(result.rows.map(({ falseDeleted }) => falseDeleted)).toEqual(result.rows.map(() => 0));
    expect(result.end.configMaps.size).toBeGreaterThan(8);
  });

  it('know at the end what is there [chaos.views.same]', () => {
    expect(result.wrongViews).toEqual([]);
    expect(uids(result.end.shown)).toEqual(uids(result.end.stored));
  });

  it('find the APIService Available all along [chaos.apiservices.available]', () => {
    expect(result.rows.map(({ leftAvailable }) => leftAvailable)).toEqual(result.rows.map(() => 0));
  });

  it('are served again after each fault [chaos.clients.served]', () => {
    expect(result.failures).toEqual([]);
    const faults = result.rows.filter(({ fault }) => !['preparation', 'none', 'the end'].includes(fault));
    expect(faults).toHaveLength(short.length);
    expect(faults.filter(({ firstSuccess }) => firstSuccess === undefined)).toEqual([]);
  });
});
