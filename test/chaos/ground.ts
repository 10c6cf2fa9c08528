import { mkdtemp, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { namespacePath, secretPath } from '../../src/clusters/api-paths.ts';
import { isNotFound } from '../../src/clusters/kube-client.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { applyManifests, parseManifests } from '../../src/demo/manifests.ts';
import { eventually } from '../support/eventually.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { offerApi } from '../support/platform-api.ts';
import { ChaosApi } from './claim-api.ts';
import { Replicas } from './replicas.ts';

export interface GroundOptions {
  /** Receives one line per step. */
  log: (line: string) => void;
}

/** Of the release, and of everything that belongs to it in either cluster. */
export const release = 'chaos';
/** Every user of the load is in it. */
const userGroup = 'chaos-clients';
const secretName = 'chaos-control-plane';
const connectorNamespace = 'chaos-system';
const claimNamespace = 'chaos-claims';
const group = 'chaos.example.org';

/**
 * Where faults are caused: a lab of its own with kube-controller-manager in both clusters and Crossplane in the control
 * plane, two connectors behind a balancer, and a proxy on their way to the control plane. The connectors have the rights
 * of deploy/control-plane.yaml there, and the clients those of a user.
 */
export class ChaosGround implements AsyncDisposable {
  readonly lab: Lab;
  readonly api = new ChaosApi({ group, kind: 'Database', plural: 'databases' });
  readonly claimNamespace = claimNamespace;
  readonly proxy: FaultProxy;
  replicas!: Replicas;
  readonly #dir: string;
  #tokens = 0;

  private constructor(lab: Lab, dir: string, proxy: FaultProxy) {
    this.lab = lab;
    this.#dir = dir;
    this.proxy = proxy;
  }

  static async open({ log }: GroundOptions): Promise<ChaosGround> {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-chaos-'));
    const lab = await startLab({ dir, log });
    try {
      const proxy = await FaultProxy.start({ kubeconfig: lab.controlPlane.kubeconfig, dir });
      const ground = new ChaosGround(lab, dir, proxy);
      await ground.#prepare();
      log(`two connectors serve ${group}; logs are in ${lab.logDir}`);
      return ground;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    const { app, controlPlane } = this.lab;
    await offerApi(controlPlane.client, this.api.api);
    await this.#grant();
    await this.createNamespace(connectorNamespace);
    await this.#allowUsers();
    await this.connectTo(await this.kubeconfigWithToken());
    this.replicas = await Replicas.start({
      app,
      release,
      namespace: connectorNamespace,
      claimNamespace,
      secretName,
      flags: [`--allow=*.${group}`],
      logDir: this.lab.logDir,
      guard: this.lab.guard,
    });
    await eventually(() => app.client.get(this.api.everywhere));
  }

  /** What docs/install.md tells a platform team to apply. */
  async #grant(): Promise<void> {
    const file = path.resolve(import.meta.dirname, '../../deploy/control-plane.yaml');
    const text = (await readFile(file, 'utf8'))
      .replaceAll('app-cluster-1', claimNamespace)
      .replaceAll('k8s.starter.org', group)
      .replaceAll('kubernetesclusters', this.api.api.plural);
    await applyManifests(this.lab.controlPlane.client, parseManifests(text));
  }

  async #allowUsers(): Promise<void> {
    const everything = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
    const rules = [
      { apiGroups: [group], resources: [this.api.api.plural], verbs: everything },
      { apiGroups: [''], resources: ['configmaps'], verbs: everything },
    ];
    const rbac = 'rbac.authorization.k8s.io';
    const metadata = { name: userGroup };
    await applyManifests(this.lab.app.client, [
      { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules } as KubeObject,
      {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        metadata,
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: userGroup },
        subjects: [{ apiGroup: rbac, kind: 'Group', name: userGroup }],
      } as KubeObject,
    ]);
  }

  /** A kubeconfig of the app cluster for a user of the load. */
  async userKubeconfig(name: string): Promise<string> {
    const file = path.join(this.#dir, `user-${name}.kubeconfig`);
    await this.lab.app.writeKubeconfig(file, { commonName: name, organizations: [userGroup] });
    return file;
  }

  /** In the app cluster. */
  async createNamespace(name: string): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await this.lab.app.client.create(namespacePath(), body);
  }

  /** A kubeconfig of the proxy with a new token; it can be revoked by `revokeToken`. */
  async kubeconfigWithToken(): Promise<string> {
    const { client } = this.lab.controlPlane;
    const metadata = { name: `token-${++this.#tokens}`, namespace: claimNamespace };
    const secret = await client.create<Secret>(secretPath(claimNamespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
    });
    const { uid } = secret.metadata;
    const { status } = await client.create<{ status: { token: string } }>(
      `${namespacePath(claimNamespace)}/serviceaccounts/mcp-connector/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: [],
          boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: metadata.name, uid },
        },
      },
    );
    return await this.proxy.kubeconfigFor(metadata.name, { token: status.token });
  }

  /** Deletes what the newest token is bound to: kube-apiserver refuses it when its cache of 10 s has ended. */
  async revokeToken(): Promise<void> {
    await this.lab.controlPlane.client.delete(secretPath(claimNamespace, `token-${this.#tokens}`));
  }

  /** Writes the kubeconfig into the Secret that the connectors follow. */
  async connectTo(kubeconfig: string): Promise<void> {
    const { client } = this.lab.app;
    const metadata = { name: secretName, namespace: connectorNamespace };
    const stringData = { kubeconfig: await readFile(kubeconfig, 'utf8') };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, stringData };
    try {
      await client.patch(secretPath(connectorNamespace, secretName), { stringData });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await client.create(secretPath(connectorNamespace), body);
    }
  }

  /** The Secret with the connectors' serving certificate. */
  get servingSecretPath(): string {
    return secretPath(connectorNamespace, `${release}-serving-cert`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.replicas?.[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
    await this.lab.stop();
  }
}
