import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { ApiClient } from './api-client.ts';
import { Collector } from './collector.ts';
import { Families, familyLabel } from './families.ts';
import type { ChaosGround } from './ground.ts';
import { Ledger } from './ledger.ts';
import { Random } from './random.ts';
import { Reader } from './reader.ts';
import { Tally } from './tally.ts';
import { View } from './view.ts';
import { type Habits, Writer, type WriterTools } from './writer.ts';

const [a, b, c, collected, family] = ['chaos-a', 'chaos-b', 'chaos-c', 'chaos-collected', 'chaos-family'];

/** How the clients write that share namespaces: as people, controllers, generators of names, and GitOps do. */
const habits: Record<string, Habits> = {
  kubectl: { namespaces: [a, b], creates: ['post'], updates: ['merge', 'json'], deletes: 0.15, slots: 6 },
  controller: { namespaces: [b, c], creates: ['post'], updates: ['put'], deletes: 0.1, slots: 6 },
  generator: { namespaces: [a, c], creates: ['generate'], updates: ['json', 'put'], deletes: 0.2, slots: 4 },
  gitops: { namespaces: [a, c], creates: ['apply'], updates: ['apply'], deletes: 0.1, slots: 6 },
};
const residents = 8;
/** Between two steps of one client. Milliseconds. */
const think = { from: 60, to: 240 };

interface WatchedCollection {
  name: string;
  /** All when left out. */
  namespace: string | undefined;
  /** Of ConfigMaps otherwise. */
  isOfClaims: boolean;
  view: View;
}

interface Actor {
  client: ApiClient;
  step: () => Promise<void>;
}

/** Several clients of the app cluster that write, read and watch all the time, and the ledger of what they were told. */
export class Load {
  readonly tally: Tally;
  readonly ledger = new Ledger();
  readonly families: Families;
  readonly views: WatchedCollection[];
  readonly #ground: ChaosGround;
  readonly #actors: Actor[];
  readonly #clients: ApiClient[];
  readonly #random: Random;
  #isOver = false;
  #work: Promise<unknown> = Promise.resolve();
  #watching: Promise<unknown> = Promise.resolve();

  private constructor(ground: ChaosGround, clients: Map<string, ApiClient>, tally: Tally, seed: number) {
    const { api } = ground;
    const tools = (name: string): WriterTools => ({
      client: clients.get(name) as ApiClient,
      api,
      ledger: this.ledger,
      random: new Random(seed + [...clients.keys()].indexOf(name)),
    });
    this.tally = tally;
    this.#ground = ground;
    this.#random = new Random(seed);
    this.#clients = [...clients.values()];
    const writers = Object.keys(habits).map((name) => new Writer(habits[name] as Habits, tools(name)));
    const collector = new Collector(collected, 5, tools('collector'));
    const reader = new Reader([a, b, c, family], tools('reader'));
    this.families = new Families(family, residents, tools('family'));
    this.#actors = [
      ...writers.map((writer) => ({ client: writer.client, step: () => writer.step() })),
      { client: clients.get('collector') as ApiClient, step: () => collector.step() },
      { client: clients.get('reader') as ApiClient, step: () => reader.step() },
      { client: clients.get('family') as ApiClient, step: () => this.families.step() },
    ];
    const watcher = clients.get('watcher') as ApiClient;
    const claims = [a, b, c, collected, family, undefined].map((namespace) => ({
      name: `claims of ${namespace ?? 'all namespaces'}`,
      namespace,
      isOfClaims: true,
      path: namespace === undefined ? api.everywhere : api.path(namespace),
      onDeleted: (object: KubeObject) => this.#claimDeleted(object),
    }));
    const configMaps = {
      name: 'ConfigMaps below claims',
      namespace: family,
      isOfClaims: false,
      path: `/api/v1/namespaces/${family}/configmaps`,
      selector: `${familyLabel}=dependent`,
      onDeleted: (object: KubeObject) => this.#dependentDeleted(object),
    };
    this.views = [...claims, configMaps].map(({ name, namespace, isOfClaims, ...rest }) => ({
      name,
      namespace,
      isOfClaims,
      view: new View({ client: watcher, random: this.#random, ...rest }),
    }));
  }

  /** Namespaces, users and the claims that stay. */
  static async prepare(ground: ChaosGround, seed: number): Promise<Load> {
    const tally = new Tally();
    const clients = new Map<string, ApiClient>();
    const measured = new RegExp(`^/apis/${ground.api.apiVersion}/`);
    for (const name of [...Object.keys(habits), 'collector', 'reader', 'family', 'watcher'])
      clients.set(name, new ApiClient(name, await ground.userKubeconfig(name), tally, measured));
    for (const namespace of [a, b, c, collected, family]) await ground.createNamespace(namespace);
    tally.begin('preparation');
    const load = new Load(ground, clients, tally, seed);
    await load.families.settle();
    return load;
  }

  start(): void {
    this.#work = Promise.all(this.#actors.map((actor) => this.#act(actor)));
    this.#watching = Promise.all(this.views.map(({ view }) => view.run()));
  }

  async #act({ client, step }: Actor): Promise<void> {
    while (!this.#isOver) {
      await step();
      await delay(Math.max(this.#random.between(think.from, think.to), client.retryAt - Date.now()));
    }
  }

  /** From now on the first success of each is waited for. */
  recovered(): void {
    this.tally.recovered(this.#actors.map(({ client }) => client.name));
  }

  /** Ends the writers and readers; the views go on. */
  async quieten(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  async stop(): Promise<void> {
    for (const { view } of this.views) view.stop();
    for (const client of this.#clients) client.close();
    await this.#watching;
  }

  #claimDeleted(object: KubeObject): void {
    const entry = this.ledger.of(object);
    if (!entry || entry.deletion !== 'none') return;
    this.tally.row.falseDeleted += 1;
    this.ledger.report(
      'wrongly deleted',
      `a watch says that ${entry.title} is deleted, and nobody asked for it`,
    );
  }

  #dependentDeleted({ metadata }: KubeObject): void {
    const found = this.families.dependents.find(({ uid }) => uid === metadata.uid);
    if (!found?.entry.mustExist) return;
    this.tally.row.falseDeleted += 1;
    this.ledger.report(
      'wrongly deleted',
      `ConfigMap ${metadata.name} below ${found.entry.title}, which is there`,
    );
  }

  /** A client for what a fault does by itself. */
  async user(name: string): Promise<WriterTools> {
    const measured = new RegExp(`^/apis/${this.#ground.api.apiVersion}/`);
    const client = new ApiClient(name, await this.#ground.userKubeconfig(name), this.tally, measured);
    this.#clients.push(client);
    return { client, api: this.#ground.api, ledger: this.ledger, random: new Random(0) };
  }
}
