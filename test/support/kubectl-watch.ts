import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A kubectl that goes on printing (`get --watch`), until it is disposed of. */
export class KubectlWatch implements AsyncDisposable {
  /** What it has printed so far. */
  output = '';
  readonly #child: ChildProcess;

  constructor(kubeconfig: string, args: readonly string[]) {
    this.#child = spawn('kubectl', ['--cache-dir', `${kubeconfig}.cache`, ...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves to the exit code when it ends by itself. */
  async ended(): Promise<number | null> {
    if (!this.hasEnded) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}
