import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

/** The three kinds that protect: `protection.crossplane.io` of Crossplane 2, and the older one that cannot name a namespace. */
export type UsageKind = 'ClusterUsage' | 'Usage' | 'LegacyUsage';
export const usageKinds = ['ClusterUsage', 'Usage', 'LegacyUsage'] as const;

interface UsageRef {
  apiVersion: string;
  kind: string;
  resourceRef?: { name: string; namespace?: string };
  resourceSelector?: { matchLabels?: Record<string, string>; matchControllerRef?: boolean };
}

export interface UsageObject extends KubeObject {
  spec: { of: UsageRef; by?: UsageRef; reason?: string; replayDeletion?: boolean };
  status?: { conditions?: Condition[] };
}

export interface FoundUsage {
  kind: UsageKind;
  resource: Resource;
  usage: UsageObject;
}

/** An object by what names it everywhere. */
export interface ObjectName {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
}

/** On every object that a ready usage is about: its deletion is refused while it is there. */
export const inUseLabel = 'crossplane.io/in-use';
/** Left on a used object by a deletion that was refused; `replayDeletion` carries it out once the last usage is gone. */
export const attemptAnnotation = 'usage.crossplane.io/deletion-attempt-with-policy';

/** The kinds of usages that are served here, best first. */
export async function servedUsageKinds(call: ToolCall): Promise<{ kind: UsageKind; resource: Resource }[]> {
  const found = await Promise.all(
    usageKinds.map(async (kind) => ({ kind, resource: await call.kinds.findServed(kind) })),
  );
  return found.filter((one): one is { kind: UsageKind; resource: Resource } => one.resource !== undefined);
}

/** All usages of the control plane, as far as they fit a page of each kind; there are seldom many. */
export async function allUsages(call: ToolCall, namespace?: string): Promise<FoundUsage[]> {
  const served = await servedUsageKinds(call);
  const lists = await Promise.all(
    served.map(async ({ kind, resource }) => {
      const inside = resource.namespaced ? namespace : undefined;
      const { items } = await call.api.list<UsageObject>(resource, { namespace: inside });
      return items.map((usage) => ({ kind, resource, usage }));
    }),
  );
  return lists.flat();
}

/** Those that protect this object. */
export async function usagesOf(call: ToolCall, object: ObjectName): Promise<FoundUsage[]> {
  return (await allUsages(call)).filter((found) => protects(found, object));
}

function protects({ usage, resource }: FoundUsage, object: ObjectName): boolean {
  const { of } = usage.spec;
  if (of.kind !== object.kind || groupOf(of.apiVersion) !== groupOf(object.apiVersion)) return false;
  // Crossplane fills the reference in for those that select.
  if (of.resourceRef?.name !== object.name) return false;
  const namespace = resource.namespaced ? (of.resourceRef.namespace ?? usage.metadata.namespace) : undefined;
  return namespace === object.namespace;
}

/**
 * Throws `in_use` where usages protect the object. Asked before a deletion is sent, and not left to Crossplane's webhook: that
 * one notes the attempt on the object, and with replayDeletion the object then goes by itself when the usage does.
 */
export async function refuseInUse(
  call: ToolCall,
  object: ObjectName,
  labels?: Record<string, string>,
): Promise<void> {
  const protectors = await usagesOf(call, object).catch((error: unknown) => {
    // Without the right to read usages the label is what can be known.
    if (!(error instanceof ToolError) || error.code !== 'forbidden') throw error;
    return [];
  });
  if (protectors.length === 0 && labels?.[inUseLabel] !== 'true') return;
  const names = protectors.map(({ kind, usage }) => usageName(kind, usage));
  throw new ToolError(
    'in_use',
    names.length > 0
      ? `${object.kind} ${object.name} is protected by ${names.join(', ')}`
      : `${object.kind} ${object.name} is labelled as protected by a usage: one that went a moment ago, or may not be read here`,
    {
      hint: `look at it with get_usage; only once it is no longer needed, delete_usage`,
      details: { usages: names },
    },
  );
}

export function usageName(kind: UsageKind, { metadata }: UsageObject): string {
  const name = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
  return `${kind} ${name}`;
}

/** `XBucket a`, or what it selects by. */
export function refText(ref: UsageRef | undefined): string {
  if (!ref) return '';
  const { kind, resourceRef, resourceSelector } = ref;
  if (resourceRef)
    return `${kind} ${resourceRef.namespace ? `${resourceRef.namespace}/` : ''}${resourceRef.name}`;
  const labels = Object.entries(resourceSelector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return `${kind} by ${labels.join(',') || 'controller'}`;
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}
