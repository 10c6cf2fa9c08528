import type { Condition, KubeObject } from '../../src/apimachinery/objects.ts';
import type { Outcome } from './api-client.ts';

/** On every claim: the attempt to create it that made it. */
export const attemptLabel = 'chaos.example.org/attempt';

export interface ChaosClaim extends KubeObject {
  spec: {
    parameters: { size: string; settings?: Record<string, string> };
    resourceRef?: { name: string };
  };
  status?: { conditions?: Condition[] };
}

export type Fault = 'lost' | 'duplicated' | 'wrongly deleted';

export interface Violation {
  fault: Fault;
  text: string;
}

/** What may stand in one field: the last acknowledged value, or one of those that were sent after it. */
interface Field {
  acknowledged: string | undefined;
  later: string[];
}

/** One attempt to create a claim, and what its client asked of it since. A claim is written by one client only. */
export class Entry {
  readonly attempt: string;
  readonly namespace: string;
  name: string | undefined;
  uid: string | undefined;
  /** `unknown` while it is under way. */
  created: Outcome = 'unknown';
  /** `unknown`: somebody asked for it, by whatever way. */
  deletion: 'none' | 'unknown' | 'acknowledged' = 'none';
  /**
   * Crossplane has seen its composite resource. Only then clients delete it: of one that its cache does not have yet, Crossplane
   * 1.20 lets the claim go and leaves the composite resource (internal/controller/apiextensions/claim/reconciler.go, WasCreated).
   */
  isReady = false;
  readonly #fields = new Map<string, Field>();
  /** Values whose writes were refused. */
  readonly #refused = new Set<string>();

  constructor(attempt: string, namespace: string, name?: string) {
    this.attempt = attempt;
    this.namespace = namespace;
    this.name = name;
  }

  /** Acknowledged, and nobody has asked to delete it. */
  get mustExist(): boolean {
    return this.created === 'acknowledged' && this.deletion === 'none';
  }

  /** Before a write of this value is sent. */
  sends(field: string, value: string): void {
    const known = this.#fields.get(field) ?? { acknowledged: undefined, later: [] };
    known.later.push(value);
    this.#fields.set(field, known);
  }

  /** When that write was answered. */
  hears(field: string, value: string, outcome: Outcome): void {
    const known = this.#fields.get(field) as Field;
    if (outcome === 'unknown') return;
    known.later = known.later.filter((other) => other !== value);
    if (outcome === 'refused') this.#refused.add(value);
    else Object.assign(known, { acknowledged: value, later: [] });
  }

  /** Settles what was unknown by what an object shows. Returns what it should not show. */
  observe({ metadata, spec, status }: ChaosClaim): string[] {
    this.isReady ||= isReady({ status });
    this.created = 'acknowledged';
    this.name ??= metadata.name;
    this.uid ??= metadata.uid;
    const settings = spec.parameters.settings ?? {};
    const faults = this.uid === metadata.uid ? [] : [`uid ${metadata.uid}, was ${this.uid}`];
    for (const [field, known] of this.#fields) {
      const value = settings[field];
      if (value === known.acknowledged) continue;
      if (value !== undefined && known.later.includes(value)) {
        known.later = known.later.slice(known.later.indexOf(value) + 1);
        known.acknowledged = value;
        continue;
      }
      const refused = value !== undefined && this.#refused.has(value) ? ', whose write was refused' : '';
      faults.push(`${field} is ${value}${refused}, acknowledged ${known.acknowledged}`);
    }
    return faults;
  }

  get title(): string {
    return `${this.namespace}/${this.name ?? '(generated)'} (attempt ${this.attempt}, uid ${this.uid})`;
  }
}

export function isReady({ status }: { status?: ChaosClaim['status'] | undefined }): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
}

/** Everything the clients asked to be done, and what they were told. */
export class Ledger {
  readonly violations: Violation[] = [];
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  /** A new attempt, written down before it is sent. */
  attempt(namespace: string, name?: string): Entry {
    const entry = new Entry(`a${++this.#count}`, namespace, name);
    this.#entries.set(entry.attempt, entry);
    return entry;
  }

  /** A value that no other write sends. */
  nextValue(): string {
    return String(++this.#count);
  }

  get entries(): Entry[] {
    return [...this.#entries.values()];
  }

  of({ metadata }: Pick<KubeObject, 'metadata'>): Entry | undefined {
    return this.#entries.get(metadata.labels?.[attemptLabel] ?? '');
  }

  report(fault: Fault, text: string): void {
    this.violations.push({ fault, text: `${new Date().toISOString().slice(11, 23)} ${text}` });
  }

  /** An object that a client was shown. Reports what is not as it was told. */
  see(object: ChaosClaim, where: string): Entry | undefined {
    const entry = this.of(object);
    const { namespace, name, deletionTimestamp } = object.metadata;
    if (!entry) {
      this.report('duplicated', `${where}: ${namespace}/${name} was created by nobody`);
      return undefined;
    }
    if (entry.created === 'refused')
      this.report('duplicated', `${where}: ${entry.title} is there, and its creation was refused`);
    for (const fault of entry.observe(object)) this.report('lost', `${where}: ${entry.title}: ${fault}`);
    if (deletionTimestamp !== undefined && entry.deletion === 'none')
      this.report('wrongly deleted', `${where}: ${entry.title} is being deleted, and nobody asked for it`);
    return entry;
  }

  /** Somebody deletes all that is in a namespace, or deletes the namespace. */
  sweeps(
    namespace: string,
    deletion: 'unknown' | 'acknowledged',
    only: readonly Entry[] = this.entries,
  ): void {
    for (const entry of only)
      if (entry.namespace === namespace && entry.deletion !== 'acknowledged') entry.deletion = deletion;
  }
}
