import type { ConfigMap, KubeList, OwnerReference } from '../apimachinery/objects.ts';
import type { ClaimApi } from '../claim-moves/claim-api.ts';
import { configMapPath } from '../clusters/api-paths.ts';
import { absentOrThrow, isConflict, type KubeClient } from '../clusters/kube-client.ts';
import { adoptionLabel } from '../mapping/identity.ts';
import type { Member, ObjectPlace } from './member.ts';

/** A connection Secret, in both clusters, and the place among the members of the one it belongs to. */
export interface SecretCopy {
  from: Required<ObjectPlace>;
  to: Required<ObjectPlace>;
  of: number;
}

/** An object of the app cluster that the claim owned, and is to own again once its API is the connector's. */
export interface DetachedDependent {
  path: string;
  owner: OwnerReference;
}

/** What an adoption has to know that its objects do not say. */
export interface AdoptionRecord {
  api: ClaimApi;
  clusterID: string;
  claimNamespace: string;
  /** The claim first, its composite resource next, and everything after what composes it. */
  members: Member[];
  secrets: SecretCopy[];
  /** `sha256:<hex>` of the archive that was written before anything was changed, or that it is made of. */
  archive?: string;
  /** The objects are those of the archive: the app cluster has none of them. */
  isFromArchive?: true;
  dependents?: DetachedDependent[];
  /** For people: why it stopped. */
  reason?: string;
}

/**
 * - `planned`: nothing has been changed.
 * - `copying`: the app cluster has the say. Everything is paused there, and paused copies are made on the control plane.
 * - `live`: the control plane has the say, from before the first of its copies is let go.
 * - `adopted`: all of them work, and were compared. The objects of the app cluster are there still, paused.
 * - `recalling`: undo. The copies are being paused again; the control plane still has the say.
 * - `discarding`: undo. The app cluster has the say; the copies go.
 * - `undone`: everything is in the app cluster again, and nowhere else.
 * - `finishing`: the objects of the app cluster are being removed. There is no way back by undo.
 * - `detached`: they are gone. What the claim owned waits for the connector's API.
 * - `finished`: for good.
 * - `restoring`: undo of that. The control plane has the say; paused objects are made in the app cluster of what the archive has. `recalling` is next.
 */
export const adoptionPhases = [
  'planned',
  'copying',
  'live',
  'adopted',
  'recalling',
  'discarding',
  'undone',
  'finishing',
  'detached',
  'finished',
  'restoring',
] as const;
export type AdoptionPhase = (typeof adoptionPhases)[number];

/** Whether the app cluster has lost what it had, or is about to: no undo without an archive. */
export function isAtEnd(phase: AdoptionPhase): boolean {
  return ['finishing', 'detached', 'finished', 'restoring'].includes(phase);
}

export interface Adoption {
  phase: AdoptionPhase;
  record: AdoptionRecord;
  resourceVersion: string;
}

/** One ConfigMap for each adopted claim, in the claim namespace of the control plane. */
export class AdoptionLedger {
  readonly #client: KubeClient;
  readonly #namespace: string;

  constructor(controlPlane: KubeClient, claimNamespace: string) {
    this.#client = controlPlane;
    this.#namespace = claimNamespace;
  }

  /** By the uid that the claim has in the app cluster. */
  async read(uid: string): Promise<Adoption | undefined> {
    const path = configMapPath(this.#namespace, ledgerName(uid));
    const map = await this.#client.get<ConfigMap>(path).catch(absentOrThrow);
    return map && adoptionOf(map);
  }

  /** Those of one app cluster, or of all, in the order of their claims. */
  async list(clusterID?: string): Promise<Adoption[]> {
    const query = { labelSelector: adoptionLabel };
    const { items } = await this.#client.get<KubeList<ConfigMap>>(configMapPath(this.#namespace), { query });
    return items
      .flatMap((map) => adoptionOf(map) ?? [])
      .filter(({ record }) => clusterID === undefined || record.clusterID === clusterID)
      .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  }

  /** Takes the place of one that was undone or never begun; what another process has begun meanwhile stands. */
  async open(record: AdoptionRecord): Promise<Adoption> {
    const map = mapOf(this.#namespace, record, 'planned');
    try {
      const made = await this.#client.create<ConfigMap>(configMapPath(this.#namespace), map);
      return adoptionOf(made) as Adoption;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    const there = await this.read(uidOf(record));
    if (!there) return await this.open(record);
    if (there.phase !== 'undone' && there.phase !== 'planned') return there;
    return await this.write({ ...there, record }, 'planned');
  }

  /** Guarded by the resourceVersion: throws a conflict where another process has written. */
  async write({ record, resourceVersion }: Adoption, phase: AdoptionPhase): Promise<Adoption> {
    const map = mapOf(this.#namespace, record, phase);
    const path = configMapPath(this.#namespace, map.metadata.name);
    const body = { ...map, metadata: { ...map.metadata, resourceVersion } };
    return adoptionOf(await this.#client.replace<ConfigMap>(path, body)) as Adoption;
  }
}

function uidOf({ members }: AdoptionRecord): string {
  return (members[0] as Member).from.uid;
}

function ledgerName(uid: string): string {
  return `claim-adoption-${uid}`;
}

function sortKey({ record: { api, members } }: Adoption): string {
  const { namespace, name } = (members[0] as Member).from;
  return `${api.claim.plural}.${api.group} ${namespace} ${name}`;
}

function mapOf(namespace: string, record: AdoptionRecord, phase: AdoptionPhase): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: ledgerName(uidOf(record)),
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'mcp-connector', [adoptionLabel]: phase },
    },
    data: { adoption: JSON.stringify(record, undefined, 1) },
  };
}

function adoptionOf({ metadata, data }: ConfigMap): Adoption | undefined {
  const text = data?.['adoption'];
  if (text === undefined) return undefined;
  return {
    phase: metadata.labels?.[adoptionLabel] as AdoptionPhase,
    record: JSON.parse(text) as AdoptionRecord,
    resourceVersion: metadata.resourceVersion ?? '',
  };
}
