import type { ToolDefinition } from '../tools/tool.ts';
import type { CallReader } from './product-resources.ts';
import type { Asking } from './served-tools.ts';

/** Of one answer (MCP, completion). */
const maxValues = 100;
/** Of the list that they are chosen from. */
const maxListed = 500;

interface Wanted {
  list: string;
  typed: string;
  /** Other variables that are filled in: kind and namespace narrow the list. */
  given: Readonly<Record<string, string>>;
}

/** Names to choose from. Nothing where the list cannot be had: a completion is a help, and its lack no error. */
export async function namesOf(
  tools: readonly ToolDefinition[],
  call: CallReader,
  { list, typed, given }: Wanted,
  asking: Asking,
): Promise<{ values: string[]; hasMore: boolean }> {
  const tool = tools.find(({ name }) => name === list);
  if (!tool) return { values: [], hasMore: false };
  const narrowing = ['kind', 'namespace'].filter((key) => key in tool.input.shape && given[key]);
  const { isError, structuredContent } = await call(
    tool,
    {
      limit: maxListed,
      fields: ['metadata.name'],
      ...Object.fromEntries(narrowing.map((key) => [key, given[key]])),
    },
    asking,
  );
  const { items = [], next_cursor: more } = (structuredContent ?? {}) as {
    items?: { name?: unknown }[];
    next_cursor?: string;
  };
  if (isError) return { values: [], hasMore: false };
  const names = items.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  const fitting = [...new Set(names)].filter((name) => name.startsWith(typed)).toSorted();
  return {
    values: fitting.slice(0, maxValues),
    hasMore: more !== undefined || fitting.length > maxValues,
  };
}
