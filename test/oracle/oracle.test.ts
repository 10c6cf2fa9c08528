import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { LabFacts } from '../../src/demo/lab.ts';
import { labVariable } from '../support/shared-lab.ts';
import { catalogue } from './catalogue/catalogue.ts';
import { OracleGround } from './ground.ts';
import { meantDifferences } from './meant.ts';
import { differencesText, fidelityPage } from './report.ts';
import { runScenario, type ScenarioResult } from './run.ts';

jest.setTimeout(120_000);

const page = path.resolve(import.meta.dirname, '../../docs/fidelity.md');
const results: ScenarioResult[] = [];
let ground: OracleGround;

beforeAll(async () => {
  const facts = JSON.parse(readFileSync(process.env[labVariable] ?? '', 'utf8')) as LabFacts;
  ground = await OracleGround.open({ facts, name: 'oracle' });
  await ground.clear();
});
afterAll(() => ground?.[Symbol.asyncDispose]());

describe('a connected API answers as the same CRD in the cluster does', () => {
  it.each(catalogue.map((scenario) => ({ title: `${scenario.area}: ${scenario.name}`, scenario })))(
    'to $title',
    async ({ scenario }) => {
      const result = await runScenario(scenario, ground);
      results.push(result);
      expect(differencesText(result)).toBe('');
    },
  );
});

describe('the catalogue', () => {
  it('asks at least 400 requests [serve.fidelity.crd]', () => {
    expect(results.flatMap(({ verdicts }) => verdicts).length).toBeGreaterThanOrEqual(400);
  });

  it('excuses nothing that is not there any more', () => {
    const used = new Set(results.flatMap(({ verdicts }) => verdicts.flatMap(({ meant }) => meant)));
    expect(meantDifferences.filter((difference) => !used.has(difference))).toEqual([]);
  });

  it('is reported in docs/fidelity.md as it stands: make oracle writes it', () => {
    expect(readFileSync(page, 'utf8')).toBe(fidelityPage(results));
  });
});
