import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump } from 'js-yaml';
import { ConnectorError } from '../base/errors.ts';
import { type ChartValues, mergeValues } from './chart-values.ts';
import type { Helm, Release } from './helm.ts';
import { parseManifest } from './manifest-changes.ts';

/** Beside `src` and beside `dist`. */
const packagedChart = fileURLToPath(new URL('../../charts/mcp-connector', import.meta.url));
/** Of a release whose `rbac.groups` were found by discovery, and may be found anew. */
export const discoveredDescription = 'rbac.groups by discovery (mcp-connector install)';

export interface ChartOptions {
  releaseName: string;
  /** Path or reference; the chart beside the program when left out. */
  chart?: string | undefined;
  version?: string | undefined;
  /** As helm's --values and --set. */
  files: readonly string[];
  sets: readonly string[];
  /** Forget the values that an earlier run was given. */
  resetValues: boolean;
}

/** What Helm would install. */
export interface RenderedRelease extends Release {
  values: ChartValues;
  /** Name of the Deployment and of most other objects. */
  fullname: string;
}

type Values = Record<string, unknown>;

/**
 * The chart under one name: what is deployed of it, and what an upgrade would make of it. Values count in this order: those of an earlier
 * run, `defaults`, files, `own`, `--set`.
 */
export class ChartRelease {
  readonly #helm: Helm;
  readonly #options: ChartOptions;
  /** As it is deployed; undefined where there is none. */
  readonly deployed: Release | undefined;

  private constructor(helm: Helm, options: ChartOptions, deployed: Release | undefined) {
    this.#helm = helm;
    this.#options = options;
    this.deployed = deployed;
  }

  static async open(helm: Helm, options: ChartOptions): Promise<ChartRelease> {
    const deployed = await helm.release(options.releaseName);
    if (deployed && !isOfThisProduct(deployed)) {
      throw new ConnectorError(
        'foreign-release',
        `the Helm release ${options.releaseName} is of another product; give this one another name with --release-name`,
      );
    }
    return new ChartRelease(helm, options, deployed);
  }

  /** False where somebody has chosen the groups, in an earlier run or since. */
  get mayDiscoverGroups(): boolean {
    if (!this.deployed || this.#options.resetValues || this.deployed.description === discoveredDescription)
      return true;
    return ((this.deployed.config as Partial<ChartValues>).rbac?.groups ?? []).length === 0;
  }

  async render(own: Values, defaults: Values = {}): Promise<RenderedRelease> {
    const rendered = await this.#run(own, defaults, (args, input) =>
      this.#helm.upgrade(this.#options.releaseName, [...args, '--dry-run=server'], input),
    );
    const deployment = parseManifest(rendered.manifest).find(({ kind }) => kind === 'Deployment');
    const values = mergeValues(rendered.chartValues, rendered.config) as unknown as ChartValues;
    return { ...rendered, values, fullname: deployment?.metadata.name ?? this.#options.releaseName };
  }

  async upgrade(
    own: Values,
    defaults: Values,
    {
      isWaiting,
      timeout,
      description,
    }: { isWaiting: boolean; timeout: string; description: string | undefined },
  ): Promise<Release> {
    const further = [
      ...(isWaiting ? ['--wait'] : []),
      '--timeout',
      timeout,
      ...(description === undefined ? [] : ['--description', description]),
    ];
    return await this.#run(own, defaults, (args, input) =>
      this.#helm.upgrade(this.#options.releaseName, [...args, ...further], input),
    );
  }

  async #run<T>(
    own: Values,
    defaults: Values,
    use: (args: string[], input: string) => Promise<T>,
  ): Promise<T> {
    const { chart, version, files, sets, resetValues } = this.#options;
    const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-install-'));
    try {
      const defaultsFile = path.join(dir, 'defaults.yaml');
      await writeFile(defaultsFile, dump(defaults));
      const args = [
        chart ?? packagedChart,
        ...(version === undefined ? [] : ['--version', version]),
        ...(resetValues ? ['--reset-values'] : ['--reset-then-reuse-values']),
        ...[defaultsFile, ...files, '-'].flatMap((file) => ['--values', file]),
        ...sets.flatMap((pair) => ['--set', pair]),
      ];
      return await use(args, dump(own));
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}

/** Another product's chart may have the same name. Ours has a container that runs `serve` with its owner's name. */
function isOfThisProduct({ manifest }: Release): boolean {
  return manifest.includes('--owner-cluster-role=');
}
