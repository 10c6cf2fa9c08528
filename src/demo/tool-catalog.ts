import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ConnectorError } from '../base/errors.ts';

export type ToolName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'helm'
  | 'crossplane'
  | 'crank'
  | 'oci-registry';

/** How one tool is found ready-made, and how it is built from its pinned Go module otherwise. */
export interface Tool {
  name: ToolName;
  /** Folder below `tools/` with the go.mod and go.sum of the build. */
  folder: string;
  /** What the folder of its builds in the cache is called, in front of the version. */
  cache: string;
  /** The module whose required version is the tool's version. */
  module: string;
  /** The main package inside that module. */
  package: string;
  /** Linker flags beside `-s -w`, for the version that go.mod requires (`v1.34.4`). */
  stamp: (version: string) => string;
  /**
   * Arguments that make a ready-made binary print its version, and the versions that will do. Absent: only the folder
   * in KUBEBUILDER_ASSETS is asked, since another program of the same name is common on PATH.
   */
  readyMade: { args: string[]; accepts: (output: string) => boolean; onPath: boolean };
}

/**
 * Releases beside the ones that are used everywhere (`1.34` and `1`): for tests of other versions, and built only when they
 * are asked for. Keys are what `LabOptions` take, values are folders below `tools/`.
 */
const kubernetesFolders = { '1.30': 'kubernetes-1.30', '1.34': 'kubernetes', '1.36': 'kubernetes-1.36' };
const crossplaneFolders = { '1': 'crossplane', '2': 'crossplane-v2' };

export type KubernetesRelease = keyof typeof kubernetesFolders;
type CrossplaneRelease = keyof typeof crossplaneFolders;
export const kubernetesReleases = Object.keys(kubernetesFolders) as KubernetesRelease[];

/** Which release of a tool is meant; the one that is used everywhere when left out. */
export interface Releases {
  kubernetes?: KubernetesRelease | undefined;
  crossplane?: CrossplaneRelease | undefined;
}

/** `tools/` of the checkout, from `src/demo` as from `dist/demo`. */
export const toolsFolder = path.resolve(import.meta.dirname, '../../tools');

const kubernetes = {
  folder: 'kubernetes',
  cache: 'kubernetes',
  module: 'k8s.io/kubernetes',
  // Without a version kubectl warns about skew, and a chart's kubeVersion refuses.
  stamp: (version: string) => {
    const [major, minor] = version.replace(/^v/, '').split('.');
    return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
      .map((pkg) => `-X ${pkg}.gitVersion=${version} -X ${pkg}.gitMajor=${major} -X ${pkg}.gitMinor=${minor}`)
      .join(' ');
  },
  readyMade: { args: ['--version'], accepts: (output: string) => atLeast(output, 1, 30), onPath: true },
};

export const tools: readonly Tool[] = [
  {
    name: 'etcd',
    folder: 'etcd',
    cache: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    package: 'go.etcd.io/etcd/server/v3',
    stamp: () => '',
    readyMade: { args: ['--version'], accepts: (output) => atLeast(output, 3, 5), onPath: true },
  },
  { ...kubernetes, name: 'kube-apiserver', package: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  {
    ...kubernetes,
    name: 'kube-controller-manager',
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
  },
  {
    name: 'helm',
    folder: 'helm',
    cache: 'helm',
    module: 'helm.sh/helm/v3',
    package: 'helm.sh/helm/v3/cmd/helm',
    // Without the Kubernetes version `helm template` takes 1.20 for the cluster's, and charts refuse it.
    stamp: (version) =>
      `-X helm.sh/helm/v3/internal/version.version=${version} -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34`,
    readyMade: { args: ['version', '--short'], accepts: (output) => /^v3\./m.test(output), onPath: true },
  },
  {
    name: 'crossplane',
    folder: 'crossplane',
    cache: 'crossplane',
    module: 'github.com/crossplane/crossplane',
    package: 'github.com/crossplane/crossplane/cmd/crossplane',
    stamp: (version) => `-X github.com/crossplane/crossplane/internal/version.version=${version}`,
    // The `crossplane` of a PATH is the command line, not the controllers.
    readyMade: { args: ['--version'], accepts: (output) => /v1\./.test(output), onPath: false },
  },
  {
    // Crossplane's command line, by the name of its sources: `crossplane` are the controllers here. Builds and pushes packages.
    name: 'crank',
    folder: 'crossplane',
    cache: 'crossplane',
    module: 'github.com/crossplane/crossplane',
    package: 'github.com/crossplane/crossplane/cmd/crank',
    stamp: (version) => `-X github.com/crossplane/crossplane/internal/version.version=${version}`,
    readyMade: { args: ['version', '--client'], accepts: (output) => /v1\./.test(output), onPath: false },
  },
  {
    // Keeps what is pushed in memory, and speaks the distribution protocol on loopback.
    name: 'oci-registry',
    folder: 'registry',
    cache: 'go-containerregistry',
    module: 'github.com/google/go-containerregistry',
    package: 'github.com/google/go-containerregistry/cmd/registry',
    stamp: () => '',
    readyMade: { args: [], accepts: () => false, onPath: false },
  },
];

/** A tool of a release. Throws ConnectorError `tool-unknown`. */
export function toolOf(name: string, releases: Releases = {}): Tool {
  const tool = standardTool(name);
  const { kubernetes: minor = '1.34', crossplane: major = '1' } = releases;
  if (tool.cache === 'kubernetes' && minor !== '1.34') return kubernetesTool(tool, minor);
  return tool.cache === 'crossplane' && major === '2' ? crossplane2(tool) : tool;
}

/** A ready-made one has to be of the very release: it is asked for because of what it does otherwise. */
function kubernetesTool(tool: Tool, minor: KubernetesRelease): Tool {
  const accepts = (output: string): boolean => output.includes(` v${minor}.`);
  return { ...tool, folder: kubernetesFolders[minor], readyMade: { ...tool.readyMade, accepts } };
}

function crossplane2(tool: Tool): Tool {
  const module = `${tool.module}/v2`;
  return {
    ...tool,
    folder: crossplaneFolders['2'],
    module,
    package: tool.package.replace(tool.module, module),
    stamp: (version) => `-X ${module}/internal/version.version=${version}`,
    readyMade: { ...tool.readyMade, accepts: (output) => /v2\./.test(output) },
  };
}

function standardTool(name: string): Tool {
  const tool = tools.find((candidate) => candidate.name === name);
  if (!tool) {
    throw new ConnectorError(
      'tool-unknown',
      `no tool is called ${name}; there are: ${tools.map((known) => known.name).join(', ')}`,
    );
  }
  return tool;
}

/** The version that the tool's go.mod pins, such as `v3.6.8`. */
export async function pinnedVersion(tool: Tool): Promise<string> {
  const goMod = await readFile(path.join(toolsFolder, tool.folder, 'go.mod'), 'utf8');
  return requiredVersion(goMod, tool.module);
}

/** The version that a go.mod requires of a module. Throws when it requires none. */
export function requiredVersion(goMod: string, module: string): string {
  for (const line of goMod.split('\n')) {
    const [name, version] = line
      .trim()
      .replace(/^require\s+/, '')
      .split(/\s+/);
    if (name === module && version?.startsWith('v')) return version;
  }
  throw new Error(`go.mod requires no version of ${module}`);
}

/** True when the first `major.minor` in a program's version output is at least the one given. */
export function atLeast(output: string, major: number, minor: number): boolean {
  const found = /v?(\d+)\.(\d+)/.exec(output);
  if (!found) return false;
  return Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor);
}
