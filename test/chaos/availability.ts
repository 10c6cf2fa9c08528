import { setTimeout as delay } from 'node:timers/promises';
import type { APIService } from '../../src/apimachinery/objects.ts';
import { apiServicePath } from '../../src/clusters/api-paths.ts';
import type { KubeClient } from '../../src/clusters/kube-client.ts';
import { release } from './ground.ts';

/** Selects the APIServices of the release. */
export const ofRelease = { labelSelector: `mcp-connector-k8s.io/release=${release}` };

/** Watches the APIServices of the release: each change of their condition Available is seen, however short. */
export class Availability {
  readonly #client: KubeClient;
  readonly #onLeft: (sentence: string) => void;
  readonly #abort = new AbortController();
  readonly #last = new Map<string, string>();

  constructor(client: KubeClient, onLeft: (sentence: string) => void) {
    this.#client = client;
    this.#onLeft = onLeft;
  }

  /** Until `stop`; begins anew whenever kube-apiserver ends it. */
  async run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        const { items, metadata } = await this.#client.get<{
          items: APIService[];
          metadata: { resourceVersion: string };
        }>(apiServicePath(), { query: ofRelease });
        for (const item of items) this.#see(item);
        const from = { ...ofRelease, resourceVersion: metadata.resourceVersion };
        for await (const { type, object } of this.#client.watch<APIService>(apiServicePath(), {
          query: from,
          signal,
        }))
          if (type === 'ADDED' || type === 'MODIFIED') this.#see(object);
      } catch {
        // The app cluster's kube-apiserver is away: a fault of its own.
      }
      await delay(200, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  #see({ metadata, status }: APIService): void {
    const condition = status?.conditions?.find(({ type }) => type === 'Available');
    const now = condition?.status ?? 'Unknown';
    if (this.#last.get(metadata.name) === 'True' && now !== 'True')
      this.#onLeft(`${metadata.name}: ${condition?.reason}: ${condition?.message}`);
    this.#last.set(metadata.name, now);
  }
}
