import type { Condition, KubeObject, OwnerReference } from '../apimachinery/objects.ts';
import { resourcePath } from '../clusters/api-paths.ts';

export interface ObjectPlace {
  /** Missing for what is cluster-scoped. */
  namespace?: string;
  name: string;
}

/** What a claim consists of: itself, the composite resources behind it and what they compose. */
export interface Member {
  role: 'claim' | 'composite' | 'composed';
  resource: { group: string; version: string; plural: string; kind: string };
  /** In the app cluster, where it was found; `restored` is the uid of the object made there in its place by an undo after the end. */
  from: ObjectPlace & { uid: string; restored?: string };
  /** On the control plane. */
  to: ObjectPlace;
  /** Place among the members of the one that controls it; missing for the claim, and for its composite resource, which nothing owns. */
  owner?: number;
  /** True where providers work on it: it has the category `managed`. */
  isManaged?: true;
}

/** An object as it lies in one of the two clusters. Numbers of spec and status are `JSON.rawJSON`: they are copied as they stand. */
export interface AdoptedObject extends KubeObject {
  metadata: KubeObject['metadata'] & { ownerReferences?: OwnerReference[] };
  spec?: {
    writeConnectionSecretToRef?: { name?: string; namespace?: string };
    publishConnectionDetailsTo?: unknown;
    [field: string]: unknown;
  };
  status?: { conditions?: Condition[]; [field: string]: unknown };
  [field: string]: unknown;
}

export const externalNameAnnotation = 'crossplane.io/external-name';

export function appPath({ resource, from }: Member): string {
  return resourcePath(resource, from);
}

export function controlPlanePath({ resource, to }: Member): string {
  return resourcePath(resource, to);
}

/** Of the object that the app cluster has now. */
export function appUid({ from }: Member): string {
  return from.restored ?? from.uid;
}

export function apiVersionOfMember({ resource: { group, version } }: Member): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `<Kind> <namespace>/<name>`, as the app cluster has it. */
export function showMember({ resource, from }: Member): string {
  return `${resource.kind} ${showObjectPlace(from)}`;
}

export function showObjectPlace({ namespace, name }: ObjectPlace): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Members by their distance from the claim. */
export function levels(members: readonly Member[]): Member[][] {
  const depths: number[] = [];
  for (const [at, { owner, role }] of members.entries())
    depths[at] = owner === undefined ? (role === 'claim' ? 0 : 1) : (depths[owner] as number) + 1;
  const groups: Member[][] = [];
  for (const [at, member] of members.entries()) (groups[depths[at] as number] ??= []).push(member);
  return groups.filter((group) => group !== undefined);
}
