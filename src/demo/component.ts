import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorError } from '../base/errors.ts';
import type { ProcessGuard } from './process-guard.ts';

export interface ComponentOptions {
  /** Name for people and for errors, such as `app.kube-apiserver`. */
  name: string;
  command: string;
  args: readonly string[];
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Receives stdout and stderr; appended to, so that a restart keeps what came before. */
  logFile: string;
  guard: ProcessGuard;
}

/** Time for a program to end by itself after SIGTERM. Milliseconds. */
const graceMs = 10_000;
const logLinesInErrors = 12;

/** One program of the lab, in a process group of its own; its faults can be caused: killed, stopped, restarted. */
export class Component {
  readonly name: string;
  readonly logFile: string;
  readonly #options: ComponentOptions;
  #args: readonly string[];
  #child: ChildProcess | undefined;

  constructor(options: ComponentOptions) {
    this.name = options.name;
    this.logFile = options.logFile;
    this.#options = options;
    this.#args = options.args;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the program; does not wait for it to serve anything. */
  async start(): Promise<void> {
    if (this.isRunning) return;
    const { command, env, logFile, guard } = this.#options;
    const log = openSync(logFile, 'a');
    // The shell holds the program back until the watchdog knows its process group, and gives up when this process dies
    // before that; exec keeps the pid.
    const child = spawn(
      '/bin/sh',
      ['-c', 'read -r _ && exec "$@" </dev/null', 'sh', command, ...this.#args],
      {
        detached: true,
        env: { ...process.env, ...env },
        stdio: ['pipe', log, log],
      },
    );
    closeSync(log);
    this.#child = child;
    if (child.pid === undefined) {
      const [error] = (await once(child, 'error')) as [Error];
      throw new ConnectorError('lab-component-failed', `${this.name} cannot be started`, { cause: error });
    }
    const { pid } = child;
    child.once('exit', () => void guard.remove(pid).catch(() => undefined));
    await guard.add(pid);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end('\n');
    child.unref();
  }

  /**
   * Calls `ready` until it returns true; errors in it count as false. Throws ConnectorError with the log's last lines when
   * the program ends before that or the time is over.
   */
  async waitUntil(what: string, ready: () => Promise<boolean>, timeoutMs = 90_000): Promise<void> {
    for (const deadline = Date.now() + timeoutMs; ; await delay(100)) {
      if (!this.isRunning) throw await this.#failure(`ended before ${what}`);
      if (await ready().catch(() => false)) return;
      if (Date.now() > deadline)
        throw await this.#failure(`did not reach this in ${timeoutMs / 1000} s: ${what}`);
    }
  }

  /** SIGSTOP: connections stay open and nothing is answered. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, and SIGKILL for a program that has not ended after 10 s. Resolves to the exit code, null after a signal. */
  async stop(): Promise<number | null> {
    const timer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    try {
      await this.#end('SIGTERM');
    } finally {
      clearTimeout(timer);
    }
    return this.#child?.exitCode ?? null;
  }

  /** `change` makes other arguments of those it had. */
  async restart(change?: (args: readonly string[]) => readonly string[]): Promise<void> {
    await this.stop();
    if (change) this.#args = change(this.#args);
    await this.start();
  }

  /** Resolves when the program has ended, for whatever reason. */
  async ended(): Promise<void> {
    if (!this.#child || !this.isRunning) return;
    this.#child.ref();
    await once(this.#child, 'exit');
  }

  log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#child || !this.isRunning) return;
    this.#child.ref();
    const ended = once(this.#child, 'exit');
    this.#signal(signal);
    // A stopped process takes SIGTERM only after it goes on.
    this.#signal('SIGCONT');
    await ended;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has ended in this moment.
    }
  }

  async #failure(what: string): Promise<ConnectorError> {
    const lines = (await this.log().catch(() => '')).trimEnd().split('\n').slice(-logLinesInErrors);
    return new ConnectorError(
      'lab-component-failed',
      `${this.name} ${what}; the end of ${this.logFile}:\n${lines.join('\n')}`,
    );
  }
}
