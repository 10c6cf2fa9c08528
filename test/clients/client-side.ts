import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from '../support/lab.ts';
import { Transcript } from './transcript.ts';

export interface RunOptions {
  /** Goes to stdin. */
  input?: string;
  env?: Record<string, string>;
  /** The exit code that is expected; 0 when left out. */
  code?: number;
  /** What the transcript says instead of the command: for one whose arguments are long or differ by side. */
  shownAs?: string;
  /** In an order that is nobody's promise: lines are sorted. */
  sorted?: boolean;
  /** Needed, and not compared. */
  silent?: boolean;
  /** What it says on standard error is a log, and not compared. */
  logs?: boolean;
}

const longestRunMs = 60_000;

/** One of the two clusters as a person's tools see it, with the transcript of everything they said. */
export class ClientSide {
  readonly name: 'connector' | 'reference';
  readonly group: string;
  readonly namespace: string;
  readonly kubeconfig: string;
  readonly dir: string;
  transcript: Transcript;

  private constructor(name: ClientSide['name'], place: { group: string; namespace: string; dir: string }) {
    this.name = name;
    this.group = place.group;
    this.namespace = place.namespace;
    this.dir = place.dir;
    this.kubeconfig = path.join(place.dir, 'kubeconfig');
    this.transcript = new Transcript(place.dir);
  }

  /** `dir` is made; the tools keep their caches and temporary files in it. The namespace becomes that of the kubeconfig. */
  static async open(
    name: ClientSide['name'],
    kubeconfig: string,
    place: { group: string; namespace: string; dir: string },
  ): Promise<ClientSide> {
    await mkdir(place.dir, { recursive: true });
    const side = new ClientSide(name, place);
    await cp(kubeconfig, side.kubeconfig);
    await side.kubectl(`config set-context --current --namespace=${place.namespace}`, { silent: true });
    return side;
  }

  /** Arguments that hold no space; `GROUP` stands for the API group. */
  async kubectl(args: string | readonly string[], options: RunOptions = {}): Promise<string> {
    const words = (typeof args === 'string' ? args.split(' ') : args).map((word) => this.filled(word));
    return await this.run('kubectl', words, options);
  }

  /** A manifest in a file, where `GROUP` stands for the API group; gives the path of the file. */
  async file(name: string, manifest: string): Promise<string> {
    const file = path.join(this.dir, name);
    await writeFile(file, this.filled(manifest));
    return file;
  }

  filled(manifest: string): string {
    return manifest.replaceAll('GROUP', this.group);
  }

  /** Runs a program to its end and notes what it said; gives its standard output. Throws on an exit code that was not expected. */
  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const child = spawn(program, args, {
      env: this.#env(options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: longestRunMs,
    });
    // A program may end without having read it all.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input === undefined ? '' : this.filled(options.input));
    const [said, complained, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    const command = options.shownAs ?? [path.basename(program), ...args].join(' ');
    if (code !== (options.code ?? 0))
      throw new Error(`${this.name}: ${command}: exit code ${code}\n${said}${complained}`);
    if (!options.silent)
      this.transcript.note({
        command,
        said,
        complained: options.logs ? '' : complained,
        isSorted: options.sorted ?? false,
      });
    return said;
  }

  /** A program that goes on printing while `during` runs, until it has printed `lines` lines; what it printed is noted. */
  async runDuring(
    program: string,
    args: readonly string[],
    { lines, ready, during }: { lines: number; ready: number; during: () => Promise<void> },
  ): Promise<void> {
    const child = spawn(
      program,
      args.map((word) => this.filled(word)),
      {
        env: this.#env(),
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: longestRunMs,
      },
    );
    let said = '';
    let complained = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complained += chunk));
    const closed = once(child, 'close');
    const printed = (count: number): Promise<void> =>
      eventually(() => {
        const found = said.split('\n').length - 1;
        if (found < count) throw new Error(`${this.name}: ${found} of ${count} lines:\n${said}${complained}`);
      });
    try {
      await printed(ready);
      await during();
      await printed(lines);
    } finally {
      child.kill('SIGTERM');
      await closed;
    }
    this.transcript.note({ command: [program, ...args].join(' '), said, complained, isSorted: false });
  }

  #env(more: Record<string, string> = {}): NodeJS.ProcessEnv {
    return {
      ...process.env,
      KUBECONFIG: this.kubeconfig,
      KUBECACHEDIR: path.join(this.dir, 'cache'),
      TMPDIR: this.dir,
      HELM_CACHE_HOME: path.join(this.dir, 'helm-cache'),
      HELM_CONFIG_HOME: path.join(this.dir, 'helm-config'),
      HELM_DATA_HOME: path.join(this.dir, 'helm-data'),
      ...more,
    };
  }
}
