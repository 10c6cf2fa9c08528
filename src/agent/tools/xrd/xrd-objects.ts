import type { Condition, JsonSchema, KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

export interface XrdNames {
  kind: string;
  plural: string;
  singular?: string;
  shortNames?: string[];
}

export interface XrdVersion {
  name: string;
  served: boolean;
  referenceable: boolean;
  deprecated?: boolean;
  schema?: { openAPIV3Schema?: JsonSchema };
}

/** CompositeResourceDefinition, v1 and v2 alike: what each of them takes is in xrd-version.ts. */
export interface Xrd extends KubeObject {
  spec: {
    group: string;
    names: XrdNames;
    /** Missing before Crossplane 2. */
    scope?: 'Namespaced' | 'Cluster' | 'LegacyCluster';
    claimNames?: XrdNames;
    connectionSecretKeys?: string[];
    defaultCompositionRef?: { name: string };
    enforcedCompositionRef?: { name: string };
    versions: XrdVersion[];
  };
  status?: { conditions?: Condition[] };
}

/** The one version that XRs are stored in and compositions refer to. */
export function referenceableOf({ spec }: Xrd): XrdVersion | undefined {
  return spec.versions.find(({ referenceable }) => referenceable) ?? spec.versions[0];
}

/** Of the composite resources; before Crossplane 2 they are all of the old kind. */
export function scopeOf({ spec }: Xrd): 'Namespaced' | 'Cluster' | 'LegacyCluster' {
  return spec.scope ?? 'LegacyCluster';
}

export function compositesOf(xrd: Xrd): Resource {
  return resourceOf(xrd, xrd.spec.names, scopeOf(xrd) === 'Namespaced');
}

/** Undefined where the XRD offers no claims. */
export function claimsOf(xrd: Xrd): Resource | undefined {
  return xrd.spec.claimNames && resourceOf(xrd, xrd.spec.claimNames, true);
}

function resourceOf(xrd: Xrd, { kind, plural }: XrdNames, namespaced: boolean): Resource {
  const version = referenceableOf(xrd)?.name ?? 'v1';
  return { group: xrd.spec.group, version, plural, kind, namespaced };
}

/**
 * How many objects of a kind there are, in one small request. Undefined where they may not be listed; 0 where the kind is not
 * served.
 */
export async function countOf({ api }: ToolCall, resource: Resource): Promise<number | undefined> {
  try {
    const { items, remaining } = await api.listMetadata(resource, { limit: 1 });
    return items.length + (remaining ?? 0);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (error.code === 'not_found') return 0;
    if (error.code === 'forbidden') return undefined;
    throw error;
  }
}

/** `Kind name`, or `Kind namespace/name`: the first of them. */
export async function someOf({ api }: ToolCall, resource: Resource, most: number): Promise<string[]> {
  const { items } = await api.listMetadata(resource, { limit: most });
  return items.map(({ metadata }) => `${resource.kind} ${showName(metadata)}`);
}

export function showName({ name, namespace }: { name: string; namespace?: string | undefined }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
