import path from 'node:path';
import { freePort } from '../../src/demo/free-ports.ts';
import { ConnectorProcess } from '../../src/demo/connector-process.ts';
import type { ProcessGuard } from '../../src/demo/process-guard.ts';
import { leasePath } from '../../src/clusters/api-paths.ts';
import type { KubeClient } from '../../src/clusters/kube-client.ts';
import { eventually } from '../support/eventually.ts';
import { TcpBalancer } from '../support/tcp-balancer.ts';

export interface ReplicasOptions {
  app: { kubeconfig: string; client: KubeClient };
  release: string;
  namespace: string;
  claimNamespace: string;
  /** Of the app cluster, with the kubeconfig of the control plane. */
  secretName: string;
  flags: readonly string[];
  logDir: string;
  guard: ProcessGuard;
}

const count = 2;

/** The connectors of one release behind one address, as a Deployment and its Service have them. */
export class Replicas implements AsyncDisposable {
  readonly #options: ReplicasOptions;
  readonly #balancer: TcpBalancer;
  #processes: ConnectorProcess[] = [];
  #started = 0;

  private constructor(options: ReplicasOptions, balancer: TcpBalancer) {
    this.#options = options;
    this.#balancer = balancer;
  }

  static async start(options: ReplicasOptions): Promise<Replicas> {
    const replicas = new Replicas(options, await TcpBalancer.start(await freePort()));
    for (let at = 0; at < count; at++) await replicas.#add();
    await eventually(() => replicas.leader());
    return replicas;
  }

  /** Starts one more; resolves when connections go to it. */
  async #add(): Promise<ConnectorProcess> {
    const connector = await this.#launch();
    await this.#serves(connector);
    return connector;
  }

  async #launch(): Promise<ConnectorProcess> {
    const { app, release, namespace, claimNamespace, secretName, flags, logDir, guard } = this.#options;
    const name = `connector-${++this.#started}`;
    const connector = await ConnectorProcess.start({
      name,
      app: app.kubeconfig,
      // The Secret says where it is, as in a cluster.
      controlPlane: '',
      claimNamespace,
      flags: [
        `--release-name=${release}`,
        `--namespace=${namespace}`,
        `--control-plane-secret=${secretName}`,
        `--external-port=${this.#balancer.port}`,
        // As the chart has it, and for a balancer that looks at readiness five times a second.
        '--shutdown-delay-duration=2s',
        ...flags,
      ],
      env: { POD_NAME: name },
      logFile: path.join(logDir, `${name}.log`),
      guard,
    });
    this.#processes.push(connector);
    return connector;
  }

  async #serves(connector: ConnectorProcess): Promise<void> {
    await connector.ready();
    this.#balancer.add(connector.port);
    await eventually(() => {
      if (!this.#balancer.ready.includes(connector.port)) throw new Error(`${connector.name} is not ready`);
    });
  }

  /** The one that holds the Lease. Throws while none of those that run does. */
  async leader(): Promise<ConnectorProcess> {
    const { app, namespace, release } = this.#options;
    const { spec } = await app.client.get<{ spec: { holderIdentity?: string } }>(
      leasePath(namespace, release),
    );
    const found = this.#processes.find(({ name, pid }) => spec.holderIdentity === `${name}_${pid}`);
    if (!found) throw new Error(`the Lease is held by ${spec.holderIdentity}`);
    return found;
  }

  async follower(): Promise<ConnectorProcess> {
    const leader = await this.leader();
    const found = this.#processes.find((connector) => connector !== leader);
    if (!found) throw new Error('there is one replica only');
    return found;
  }

  /** SIGKILL; the balancer notices by itself, as endpoints do. */
  async kill(connector: ConnectorProcess): Promise<void> {
    await connector.kill();
    this.#forget(connector);
  }

  /** As many as there were. */
  async refill(): Promise<void> {
    while (this.#processes.length < count) await this.#add();
  }

  /** As a Deployment does it: a new one first, and SIGTERM to an old one when that is ready. Exit codes of the old ones. */
  async roll(): Promise<(number | null)[]> {
    const codes: (number | null)[] = [];
    for (const old of this.#processes.slice()) {
      await this.#add();
      codes.push(await old.stop());
      this.#forget(old);
    }
    return codes;
  }

  /** kill -9 of one after the other, each with a successor that is ready first. */
  async replaceByForce(): Promise<void> {
    for (const old of this.#processes.slice()) {
      await this.#add();
      await this.kill(old);
    }
  }

  /** SIGCONT to all: one that runs does not notice. */
  resume(): void {
    for (const connector of this.#processes) connector.resume();
  }

  #forget(connector: ConnectorProcess): void {
    this.#balancer.remove(connector.port);
    this.#processes = this.#processes.filter((other) => other !== connector);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((connector) => connector.stop()));
    await this.#balancer[Symbol.asyncDispose]();
  }
}
