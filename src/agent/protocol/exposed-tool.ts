import type { Tool } from '@modelcontextprotocol/server';
import type { Effect, ToolDefinition } from '../tools/tool.ts';
import type { ParameterSchema } from './tool-schema.ts';

/** The argument that carries a confirmation's code, where a client cannot ask a person. It belongs to no tool's own input. */
export const confirmArgument = 'confirm';

const confirmSchema = { type: 'string', description: 'Code from confirmation_required' };

/** A tool as clients see it: under a style of names, and with what leads from its arguments to the tool that runs. */
export interface ExposedTool {
  listed: Tool;
  /** How each tool that is behind it is called, by the tool's own name: for prompts. */
  calls: ReadonlyMap<string, string>;
  /** Throws ToolError `invalid` where the arguments name none. */
  route(args: Record<string, unknown>): RoutedCall;
}

export interface RoutedCall {
  tool: ToolDefinition;
  /** Without what only chose the tool. */
  args: Record<string, unknown>;
}

/** All four, since what is left out counts as destructive and open. */
export function annotationsOf(effects: readonly Effect[]): NonNullable<Tool['annotations']> {
  const isReadOnly = effects.every((effect) => effect === 'read');
  return {
    readOnlyHint: isReadOnly,
    destructiveHint: effects.includes('destructive'),
    // Of writes none is: a second creation fails, a second deletion finds nothing.
    idempotentHint: isReadOnly,
    // One control plane, and nothing beyond it.
    openWorldHint: false,
  };
}

/** With the argument for a confirmation, where one may be asked for. */
export function withConfirmation(schema: ParameterSchema, effects: readonly Effect[]): ParameterSchema {
  if (!effects.includes('destructive')) return schema;
  return { ...schema, properties: { ...schema.properties, [confirmArgument]: confirmSchema } };
}
