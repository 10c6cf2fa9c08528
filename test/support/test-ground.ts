import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { APIService, KubeObject } from '../../src/apimachinery/objects.ts';
import { apiServicePath, namespacePath } from '../../src/clusters/api-paths.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { isNotFound, KubeClient } from '../../src/clusters/kube-client.ts';
import { Transport } from '../../src/clusters/transport.ts';
import type { Lab } from '../../src/demo/lab.ts';
import type { CommandResult, KubectlOptions } from '../../src/demo/kubectl.ts';
import { type ApiAnswer, type ApiRequest, askApi } from './api-request.ts';
import {
  eventually,
  kubectl,
  sharedLab,
  startConnector,
  type TestConnector,
  type TestConnectorOptions,
} from './lab.ts';
import {
  type ClaimApi,
  deleteClaims,
  deleteIfThere,
  offerApi,
  withdrawApi,
  xrdsBelow,
} from './platform-api.ts';
import type { SharedLab } from './shared-lab.ts';

const releaseLabel = 'mcp-connector-k8s.io/release';
/** On a namespace: whose it is. The name of one ground may be the beginning of another's. */
const groundLabel = 'test.mcp-connector.example.org/ground';
const discoveryAccept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface DiscoveredGroup {
  metadata: { name: string };
  versions: {
    version: string;
    freshness?: string;
    resources?: { resource: string; categories?: string[] }[];
  }[];
}

/** A cluster of the lab as a test uses it: by kubectl, by HTTP, and by the client of the sources. */
export class GroundCluster {
  readonly kubeconfig: string;
  readonly client: KubeClient;
  readonly #labels: Record<string, string>;

  /**
   * `kubeconfig` has to be a file of the test's own: kubectl keeps its discovery beside it. `ground` is written on the
   * namespaces that are created here.
   */
  constructor(kubeconfig: string, ground?: string) {
    this.kubeconfig = kubeconfig;
    this.#labels = ground === undefined ? {} : { [groundLabel]: ground };
    this.client = new KubeClient(new Transport(accessFromFile(kubeconfig)), 'mcp-connector-test');
  }

  /** An exit code other than 0 is a result. */
  kubectl(args: string, options: KubectlOptions = {}): Promise<CommandResult> {
    return kubectl(this, args.split(' '), options);
  }

  /** What kubectl prints. Throws what it says on standard error. */
  async run(args: string, input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(args, input === undefined ? {} : { input });
    if (code !== 0) throw new Error(`kubectl ${args}: exit code ${code}: ${stderr.trim()}`);
    return stdout.trim();
  }

  ask(pathname: string, options: ApiRequest = {}): Promise<ApiAnswer> {
    return askApi(this, pathname, options);
  }

  async createNamespace(name: string): Promise<KubeObject> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: this.#labels } };
    return await this.client.create<KubeObject>(namespacePath(), body);
  }

  /** The resources of a group and version in the discovery that kubectl reads; undefined while there is no such version. */
  async discovered(group: string, version: string): Promise<string[] | undefined> {
    const { items } = await this.client.get<{ items: DiscoveredGroup[] }>('/apis', {
      accept: discoveryAccept,
    });
    const found = items
      .find(({ metadata }) => metadata.name === group)
      ?.versions.find((candidate) => candidate.version === version && candidate.freshness !== 'Stale');
    return found?.resources?.map(({ resource }) => resource);
  }

  async uidOfKubeSystem(): Promise<string> {
    return (await this.client.get<KubeObject>(namespacePath('kube-system'))).metadata.uid as string;
  }

  async close(): Promise<void> {
    await this.client.transport[Symbol.asyncDispose]();
  }
}

/**
 * What one test file has of the shared lab, so that files run side by side: an API group, a claim namespace on the control
 * plane, namespaces in the app cluster and connectors of one release. `remove` leaves nothing behind, and `prepare`
 * removes what a killed run left.
 */
export class TestGround {
  /** Of the test file, and of the release: a DNS label. */
  readonly name: string;
  readonly group: string;
  readonly claimNamespace: string;
  /** Of the connector, in the app cluster. */
  readonly namespace: string;
  readonly app: GroundCluster;
  readonly controlPlane: GroundCluster;
  readonly #dir: string;
  readonly #logDir: string;
  readonly #connectors: TestConnector[] = [];
  readonly #furtherClusters: GroundCluster[] = [];

  private constructor(
    name: string,
    dir: string,
    logDir: string,
    app: GroundCluster,
    controlPlane: GroundCluster,
  ) {
    this.name = name;
    this.group = `${name}.test.example.org`;
    this.claimNamespace = `${name}-claims`;
    this.namespace = `${name}-connector`;
    this.#dir = dir;
    this.#logDir = path.join(logDir, name);
    this.app = app;
    this.controlPlane = controlPlane;
  }

  /** On a lab of the test's own where faults are caused in its clusters. */
  static async prepare(
    name: string,
    { app, controlPlane, logDir }: Pick<Lab, 'app' | 'controlPlane' | 'logDir'> | SharedLab = sharedLab(),
  ): Promise<TestGround> {
    const dir = await mkdtemp(path.join(os.tmpdir(), `mcp-connector-${name}-`));
    const ground = new TestGround(
      name,
      dir,
      logDir,
      await openCluster(dir, 'app', app, name),
      await openCluster(dir, 'control-plane', controlPlane, name),
    );
    // Logs stay after a run, and go before the next: tests read them.
    await rm(ground.#logDir, { recursive: true, force: true });
    await mkdir(ground.#logDir, { recursive: true });
    await ground.#sweep();
    await ground.#swept();
    await ground.controlPlane.createNamespace(ground.claimNamespace);
    await ground.app.createNamespace(ground.namespace);
    return ground;
  }

  /** A further app cluster, which goes with the lab of the caller. */
  async addAppCluster(name: string, cluster: { kubeconfig: string }): Promise<GroundCluster> {
    const added = await openCluster(this.#dir, name, cluster, this.name);
    this.#furtherClusters.push(added);
    await added.createNamespace(this.namespace);
    return added;
  }

  /** An API of this group (or a group below it), offered on the control plane. */
  async offer(api: Omit<ClaimApi, 'group'> & { group?: string }): Promise<ClaimApi> {
    const offered = { ...api, group: api.group ?? this.group };
    await offerApi(this.controlPlane.client, offered);
    return offered;
  }

  /** A namespace of the app cluster; its name begins with the test file's. */
  async createAppNamespace(suffix: string): Promise<string> {
    const name = `${this.name}-${suffix}`;
    await this.app.createNamespace(name);
    return name;
  }

  /** A connector of this ground's release, in its namespace, that serves its group only. */
  async startConnector(options: Partial<TestConnectorOptions> = {}): Promise<TestConnector> {
    const flags = [`--release-name=${this.name}`, `--namespace=${this.namespace}`];
    const connector = await startConnector({
      claimNamespace: this.claimNamespace,
      app: this.app,
      controlPlane: this.controlPlane,
      logDir: this.#logDir,
      ...options,
      flags: [...flags, ...(options.flags ?? [`--allow=*.${this.group}`])],
    });
    this.#connectors.push(connector);
    return connector;
  }

  /** Resolves when the app cluster lists the API and proxies to it. */
  async available({ group, plural, versions = ['v1'] }: ClaimApi, app = this.app): Promise<void> {
    await eventually(async () => {
      for (const version of versions) {
        if (!(await app.discovered(group, version))?.includes(plural))
          throw new Error(`${group}/${version} is not discovered with ${plural}`);
        await app.client.get(`/apis/${group}/${version}/${plural}?limit=1`);
      }
    });
  }

  /** The APIServices that this release has made. */
  async apiServices(): Promise<APIService[]> {
    const query = { labelSelector: `${releaseLabel}=${this.name}` };
    return (await this.app.client.get<{ items: APIService[] }>(apiServicePath(), { query })).items;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#connectors.map((connector) => connector.stop()));
    await this.#sweep();
    const clusters = [this.app, this.controlPlane, ...this.#furtherClusters];
    await Promise.all(clusters.map((cluster) => cluster.close()));
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** APIServices first: one without its connector keeps every namespace of the app cluster from going. */
  async #sweep(): Promise<void> {
    const { app, controlPlane } = this;
    const query = { labelSelector: `${releaseLabel}=${this.name}` };
    await app.client.delete(apiServicePath(), undefined, { query });
    for (const name of await this.#namespaces(app)) await deleteIfThere(app.client, namespacePath(name));
    const apis = await xrdsBelow(controlPlane.client, this.group);
    for (const name of await this.#namespaces(controlPlane)) {
      for (const api of apis) await deleteClaims(controlPlane.client, api, name);
      await deleteIfThere(controlPlane.client, namespacePath(name));
    }
    for (const api of apis) await withdrawApi(controlPlane.client, api);
  }

  async #swept(): Promise<void> {
    const left = async (): Promise<string[]> => [
      ...(await this.#namespaces(this.app)),
      ...(await this.#namespaces(this.controlPlane)),
      ...(await xrdsBelow(this.controlPlane.client, this.group)).map(({ plural }) => plural),
    ];
    await eventually(
      async () => {
        const names = await left();
        if (names.length > 0) throw new Error(`an earlier run has left ${names.join(', ')}`);
      },
      { timeoutMs: 90_000 },
    );
  }

  async #namespaces({ client }: GroundCluster): Promise<string[]> {
    const { items } = await client.get<{ items: KubeObject[] }>(namespacePath());
    return items
      .map(({ metadata }) => metadata)
      .filter(({ labels }) => (labels?.[groundLabel] ?? this.name) === this.name)
      .map(({ name }) => name)
      .filter((name) => name.startsWith(`${this.name}-`));
  }
}

/** With a kubeconfig of the test's own, so that kubectl's discovery cache is its own too. */
async function openCluster(
  dir: string,
  name: string,
  { kubeconfig }: { kubeconfig: string },
  ground: string,
): Promise<GroundCluster> {
  const file = path.join(dir, `${name}.kubeconfig`);
  await cp(kubeconfig, file);
  return new GroundCluster(file, ground);
}

/** True when nothing is at the path any more. */
export async function isGone(client: KubeClient, pathname: string): Promise<boolean> {
  try {
    await client.get(pathname);
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}
