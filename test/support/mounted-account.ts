import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { namespacePath, secretPath } from '../../src/clusters/api-paths.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { askDirectly } from './api-request.ts';
import { eventually } from './eventually.ts';
import type { GroundCluster } from './test-ground.ts';

const account = 'in-a-pod';
/** The least that kube-apiserver gives (registry/core/serviceaccount validation). */
const lifetimeSeconds = 600;

/**
 * The service account of a pod, as the kubelet mounts it: real tokens of one account, each bound to an object of its own, and
 * files that change all at once, by a link (kubernetes/pkg/volume/util/atomic_writer.go).
 */
export class MountedAccount {
  /** In the place of /run. */
  readonly #root: string;
  readonly #cluster: GroundCluster;
  readonly #namespace: string;
  #count = 0;

  constructor(cluster: GroundCluster, namespace: string, root: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#root = root;
  }

  /** With all rights, and the first token mounted, which is returned. */
  async create(): Promise<string> {
    const { client } = this.#cluster;
    const metadata = { name: account, namespace: this.#namespace };
    const rbac = 'rbac.authorization.k8s.io';
    await client.create(this.#accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    await client.create(`/apis/${rbac}/v1/clusterrolebindings`, {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: `${this.#namespace}-${account}` },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
    });
    return await this.rotate();
  }

  /** Of `serve`: runs the command where the account is mounted, in a mount namespace of its own. */
  get launcher(): string[] {
    const script = 'mount --bind "$0" "$(readlink -f /var/run)" && exec "$@"';
    return ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, this.#root];
  }

  /** As the kubelet sets it, and nothing that leads to a kubeconfig. */
  get environment(): Record<string, string> {
    const { hostname, port } = accessFromFile(this.#cluster.kubeconfig).server;
    return {
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      KUBECONFIG: '',
      HOME: this.#root,
    };
  }

  /** Mounts another token, which is returned. */
  async rotate(): Promise<string> {
    const name = `token-${++this.#count}`;
    const { client } = this.#cluster;
    const secrets = secretPath(this.#namespace);
    const { metadata } = await client.create<KubeObject>(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: this.#namespace },
    });
    const { status } = await client.create<{ status: { token: string } }>(
      `${this.#accounts}/${account}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: [],
          expirationSeconds: lifetimeSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name, uid: metadata.uid },
        },
      },
    );
    await eventually(async () => {
      if ((await this.#codeWith(status.token)) !== 200) throw new Error('the account has no rights yet');
    });
    await this.#mount(name, status.token);
    return status.token;
  }

  /** Ends the token that was mounted at this place, counted from 1; resolves when the API server refuses it. */
  async revoke(place: number, token: string): Promise<void> {
    await this.#cluster.client.delete(secretPath(this.#namespace, `token-${place}`));
    await eventually(async () => {
      if ((await this.#codeWith(token)) !== 401) throw new Error('the token is still accepted');
    });
  }

  get #accounts(): string {
    return `${namespacePath(this.#namespace)}/serviceaccounts`;
  }

  async #mount(name: string, token: string): Promise<void> {
    const folder = path.join(this.#root, 'secrets/kubernetes.io/serviceaccount');
    const { tls } = await accessFromFile(this.#cluster.kubeconfig).credential();
    const files = { token, 'ca.crt': String(tls.ca), namespace: this.#namespace };
    const data = path.join(folder, '..data');
    const before = await readFile(path.join(data, 'name'), 'utf8').catch(() => undefined);
    await mkdir(path.join(folder, `..${name}`), { recursive: true });
    await writeFile(path.join(folder, `..${name}`, 'name'), `..${name}`);
    for (const [file, content] of Object.entries(files)) {
      await writeFile(path.join(folder, `..${name}`, file), content);
      if (before === undefined) await symlink(`..data/${file}`, path.join(folder, file));
    }
    await symlink(`..${name}`, `${data}_tmp`);
    await rename(`${data}_tmp`, data);
    if (before !== undefined) await rm(path.join(folder, before), { recursive: true });
  }

  async #codeWith(token: string): Promise<number> {
    const { origin } = accessFromFile(this.#cluster.kubeconfig).server;
    return (await askDirectly(origin, '/api/v1/namespaces', { client: { token } })).status;
  }
}
