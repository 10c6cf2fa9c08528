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

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}
