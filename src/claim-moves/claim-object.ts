import type { Condition, KubeObject, ObjectReference } from '../apimachinery/objects.ts';
import { parseLossless } from '../apimachinery/lossless-json.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';

/** Where a claim lies on the control plane. */
export interface Place {
  namespace: string;
  name: string;
}

/** A claim as it lies on the control plane. Numbers of its spec are `JSON.rawJSON`: they are copied as they stand. */
export interface ClaimObject extends KubeObject {
  spec?: {
    resourceRef?: Partial<ObjectReference>;
    writeConnectionSecretToRef?: { name?: string };
    publishConnectionDetailsTo?: unknown;
    [field: string]: unknown;
  };
  status?: { conditions?: Condition[] };
}

export interface CompositeObject extends KubeObject {
  spec?: {
    claimRef?: Partial<ObjectReference>;
    compositionRef?: { name?: string };
    compositionRevisionRef?: { name?: string };
    resourceRefs?: Partial<ObjectReference>[];
    [field: string]: unknown;
  };
  status?: { conditions?: Condition[] };
}

/** Crossplane's own: an object with the value "true" is left alone, its deletion included. */
export const pausedAnnotation = 'crossplane.io/paused';
/** Of the XR and of what it composes: the claim they are for. */
export const claimNameLabel = 'crossplane.io/claim-name';
export const claimNamespaceLabel = 'crossplane.io/claim-namespace';
/** Set where a Usage denies deletion. */
export const inUseLabel = 'crossplane.io/in-use';
/** Crossplane's finalizer of claims. */
export const claimFinalizer = 'finalizer.apiextensions.crossplane.io';

/** Undefined where it is not there. Of claims the copies have to be exact: a plain JSON.parse would change 9007199254740993. */
export async function readExactly<T extends ClaimObject | CompositeObject>(
  client: KubeClient,
  path: string,
): Promise<T | undefined> {
  const text = await client.getText(path).catch(absentOrThrow);
  return text === undefined ? undefined : (parseLossless(text) as unknown as T);
}

export function conditionOf(
  object: { status?: { conditions?: Condition[] } },
  type: string,
): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

export function isPaused({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[pausedAnnotation] === 'true';
}

export function isTrue(object: { status?: { conditions?: Condition[] } }, type: string): boolean {
  return conditionOf(object, type)?.status === 'True';
}

export function isAt(
  { claimRef }: NonNullable<CompositeObject['spec']>,
  { namespace, name }: Place,
): boolean {
  return claimRef?.namespace === namespace && claimRef.name === name;
}

export function showPlace({ namespace, name }: Place): string {
  return `${namespace}/${name}`;
}
