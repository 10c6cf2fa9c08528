import { decodeCursor, encodeCursor } from '../../answers/cursor.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import { conditionOf, failingConditions } from '../conditions.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { crossplaneServedKinds, keyOf, listOrNote } from './everywhere.ts';
import { defaultLimit } from '../list-page.ts';

export interface ManagedInput {
  kind?: string | undefined;
  unhealthy?: boolean | undefined;
  label_selector?: string | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}

interface Managed extends KubeObject {
  status?: { conditions?: Condition[] };
}

const externalName = 'crossplane.io/external-name';

const tool = 'list_managed_resources';

interface Continued {
  /** `plural.group` */
  kind: string;
  continueToken?: string;
}

/** One list over all kinds of managed resources, kind after kind. */
export async function listManaged(call: ToolCall, input: ManagedInput): Promise<ToolAnswer> {
  const limit = input.limit ?? defaultLimit;
  const all = await crossplaneServedKinds(call, ['managed']);
  const wanted = input.kind?.toLowerCase();
  const kinds = all.filter(
    (kind) => wanted === undefined || [kind.kind.toLowerCase(), kind.plural, keyOf(kind)].includes(wanted),
  );
  if (wanted !== undefined && kinds.length === 0)
    throw new ToolError('not_found', `no provider serves a managed resource ${input.kind}`, {
      hint: `there are ${all.length} kinds, such as ${all.slice(0, 5).map(keyOf).join(', ')}`,
    });
  const at = decodeCursor(tool, input, input.cursor) as Continued | undefined;
  const first = at ? kinds.findIndex((kind) => keyOf(kind) >= at.kind) : 0;
  const items: Record<string, unknown>[] = [];
  const notes: string[] = [];
  let continueToken = at?.continueToken;
  let next: Continued | undefined;
  for (const kind of first < 0 ? [] : kinds.slice(first)) {
    const rest = limit - items.length;
    if (rest <= 0) {
      next = { kind: keyOf(kind) };
      break;
    }
    const options = { limit: rest, continueToken, labelSelector: input.label_selector };
    const page = await listOrNote(kind, notes, () => call.api.list<Managed>(kind, options));
    const shown = input.unhealthy ? page.items.filter(isUnhealthy) : page.items;
    items.push(...shown.map((found) => rowOf(kind.kind, found)));
    continueToken = undefined;
    if (page.continueToken) {
      next = { kind: keyOf(kind), continueToken: page.continueToken };
      break;
    }
  }
  return {
    summary: `${items.length} ${input.unhealthy ? 'unhealthy ' : ''}managed resource${items.length === 1 ? '' : 's'} of ${kinds.length} kinds`,
    items,
    ...(next ? { nextCursor: encodeCursor(tool, input, next) } : {}),
    warnings: notes.slice(0, 10),
  };
}

function isUnhealthy(found: Managed): boolean {
  return failingConditions(found).length > 0 || (found.status?.conditions ?? []).length === 0;
}

function rowOf(kind: string, found: Managed): Record<string, unknown> {
  const { annotations, deletionTimestamp, name, namespace } = found.metadata;
  const external = annotations?.[externalName];
  return {
    kind,
    name: namespace ? `${namespace}/${name}` : name,
    synced: conditionOf(found, 'Synced')?.status ?? '-',
    ready: conditionOf(found, 'Ready')?.status ?? '-',
    external: external === name ? '=' : (external ?? '-'),
    note: deletionTimestamp ? `deleting since ${deletionTimestamp}` : '',
  };
}
