import { traceIdOf } from '../audit/trace-id.ts';
import type { AgentServer } from '../servers/agent-server.ts';
import { compactStyle } from './compact-style.ts';
import { namedStyle } from './named-style.ts';
import { answerSchema } from './answer-schema.ts';
import type { ServedTool, ServedTools, ToolRequest } from './served-tools.ts';
import { type CallDependencies, callTool } from './tool-call.ts';
import type { ExposedTool } from './exposed-tool.ts';

/** The tools of a server in the style of its definition, ready to be called. */
export function productTools(server: AgentServer, dependencies: CallDependencies): ServedTools {
  const { description, tools } = server.definition;
  const style = tools.style === 'compact' ? compactStyle : namedStyle;
  const exposed = style(server.parts.tools, tools.outputSchemas ? answerSchema : undefined);
  return {
    instructions: description,
    tools: new Map(exposed.map((tool) => [tool.listed.name, served(tool, server, dependencies)])),
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
    call: ({ args, caller, ctx, canAskPerson, client }) => {
      const { mcpReq } = ctx;
      const { _meta: meta } = mcpReq;
      const state = mcpReq.requestState();
      return callTool(
        server,
        {
          exposed,
          args,
          caller,
          signal: mcpReq.signal,
          confirmation: {
            canAskPerson,
            responses: mcpReq.inputResponses,
            state: typeof state === 'string' ? state : undefined,
          },
          progress: progressOf(ctx),
          client,
          traceId: traceIdOf(meta, ctx.http?.req?.headers.get('traceparent')),
        },
        dependencies,
      );
    },
  };
}

/** Silent where the client did not ask for it. */
function progressOf({ mcpReq }: ToolRequest['ctx']): (message: string) => void {
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
