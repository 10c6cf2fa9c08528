import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import type { KubeClient } from '../../src/clusters/kube-client.ts';

const deployments = '/apis/apps/v1/namespaces/crossplane-system/deployments';

/**
 * In the place of the pods of packages, which a lab has no node for: reports their Deployments as available, as Kubernetes
 * would once they run. What is asked of a package before that is real, and so is what Crossplane makes of the report.
 */
export class PodStandIn implements AsyncDisposable {
  readonly #client: KubeClient;
  readonly #prefix: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  /** For packages whose names begin with `prefix`. */
  constructor(client: KubeClient, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
    this.#running = this.#report();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #report(): Promise<void> {
    const reported = new Set<string>();
    while (!this.#stop.signal.aborted) {
      const { items } = await this.#client.get<{ items: KubeObject[] }>(deployments);
      for (const { metadata } of items) {
        if (!metadata.name.startsWith(this.#prefix) || reported.has(metadata.uid ?? '')) continue;
        reported.add(metadata.uid ?? '');
        const conditions = [{ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }];
        await this.#client
          .patch(`${deployments}/${metadata.name}/status`, { status: { conditions } })
          .catch(() => undefined);
      }
      await delay(200, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }
}
