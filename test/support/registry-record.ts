import { setTimeout as delay } from 'node:timers/promises';
import type { APIService } from '../../src/apimachinery/objects.ts';
import { apiServicePath } from '../../src/clusters/api-paths.ts';
import type { GroundCluster } from './test-ground.ts';

/**
 * Writes down what becomes of one group version in the app cluster: every event of its APIService, and every change of
 * what discovery lists for it.
 */
export class RegistryRecord implements AsyncDisposable {
  /** `ADDED uid`, `MODIFIED Available=True` and so on, without what repeats the last. */
  readonly changes: string[] = [];
  /** What discovery listed, in order, without repetitions; `none` where the group version was not there. */
  readonly discovered: string[] = [];
  readonly #abort = new AbortController();
  #done: Promise<unknown> | undefined;

  static async start(app: GroundCluster, group: string, version: string): Promise<RegistryRecord> {
    const record = new RegistryRecord();
    const name = `${version}.${group}`;
    const { metadata } = await app.client.get<APIService>(apiServicePath(name));
    record.#done = Promise.all([
      record.#follow(app, name, metadata.resourceVersion ?? ''),
      record.#sample(app, group, version),
    ]);
    return record;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #follow(app: GroundCluster, name: string, resourceVersion: string): Promise<void> {
    const { signal } = this.#abort;
    const query = { fieldSelector: `metadata.name=${name}`, resourceVersion };
    try {
      for await (const { type, object } of app.client.watch<APIService>(apiServicePath(), {
        query,
        signal,
      })) {
        const available = object.status?.conditions?.find((condition) => condition.type === 'Available');
        const state = available ? ` Available=${available.status}` : '';
        if (type !== 'BOOKMARK') append(this.changes, `${type}${state}`);
      }
      if (!signal.aborted) append(this.changes, 'the watch ended');
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #sample(app: GroundCluster, group: string, version: string): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      append(this.discovered, (await app.discovered(group, version))?.toSorted().join() ?? 'none');
      await delay(50, undefined, { signal }).catch(() => undefined);
    }
  }
}

function append(list: string[], entry: string): void {
  if (list.at(-1) !== entry) list.push(entry);
}
