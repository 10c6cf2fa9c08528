import { spawn } from 'node:child_process';
import path from 'node:path';
import { ConnectorError } from '../base/errors.ts';

export interface CommandResult {
  /** Exit code; null after a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface KubectlOptions {
  /** Goes to stdin. */
  input?: string;
  /** Milliseconds before it is killed; 110,000 when left out: longer than kubectl is told to wait anywhere. */
  timeoutMs?: number;
}

const defaultTimeoutMs = 110_000;

/**
 * Runs the kubectl of PATH, or of KUBEBUILDER_ASSETS, as a user of this kubeconfig would. Its discovery cache lies beside
 * the kubeconfig: ports come back, and a cache of another cluster would then be believed. Throws ConnectorError
 * `kubectl-missing`; an exit code other than 0 is a result.
 */
export async function kubectl(
  kubeconfig: string,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<CommandResult> {
  const search = [process.env['PATH'], process.env['KUBEBUILDER_ASSETS']]
    .filter(Boolean)
    .join(path.delimiter);
  const child = spawn('kubectl', ['--cache-dir', `${kubeconfig}.cache`, ...args], {
    env: { ...process.env, PATH: search, KUBECONFIG: kubeconfig },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? defaultTimeoutMs,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  // kubectl may end without having read it all.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((cause: unknown) => {
    throw new ConnectorError('kubectl-missing', 'kubectl cannot be run; install it (any version from 1.30)', {
      cause,
    });
  });
  return { code, stdout, stderr };
}
