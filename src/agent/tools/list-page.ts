import type { KubeObject } from '../../apimachinery/objects.ts';
import { decodeCursor, encodeCursor } from '../answers/cursor.ts';
import { selectFields } from '../answers/field-selection.ts';
import type { Page, Resource } from '../cluster/cluster-api.ts';
import type { ToolCall } from './tool.ts';

export interface ListInput {
  limit?: number | undefined;
  cursor?: string | undefined;
  label_selector?: string | undefined;
  fields?: readonly string[] | undefined;
}

export interface ListedPage<T> extends Pick<Page<T>, 'items'> {
  /** Of all pages, where the API server says how many remain. */
  total: number | undefined;
  nextCursor: string | undefined;
}

interface State {
  token: string;
  seen: number;
}

export const defaultLimit = 50;

/** One page of a list; the cursor is bound to `tool` and all of `input` but the size of the page. */
export async function listPage<T extends KubeObject>(
  call: ToolCall,
  tool: string,
  resource: Resource,
  input: ListInput,
  selection: { namespace?: string | undefined; labelSelector?: string | undefined } = {},
): Promise<ListedPage<T>> {
  const state = decodeCursor(tool, input, input.cursor) as State | undefined;
  const page = await call.api.list<T>(resource, {
    limit: input.limit ?? defaultLimit,
    continueToken: state?.token,
    namespace: selection.namespace,
    labelSelector: selection.labelSelector ?? input.label_selector,
  });
  const seen = (state?.seen ?? 0) + page.items.length;
  const { continueToken: token, remaining } = page;
  const next: State | undefined = token === undefined ? undefined : { token, seen };
  return {
    items: page.items,
    total: token === undefined ? seen : remaining === undefined ? undefined : seen + remaining,
    nextCursor: next && encodeCursor(tool, input, next),
  };
}

/** The rows of a list: the fields that were asked for beside the name, or those of `row`. */
export function rowsOf<T extends KubeObject>(
  { fields }: ListInput,
  items: readonly T[],
  row: (item: T) => Record<string, unknown>,
): Record<string, unknown>[] {
  if (!fields || fields.length === 0) return items.map(row);
  return items.map((item) => ({
    name: item.metadata.name,
    ...(item.metadata.namespace === undefined ? {} : { namespace: item.metadata.namespace }),
    ...selectFields(item, fields),
  }));
}

/** "50 of 120 XRDs", "1 XRD", "no XRDs". */
export function counted(shown: number, total: number | undefined, one: string, many = `${one}s`): string {
  if (total !== undefined && total !== shown) return `${shown} of ${total} ${many}`;
  if (shown === 0) return `no ${many}`;
  return `${shown} ${shown === 1 ? one : many}`;
}
