import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type ClientCapabilities,
  type Implementation,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { productVersion } from '../../base/version.ts';
import type { Caller } from '../callers/caller.ts';
import { serveLibrary } from './library-handlers.ts';
import type { Asking, ServedTools } from './served-tools.ts';

export interface McpServerOptions {
  name: string;
  era: 'legacy' | 'modern';
  caller: Caller;
  /** Asked again for each request: over stdio, and in a session, a server object outlives an edit of its definition. */
  served: () => ServedTools;
}

/** Milliseconds that a client of 2026-07-28 may keep the list of tools; an edit is told to those who listen. */
const listLifetimeMs = 60_000;
const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'] as const;

/**
 * A server object of the SDK, for one request, session or process. Lists and schemas were made before: registering tools one
 * by one for each request would cost more than the call.
 */
class ToolServer extends McpServer {
  readonly #served: () => ServedTools;

  constructor({ name, era, caller, served }: McpServerOptions) {
    super(
      { name: `mcp-connector/${name}`, title: `Crossplane (${name})`, version: productVersion() },
      {
        instructions: served().instructions,
        cacheHints: Object.fromEntries(
          lists.map((list) => [list, { ttlMs: listLifetimeMs, cacheScope: 'private' as const }]),
        ),
      },
    );
    this.#served = served;
    this.server.registerCapabilities({ tools: { listChanged: true } });
    const asking = (ctx: ServerContext): Asking => {
      const { info } = this.#clientOf(ctx, era);
      return { caller, ctx, client: info && `${info.name}/${info.version}` };
    };
    this.server.setRequestHandler('tools/list', () => ({
      tools: [...served().tools.values()].map(({ listed }) => listed),
    }));
    this.server.setRequestHandler('tools/call', async ({ params }, ctx) => {
      const tool = served().tools.get(params.name);
      if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${params.name} not found`);
      return tool.call({
        ...asking(ctx),
        args: params.arguments ?? {},
        canAskPerson: canAskPerson(this.#clientOf(ctx, era).capabilities),
      });
    });
    const { library } = served();
    if (library) serveLibrary(this.server, () => served().library ?? library, asking);
  }

  /** Headers that mirror arguments are compared by the SDK, which asks here for the schema that marks them. */
  override toolInputSchemaJson(name: string): Record<string, unknown> | undefined {
    return this.#served().tools.get(name)?.listed.inputSchema;
  }

  /** As said with this request, or when the connection began; a stateless request of the old protocol says nothing. */
  #clientOf(
    { mcpReq }: ServerContext,
    era: McpServerOptions['era'],
  ): { capabilities: ClientCapabilities | undefined; info: Implementation | undefined } {
    if (era === 'legacy')
      return {
        capabilities: this.server.getClientCapabilities(),
        info: this.server.getClientVersion(),
      };
    const envelope = mcpReq.envelope as Record<string, unknown> | undefined;
    return {
      capabilities: envelope?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined,
      info: envelope?.[CLIENT_INFO_META_KEY] as Implementation | undefined,
    };
  }
}

export function createMcpServer(options: McpServerOptions): McpServer {
  return new ToolServer(options);
}

/** Forms, that is; without a mode named, a client means those (MCP 2025-11-25, elicitation). */
function canAskPerson(capabilities: ClientCapabilities | undefined): boolean {
  const elicitation = capabilities?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}
