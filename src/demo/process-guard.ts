import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** The watchdog beside this file: `.ts` in a checkout, `.js` in a build. */
const watchdogFile = path.join(import.meta.dirname, `watchdog${path.extname(import.meta.filename)}`);

/**
 * Makes child processes end with this one, also when this one is killed with SIGKILL: every process group is known to a
 * watchdog before its program starts.
 */
export class ProcessGuard implements AsyncDisposable {
  readonly #watchdog: ChildProcess;

  /** `removeAtEnd`: files and folders that go with the processes. */
  constructor(removeAtEnd: readonly string[]) {
    this.#watchdog = spawn(process.execPath, [watchdogFile, ...removeAtEnd], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#watchdog.stdin?.on('error', () => undefined);
    // Neither the watchdog nor its pipe keeps a finished program alive.
    this.#watchdog.unref();
    (this.#watchdog.stdin as unknown as { unref(): void }).unref();
  }

  /** Resolves when the line is in the kernel's hands: from then on the group dies with this process. */
  async add(pid: number): Promise<void> {
    await this.#tell(`+${pid}\n`);
  }

  async remove(pid: number): Promise<void> {
    await this.#tell(`-${pid}\n`);
  }

  /** Ends what is still registered and removes the paths; resolves when that is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#watchdog.exitCode !== null || this.#watchdog.signalCode !== null) return;
    const ended = once(this.#watchdog, 'exit');
    this.#watchdog.ref();
    this.#watchdog.stdin?.end();
    await ended;
  }

  #tell(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#watchdog.stdin?.write(line, (error) => (error ? reject(error) : resolve()));
    });
  }
}
