import type { KubeList, KubeObject } from '../apimachinery/objects.ts';
import { type KubeClient } from '../clusters/kube-client.ts';
import type { Definitions } from './definitions.ts';
import type { Member } from './member.ts';

interface Deployment extends KubeObject {
  spec: { replicas?: number };
  status?: { replicas?: number };
}

/** What is known of the controllers that reconcile a kind in a cluster. */
export type WorkerState =
  /** A Deployment of theirs has pods, or is about to. */
  | 'running'
  /** Their Deployments are scaled to 0. */
  | 'stopped'
  /** No Deployment of theirs was found: they may run elsewhere. */
  | 'unknown'
  /** No provider package has installed the kind. */
  | 'none';

/** Where the controllers of a cluster's Crossplane run. Read anew each time: they are scaled while an adoption waits. */
export class Workers {
  readonly #client: KubeClient;
  readonly #definitions: Definitions;

  constructor(client: KubeClient, definitions: Definitions) {
    this.#client = client;
    this.#definitions = definitions;
  }

  async of({ role, resource }: Member): Promise<WorkerState> {
    if (role !== 'composed') return await this.#among('app=crossplane');
    const provider = (await this.#definitions.of(resource))?.provider;
    if (provider === undefined) return 'none';
    return await this.#among('pkg.crossplane.io/revision', provider);
  }

  async #among(labelSelector: string, revision?: string): Promise<WorkerState> {
    const { items } = await this.#client.get<KubeList<Deployment>>('/apis/apps/v1/deployments', {
      query: { labelSelector },
    });
    const own = items.filter(
      ({ metadata }) =>
        revision === undefined ||
        metadata.labels?.['pkg.crossplane.io/revision'] === revision ||
        metadata.ownerReferences?.some(({ kind, name }) => kind === 'ProviderRevision' && name === revision),
    );
    if (own.length === 0) return 'unknown';
    const isRunning = own.some(({ spec, status }) => (spec.replicas ?? 1) > 0 || (status?.replicas ?? 0) > 0);
    return isRunning ? 'running' : 'stopped';
  }
}
