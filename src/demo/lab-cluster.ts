import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConnectorError } from '../base/errors.ts';
import { namespacePath } from '../clusters/api-paths.ts';
import { accessFromFile } from '../clusters/cluster-access.ts';
import { KubeClient } from '../clusters/kube-client.ts';
import { Transport } from '../clusters/transport.ts';
import type { KeyPair } from '../controllers/certificates/certificate-authority.ts';
import { createSigningKey, LabAuthority, type Subject } from './certificates.ts';
import { Component } from './component.ts';
import { spendRevisions } from './etcd-revisions.ts';
import { freePorts } from './free-ports.ts';
import { apiServerArgs, controllerManagerArgs, etcdArgs } from './kubernetes-flags.ts';
import type { ProcessGuard } from './process-guard.ts';
import type { ToolPaths } from './tools.ts';

export interface LabClusterOptions {
  name: string;
  /** Folder of the cluster's data and certificates. */
  dataDir: string;
  logDir: string;
  /** Where the admin's kubeconfig is written. */
  kubeconfig: string;
  tools: Pick<ToolPaths, 'etcd' | 'kube-apiserver' | 'kube-controller-manager'>;
  guard: ProcessGuard;
  /** The address that kube-apiserver listens on and that stands in the kubeconfig; pods of a node cannot reach 127.0.0.1. */
  address: string;
  /** Writes to etcd before kube-apiserver starts: clusters with equal revisions hide a mixed-up resourceVersion. */
  startingRevision: number;
  /** Of kube-apiserver, beside those that every cluster has. */
  apiServerFlags: readonly string[];
}

/** One cluster without nodes: etcd, kube-apiserver and kube-controller-manager, each a process of this machine. */
export class LabCluster {
  readonly name: string;
  /** Path of a kubeconfig with a client certificate in group system:masters. */
  readonly kubeconfig: string;
  readonly port: number;
  /** `https://<address>:<port>` */
  readonly server: string;
  /** The CA behind its certificates, serving and client. */
  readonly authority: LabAuthority;
  readonly #options: LabClusterOptions;
  readonly #components = new Map<string, Component>();
  #client: KubeClient | undefined;

  private constructor(options: LabClusterOptions, authority: LabAuthority, port: number) {
    this.#options = options;
    this.name = options.name;
    this.kubeconfig = options.kubeconfig;
    this.authority = authority;
    this.port = port;
    this.server = `https://${options.address}:${port}`;
  }

  static async start(options: LabClusterOptions): Promise<LabCluster> {
    const { dataDir, address, tools } = options;
    await mkdir(dataDir, { recursive: true });
    const [port, etcdPort, peerPort] = (await freePorts(3)) as [number, number, number];
    const [authority, frontProxy, serviceAccounts] = await Promise.all([
      LabAuthority.create(options.name),
      LabAuthority.create(`${options.name}-front-proxy`),
      createSigningKey(),
    ]);
    const cluster = new LabCluster(options, authority, port);
    const hosts = new Set([
      '127.0.0.1',
      'localhost',
      address,
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
    ]);
    const [serving, frontProxyClient] = await Promise.all([
      authority.issue({ commonName: 'kube-apiserver', hosts: [...hosts] }),
      frontProxy.issue({ commonName: 'front-proxy-client' }),
      cluster.writeKubeconfig(options.kubeconfig, { commonName: 'admin', organizations: ['system:masters'] }),
      cluster.writeKubeconfig(path.join(dataDir, 'controller-manager.kubeconfig'), {
        commonName: 'system:kube-controller-manager',
      }),
    ]);
    await writePems(dataDir, {
      ca: authority,
      'front-proxy-ca': frontProxy,
      serving,
      'front-proxy-client': frontProxyClient,
    });
    await writeFile(path.join(dataDir, 'service-accounts.key'), serviceAccounts.privateKey, { mode: 0o600 });
    await writeFile(path.join(dataDir, 'service-accounts.pub'), serviceAccounts.publicKey);

    const etcd = await cluster.addComponent('etcd', tools.etcd, etcdArgs(dataDir, etcdPort, peerPort));
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    await etcd.waitUntil('it was healthy', async () => (await fetch(`${etcdUrl}/health`)).ok);
    await spendRevisions(etcdUrl, options.startingRevision);
    const apiServer = await cluster.addComponent('kube-apiserver', tools['kube-apiserver'], [
      ...apiServerArgs({ dataDir, address, port, etcdUrl }),
      ...options.apiServerFlags,
    ]);
    await apiServer.waitUntil('it was ready', () => cluster.isReady());
    await cluster.addComponent(
      'kube-controller-manager',
      tools['kube-controller-manager'],
      controllerManagerArgs(dataDir),
    );
    return cluster;
  }

  /** Folder of its certificates and keys, under the names that kubernetes-flags.ts has. */
  get dataDir(): string {
    return this.#options.dataDir;
  }

  /** A client with the admin's rights. */
  get client(): KubeClient {
    return (this.#client ??= new KubeClient(
      new Transport(accessFromFile(this.kubeconfig)),
      'mcp-connector-lab',
    ));
  }

  /** Names: etcd, kube-apiserver, kube-controller-manager, and crossplane where it is installed. */
  component(name: string): Component {
    const component = this.#components.get(name);
    if (!component) throw new ConnectorError('lab-unknown-component', `cluster ${this.name} runs no ${name}`);
    return component;
  }

  async addComponent(
    name: string,
    command: string,
    args: string[],
    env?: Record<string, string>,
  ): Promise<Component> {
    const component = new Component({
      name: `${this.name}.${name}`,
      command,
      args,
      logFile: path.join(this.#options.logDir, `${this.name}.${name}.log`),
      guard: this.#options.guard,
      ...(env ? { env } : {}),
    });
    this.#components.set(name, component);
    await component.start();
    return component;
  }

  /** Resolves when kube-controller-manager works: it has made the service account that every pod and token needs. */
  async controllersWork(): Promise<void> {
    await this.component('kube-controller-manager').waitUntil(
      'it made the default service account',
      async () => {
        await this.client.get(`${namespacePath('default')}/serviceaccounts/default`);
        return true;
      },
    );
  }

  /** Writes a kubeconfig with a new client certificate for this user and its groups. */
  async writeKubeconfig(file: string, subject: Subject): Promise<void> {
    const { cert, key } = await this.authority.issue(subject);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': this.name,
      contexts: [{ name: this.name, context: { cluster: this.name, user: subject.commonName } }],
      clusters: [
        {
          name: this.name,
          cluster: { server: this.server, 'certificate-authority-data': base64(this.authority.cert) },
        },
      ],
      users: [
        {
          name: subject.commonName,
          user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
        },
      ],
    };
    await writeFile(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  }

  /** True when kube-apiserver's /readyz says so. */
  async isReady(): Promise<boolean> {
    return (await this.client.getText('/readyz', { timeoutMs: 2_000 })) === 'ok';
  }

  /** Closes this program's own connections; the processes are the lab's to end. */
  async disconnect(): Promise<void> {
    await this.#client?.transport[Symbol.asyncDispose]();
    this.#client = undefined;
  }
}

function base64(pem: string): string {
  return Buffer.from(pem).toString('base64');
}

async function writePems(folder: string, pairs: Record<string, KeyPair>): Promise<void> {
  for (const [name, { cert, key }] of Object.entries(pairs)) {
    await writeFile(path.join(folder, `${name}.crt`), cert);
    await writeFile(path.join(folder, `${name}.key`), key, { mode: 0o600 });
  }
}
