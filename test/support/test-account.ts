import { namespacePath } from '../../src/clusters/api-paths.ts';
import { askDirectly } from './api-request.ts';
import { eventually } from './eventually.ts';
import { deleteIfThere } from './platform-api.ts';
import type { GroundCluster } from './test-ground.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';

/** A service account that may do everything, with one token; both end with `revoke`. */
export class TestAccount {
  readonly token: string;
  readonly #cluster: GroundCluster;
  readonly #path: string;
  readonly #binding: string;

  private constructor(cluster: GroundCluster, path: string, binding: string, token: string) {
    this.#cluster = cluster;
    this.#path = path;
    this.#binding = binding;
    this.token = token;
  }

  static async create(cluster: GroundCluster, namespace: string, name: string): Promise<TestAccount> {
    const accounts = `${namespacePath(namespace)}/serviceaccounts`;
    const metadata = { name, namespace };
    const binding = `${namespace}-${name}`;
    await deleteIfThere(cluster.client, `${rbac}/${binding}`);
    await cluster.client.create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    await cluster.client.create(rbac, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: binding },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    });
    const { status } = await cluster.client.create<{ status: { token: string } }>(
      `${accounts}/${name}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: [] },
      },
    );
    const account = new TestAccount(cluster, `${accounts}/${name}`, binding, status.token);
    // RBAC reaches the authorizer by a watch.
    await eventually(async () => {
      if ((await account.#ask()) !== 200) throw new Error(`${name} has no rights yet`);
    });
    return account;
  }

  /** Resolves when the API server has seen its token refused: what was cached of it is over then. */
  async revoke(): Promise<void> {
    await deleteIfThere(this.#cluster.client, this.#path);
    await eventually(async () => {
      if ((await this.#ask()) !== 401) throw new Error('the token is still accepted');
    });
    await deleteIfThere(this.#cluster.client, `${rbac}/${this.#binding}`);
  }

  async #ask(): Promise<number> {
    const { server } = accessFromFile(this.#cluster.kubeconfig);
    const { status } = await askDirectly(server.origin, '/api/v1/namespaces', {
      client: { token: this.token },
    });
    return status;
  }
}
