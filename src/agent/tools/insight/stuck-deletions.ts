import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Condition, CustomResourceDefinition, KubeObject } from '../../../apimachinery/objects.ts';
import { mapBounded } from '../bounded.ts';
import { readIfThere } from '../read-object.ts';
import { pausedAnnotation } from '../operations/operation-objects.ts';
import { inUseLabel } from '../protection/usages.ts';
import type { ToolCall } from '../tool.ts';
import {
  crossplaneOwnKinds,
  crossplaneServedKinds,
  keyOf,
  listOrNote,
  type ServedKind,
} from './everywhere.ts';
import { defaultLimit } from '../list-page.ts';

export interface StuckInput {
  older_than_seconds?: number | undefined;
  limit?: number | undefined;
}

const atOnce = 16;
const explained = 10;

interface Stuck {
  kind: ServedKind;
  object: KubeObject;
}

/** Objects that were deleted and are still there, with what is likely to hold them. Metadata only, over every kind. */
export async function listStuck(call: ToolCall, input: StuckInput): Promise<ToolAnswer> {
  const olderThan = (input.older_than_seconds ?? 60) * 1000;
  call.kinds.forget();
  const kinds = [
    ...(await crossplaneServedKinds(call, ['claim', 'composite', 'managed'])),
    ...(await crossplaneOwnKinds(call)),
    ...(await call.kinds.all()).filter(({ plural }) => plural === 'customresourcedefinitions'),
  ];
  const notes: string[] = [];
  const lists = await mapBounded(
    kinds,
    async (kind): Promise<Stuck[]> => {
      const { items, continueToken } = await listOrNote(kind, notes, () => call.api.listMetadata(kind));
      if (continueToken) notes.push(`only the first ${items.length} of ${keyOf(kind)} were looked at`);
      return items
        .filter(({ metadata }) => Date.now() - Date.parse(metadata.deletionTimestamp ?? 'never') >= olderThan)
        .map((object) => ({ kind, object }));
    },
    atOnce,
  );
  const stuck = lists
    .flat()
    .toSorted((a, b) => sinceOf(a).localeCompare(sinceOf(b)))
    .slice(0, input.limit ?? defaultLimit);
  const items = await mapBounded(stuck, async (one, at) => ({
    kind: one.kind.kind,
    name: nameOf(one),
    since: sinceOf(one),
    finalizers: (one.object.metadata.finalizers ?? []).join(', '),
    held_by: at < explained ? await reasonOf(call, one) : '',
  }));
  return {
    summary:
      items.length === 0
        ? 'no deletion is stuck'
        : `${items.length} deletion${items.length === 1 ? ' is' : 's are'} not finished`,
    items,
    warnings: notes.slice(0, 10),
    next: items[0] ? ['diagnose_resource'] : [],
  };
}

async function reasonOf(call: ToolCall, { kind, object }: Stuck): Promise<string> {
  const { annotations, finalizers = [], labels, name, namespace } = object.metadata;
  if (annotations?.[pausedAnnotation] === 'true')
    return 'it is paused, deletion included: pause_resource paused=false';
  if (kind.plural === 'customresourcedefinitions') return await crdReason(call, kind, name);
  if (kind.categories.includes('managed') && !(await hasController(call, kind)))
    return 'no provider is installed that would remove its finalizer';
  const full = await readIfThere<KubeObject & { status?: { conditions?: Condition[] } }>(call, kind, {
    name,
    namespace,
  });
  if (!full) return 'it is gone by now';
  if (labels?.[inUseLabel] === 'true') return 'a usage protects it or something below it: get_usage of=…';
  const bad = full.status?.conditions?.find(({ message, status }) => status !== 'True' && message);
  if (bad?.message) return `${bad.type}: ${bad.message}`;
  return finalizers.includes('foregroundDeletion') ? 'objects that it owns are not gone yet' : '';
}

async function crdReason(call: ToolCall, kind: ServedKind, name: string): Promise<string> {
  const crd = await readIfThere<CustomResourceDefinition>(call, kind, { name });
  const condition = crd?.status?.conditions?.find(({ type }) => type === 'Terminating');
  return condition?.message ?? '';
}

/** Its CRD is owned by a revision of the provider; an orphaned one has no such owner any more. */
async function hasController(call: ToolCall, kind: ServedKind): Promise<boolean> {
  const crds = (await call.kinds.all()).find(({ plural }) => plural === 'customresourcedefinitions');
  if (!crds) return true;
  const crd = await readIfThere(call, crds, { name: keyOf(kind) }).catch(() => undefined);
  if (!crd) return true;
  const owners = (crd.metadata.ownerReferences ?? []).filter(({ apiVersion }) =>
    apiVersion.startsWith('pkg.crossplane.io/'),
  );
  // A CRD that was never a package's has a controller of its own.
  return owners.length === 0 ? !crd.metadata.deletionTimestamp : true;
}

function sinceOf({ object }: Stuck): string {
  return object.metadata.deletionTimestamp ?? '';
}

function nameOf({ object: { metadata } }: Stuck): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}
