import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ProcessGuard } from '../../src/demo/process-guard.ts';
import { ensureTools } from '../../src/demo/tools.ts';

const run = promisify(execFile);

/**
 * A real OCI registry on loopback, which clients of go-containerregistry, Crossplane among them, speak plain HTTP with, and
 * packages as Crossplane's own command line builds and pushes them. Keeps all of it in memory.
 */
export class PackageRegistry implements AsyncDisposable {
  /** `127.0.0.1:1234`: Crossplane 2 takes no host without a dot. */
  readonly host: string;
  readonly #dir: string;
  readonly #crank: string;
  readonly #child: ChildProcess;
  readonly #guard: ProcessGuard;

  private constructor(host: string, dir: string, crank: string, child: ChildProcess, guard: ProcessGuard) {
    this.host = host;
    this.#dir = dir;
    this.#crank = crank;
    this.#child = child;
    this.#guard = guard;
  }

  /** The command line of the release that is to read the packages: it drops what it does not know itself. */
  static async start(release: '1' | '2' = '1'): Promise<PackageRegistry> {
    const releases = { crossplane: release };
    const tools = await ensureTools(['crank', 'oci-registry'], () => undefined, releases);
    const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-packages-'));
    const guard = new ProcessGuard([dir]);
    const child = spawn(tools['oci-registry'], ['-port=0'], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await guard.add(child.pid ?? 0);
    const port = await portOf(child);
    return new PackageRegistry(`127.0.0.1:${port}`, dir, tools.crank, child, guard);
  }

  /** Builds a package of these files (`crossplane.yaml` and any others) and pushes it; returns its reference. */
  async push(repository: string, tag: string, files: Readonly<Record<string, string>>): Promise<string> {
    const root = path.join(this.#dir, repository.replaceAll('/', '-'), tag);
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(root, name)), { recursive: true });
      await writeFile(path.join(root, name), text);
    }
    const file = path.join(this.#dir, `${repository.replaceAll('/', '-')}-${tag}.xpkg`);
    const reference = `${this.host}/${repository}:${tag}`;
    // Its settings and credentials are looked for below HOME.
    const env = { ...process.env, HOME: this.#dir };
    await run(this.#crank, ['xpkg', 'build', `--package-root=${root}`, `--package-file=${file}`], { env });
    await run(this.#crank, ['xpkg', 'push', `--package-files=${file}`, reference], { env });
    return reference;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#guard[Symbol.asyncDispose]();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  if (!child.stderr) throw new Error('the registry has no output');
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /serving on port (\d+)/.exec(line)?.[1];
    if (port) {
      child.stderr.resume();
      return Number(port);
    }
  }
  throw new Error('the registry ended before it listened');
}
