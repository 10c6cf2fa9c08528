import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const reporter = path.resolve(import.meta.dirname, '../../support/summary-reporter.js');

function report(results: object): string {
  const script = `
    import Reporter from ${JSON.stringify(reporter)};
    new Reporter().onRunComplete(new Set(), ${JSON.stringify(results)});
    console.log('the summary of jest');`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout;
}

describe('the summary reporter', () => {
  it('counts tests, and a file that could not be run as one failed test, after all other output', () => {
    const results = { numPassedTests: 41, numFailedTests: 1, numRuntimeErrorTestSuites: 2 };
    expect(report(results)).toBe('the summary of jest\n41 passed, 3 failed\n');
  });
});
