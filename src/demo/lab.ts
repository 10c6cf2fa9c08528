import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ConnectorError } from '../base/errors.ts';
import { installCrossplane } from './crossplane.ts';
import { LabCluster } from './lab-cluster.ts';
import { ProcessGuard } from './process-guard.ts';
import type { KubernetesRelease, Releases } from './tool-catalog.ts';
import { crossplaneManifests, ensureTools, type Progress, type ToolPaths } from './tools.ts';

export interface LabOptions {
  /** Receives one line per step. */
  log: Progress;
  /**
   * Folder of the lab, made if need be; `log/` in it stays when the lab ends. Left out: a temporary folder that goes with
   * the lab, logs included.
   */
  dir?: string;
  /** Clusters to start with; the first two when left out. `reference` has no Crossplane: its answers are compared with. */
  clusters?: readonly ('app' | 'control-plane' | 'reference')[];
  /** Crossplane in the control plane; true when left out. */
  crossplane?: boolean;
  /** Address that the API servers listen on; 127.0.0.1 when left out. */
  address?: string;
  /** Releases of Kubernetes by the names of clusters, where they are not the one that is used everywhere. */
  kubernetes?: Readonly<Record<string, KubernetesRelease | undefined>>;
  /** Further flags of kube-apiserver by the names of clusters, such as those of an audit log. */
  apiServerFlags?: Readonly<Record<string, readonly string[] | undefined>>;
  /** Release of Crossplane; the one that has claims only when left out. */
  crossplaneRelease?: Releases['crossplane'];
  /** Further flags of its controllers, such as those of alpha features. */
  crossplaneFlags?: readonly string[];
}

/** What another process has to know about a running lab. */
export interface LabFacts {
  dir: string;
  logDir: string;
  /** Keys: `app`, `control-plane`, `reference`, and further clusters by their names. */
  clusters: Record<string, { name: string; kubeconfig: string; server: string; port: number }>;
}

/** What a cluster is made of. */
export const clusterTools = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;
type ClusterTools = Pick<ToolPaths, (typeof clusterTools)[number]>;
/** Revisions of the first cluster at its start, so that it has a history that is compacted. */
const firstRevision = 500;
/** Revisions that lie between the starts of two clusters. */
const revisionGap = 4_000;

/**
 * Clusters of real components on one machine, without containers. Everything ends with `stop()`, and with this process
 * however it dies.
 */
export class Lab implements AsyncDisposable {
  readonly dir: string;
  readonly logDir: string;
  readonly guard: ProcessGuard;
  readonly #options: LabOptions;
  readonly #clusters = new Map<string, LabCluster>();
  #started = 0;

  private constructor(dir: string, options: LabOptions) {
    this.dir = dir;
    this.logDir = path.join(dir, 'log');
    this.#options = options;
    this.guard = new ProcessGuard(options.dir ? [this.#dataDir, this.factsFile] : [dir]);
  }

  /** A lab without clusters yet. */
  static async open(options: LabOptions): Promise<Lab> {
    const dir = options.dir
      ? path.resolve(options.dir)
      : await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-lab-'));
    const lab = new Lab(dir, options);
    await mkdir(lab.logDir, { recursive: true });
    await mkdir(lab.#dataDir, { recursive: true, mode: 0o700 });
    return lab;
  }

  get #dataDir(): string {
    return path.join(this.dir, 'data');
  }

  /** Where `writeFacts` puts them. */
  get factsFile(): string {
    return path.join(this.dir, 'lab.json');
  }

  get app(): LabCluster {
    return this.cluster('app');
  }

  get controlPlane(): LabCluster {
    return this.cluster('control-plane');
  }

  cluster(name: string): LabCluster {
    const cluster = this.#clusters.get(name);
    if (!cluster) throw new ConnectorError('lab-unknown-cluster', `the lab has no cluster ${name}`);
    return cluster;
  }

  /** Starts a further cluster: another app cluster, or one to compare answers with. Resolves when its controllers work. */
  async addCluster(name: string): Promise<LabCluster> {
    const tools = await this.#toolsOf(name);
    const started = Date.now();
    const cluster = await LabCluster.start({
      name,
      dataDir: path.join(this.#dataDir, name),
      logDir: this.logDir,
      kubeconfig: path.join(this.#dataDir, `${name}.kubeconfig`),
      tools,
      guard: this.guard,
      address: this.#options.address ?? '127.0.0.1',
      startingRevision: firstRevision + this.#started++ * revisionGap,
      apiServerFlags: this.#options.apiServerFlags?.[name] ?? [],
    });
    this.#clusters.set(name, cluster);
    await cluster.controllersWork();
    this.#options.log(`cluster ${name} is up after ${seconds(started)}: ${cluster.server}`);
    return cluster;
  }

  /** Those of the cluster's release. */
  #toolsOf(cluster: string): Promise<ClusterTools> {
    const { log, kubernetes } = this.#options;
    return ensureTools(clusterTools, log, { kubernetes: kubernetes?.[cluster] });
  }

  async installCrossplane(cluster: LabCluster): Promise<void> {
    const releases = { crossplane: this.#options.crossplaneRelease };
    const { crossplane } = await ensureTools(['crossplane'], this.#options.log, releases);
    const manifests = await crossplaneManifests(releases);
    const started = Date.now();
    await installCrossplane(cluster, {
      binary: crossplane,
      manifests,
      dataDir: path.join(this.#dataDir, `${cluster.name}-crossplane`),
      flags: this.#options.crossplaneFlags ?? [],
    });
    this.#options.log(`Crossplane runs in ${cluster.name} after ${seconds(started)}`);
  }

  facts(): LabFacts {
    const clusters: LabFacts['clusters'] = {};
    for (const { name, kubeconfig, server, port } of this.#clusters.values()) {
      clusters[name] = { name, kubeconfig, server, port };
    }
    return { dir: this.dir, logDir: this.logDir, clusters };
  }

  async writeFacts(): Promise<void> {
    await writeFile(this.factsFile, JSON.stringify(this.facts(), undefined, 2));
  }

  /** Kills every process and removes the data. Never throws for a component that has died before. */
  async stop(): Promise<void> {
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.disconnect()));
    await this.guard[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts the clusters side by side. Throws ConnectorError, with the end of the log, when a component does not come up. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const names = options.clusters ?? ['app', 'control-plane'];
  const crossplane = names.includes('control-plane') && options.crossplane !== false;
  // Before the first process, so that a long build does not keep half a lab waiting.
  for (const name of names)
    await ensureTools(clusterTools, options.log, { kubernetes: options.kubernetes?.[name] });
  if (crossplane) await ensureTools(['crossplane'], options.log, { crossplane: options.crossplaneRelease });
  const lab = await Lab.open(options);
  try {
    const starts = names.map(async (name) => {
      const cluster = await lab.addCluster(name);
      if (crossplane && name === 'control-plane') await lab.installCrossplane(cluster);
    });
    await Promise.all(starts);
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
