import { spawn } from 'node:child_process';
import { ConnectorError } from '../base/errors.ts';

export interface HelmOptions {
  /** `helm`, found on PATH, or a path. */
  binary: string;
  namespace: string;
  kubeconfig?: string | undefined;
  context?: string | undefined;
}

/** A release as it is deployed. */
export interface Release {
  /** Values that users gave. */
  config: Record<string, unknown>;
  /** The chart's own. */
  chartValues: Record<string, unknown>;
  manifest: string;
  status: string;
  description: string;
  revision: number;
}

interface ReleaseJson {
  version?: number;
  config?: Record<string, unknown>;
  chart?: { values?: Record<string, unknown> };
  manifest?: string;
  info?: { status?: string; description?: string };
}

/** `--reset-then-reuse-values` came with 3.14. */
const oldest: readonly [number, number] = [3, 14];

/** The user's helm. Values with credentials go to its standard input, never into arguments that others can see. */
export class Helm {
  readonly #options: HelmOptions;

  constructor(options: HelmOptions) {
    this.#options = options;
  }

  /** As `v3.19.5`. Throws ConnectorError `helm-missing` or `helm-too-old`. */
  async version(): Promise<string> {
    const { code, stdout, stderr } = await this.#spawn(['version', '--template', '{{.Version}}'], '');
    const [, major, minor] = /^v(\d+)\.(\d+)/.exec(stdout.trim()) ?? [];
    if (code !== 0 || major === undefined)
      throw new ConnectorError(
        'helm-missing',
        `${this.#options.binary} cannot be run: ${stderr.trim() || stdout.trim()}`,
      );
    if (Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1])) {
      throw new ConnectorError(
        'helm-too-old',
        `helm ${stdout.trim()} is too old: ${oldest.join('.')} or newer is needed; install it from https://helm.sh/docs/intro/install`,
      );
    }
    return stdout.trim();
  }

  /** Undefined where there is none. */
  async release(name: string): Promise<Release | undefined> {
    const { code, stdout, stderr } = await this.#cluster(['status', name, '--output', 'json']);
    if (code === 0) return releaseOf(stdout);
    if (stderr.includes('release: not found')) return undefined;
    throw failure('status', stderr);
  }

  /** `helm upgrade --install`. Throws ConnectorError `helm-failed` with what helm says. */
  async upgrade(name: string, args: readonly string[], values: string): Promise<Release> {
    const { code, stdout, stderr } = await this.#cluster(
      ['upgrade', name, ...args, '--install', '--output', 'json'],
      values,
    );
    if (code !== 0) throw failure('upgrade', stderr);
    return releaseOf(stdout);
  }

  /** Without hooks, until all of it is gone. Throws ConnectorError `helm-failed` with what helm says. */
  async uninstall(name: string): Promise<void> {
    const { code, stderr } = await this.#cluster([
      'uninstall',
      name,
      '--no-hooks',
      '--ignore-not-found',
      '--wait',
    ]);
    if (code !== 0) throw failure('uninstall', stderr);
  }

  #cluster(args: readonly string[], input = ''): Promise<Result> {
    const { namespace, kubeconfig, context } = this.#options;
    return this.#spawn(
      [
        ...args,
        '--namespace',
        namespace,
        ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
        ...(context === undefined ? [] : ['--kube-context', context]),
      ],
      input,
    );
  }

  async #spawn(args: readonly string[], input: string): Promise<Result> {
    const child = spawn(this.#options.binary, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    // helm may end without having read it all.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }).catch((cause: unknown) => {
      throw new ConnectorError(
        'helm-missing',
        `${this.#options.binary} is not there; install Helm ${oldest.join('.')} or newer (https://helm.sh/docs/intro/install), name it with --helm, or use deploy/install.yaml as docs/install.md tells`,
        { cause },
      );
    });
    return { code, stdout, stderr };
  }
}

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

function releaseOf(stdout: string): Release {
  const { config, chart, manifest, info, version } = JSON.parse(stdout) as ReleaseJson;
  return {
    config: config ?? {},
    chartValues: chart?.values ?? {},
    manifest: manifest ?? '',
    status: info?.status ?? 'unknown',
    description: info?.description ?? '',
    revision: version ?? 0,
  };
}

function failure(command: string, stderr: string): ConnectorError {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('WARNING'));
  return new ConnectorError(
    'helm-failed',
    `helm ${command} failed: ${lines.join(' ').replace(/^Error: /, '')}`,
  );
}
