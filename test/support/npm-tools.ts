import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describeError } from '../../src/base/errors.ts';
import { toolsFolder } from '../../src/demo/tool-catalog.ts';

const run = promisify(execFile);

/**
 * The folder with what `tools/<name>/package-lock.json` pins, in its node_modules: large things that only a few tests need. Installed
 * once below the cache, without running any script of a package. Two callers at once do no harm.
 */
export async function npmTools(name: string, finish?: (folder: string) => Promise<void>): Promise<string> {
  const source = path.join(toolsFolder, name);
  const files = ['package.json', 'package-lock.json'];
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(path.join(source, file)));
  const cache = path.join(
    process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'),
    'mcp-connector',
  );
  const target = path.join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (await isThere(target)) return target;
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    for (const file of files) await copyFile(path.join(source, file), path.join(temporary, file));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress'], {
      cwd: temporary,
    });
    await finish?.(temporary);
    // Another process may have been faster; what it made is as good.
    await rename(temporary, target).catch(async (error: unknown) => {
      if (!(await isThere(target))) throw error;
    });
  } catch (cause) {
    throw new Error(`cannot install tools/${name}: it needs npm and its registry (${describeError(cause)})`, {
      cause,
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return target;
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
