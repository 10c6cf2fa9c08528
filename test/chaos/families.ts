import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath } from '../../src/clusters/api-paths.ts';
import { outcomeOf } from './api-client.ts';
import type { Entry } from './ledger.ts';
import { type Slot, Writer, type WriterTools } from './writer.ts';

/** On every ConfigMap of a family. */
export const familyLabel = 'chaos.example.org/family';

/** A ConfigMap of the app cluster below a claim: it has to live as long as that, and no longer. */
export interface Dependent {
  namespace: string;
  name: string;
  uid: string;
  entry: Entry;
}

const update = { namespaces: [], creates: ['post'], updates: ['merge', 'put'], deletes: 0 } as const;

/**
 * Claims with ConfigMaps below them, and claims below ConfigMaps: the app cluster's collector deletes the one for the
 * other, and must never do so for a claim that is there.
 */
export class Families {
  readonly dependents: Dependent[] = [];
  readonly #tools: WriterTools;
  readonly #namespace: string;
  /** Claims that stay to the end, and claims that go. */
  readonly #parents: Writer;
  readonly #children: Writer;
  readonly #owners = new Map<Slot, KubeObject>();
  #count = 0;

  constructor(namespace: string, residents: number, tools: WriterTools) {
    this.#tools = tools;
    this.#namespace = namespace;
    const namespaces = [namespace];
    this.#parents = new Writer({ ...update, namespaces, slots: residents + 2 }, tools);
    this.#children = new Writer(
      { ...update, namespaces, slots: 3, prefix: `${tools.client.name}-child` },
      tools,
    );
  }

  /** The claims that stay, each with a ConfigMap. Throws when one is not created. */
  async settle(): Promise<void> {
    for (const slot of this.#parents.slots.slice(0, -2)) {
      await this.#parents.create(slot);
      if (!(await this.#below(slot))) throw new Error(`${slot.namespace}/${slot.name} has no ConfigMap`);
    }
  }

  async step(): Promise<void> {
    const { random } = this.#tools;
    const dice = random.next();
    if (dice < 0.3) return this.#parents.step();
    if (dice < 0.5) return this.#renew(random.pick(this.#parents.slots.slice(-2)));
    if (dice < 0.8) return this.#adopt(random.pick(this.#children.slots));
    // One more below a claim that stays: the collector looks at each that is new.
    const slot = random.pick(this.#parents.slots.slice(0, -2));
    if (this.dependents.length < 60) await this.#below(slot);
  }

  /** A claim that comes with a ConfigMap below it, and goes. */
  async #renew(slot: Slot): Promise<void> {
    if (slot.entry === undefined) {
      await this.#parents.create(slot);
      if (slot.entry !== undefined) await this.#below(slot);
    } else if (slot.entry.mustExist && slot.entry.isReady) await this.#parents.remove(slot, slot.entry);
    else await this.#parents.step();
  }

  async #below(slot: Slot): Promise<boolean> {
    const { entry } = slot;
    if (!entry?.mustExist) return false;
    const { api } = this.#tools;
    const owner = { apiVersion: api.apiVersion, kind: api.api.kind, name: entry.name, uid: entry.uid };
    const made = await this.#configMap(owner);
    if (made) this.dependents.push({ namespace: this.#namespace, ...made, entry });
    return made !== undefined;
  }

  /** A claim below a ConfigMap: the ConfigMap is deleted, and the collector deletes the claim. */
  async #adopt(slot: Slot): Promise<void> {
    const owner = this.#owners.get(slot);
    if (!owner) {
      const made = await this.#configMap(undefined);
      if (made) this.#owners.set(slot, { apiVersion: 'v1', kind: 'ConfigMap', metadata: made });
      return;
    }
    if (slot.entry === undefined) {
      const { apiVersion, kind, metadata } = owner;
      const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }];
      return this.#children.create(slot, { ownerReferences });
    }
    const { entry } = slot;
    if (entry.created !== 'acknowledged') return this.#children.resolve(slot, entry);
    if (entry.deletion === 'acknowledged') return void (await this.#children.read(slot, entry));
    if (!entry.isReady || this.#tools.random.next() < 0.6)
      return void (await this.#children.read(slot, entry));
    entry.deletion = 'unknown';
    const path = configMapPath(this.#namespace, owner.metadata.name);
    const answer = await this.#tools.client.ask({ method: 'DELETE', path });
    if (outcomeOf(answer) !== 'acknowledged' && answer.status !== 404) return;
    entry.deletion = 'acknowledged';
    this.#owners.delete(slot);
  }

  async #configMap(owner: object | undefined): Promise<{ name: string; uid: string } | undefined> {
    const { client } = this.#tools;
    const metadata = {
      name: `${client.name}-${++this.#count}`,
      labels: { [familyLabel]: owner ? 'dependent' : 'owner' },
      ...(owner ? { ownerReferences: [owner] } : {}),
    };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    const answer = await client.ask({ method: 'POST', path: configMapPath(this.#namespace), body });
    if (outcomeOf(answer) !== 'acknowledged') return undefined;
    return { name: metadata.name, uid: (answer.body as KubeObject).metadata.uid as string };
  }
}
