import { type Answer, type ApiClient, outcomeOf, saysGone } from './api-client.ts';
import type { ChaosApi } from './claim-api.ts';
import type { ChaosClaim, Entry, Ledger } from './ledger.ts';
import type { Random } from './random.ts';

export type CreateWay = 'post' | 'generate' | 'apply';
export type UpdateWay = 'put' | 'merge' | 'json' | 'apply';

export interface Habits {
  namespaces: readonly string[];
  creates: readonly CreateWay[];
  updates: readonly UpdateWay[];
  /** Of a step with a claim that is there: the share that deletes it. */
  deletes: number;
  /** Claims that it keeps at most. */
  slots: number;
  /** Of its names; the client's name when left out. */
  prefix?: string;
}

/** The place of one claim: a fixed name, or one that the server generates. */
export interface Slot {
  readonly namespace: string;
  readonly name: string | undefined;
  /** The last attempt, while it may be there. */
  entry: Entry | undefined;
}

export interface WriterTools {
  client: ApiClient;
  api: ChaosApi;
  ledger: Ledger;
  random: Random;
}

/** A client that creates, reads, changes and deletes claims of its own, one request after the other, and writes down each. */
export class Writer {
  readonly slots: Slot[];
  readonly #tools: WriterTools;
  readonly #habits: Habits;

  constructor(habits: Habits, tools: WriterTools) {
    this.#habits = habits;
    this.#tools = tools;
    this.slots = Array.from({ length: habits.slots }, (_, at) => ({
      namespace: habits.namespaces[at % habits.namespaces.length] as string,
      name:
        habits.creates.includes('generate') && at % 2 === 1
          ? undefined
          : `${habits.prefix ?? tools.client.name}-${at}`,
      entry: undefined,
    }));
  }

  get client(): ApiClient {
    return this.#tools.client;
  }

  /** One thing to do with one claim: one or two requests. */
  async step(): Promise<void> {
    const { random } = this.#tools;
    const slot = random.pick(this.slots);
    const { entry } = slot;
    if (!entry) return this.create(slot);
    if (entry.created !== 'acknowledged') return this.resolve(slot, entry);
    if (entry.deletion === 'acknowledged') return this.#lookForEnd(slot, entry);
    if (entry.deletion === 'unknown') return this.remove(slot, entry);
    const dice = random.next();
    if (dice < this.#habits.deletes && entry.isReady) return this.remove(slot, entry);
    if (dice > 0.85) return void (await this.read(slot, entry));
    await this.#update(slot, entry);
  }

  /** `metadata` is added to the claim's. */
  async create(slot: Slot, metadata: object = {}): Promise<void> {
    const { api, client, ledger, random } = this.#tools;
    const entry = ledger.attempt(slot.namespace, slot.name);
    const before = slot.entry;
    slot.entry = entry;
    const value = ledger.nextValue();
    entry.sends('create', value);
    const body = api.claim(entry, { create: value }, metadata);
    const byApply = slot.name !== undefined && this.#habits.creates.includes('apply') && random.next() < 0.5;
    const answer = byApply
      ? await this.#apply('create', entry, body)
      : await client.ask({ method: 'POST', path: api.path(slot.namespace), body });
    const outcome = outcomeOf(answer);
    entry.created = outcome;
    entry.hears('create', value, outcome);
    if (outcome === 'acknowledged') {
      // Where one was there before, a new object takes the place of one that nobody has deleted.
      if (before?.mustExist) ledger.report('wrongly deleted', `create: in place of ${before.title}`);
      this.#learn(slot, answer, 'create');
    } else if (outcome === 'refused') {
      slot.entry = undefined;
      // 409: an attempt of unknown outcome was done, or the claim before is still ending.
      if (answer.status === 409 && slot.name !== undefined) await this.#meet(slot);
    } else if (slot.name === undefined) {
      // Nobody knows its name; whether it is there is seen at the end.
      slot.entry = undefined;
    }
  }

  /** Whatever has the name of this slot: an attempt that was written down as unknown, or one that is ending. */
  async #meet(slot: Slot): Promise<void> {
    const answer = await this.#get(slot, slot.name as string);
    if (answer.status === 200) this.#learn(slot, answer, 'meet');
  }

  /** Finds out what became of an attempt of unknown outcome. */
  async resolve(slot: Slot, entry: Entry): Promise<void> {
    const answer = await this.#get(slot, slot.name as string);
    if (answer.status === 200) this.#learn(slot, answer, 'resolve');
    else if (saysGone(answer) && slot.entry === entry) slot.entry = undefined;
  }

  /** An object in an answer is the slot's from now on. */
  #learn(slot: Slot, answer: Answer, where: string): void {
    const object = answer.body as ChaosClaim;
    const known = this.#tools.ledger.see(object, `${this.client.name} ${where}`);
    if (!known) return;
    slot.entry = known;
    if (object.metadata.deletionTimestamp !== undefined) known.deletion = 'acknowledged';
  }

  /** The claim as it is; undefined when it was not answered. */
  async read(slot: Slot, entry: Entry): Promise<ChaosClaim | undefined> {
    const answer = await this.#get(slot, entry.name as string);
    if (answer.status === 200) {
      this.#learn(slot, answer, 'get');
      return answer.body as ChaosClaim;
    }
    this.#gone(slot, entry, answer, 'get');
    return undefined;
  }

  #gone(slot: Slot, entry: Entry, answer: Answer, what: string): void {
    if (!saysGone(answer)) return;
    if (entry.mustExist)
      this.#tools.ledger.report('wrongly deleted', `${this.client.name} ${what}: 404 for ${entry.title}`);
    entry.deletion = 'acknowledged';
    slot.entry = undefined;
  }

  async #update(slot: Slot, entry: Entry): Promise<void> {
    const { ledger, random } = this.#tools;
    const way = random.pick(this.#habits.updates);
    const found = way === 'put' ? await this.read(slot, entry) : undefined;
    if (way === 'put' && (!found || found.metadata.deletionTimestamp !== undefined)) return;
    const value = ledger.nextValue();
    entry.sends(way, value);
    const answer = await this.#send(way, entry, found, value);
    const outcome = outcomeOf(answer);
    entry.hears(way, value, outcome);
    if (outcome === 'acknowledged') this.#learn(slot, answer, way);
    else this.#gone(slot, entry, answer, way);
  }

  /** `found` is there for `put`. */
  #send(way: UpdateWay, entry: Entry, found: ChaosClaim | undefined, value: string): Promise<Answer> {
    const { api, client } = this.#tools;
    const path = api.path(entry.namespace, entry.name);
    const settings = { [way]: value };
    if (way === 'put') {
      const { parameters } = (found as ChaosClaim).spec;
      parameters.settings = { ...parameters.settings, ...settings };
      return client.ask({ method: 'PUT', path, body: found });
    }
    // With the uid it is an update only: late, it must not bring back what was deleted.
    if (way === 'apply') return this.#apply(way, entry, api.claim(entry, settings, { uid: entry.uid }));
    const body =
      way === 'merge'
        ? { spec: { parameters: { settings } } }
        : [{ op: 'add', path: '/spec/parameters/settings/json', value }];
    return client.ask({ method: 'PATCH', path, contentType: `application/${way}-patch+json`, body });
  }

  /** With the uid, so that it never reaches a claim that has the name later. */
  async remove(slot: Slot, entry: Entry): Promise<void> {
    const { api, client } = this.#tools;
    const mustExist = entry.mustExist;
    if (entry.deletion === 'none') entry.deletion = 'unknown';
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: entry.uid } };
    const answer = await client.ask({
      method: 'DELETE',
      path: api.path(slot.namespace, entry.name),
      body,
    });
    const outcome = outcomeOf(answer);
    if (outcome === 'acknowledged' || saysGone(answer)) entry.deletion = 'acknowledged';
    else if (outcome === 'refused' && mustExist) entry.deletion = 'none';
    if (saysGone(answer)) {
      if (mustExist)
        this.#tools.ledger.report('wrongly deleted', `${client.name} delete: 404 for ${entry.title}`);
      slot.entry = undefined;
    }
  }

  /** After a delete that was acknowledged: the claim is ending or gone. */
  async #lookForEnd(slot: Slot, entry: Entry): Promise<void> {
    const answer = await this.#get(slot, entry.name as string);
    if (saysGone(answer)) slot.entry = undefined;
    if (answer.status !== 200) return;
    const { metadata } = answer.body as ChaosClaim;
    if (metadata.uid === entry.uid && metadata.deletionTimestamp === undefined)
      this.#tools.ledger.report(
        'lost',
        `${this.client.name}: the deletion of ${entry.title} was acknowledged`,
      );
  }

  #get(slot: Slot, name: string): Promise<Answer> {
    const { api, client } = this.#tools;
    return client.ask({ path: api.path(slot.namespace, name) });
  }

  /** Each purpose has a manager of its own: what a manager leaves out the next time is removed. */
  #apply(purpose: string, { namespace, name }: Entry, body: object): Promise<Answer> {
    const { api, client } = this.#tools;
    const path = `${api.path(namespace, name)}?fieldManager=${client.name}-${purpose}&force=true`;
    return client.ask({ method: 'PATCH', path, contentType: 'application/apply-patch+yaml', body });
  }
}
