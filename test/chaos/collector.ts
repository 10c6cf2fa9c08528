import { outcomeOf } from './api-client.ts';
import { type ChaosClaim, type Entry, isReady } from './ledger.ts';
import type { WriterTools } from './writer.ts';

/** Claims with generated names in a namespace of its own, which it deletes all at once when there are enough. */
export class Collector {
  readonly #tools: WriterTools;
  readonly #namespace: string;
  readonly #limit: number;
  #entries: Entry[] = [];

  constructor(namespace: string, limit: number, tools: WriterTools) {
    this.#tools = tools;
    this.#namespace = namespace;
    this.#limit = limit;
  }

  async step(): Promise<void> {
    if (this.#entries.length < this.#limit) await this.#create();
    else await this.#deleteAll();
  }

  async #create(): Promise<void> {
    const { api, client, ledger } = this.#tools;
    const entry = ledger.attempt(this.#namespace);
    this.#entries.push(entry);
    const answer = await client.ask({
      method: 'POST',
      path: api.path(this.#namespace),
      body: api.claim(entry, {}),
    });
    entry.created = outcomeOf(answer);
    if (entry.created === 'acknowledged') ledger.see(answer.body as ChaosClaim, `${client.name} create`);
    if (entry.created === 'refused') this.#entries.pop();
  }

  /** A failure in the middle leaves some deleted; the next try deletes the others. */
  async #deleteAll(): Promise<void> {
    const { api, client, ledger } = this.#tools;
    const list = await client.ask({ path: api.path(this.#namespace) });
    if (list.status !== 200) return;
    const { items } = list.body as { items: ChaosClaim[] };
    if (!items.every((item) => isReady(item))) return;
    ledger.sweeps(this.#namespace, 'unknown', this.#entries);
    const answer = await client.ask({ method: 'DELETE', path: api.path(this.#namespace) });
    if (outcomeOf(answer) !== 'acknowledged') return;
    // An unknown create that comes late is not among what was deleted.
    for (const entry of this.#entries) if (entry.created === 'acknowledged') entry.deletion = 'acknowledged';
    this.#entries = [];
  }
}
