import type { CallToolResult, InputRequiredResult, ServerContext, Tool } from '@modelcontextprotocol/server';
import type { Caller } from '../callers/caller.ts';
import type { Effect } from '../tools/tool.ts';

/** What stands around a call on every transport. */
export interface ToolRequest {
  args: Record<string, unknown>;
  caller: Caller;
  ctx: ServerContext;
  /** The client can put a question to a person, in this call. */
  canAskPerson: boolean;
  /** Name and version that the client gives itself. */
  client: string | undefined;
}

/** A tool as the protocol sees it. */
export interface ServedTool {
  listed: Tool;
  /** Of a call with these arguments; for scopes and limits, which are looked at before it. */
  effectOf(args: Record<string, unknown>): Effect;
  call(request: ToolRequest): Promise<CallToolResult | InputRequiredResult>;
}

/** What one server offers at this moment: made once per definition, since a server object of the SDK is made per request. */
export interface ServedTools {
  instructions: string;
  /** In the order of the list. */
  tools: ReadonlyMap<string, ServedTool>;
}
