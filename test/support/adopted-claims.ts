import type { KubeList, KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { absentOrThrow } from '../../src/clusters/kube-client.ts';
import { type StoredClaim, StoredClaims } from './moved-claims.ts';
import { type ClaimApi, deleteIfThere } from './platform-api.ts';
import type { GroundCluster } from './test-ground.ts';

export interface Instance extends KubeObject {
  spec?: unknown;
}

/** What must be the same in whichever cluster has it: nothing of it is a uid, which two clusters cannot have in common. */
export interface Cloud {
  composites: string[];
  /** By name: what it is in the cloud, and what it is to be. */
  instances: Record<string, { externalName: string | undefined; spec: unknown }>;
}

/** The claims of an app cluster with a Crossplane of its own, and all that is behind them. */
export class ClusterWithClaims {
  readonly cluster: GroundCluster;
  readonly claims: StoredClaims;
  readonly #api: ClaimApi;

  constructor(cluster: GroundCluster, api: ClaimApi) {
    this.cluster = cluster;
    this.#api = api;
    this.claims = new StoredClaims(cluster, api);
  }

  /** With what a provider would have written: the name that it has in the cloud. */
  async makeReady(namespace: string, names: readonly string[]): Promise<void> {
    // The first alone: while Crossplane starts with a kind, it misses what becomes of others. And on a busy machine it is minutes late with 50 at once.
    const parts = [names.slice(0, 1)];
    for (let at = 1; at < names.length; at += 10) parts.push(names.slice(at, at + 10));
    for (const some of parts) {
      await Promise.all(some.map((name) => this.claims.create(namespace, name)));
      await Promise.all(some.map((name) => this.claims.ready(namespace, name)));
    }
    for (const { metadata } of await this.instances())
      await this.cluster.client.patch(`${this.#instances}/${metadata.name}`, {
        metadata: {
          annotations: { 'crossplane.io/external-name': `cloud-${metadata.name}` },
          finalizers: ['finalizer.managedresource.crossplane.io'],
        },
      });
  }

  get #instances(): string {
    return `/apis/infra.${this.#api.group}/v1/instances`;
  }

  async instances(): Promise<Instance[]> {
    return (await this.cluster.client.get<KubeList<Instance>>(this.#instances)).items;
  }

  async listClaims(namespace: string): Promise<StoredClaim[]> {
    return (await this.cluster.client.get<KubeList<StoredClaim>>(this.claims.path(namespace))).items;
  }

  async cloud(): Promise<Cloud> {
    const [composites, instances] = await Promise.all([this.claims.composites(), this.instances()]);
    return {
      composites: composites.map(({ metadata }) => metadata.name).toSorted(),
      instances: Object.fromEntries(
        instances
          .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
          .map(({ metadata: { name, annotations = {} }, spec }) => [
            name,
            { externalName: annotations['crossplane.io/external-name'], spec },
          ]),
      ),
    };
  }

  /** Names of composite and composed resources that a controller would work on. */
  async workedOn(): Promise<Set<string>> {
    // Where the connector serves the claims, their composite kind is the control plane's only.
    const composites = (await this.claims.composites().catch(absentOrThrow)) ?? [];
    const all = [...composites, ...(await this.instances())];
    return new Set(
      all
        .filter(({ metadata }) => metadata.annotations?.['crossplane.io/paused'] !== 'true')
        .map(({ metadata }) => metadata.name),
    );
  }

  /** How many objects of any kind are paused. */
  async paused(namespace: string): Promise<number> {
    const all = [
      ...(await this.listClaims(namespace)),
      ...(await this.claims.composites()),
      ...(await this.instances()),
    ];
    return all.filter(({ metadata }) => metadata.annotations?.['crossplane.io/paused'] === 'true').length;
  }

  /** As when a cluster is lost: everything is gone, and nobody has acted on it. */
  async lose(namespace: string): Promise<void> {
    const { group, plural } = this.#api;
    const paths = [
      ...(await this.listClaims(namespace)).map(({ metadata }) => this.claims.path(namespace, metadata.name)),
      ...(await this.claims.composites()).map(
        ({ metadata }) => `/apis/${group}/v1/x${plural}/${metadata.name}`,
      ),
      ...(await this.instances()).map(({ metadata }) => `${this.#instances}/${metadata.name}`),
    ];
    const { client } = this.cluster;
    const annotations = { 'crossplane.io/paused': 'true' };
    for (const path of paths) await client.patch(path, { metadata: { annotations } });
    for (const path of paths) await client.patch(path, { metadata: { finalizers: null } });
    for (const path of paths) await deleteIfThere(client, path);
  }

  /** Passwords by the name of the claim's Secret. */
  async passwords(namespace: string): Promise<Record<string, string>> {
    const { items } = await this.cluster.client.get<KubeList<Secret>>(secretPath(namespace));
    return Object.fromEntries(
      items
        .filter(({ type }) => type === 'connection.crossplane.io/v1alpha1')
        .map(({ metadata, data }) => [
          metadata.name,
          Buffer.from(data?.['password'] ?? '', 'base64').toString(),
        ]),
    );
  }
}
