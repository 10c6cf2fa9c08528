import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { LabFacts } from '../../../src/demo/lab.ts';
import { labVariable, sharedLab } from '../../support/shared-lab.ts';
import { OracleGround } from '../ground.ts';
import { differingSequence } from './check.ts';

// A sequence that fails is told again and again, ever shorter.
jest.setTimeout(240_000);

/** Sequences for each seed. */
const runs = Number(process.env['SEQUENCE_RUNS'] ?? 10);
/**
 * The same in every run, so that a failure is one of the change at hand. `SEQUENCE_SEED` adds one: a number, or `random` for one
 * that no run has had, which is printed.
 */
const seeds = [1, 2, 3, 4];
const asked = process.env['SEQUENCE_SEED'];
if (asked !== undefined) seeds.push(asked === 'random' ? Date.now() % 2 ** 31 : Number(asked));
let ground: OracleGround;

beforeAll(async () => {
  sharedLab();
  const facts = JSON.parse(await readFile(process.env[labVariable] ?? '', 'utf8')) as LabFacts;
  ground = await OracleGround.open({ facts, name: 'sequences' });
  await ground.clear();
  process.stderr.write(`sequences: seeds ${seeds.join(', ')}\n`);
});
afterAll(() => ground?.[Symbol.asyncDispose]());

describe('random sequences of several clients are answered as by the same CRD in the cluster, watches and end included', () => {
  it.each(seeds)('with seed %d [serve.fidelity.sequences]', async (seed) => {
    expect(await differingSequence(ground, { seed, runs })).toBe('');
  });
});
