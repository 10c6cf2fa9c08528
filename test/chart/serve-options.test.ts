import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import { type Option, serveOptions } from '../../src/config/options.ts';
import { chart, helm, renderChart } from './rendered-chart.ts';

interface Deployment {
  spec: { template: { spec: { containers: [{ args: string[] }] } } };
}

const options: readonly Option[] = serveOptions;
const values = load(readFileSync(path.join(chart, 'values.yaml'), 'utf8')) as Record<string, unknown>;

beforeAll(helm, 600_000);

function valueAt(dotted: string): unknown {
  return dotted
    .split('.')
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], values);
}

async function flagsOf(mode: string): Promise<string[]> {
  const { spec } = (await renderChart({ mode })).find(
    (manifest) => manifest.kind === 'Deployment',
  ) as unknown as Deployment;
  return spec.template.spec.containers[0].args
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).split('=')[0] ?? '');
}

describe('the options of serve', () => {
  it('are the only flags that the chart passes', async () => {
    const known = new Set(options.map((option) => option.flag));
    expect(
      [...(await flagsOf('full')), ...(await flagsOf('space'))].filter((flag) => !known.has(flag)),
    ).toEqual([]);
  });

  it('that name a value of the chart find it in values.yaml, and are passed', async () => {
    // A control plane is reached in one way or the other.
    const flags = new Set([...(await flagsOf('full')), ...(await flagsOf('space'))]);
    const named = options.filter((option) => option.chartValue !== undefined);
    expect(
      named.filter((option) => valueAt(option.chartValue ?? '') === undefined).map((option) => option.flag),
    ).toEqual([]);
    expect(named.filter((option) => !flags.has(option.flag)).map((option) => option.flag)).toEqual([]);
  });
});
