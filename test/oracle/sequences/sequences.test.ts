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
/** One that no run has had; printed, so that `node test/oracle/sequences/main.ts --seed` can have it again. */
const fresh = Number(process.env['SEQUENCE_SEED'] ?? Date.now() % 2 ** 31);
let ground: OracleGround;

beforeAll(async () => {
  sharedLab();
  const facts = JSON.parse(await readFile(process.env[labVariable] ?? '', 'utf8')) as LabFacts;
  ground = await OracleGround.open({ facts, name: 'sequences' });
  await ground.clear();
  process.stderr.write(`sequences: seed ${fresh}\n`);
});
afterAll(() => ground?.[Symbol.asyncDispose]());

describe('random sequences of several clients are answered as by the same CRD in the cluster, watches and end included', () => {
  it.each([1, 2, 3, fresh])('with seed %d [serve.fidelity.sequences]', async (seed) => {
    expect(await differingSequence(ground, { seed, runs })).toBe('');
  });
});
