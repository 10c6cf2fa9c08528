import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describeError } from '../../src/base/errors.ts';
import { toolsFolder } from '../../src/demo/tool-catalog.ts';

const run = promisify(execFile);
const goFolder = path.join(import.meta.dirname, 'go');

/** The client-go program, built with Go from the sources beside this file; kept for runs of the same sources. */
export function goClient(): Promise<string> {
  return goProgram('go-client', goFolder);
}

/** What says how Argo CD and Flux judge objects, built with Go from `tools/gitops`; kept for runs of the same sources. */
export function gitopsJudge(): Promise<string> {
  return goProgram('gitops', path.join(toolsFolder, 'gitops'));
}

/** By module, where in it the CRD is that an example is an object of. */
const gitopsCrdFiles = {
  'github.com/argoproj/argo-cd/v3': 'manifests/crds/application-crd.yaml',
  'github.com/fluxcd/helm-controller': 'config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml',
  'github.com/fluxcd/kustomize-controller':
    'config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml',
  'github.com/fluxcd/source-controller': 'config/crd/bases/source.toolkit.fluxcd.io_helmrepositories.yaml',
};

/** The folder with the CRDs of Argo CD and Flux, as the modules of `tools/gitops-crds` have them. */
export async function gitopsCrds(): Promise<string> {
  const folder = path.join(toolsFolder, 'gitops-crds');
  const sources = [path.join(folder, 'go.mod'), path.join(folder, 'go.sum'), import.meta.filename];
  return await kept('gitops-crds', sources, async (target) => {
    await mkdir(target);
    for (const [module, file] of Object.entries(gitopsCrdFiles)) {
      const dir = await goModule(folder, module);
      await copyFile(path.join(dir, file), path.join(target, path.basename(file)));
    }
  });
}

/** Modules of Crossplane by which end of the releases they are that the agent gateway is for. */
const crossplaneModules = {
  oldest: 'github.com/crossplane/crossplane',
  newest: 'github.com/crossplane/crossplane/v2',
};

/** The folder with the CRDs of one release, as a module of `tools/crossplane-crds` has them. */
export async function crossplaneCrds(release: keyof typeof crossplaneModules): Promise<string> {
  const folder = path.join(toolsFolder, 'crossplane-crds');
  const sources = [path.join(folder, 'go.mod'), path.join(folder, 'go.sum'), import.meta.filename];
  return await kept(`crossplane-crds-${release}`, sources, async (target) => {
    await mkdir(target);
    const crds = path.join(await goModule(folder, crossplaneModules[release]), 'cluster/crds');
    for (const file of await readdir(crds)) await copyFile(path.join(crds, file), path.join(target, file));
  });
}

/** Where the sources of a module are, in the version that the go.mod of a folder requires. */
async function goModule(folder: string, module: string): Promise<string> {
  return await attempt(`read ${module}: it needs Go 1.26 and the Go module proxy`, async () => {
    const env = { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' };
    const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd: folder, env });
    return (JSON.parse(stdout) as { Dir: string }).Dir;
  });
}

async function goProgram(name: string, folder: string): Promise<string> {
  const sources = (await readdir(folder)).toSorted().map((file) => path.join(folder, file));
  return await kept(name, sources, async (target) => {
    await attempt(`build the program ${name}: it needs Go 1.26 and the Go module proxy`, async () => {
      await run('go', ['build', '-trimpath', '-ldflags=-s -w', '-mod=readonly', '-o', target, '.'], {
        cwd: folder,
        env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      });
    });
  });
}

/** Python with the client library of `<folder>/requirements.txt`, in a virtual environment of its own; kept while those are the same. */
export async function pythonWithClient(clients: 'python' | 'python-agent' = 'python'): Promise<string> {
  const requirements = path.join(import.meta.dirname, clients, 'requirements.txt');
  const folder = await kept(clients, [requirements], async (target) => {
    await attempt(
      'set up the Python client: it needs Python 3 with venv, and the package index',
      async () => {
        await run('python3', ['-m', 'venv', target]);
        const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
        const exactly = ['--require-hashes', '--only-binary=:all:', '--requirement', requirements];
        await run(path.join(target, 'bin/python'), [...install, ...exactly]);
      },
    );
  });
  return path.join(folder, 'bin/python');
}

/** Makes a file or folder below the cache, named after what it is made of, unless it is there. Two makers at once do no harm. */
async function kept(
  name: string,
  sources: readonly string[],
  make: (target: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of sources) hash.update(`${path.basename(file)}\n`).update(await readFile(file));
  const cache = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  const folder = path.join(cache, 'mcp-connector', 'test-clients');
  const target = path.join(folder, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (await isThere(target)) return target;
  await mkdir(folder, { recursive: true });
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    await make(temporary);
    // Another process may have been faster; what it made is as good.
    await rename(temporary, target).catch(async (error: unknown) => {
      if (!(await isThere(target))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return target;
}

async function attempt<T>(what: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (cause) {
    throw new Error(`cannot ${what} (${describeError(cause)})`, { cause });
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
