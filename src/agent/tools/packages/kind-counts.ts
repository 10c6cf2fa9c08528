import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { mapBounded } from '../bounded.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

type ServedKind = Resource & { categories: readonly string[] };

export interface KindCount {
  resource: ServedKind;
  /** In all namespaces. */
  count: number;
  /** Some of them, `namespace/name` or `name`. */
  some: string[];
}

const shown = 3;
/** A family of providers has about a thousand kinds. Metadata of one object each is asked for, 16 at a time. */
const atOnce = 16;

/** Objects of each kind, for those kinds that have any. What may not be counted is an error: it may be the one that matters. */
export async function countObjects(call: ToolCall, kinds: readonly ServedKind[]): Promise<KindCount[]> {
  const counts = await mapBounded(
    kinds,
    async (resource): Promise<KindCount> => {
      const { items, remaining } = await listed(call, resource);
      return { resource, count: items.length + (remaining ?? 0), some: items.map(nameOf) };
    },
    atOnce,
  );
  return counts.filter(({ count }) => count > 0);
}

async function listed(
  call: ToolCall,
  resource: Resource,
): Promise<{ items: KubeObject[]; remaining?: number | undefined }> {
  try {
    return await call.api.listMetadata(resource, { limit: shown });
  } catch (error) {
    // Its CRD went away meanwhile.
    if (error instanceof ToolError && error.code === 'not_found') return { items: [] };
    throw error;
  }
}

function nameOf({ metadata }: KubeObject): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

/** `3 Bucket.s3.example.org (a, b, c)` */
export function countText({ count, resource, some }: KindCount): string {
  const more = count > some.length ? ', …' : '';
  return `${count} ${resource.kind}.${resource.group} (${some.join(', ')}${more})`;
}

/** The kinds of these CRDs (`plural.group`) that are served. */
export async function kindsOfCrds(call: ToolCall, crds: Iterable<string>): Promise<ServedKind[]> {
  const wanted = new Set(crds);
  return (await call.kinds.all()).filter(({ group, plural }) => wanted.has(`${plural}.${group}`));
}

/** How a provider is told of its account, and who uses that: not infrastructure, though a CRD of a provider too. */
export function isProviderSetting({ kind }: { kind: string }): boolean {
  return /^(Cluster)?(ProviderConfig|ProviderConfigUsage|StoreConfig)$/.test(kind);
}
