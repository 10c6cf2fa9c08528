import { setTimeout as delay } from 'node:timers/promises';
import type { KubeList, KubeObject } from '../../src/apimachinery/objects.ts';
import { describeError } from '../../src/base/errors.ts';
import type { KubeClient } from '../../src/clusters/kube-client.ts';
import { eventually } from './eventually.ts';

/** Lists one path all the time, and counts each different answer: `<name> <uid>` of all objects, or what was said in place of them. */
export class SteadyList implements AsyncDisposable {
  readonly #client: KubeClient;
  readonly #path: string;
  readonly #stopping = new AbortController();
  readonly #asking: Promise<void>;
  readonly answers = new Map<string, number>();
  count = 0;

  constructor(client: KubeClient, path: string) {
    this.#client = client;
    this.#path = path;
    this.#asking = this.#ask();
  }

  /** Resolves when so many further answers were counted. */
  async further(count: number): Promise<void> {
    const enough = this.count + count;
    await eventually(() => {
      if (this.count < enough)
        throw new Error(`${this.count} of ${enough} answers: ${[...this.answers].join('; ')}`);
    });
  }

  async stop(): Promise<string[]> {
    this.#stopping.abort();
    await this.#asking;
    return [...this.answers.keys()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #ask(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const answer = await this.#list();
      this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
      this.count++;
      await delay(20);
    }
  }

  async #list(): Promise<string> {
    try {
      const { items } = await this.#client.get<KubeList<KubeObject>>(this.#path);
      return items.map(({ metadata }) => `${metadata.name} ${metadata.uid}`).join();
    } catch (error) {
      return describeError(error);
    }
  }
}
