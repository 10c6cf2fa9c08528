import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { dump } from 'js-yaml';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { chart, find, helm, type Manifest, parseManifests, repository } from './rendered-chart.ts';

const run = promisify(execFile);

interface Application extends Manifest {
  spec: { source: { targetRevision: string; helm: { releaseName: string; valuesObject: object } } };
}

interface HelmRelease extends Manifest {
  spec: { releaseName: string; chart: { spec: { version: string } }; values: object };
}

const read = (file: string): Manifest[] =>
  parseManifests(readFileSync(path.join(repository, 'examples/gitops', file), 'utf8'));

beforeAll(helm, 600_000);

async function render(release: string, values: object): Promise<Manifest[]> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-values-'));
  try {
    const file = path.join(dir, 'values.yaml');
    await writeFile(file, dump(values));
    const flags = ['--namespace', 'kube-system', '--kube-version', '1.34.4', '--values', file];
    return parseManifests((await run(await helm(), ['template', release, chart, ...flags])).stdout);
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe('examples/gitops', () => {
  it('installs the same with Argo CD and Flux, from values that the chart takes [gitops.install.examples]', async () => {
    const [application] = read('argocd/connector.yaml') as Application[];
    const release = find(read('flux/connector.yaml'), 'HelmRelease', 'mcp-connector') as HelmRelease;
    const source = application?.spec.source;
    const byArgo = await render(source?.helm.releaseName ?? '', source?.helm.valuesObject ?? {});
    expect(await render(release.spec.releaseName, release.spec.values)).toEqual(byArgo);
    expect(find(byArgo, 'ClusterRole', 'mcp-connector-edit')['rules']).toContainEqual(
      expect.objectContaining({ apiGroups: ['k8s.starter.org'] }),
    );
  });

  it('names the version of the chart beside it', () => {
    const [{ version } = { version: '' }] = parseManifests(
      readFileSync(path.join(chart, 'Chart.yaml'), 'utf8'),
    ) as unknown as { version: string }[];
    const [application] = read('argocd/connector.yaml') as Application[];
    const release = find(read('flux/connector.yaml'), 'HelmRelease', 'mcp-connector') as HelmRelease;
    expect([application?.spec.source.targetRevision, release.spec.chart.spec.version]).toEqual([
      version,
      version,
    ]);
  });
});
