import {
  type AuthInfo,
  createMcpHandler,
  isLegacyRequest,
  type McpHttpHandler,
  type McpServerFactory,
} from '@modelcontextprotocol/server';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Caller } from '../callers/caller.ts';
import type { Effect } from '../tools/tool.ts';
import { LegacySessions } from './legacy-sessions.ts';
import { createMcpServer } from './mcp-server.ts';
import type { ServedTools } from './served-tools.ts';

/** A server as HTTP needs it, at the moment it is asked. */
export interface EndpointServer {
  served: ServedTools;
  /** Clients of 2025-11-25 keep sessions. */
  sessions: boolean;
  admit(head: Request): Promise<Caller | Response>;
  resourceMetadata(): object | undefined;
  /** The answer that turns calls away before anything is done, or what to call when they have ended. */
  enter(caller: Caller, calls: readonly AskedEffect[]): Response | (() => void);
}

export interface AskedEffect {
  tool: string;
  effect: Effect;
  args: Record<string, unknown>;
}

/** Bytes of one request: what a manifest of etcd's limit needs, in JSON and around it. */
export const maxRequestBytes = 3 * 1024 * 1024;

/**
 * `/mcp/<server>`: both revisions of the protocol. It stays through edits of the definition, so that who listens for changes
 * goes on listening; each request asks for the server of that moment.
 */
export class HttpEndpoint {
  readonly #name: string;
  readonly #current: () => EndpointServer;
  readonly #handler: McpHttpHandler;
  readonly #sessions: LegacySessions;

  constructor(options: {
    name: string;
    current: () => EndpointServer;
    log: Logger;
    extend?: ServerExtension;
  }) {
    const { name, current, log, extend } = options;
    const factory: McpServerFactory = ({ era, authInfo }) => {
      const server = createMcpServer({
        name,
        era,
        caller: callerOf(authInfo),
        served: () => current().served,
      });
      extend?.(server, era);
      return server;
    };
    const onerror = (error: Error): void =>
      log.debug({ server: name, reason: describeError(error) }, 'protocol');
    this.#name = name;
    this.#current = current;
    this.#handler = createMcpHandler(factory, { onerror, maxRequestBodySize: maxRequestBytes });
    this.#sessions = new LegacySessions(factory, onerror);
  }

  get name(): string {
    return this.#name;
  }

  admit(head: Request): Promise<Caller | Response> {
    return this.#current().admit(head);
  }

  resourceMetadata(): object | undefined {
    return this.#current().resourceMetadata();
  }

  /** `body` is undefined where there was none, or none that is JSON: the SDK says so. */
  async fetch(request: Request, body: unknown, caller: Caller): Promise<Response> {
    const server = this.#current();
    const entered = server.enter(caller, callsIn(body, server.served));
    if (entered instanceof Response) return entered;
    // It is aborted when the connection is done with this request, whatever came of it.
    if (request.signal.aborted) entered();
    else request.signal.addEventListener('abort', entered, { once: true });
    const authInfo = authInfoOf(caller);
    if (server.sessions && (await isLegacyRequest(request, body)))
      return this.#sessions.fetch(request, body, caller, authInfo);
    return this.#handler.fetch(request, { authInfo, ...(body === undefined ? {} : { parsedBody: body }) });
  }

  /** Another list of tools than before. */
  toolsChanged(): void {
    this.#handler.notify.toolsChanged();
    this.#sessions.toolsChanged();
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#handler.close(), this.#sessions.close()]);
  }
}

/** Adds to a server object what is no tool; for the fixtures of the conformance suite. */
export type ServerExtension = (server: ReturnType<typeof createMcpServer>, era: 'legacy' | 'modern') => void;

/** The caller travels with the request; there is no token any more. */
function authInfoOf(caller: Caller): AuthInfo {
  return {
    token: '',
    clientId: caller.clientId ?? caller.name,
    scopes: [...caller.scopes],
    extra: { caller },
  };
}

function callerOf(authInfo: AuthInfo | undefined): Caller {
  const caller = authInfo?.extra?.['caller'];
  if (!caller) throw new Error('a request without a caller reached the protocol');
  return caller as Caller;
}

/** What calls a tool that reads, beside the call of a tool. */
const readMethods = new Set(['resources/read', 'completion/complete']);

/** Several in a batch, which 2025-03-26 had. */
function callsIn(body: unknown, { tools }: ServedTools): AskedEffect[] {
  return [body].flat().flatMap((message) => {
    const { method, params } = (message ?? {}) as { method?: unknown; params?: Record<string, unknown> };
    if (typeof method === 'string' && readMethods.has(method))
      return [{ tool: method, effect: 'read' as const, args: params ?? {} }];
    if (method !== 'tools/call' || typeof params?.['name'] !== 'string') return [];
    const tool = tools.get(params['name']);
    const args = (params['arguments'] ?? {}) as Record<string, unknown>;
    return tool ? [{ tool: params['name'], effect: tool.effectOf(args), args }] : [];
  });
}
