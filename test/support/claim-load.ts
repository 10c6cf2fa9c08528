import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type KubeClient } from '../../src/clusters/kube-client.ts';
import type { Claim, Claims } from './claims.ts';
import type { GroundCluster } from './test-ground.ts';
import { WatchClient, type WatchEnd } from './watch-client.ts';

/** What the clients of a load were told. */
export interface LoadReport {
  requests: number;
  /** 2xx to a create, a patch or a delete. */
  acknowledgedWrites: number;
  /** Answers outside 2xx, by code. */
  refused: Record<string, number>;
  /** Requests whose connection ended without an answer. */
  unanswered: number;
  watches: Partial<Record<WatchEnd, number>>;
  /** Against what was acknowledged: claims or changes that are not there. */
  lost: string[];
  /** Claims on the control plane that nobody was told of, beside those of unknown outcome. */
  surplus: string[];
  /** DELETED seen by a watch of a claim that no client deleted. */
  falselyDeleted: string[];
  /** Claims that a watch never showed. */
  unseen: string[];
}

interface Entry {
  /** The last value that was acknowledged. */
  value: number;
  isDeleted: boolean;
  /** A write had no answer or a 5xx: it may have been done or not. */
  isUnknown: boolean;
}

/** Of a client, after each change. */
const defaultPauseMs = 15;
const refusedPauseMs = 100;
const workers = 3;
const watchers = 6;

/**
 * Several clients at work on the claims of one namespace, through the app cluster's kube-apiserver: creates with fixed
 * names, patches, reads, lists, deletes, and watches that are taken up again where they ended. No client tries a
 * request twice. Crossplane does not touch the claims (they are paused), so that only the way to them is looked at.
 */
export class ClaimLoad {
  readonly #app: GroundCluster;
  readonly #claims: Claims;
  readonly #pauseMs: number;
  readonly #ledger = new Map<string, Entry>();
  readonly #report: LoadReport;
  readonly #seen: Set<string>[] = [];
  #isOver = false;
  #work: Promise<unknown> = Promise.resolve();
  #watching: { current: WatchClient | undefined; done: Promise<void> }[] = [];

  constructor(app: GroundCluster, claims: Claims, pauseMs = defaultPauseMs) {
    this.#app = app;
    this.#claims = claims;
    this.#pauseMs = pauseMs;
    this.#report = {
      requests: 0,
      acknowledgedWrites: 0,
      refused: {},
      unanswered: 0,
      watches: {},
      lost: [],
      surplus: [],
      falselyDeleted: [],
      unseen: [],
    };
  }

  async start(): Promise<void> {
    const list = await this.#app.client.get<{ metadata: { resourceVersion: string } }>(this.#claims.path());
    this.#watching = Array.from({ length: watchers }, () => {
      const watching = { current: undefined as WatchClient | undefined, done: Promise.resolve() };
      watching.done = this.#watch(list.metadata.resourceVersion, watching);
      return watching;
    });
    this.#work = Promise.all(Array.from({ length: workers }, (_, at) => this.#client(at)));
  }

  get requests(): number {
    return this.#report.requests;
  }

  /** Ends the load, and compares what lies on the control plane (`stored`) with what the clients were told. */
  async finish(stored: KubeClient, storedCollection: string): Promise<LoadReport> {
    this.#isOver = true;
    await this.#work;
    await this.#compare(stored, storedCollection);
    // Every watch has to show what is there by now.
    for (const deadline = Date.now() + 10_000; Date.now() < deadline && this.#missing().length > 0;)
      await delay(50);
    this.#report.unseen.push(...this.#missing());
    for (const { current } of this.#watching) current?.stop();
    await Promise.all(this.#watching.map(({ done }) => done));
    return this.#report;
  }

  async #client(at: number): Promise<void> {
    const { client } = this.#app;
    for (let round = 0; !this.#isOver; round++) {
      const name = `load-${at}-${round}`;
      const entry: Entry = { value: 0, isDeleted: false, isUnknown: false };
      this.#ledger.set(name, entry);
      const isThere = await this.#write(entry, () =>
        client.create(this.#claims.path(), this.#manifest(name)),
      );
      for (let value = 1; value <= (isThere ? 3 : 0); value++) {
        const change = { spec: { parameters: { settings: { value } } } };
        if (await this.#write(entry, () => client.patch(this.#claims.path(name), change)))
          entry.value = value;
        await this.#ask(() => client.get(this.#claims.path(name)));
        await delay(this.#pauseMs);
      }
      await this.#ask(() => client.get(this.#claims.path(), { query: { limit: '20' } }));
      if (isThere && round % 4 === 3) {
        // Before the answer: a watch may show it first.
        entry.isDeleted = true;
        await this.#write(entry, () => client.delete(this.#claims.path(name)));
      }
    }
  }

  #manifest(name: string): unknown {
    const claim = JSON.parse(this.#claims.manifest(name, { settings: { value: 0 } })) as Claim;
    claim.metadata.annotations = { 'crossplane.io/paused': 'true' };
    return claim;
  }

  async #write(entry: Entry, send: () => Promise<unknown>): Promise<boolean> {
    const isDone = await this.#ask(send);
    if (isDone) this.#report.acknowledgedWrites += 1;
    else entry.isUnknown = true;
    return isDone;
  }

  async #ask(send: () => Promise<unknown>): Promise<boolean> {
    this.#report.requests += 1;
    try {
      await send();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) this.#report.unanswered += 1;
      else this.#report.refused[error.status] = (this.#report.refused[error.status] ?? 0) + 1;
      await delay(refusedPauseMs);
      return false;
    }
  }

  async #watch(from: string, watching: { current: WatchClient | undefined }): Promise<void> {
    const seen = new Set<string>();
    this.#seen.push(seen);
    let version = from;
    while (!this.#isOver || watching.current === undefined) {
      watching.current = await WatchClient.open(
        this.#app,
        `${this.#claims.path()}?watch=true&resourceVersion=${version}`,
        {
          onEvent: ({ type, object }) => {
            if (type === 'ERROR') return;
            version = object.metadata.resourceVersion;
            seen.add(object.metadata.name);
            if (type === 'DELETED' && !this.#ledger.get(object.metadata.name)?.isDeleted)
              this.#report.falselyDeleted.push(object.metadata.name);
          },
        },
      );
      const end = await watching.current.ended;
      this.#report.watches[end] = (this.#report.watches[end] ?? 0) + 1;
      if (end !== 'clean') await delay(100);
    }
  }

  #missing(): string[] {
    return [...this.#ledger]
      .filter(([name, { isUnknown }]) => !isUnknown && this.#seen.some((seen) => !seen.has(name)))
      .map(([name]) => name);
  }

  async #compare(stored: KubeClient, collection: string): Promise<void> {
    const { items } = await stored.get<{ items: Claim[] }>(collection);
    const found = new Map<string, Claim[]>();
    for (const claim of items) {
      const labels = claim.metadata.labels ?? {};
      if (labels['mcp-connector.upbound.io/app-namespace'] !== this.#claims.namespace) continue;
      const name = labels['mcp-connector.upbound.io/app-resource-name'] ?? '';
      found.set(name, [...(found.get(name) ?? []), claim]);
    }
    for (const [name, entry] of this.#ledger) {
      const [claim, ...more] = found.get(name) ?? [];
      found.delete(name);
      this.#report.surplus.push(...more.map(({ metadata }) => metadata.name));
      if (entry.isUnknown) continue;
      if (Boolean(claim) === entry.isDeleted) this.#report.lost.push(name);
      else if (claim && claim.spec.parameters.settings?.['value'] !== entry.value)
        this.#report.lost.push(`${name} value ${entry.value}`);
    }
    this.#report.surplus.push(...found.keys());
  }
}
