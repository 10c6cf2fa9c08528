import type { ConfigMap, KubeList } from '../apimachinery/objects.ts';
import { configMapPath } from '../clusters/api-paths.ts';
import { absentOrThrow, isConflict, isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import { claimMoveLabel } from '../mapping/identity.ts';
import type { ClaimApi } from './claim-api.ts';
import type { Place } from './claim-object.ts';
import type { Snapshot } from './snapshot.ts';

/** What a move has to know that its objects do not say. What is to be done next is read from the objects, never from here. */
export interface MoveRecord {
  api: ClaimApi;
  from: Place & { uid: string };
  to: Place;
  composite: { name: string; uid: string };
  /** Names of the connection Secret, beside the old claim and beside the new one; missing where none is asked for. */
  secret?: { from: string; to: string };
  /** Labels and annotations that differ between the old claim and the new one. All others are copied. */
  labels?: Differences;
  annotations?: Differences;
  direction: 'forward' | 'back';
  /** Protect the composite resource from deletion meanwhile. */
  guard: boolean;
  /** Composite and composed resources, seen after the old claim stood still. */
  before?: Snapshot;
  /** Of one that has ended: uid of the new claim, once it is on its way back. Its ledger lies beside it, under this uid. */
  undoneBy?: string;
  /** For people: why it goes back, or why it stopped. */
  reason?: string;
}

/** By key; `from` or `to` is missing where the old claim or the new one has none. */
export type Differences = Record<string, { from?: string; to?: string }>;

/** `planned` until the first write to a claim, `moved` and `undone` for good. */
export const movePhases = ['planned', 'moving', 'moved', 'undone', 'stopped'] as const;
export type MovePhase = (typeof movePhases)[number];

export interface LedgerEntry {
  /** Of the ConfigMap, which lies in the old claim's namespace. */
  name: string;
  phase: MovePhase;
  record: MoveRecord;
  resourceVersion: string;
}

/** By the claim's uid: a claim cannot be moved twice at once, and a claim made anew is another. */
export function ledgerNameOf(uid: string): string {
  return `claim-move-${uid}`;
}

/** One ConfigMap for each move, on the control plane beside the old claim. It stays after the move, to undo it by. */
export class Ledger {
  readonly #client: KubeClient;

  constructor(controlPlane: KubeClient) {
    this.#client = controlPlane;
  }

  async read(namespace: string, uid: string): Promise<LedgerEntry | undefined> {
    const path = configMapPath(namespace, ledgerNameOf(uid));
    const map = await this.#client.get<ConfigMap>(path).catch(absentOrThrow);
    return map && entryOf(map);
  }

  /** Those of one namespace, oldest first. */
  async list(namespace: string): Promise<LedgerEntry[]> {
    const query = { labelSelector: claimMoveLabel };
    const { items } = await this.#client.get<KubeList<ConfigMap>>(configMapPath(namespace), { query });
    return items.toSorted((a, b) => (age(a) < age(b) ? -1 : 1)).flatMap((map) => entryOf(map) ?? []);
  }

  /** Takes the place of one that ended; what another process has begun meanwhile stands. */
  async open(record: MoveRecord): Promise<LedgerEntry> {
    const { namespace, uid } = record.from;
    const map = mapOf(record, 'planned');
    try {
      return entryOf(await this.#client.create<ConfigMap>(configMapPath(namespace), map)) as LedgerEntry;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    const there = await this.read(namespace, uid);
    if (!there) return this.open(record);
    if (there.phase !== 'undone' && there.phase !== 'planned') return there;
    const isSame = there.phase === 'planned' && JSON.stringify(there.record) === JSON.stringify(record);
    return isSame ? there : this.write({ ...there, record }, 'planned');
  }

  /** Guarded by the resourceVersion: throws a conflict where another process has written. */
  async write({ name, record, resourceVersion }: LedgerEntry, phase: MovePhase): Promise<LedgerEntry> {
    const map = mapOf(record, phase);
    const path = configMapPath(record.from.namespace, name);
    const body = { ...map, metadata: { ...map.metadata, resourceVersion } };
    return entryOf(await this.#client.replace<ConfigMap>(path, body)) as LedgerEntry;
  }

  async forget({ name, record }: LedgerEntry): Promise<void> {
    try {
      await this.#client.delete(configMapPath(record.from.namespace, name));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function age({ metadata }: ConfigMap): string {
  return `${metadata.creationTimestamp}/${metadata.name}`;
}

function mapOf(record: MoveRecord, phase: MovePhase): ConfigMap {
  const { namespace, uid } = record.from;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: ledgerNameOf(uid),
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'mcp-connector', [claimMoveLabel]: phase },
    },
    data: { move: JSON.stringify(record, undefined, 1) },
  };
}

function entryOf({ metadata, data }: ConfigMap): LedgerEntry | undefined {
  const text = data?.['move'];
  if (text === undefined) return undefined;
  return {
    name: metadata.name,
    phase: metadata.labels?.[claimMoveLabel] as MovePhase,
    record: JSON.parse(text) as MoveRecord,
    resourceVersion: metadata.resourceVersion ?? '',
  };
}
