import type { KubeObject } from '../../../apimachinery/objects.ts';
import { decodeCursor, encodeCursor } from '../../answers/cursor.ts';
import type { ListInput } from '../list-page.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { type Offer, type OfferedKind, offeredKind, offeredKinds } from './offered-kinds.ts';

export interface OfferedPage<T> {
  items: { resource: OfferedKind; object: T }[];
  nextCursor: string | undefined;
  warnings: string[];
}

interface State {
  /** `Kind.group` of the list that the page begins in. */
  kind: string;
  token?: string;
}

/** Kinds that one call looks at: each is a request. */
const maxKinds = 60;
const defaultLimit = 50;

/** One page over all kinds that are offered, or over one: kind by kind, in the order of their names. */
export async function offeredPage<T extends KubeObject>(
  call: ToolCall,
  tool: string,
  offer: Offer,
  input: ListInput & { kind?: string | undefined },
  selection: { namespace: string | undefined; labelSelector: string | undefined },
): Promise<OfferedPage<T>> {
  const state = decodeCursor(tool, input, input.cursor) as State | undefined;
  const kinds =
    input.kind === undefined ? await offeredKinds(call, offer) : [await offeredKind(call, offer, input.kind)];
  const from = state ? kinds.findIndex((one) => keyOf(one) >= state.kind) : 0;
  const rest = from < 0 ? [] : kinds.slice(from);
  const limit = input.limit ?? defaultLimit;
  const page: OfferedPage<T> = { items: [], nextCursor: undefined, warnings: [] };
  for (const [at, resource] of rest.entries()) {
    const room = limit - page.items.length;
    const key = keyOf(resource);
    if (room <= 0 || at >= maxKinds) {
      page.nextCursor = encodeCursor(tool, input, { kind: key });
      break;
    }
    const continueToken = key === state?.kind ? state.token : undefined;
    const inside = resource.namespaced ? selection.namespace : undefined;
    const { labelSelector } = selection;
    const list = call.api.list<T>(resource, { limit: room, continueToken, namespace: inside, labelSelector });
    const listed = await list.catch((error: unknown) =>
      unreadable(error, resource, input.kind, page.warnings),
    );
    if (!listed) continue;
    page.items.push(...listed.items.map((object) => ({ resource, object })));
    if (listed.continueToken === undefined) continue;
    page.nextCursor = encodeCursor(tool, input, { kind: key, token: listed.continueToken });
    break;
  }
  return page;
}

/** Among many kinds, one that may not be read, or went a moment ago, does not hide the others. */
function unreadable(
  error: unknown,
  resource: OfferedKind,
  asked: string | undefined,
  warnings: string[],
): undefined {
  const isPassing = error instanceof ToolError && ['forbidden', 'not_found'].includes(error.code);
  if (!isPassing || asked !== undefined) throw error;
  if (error.code === 'forbidden') warnings.push(`${keyOf(resource)} left out: ${error.message}`);
  return undefined;
}

function keyOf({ kind, group }: OfferedKind): string {
  return `${kind}.${group}`;
}
