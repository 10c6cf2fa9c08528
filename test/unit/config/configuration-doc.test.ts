import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { configurationFile, withOptionsTable } from '../../../hack/render-configuration.ts';
import { agentOptions } from '../../../src/config/agent-options.ts';
import { type Option, serveOptions } from '../../../src/config/options.ts';

const options: readonly Option[] = [...serveOptions, ...agentOptions];

describe('docs/configuration.md', () => {
  it('has the tables that the options of serve and agent make', () => {
    const document = readFileSync(configurationFile, 'utf8');
    const isCurrent = withOptionsTable(document) === document;
    // The command stands in the failure, so that nobody has to look for it.
    expect(isCurrent ? 'current' : 'stale: run node_modules/.bin/node hack/render-configuration.ts').toBe(
      'current',
    );
  });

  it('has a row for each flag of serve and agent', () => {
    const rows = readFileSync(configurationFile, 'utf8')
      .split('\n')
      .filter((line) => /^\| `(-\w, )?--/.test(line));
    const flags = rows.map((row) => /--([a-z-]+)/.exec(row)?.[1]);
    expect(flags).toEqual(options.map(({ flag }) => flag));
  });

  it('names only chart values that values.yaml has', () => {
    const values = readFileSync(
      new URL('../../../charts/mcp-connector/values.yaml', import.meta.url),
      'utf8',
    );
    const chartValues = options.flatMap(({ chartValue }) => chartValue ?? []);
    const last = chartValues.map((value) => value.split('.').at(-1) ?? '');
    expect(last.filter((key) => !new RegExp(`^ *${key}:`, 'm').test(values))).toEqual([]);
  });

  it('is not rendered without its markers', () => {
    expect(() => withOptionsTable('# Configuration\n')).toThrow('the document needs one line');
  });
});
