import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { toolOf } from '../../../src/demo/tool-catalog.ts';
import { findTool } from '../../../src/demo/tools.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-tools-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** A program that prints a version, whatever it is asked. */
async function program(folder: string, name: string, version: string): Promise<string> {
  const file = path.join(dir, folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho "${version}"\n`);
  await chmod(file, 0o755);
  return file;
}

function environment(folders: { assets?: string; path?: string }): NodeJS.ProcessEnv {
  return {
    XDG_CACHE_HOME: path.join(dir, 'cache'),
    PATH: path.join(dir, folders.path ?? 'nothing'),
    ...(folders.assets ? { KUBEBUILDER_ASSETS: path.join(dir, folders.assets) } : {}),
  };
}

describe('findTool', () => {
  const apiServer = toolOf('kube-apiserver');

  it('prefers the folder of KUBEBUILDER_ASSETS to PATH', async () => {
    const file = await program('assets', 'kube-apiserver', 'Kubernetes v1.31.0');
    await program('path', 'kube-apiserver', 'Kubernetes v1.34.4');
    expect(await findTool(apiServer, environment({ assets: 'assets', path: 'path' }))).toBe(file);
  });

  it('takes one from PATH that is new enough', async () => {
    const file = await program('path', 'kube-apiserver', 'Kubernetes v1.30.2');
    expect(await findTool(apiServer, environment({ path: 'path' }))).toBe(file);
  });

  it('refuses one that is too old', async () => {
    await program('path', 'kube-apiserver', 'Kubernetes v1.29.9');
    expect(await findTool(apiServer, environment({ path: 'path' }))).toBeUndefined();
  });

  it('refuses Helm 4, whose flags differ', async () => {
    await program('path', 'helm', 'v4.0.1+g12500dd');
    expect(await findTool(toolOf('helm'), environment({ path: 'path' }))).toBeUndefined();
  });

  it('does not take the command line of Crossplane on PATH for its controllers', async () => {
    await program('path', 'crossplane', 'v1.20.0');
    expect(await findTool(toolOf('crossplane'), environment({ path: 'path' }))).toBeUndefined();
  });

  it('takes what was built into the cache before', async () => {
    const file = await program('cache/mcp-connector/tools/kubernetes-v1.34.4', 'kube-apiserver', '');
    expect(await findTool(apiServer, environment({}))).toBe(file);
  });
});
