import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import { ensureTools } from '../../src/demo/tools.ts';

const run = promisify(execFile);

export const repository = path.resolve(import.meta.dirname, '../..');
export const chart = path.join(repository, 'charts/mcp-connector');

/** Values files of every way to install, by name without `-values.yaml`. */
export const modes = readdirSync(path.join(chart, 'ci')).map((file) => file.replace('-values.yaml', ''));

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [key: string]: unknown;
}

export interface PolicyRule {
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
  verbs: string[];
}

export interface RenderOptions {
  /** A name from `modes`; default `kubeconfig`, the smallest. */
  mode?: string;
  /** Arguments of --set. */
  set?: string[];
  release?: string;
  namespace?: string;
  kubeVersion?: string;
}

/** A helm binary: the one that HELM names, else one from the tools cache, built there at first. */
export async function helm(): Promise<string> {
  return process.env['HELM'] || (await ensureTools(['helm'], () => undefined)).helm;
}

/** What `helm template` prints, parsed. */
export async function renderChart(options: RenderOptions = {}): Promise<Manifest[]> {
  const {
    mode = 'kubeconfig',
    set = [],
    release = 'mcp-connector',
    namespace = 'kube-system',
    kubeVersion = '1.34.4',
  } = options;
  const values = path.join(chart, 'ci', `${mode}-values.yaml`);
  const flags = [
    '--namespace',
    namespace,
    '--kube-version',
    kubeVersion,
    '--values',
    values,
    ...set.flatMap((pair) => ['--set', pair]),
  ];
  const { stdout } = await run(await helm(), ['template', release, chart, ...flags]);
  return parseManifests(stdout);
}

/** The sentence with which helm refuses to render, with the default values changed by `set`. */
export async function renderFailure(set: string[]): Promise<string> {
  const pairs = set.flatMap((pair) => ['--set', pair]);
  try {
    await run(await helm(), ['template', 'mcp-connector', chart, '--kube-version', '1.34.4', ...pairs]);
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
  throw new Error(`helm rendered the chart with ${set.join(' ')}`);
}

export async function lintChart(mode: string): Promise<string> {
  const values = path.join(chart, 'ci', `${mode}-values.yaml`);
  const { stdout } = await run(await helm(), [
    'lint',
    chart,
    '--strict',
    '--kube-version',
    '1.34.4',
    '--values',
    values,
  ]);
  return stdout;
}

export function parseManifests(text: string): Manifest[] {
  return loadAll(text).filter((document) => document !== null && document !== undefined) as Manifest[];
}

/** The one object of a kind and name. Throws when there is none. */
export function find(manifests: Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) {
    throw new Error(
      `no ${kind} ${name} among ${manifests.map((other) => `${other.kind} ${other.metadata.name}`).join(', ')}`,
    );
  }
  return found;
}

export function rulesOf(manifest: Manifest): PolicyRule[] {
  return (manifest['rules'] as PolicyRule[] | undefined) ?? [];
}
