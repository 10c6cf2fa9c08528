import type { Tool } from '@modelcontextprotocol/server';
import type { ToolDefinition } from '../tools/tool.ts';
import { annotationsOf, type ExposedTool, withConfirmation } from './exposed-tool.ts';
import { parameterSchema } from './tool-schema.ts';

/** One tool for each kind and verb, under its own name. */
export function namedStyle(
  tools: readonly ToolDefinition[],
  outputSchema: Tool['outputSchema'],
): ExposedTool[] {
  return tools.map((tool) => ({
    listed: {
      name: tool.name,
      title: tool.title,
      description: tool.description,
      inputSchema: withConfirmation(parameterSchema(tool.input), [tool.effect]),
      annotations: annotationsOf([tool.effect]),
      ...(outputSchema ? { outputSchema } : {}),
    },
    calls: new Map([[tool.name, tool.name]]),
    route: (args) => ({ tool, args }),
  }));
}
