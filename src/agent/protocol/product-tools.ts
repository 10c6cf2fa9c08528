import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';
import { traceIdOf } from '../audit/trace-id.ts';
import type { AgentServer } from '../servers/agent-server.ts';
import { compactStyle } from './compact-style.ts';
import { namedStyle } from './named-style.ts';
import { answerSchema } from './answer-schema.ts';
import { namesOf } from './completion.ts';
import { productPrompts } from './product-prompts.ts';
import { type CallReader, productResources } from './product-resources.ts';
import type { Asking, ServedLibrary, ServedTool, ServedTools } from './served-tools.ts';
import { type AskedCall, type CallDependencies, callTool } from './tool-call.ts';
import type { ExposedTool } from './exposed-tool.ts';

/** The tools of a server in the style of its definition, ready to be called, and what goes with them. */
export function productTools(server: AgentServer, dependencies: CallDependencies): ServedTools {
  const { description, tools } = server.definition;
  const style = tools.style === 'compact' ? compactStyle : namedStyle;
  const exposed = style(server.parts.tools, tools.outputSchemas ? answerSchema : undefined);
  return {
    instructions: description,
    tools: new Map(exposed.map((tool) => [tool.listed.name, served(tool, server, dependencies)])),
    library: libraryOf(server, exposed, dependencies),
  };
}

function served(exposed: ExposedTool, server: AgentServer, dependencies: CallDependencies): ServedTool {
  return {
    listed: exposed.listed,
    effectOf: (args) => {
      try {
        return exposed.route(args).tool.effect;
      } catch {
        // No tool will run.
        return 'read';
      }
    },
    call: ({ args, canAskPerson, ...asking }) => {
      const { mcpReq } = asking.ctx;
      const state = mcpReq.requestState();
      const confirmation = {
        canAskPerson,
        responses: mcpReq.inputResponses,
        state: typeof state === 'string' ? state : undefined,
      };
      const asked = { ...askedBy(asking), exposed, args, confirmation };
      return callTool(server, asked, dependencies);
    },
  };
}

function libraryOf(
  server: AgentServer,
  exposed: readonly ExposedTool[],
  dependencies: CallDependencies,
): ServedLibrary {
  const { tools } = server.parts;
  const call: CallReader = async (tool, args, asking) => {
    const route = (): { tool: typeof tool; args: typeof args } => ({ tool, args });
    const asked: AskedCall = {
      ...askedBy(asking),
      exposed: { route, calls: new Map(), listed: { name: tool.name, inputSchema: { type: 'object' } } },
      args,
      structured: true,
      confirmation: { canAskPerson: false, responses: undefined, state: undefined },
    };
    return resultOf(await callTool(server, asked, dependencies));
  };
  return {
    prompts: productPrompts(exposed),
    resources: productResources(tools, call),
    completeNames: (list, typed, given, asking) => namesOf(tools, call, { list, typed, given }, asking),
  };
}

/** Whatever only reads asks nobody. */
function resultOf(result: CallToolResult | InputRequiredResult): CallToolResult {
  if (!('content' in result)) throw new Error('a tool that reads asked for more input');
  return result as CallToolResult;
}

function askedBy({ caller, ctx, client }: Asking): Omit<AskedCall, 'exposed' | 'args' | 'confirmation'> {
  const { mcpReq } = ctx;
  const { _meta: meta } = mcpReq;
  return {
    caller,
    signal: mcpReq.signal,
    progress: progressOf(ctx),
    client,
    traceId: traceIdOf(meta, ctx.http?.req?.headers.get('traceparent')),
  };
}

/** Silent where the client did not ask for it. */
function progressOf({ mcpReq }: Asking['ctx']): (message: string) => void {
  const { _meta: meta } = mcpReq;
  const progressToken = meta?.progressToken;
  if (progressToken === undefined) return () => undefined;
  let progress = 0;
  return (message) => {
    progress++;
    mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken, progress, message } })
      // Whoever left hears of nothing.
      .catch(() => undefined);
  };
}
