import type { Binding, ConnectionState, NamespaceRecord } from './connection-state.ts';

/** What this replica serves; the uid of the claim namespace is not known while the control plane was never reached. */
export type Served = Pick<Binding, 'clusterID' | 'claimNamespace'>;

/**
 * Which namespaces of the app cluster may hold claims. A namespace is recorded in the state object before the first claim
 * in it is sent, so that "not recorded" means "no claims" also when the control plane cannot be asked, and after a restart.
 */
export class ClaimNamespaces {
  readonly #state: ConnectionState;
  readonly #served: Served;
  /** Uid by name, of those known to be recorded. A namespace made anew has another uid, and is recorded again. */
  readonly #recorded = new Map<string, string>();
  #waiting = new Map<string, string>();
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(state: ConnectionState, served: Served) {
    this.#state = state;
    this.#served = served;
  }

  isRecorded(namespace: string, uid: string): boolean {
    return this.#recorded.get(namespace) === uid;
  }

  /** True where a namespace of that name is, whatever its uid. */
  isKnown(namespace: string): boolean {
    return this.#recorded.has(namespace);
  }

  /** Resolves when it is recorded. Those that come during a write go together with the next. Throws what a write throws. */
  add(namespace: string, uid: string): Promise<void> {
    this.#waiting.set(namespace, uid);
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        const added = this.#waiting;
        this.#waiting = new Map();
        this.#next = undefined;
        this.#writing = this.#write(added);
        return this.#writing;
      });
    return this.#next;
  }

  async #write(added: ReadonlyMap<string, string>): Promise<void> {
    await this.change((record) => ({
      ...record,
      namespaces: { ...record.namespaces, ...Object.fromEntries(added) },
    }));
    // Where there are too many to be kept, it is known that nothing is known.
    for (const [namespace, uid] of added) this.#recorded.set(namespace, uid);
  }

  /** Changes the record by a pure function; resolves to what is stored then. A full record stays as it is. */
  async change(change: (record: NamespaceRecord) => NamespaceRecord): Promise<NamespaceRecord> {
    const record = await this.#state.changeNamespaces((old) => (old.isFull ? old : change(old)));
    if (!record.isFull) this.#recorded.clear();
    for (const [namespace, uid] of Object.entries(record.namespaces)) this.#recorded.set(namespace, uid);
    return record;
  }

  /** After another link was made: the record may be about other claims. */
  forget(): void {
    this.#recorded.clear();
  }

  /**
   * True where no claim of the resource (`<plural>.<group>`) is in the namespace: read live, and only where all namespaces
   * that hold such claims were seen once. The name counts, not the uid: claims may be left of a namespace of that name.
   */
  async isAbsent(namespace: string, resource: string): Promise<boolean> {
    const known = await this.#read();
    if (!known) return false;
    const { seeded, namespaces } = known.record;
    return seeded.includes(resource) && !(namespace in namespaces);
  }

  /** What the app cluster is bound to, now; undefined where it is not what this replica serves. */
  async binding(): Promise<Binding | undefined> {
    return (await this.#read())?.binding;
  }

  async #read(): Promise<{ binding: Binding; record: NamespaceRecord } | undefined> {
    const known = await this.#state.readNamespaces();
    const { clusterID, claimNamespace } = this.#served;
    const isOurs = known?.binding.clusterID === clusterID && known.binding.claimNamespace === claimNamespace;
    return isOurs ? known : undefined;
  }
}
