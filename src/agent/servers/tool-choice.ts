import { ConnectorError } from '../../base/errors.ts';
import type { ToolDefinition } from '../tools/tool.ts';
import type { ServerDefinition } from './definition.ts';

/**
 * The tools of a server, by name: what its toolsets have, less what it leaves out, and nothing that writes where it is
 * read-only. Throws ConnectorError `definitions-invalid` for a name that no tool has.
 */
export function chosenTools(
  all: readonly ToolDefinition[],
  { name, readOnly, tools: { toolsets, allow, deny } }: ServerDefinition,
): ToolDefinition[] {
  const known = new Set(all.map((tool) => tool.name));
  const unknown = [...(allow ?? []), ...deny].filter((tool) => !known.has(tool));
  if (unknown.length > 0)
    throw new ConnectorError(
      'definitions-invalid',
      `server "${name}": there is no tool ${unknown.join(', ')}; correct tools.allow and tools.deny`,
    );
  return all
    .filter(
      (tool) =>
        (toolsets === undefined || toolsets.includes(tool.toolset)) &&
        (allow === undefined || allow.includes(tool.name)) &&
        !deny.includes(tool.name) &&
        !(readOnly && tool.effect !== 'read'),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
