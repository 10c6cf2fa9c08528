import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

export type ServedKind = Resource & { categories: readonly string[] };

/** Of Crossplane's own groups, those whose objects people delete. */
const ownKinds = new Set([
  'CompositeResourceDefinition',
  'Composition',
  'EnvironmentConfig',
  'Provider',
  'Configuration',
  'Function',
  'Operation',
  'CronOperation',
  'WatchOperation',
  'Usage',
  'ClusterUsage',
]);

/** Kinds whose objects Crossplane sees to, in the order of their names. */
export async function crossplaneServedKinds(
  call: ToolCall,
  categories: readonly string[],
): Promise<ServedKind[]> {
  const all = await call.kinds.all();
  return all
    .filter((kind) => categories.some((category) => kind.categories.includes(category)))
    .toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

export async function crossplaneOwnKinds(call: ToolCall): Promise<ServedKind[]> {
  return (await call.kinds.all()).filter(
    ({ group, kind }) => /(^|\.)crossplane\.io$/.test(group) && ownKinds.has(kind),
  );
}

export function keyOf({ group, plural }: Resource): string {
  return `${plural}.${group}`;
}

/** A kind that may not be read, or that went away, is left out and told of: the others are still worth showing. */
export async function listOrNote<T extends KubeObject>(
  kind: ServedKind,
  notes: string[],
  list: () => Promise<{ items: T[]; continueToken: string | undefined }>,
): Promise<{ items: T[]; continueToken: string | undefined }> {
  try {
    return await list();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (error.code === 'forbidden') notes.push(`${keyOf(kind)} may not be read by this server`);
    else if (error.code !== 'not_found') throw error;
    return { items: [], continueToken: undefined };
  }
}
