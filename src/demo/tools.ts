import { execFile, spawn } from 'node:child_process';
import {
  access,
  constants,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ConnectorError, describeError } from '../base/errors.ts';
import {
  pinnedVersion,
  type Releases,
  type Tool,
  type ToolName,
  toolOf,
  toolsFolder,
} from './tool-catalog.ts';

const run = promisify(execFile);

/** A builder older than this has died without removing its lock. Milliseconds. */
const lockLifetimeMs = 30 * 60_000;
const progressEveryMs = 30_000;

export type Progress = (line: string) => void;

/** Paths of the tools asked for, by name. */
export type ToolPaths = Record<ToolName, string>;

/**
 * Finds each tool in the folder that KUBEBUILDER_ASSETS names, on PATH, or in the cache; builds what is missing from the
 * pinned Go modules. Two callers at once do no harm. Throws ConnectorError `tool-missing` or `tool-build-failed`.
 */
export async function ensureTools<N extends ToolName>(
  names: readonly N[],
  progress: Progress,
  releases: Releases = {},
): Promise<Pick<ToolPaths, N>> {
  const found = new Map<N, string>();
  const missing: N[] = [];
  for (const name of names) {
    const file = await findTool(toolOf(name, releases), process.env);
    if (file) found.set(name, file);
    else missing.push(name);
  }
  for (const [index, name] of missing.entries()) {
    found.set(
      name,
      await build(toolOf(name, releases), `${name} (${index + 1} of ${missing.length})`, progress),
    );
  }
  return Object.fromEntries(found) as Pick<ToolPaths, N>;
}

/** Those of the tools that would have to be built; each as `name version`. */
export async function missingTools(names: readonly ToolName[], releases: Releases = {}): Promise<string[]> {
  const missing: string[] = [];
  for (const name of names) {
    const tool = toolOf(name, releases);
    if (!(await findTool(tool, process.env))) missing.push(`${name} ${await pinnedVersion(tool)}`);
  }
  return missing;
}

/**
 * The manifests of Crossplane's module (folders `crds` and `webhookconfigurations`), copied beside the cached tools so
 * that they outlive a cleaned module cache.
 */
export async function crossplaneManifests(releases: Releases = {}): Promise<string> {
  const tool = toolOf('crossplane', releases);
  const target = path.join(await cacheFolder(tool), 'cluster');
  if (await exists(target)) return target;
  await go(['mod', 'download', tool.module], tool);
  const { stdout } = await go(['list', '-m', '-f', '{{.Dir}}', tool.module], tool);
  const temporary = `${target}.${process.pid}.tmp`;
  for (const folder of ['crds', 'webhookconfigurations']) {
    const source = path.join(stdout.trim(), 'cluster', folder);
    await mkdir(path.join(temporary, folder), { recursive: true });
    // File by file: folders of the module cache are read-only and would stay so as copies.
    for (const file of await readdir(source))
      await copyFile(path.join(source, file), path.join(temporary, folder, file));
  }
  // Another process may have been faster; its copy is as good.
  await rename(temporary, target).catch(() => rm(temporary, { recursive: true, force: true }));
  return target;
}

/** Path of a tool that is there and of a version that will do; undefined when it has to be built. */
export async function findTool(tool: Tool, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const assets = env['KUBEBUILDER_ASSETS'];
  const onPath = tool.readyMade.onPath ? (env['PATH'] ?? '').split(path.delimiter) : [];
  for (const folder of [...(assets ? [assets] : []), ...onPath]) {
    const file = path.resolve(folder, tool.name);
    if ((await isExecutable(file)) && (await acceptsVersion(tool, file))) return file;
  }
  const cached = path.join(await cacheFolder(tool, env), tool.name);
  return (await isExecutable(cached)) ? cached : undefined;
}

async function acceptsVersion(tool: Tool, file: string): Promise<boolean> {
  try {
    const { stdout, stderr } = await run(file, tool.readyMade.args, { timeout: 20_000 });
    return tool.readyMade.accepts(stdout + stderr);
  } catch {
    return false;
  }
}

/** `${XDG_CACHE_HOME:-~/.cache}/mcp-connector/tools/<cache>-<version>` */
async function cacheFolder(tool: Tool, env = process.env): Promise<string> {
  const cache = env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  return path.join(cache, 'mcp-connector', 'tools', `${tool.cache}-${await pinnedVersion(tool)}`);
}

async function build(tool: Tool, label: string, progress: Progress): Promise<string> {
  const version = await pinnedVersion(tool);
  const target = path.join(await cacheFolder(tool), tool.name);
  await mkdir(path.dirname(target), { recursive: true });
  await using held = new AsyncDisposableStack();
  held.use(await lock(`${target}.lock`, () => progress(`waiting for another process that builds ${label}`)));
  if (await isExecutable(target)) return target;
  const temporary = `${target}.${process.pid}.tmp`;
  const started = Date.now();
  const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  progress(`building ${label} ${version} from its Go module`);
  const ticker = setInterval(() => progress(`still building ${label}: ${seconds()}`), progressEveryMs);
  try {
    await go(
      ['build', '-trimpath', '-ldflags', `-s -w ${tool.stamp(version)}`, '-o', temporary, tool.package],
      tool,
    );
    await rename(temporary, target);
  } finally {
    clearInterval(ticker);
    await rm(temporary, { force: true });
  }
  progress(`built ${label} in ${seconds()}`);
  return target;
}

/** Runs Go in the tool's folder; `-mod=readonly` so that nothing is resolved beyond the committed go.mod and go.sum. */
async function go(args: string[], tool: Tool): Promise<{ stdout: string }> {
  const child = spawn('go', args, {
    cwd: path.join(toolsFolder, tool.folder),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((cause: unknown) => {
    throw new ConnectorError(
      'tool-missing',
      `${tool.name} has to be built and Go is not there (${describeError(cause)}): install Go 1.26 or later, ` +
        `or let KUBEBUILDER_ASSETS name a folder with ${tool.name}`,
      { cause },
    );
  });
  if (code !== 0) {
    const last = stderr.trim().split('\n').slice(-8).join('\n');
    throw new ConnectorError(
      'tool-build-failed',
      `go ${args[0]} for ${tool.name} failed (exit code ${code}):\n${last}`,
    );
  }
  return { stdout };
}

/** Holds a file that only one process can create; a lock whose owner is gone is taken over. */
async function lock(file: string, onWait: () => void): Promise<AsyncDisposable> {
  for (let waits = 0; ; waits++) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isStale(file)) await rm(file, { force: true });
    else {
      if (waits === 0) onWait();
      await delay(500);
    }
  }
}

async function isStale(file: string): Promise<boolean> {
  const info = await stat(file).catch(() => undefined);
  if (!info) return false;
  if (Date.now() - info.mtimeMs > lockLifetimeMs) return true;
  const owner = await readFile(file, 'utf8').catch(() => '');
  // Empty for the moment between its creation and its first byte.
  if (!owner) return false;
  try {
    process.kill(Number(owner), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
