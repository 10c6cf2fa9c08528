import { randomUUID } from 'node:crypto';
import {
  type AuthInfo,
  isInitializeRequest,
  type McpServer,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Caller } from '../callers/caller.ts';

interface Session {
  transport: WebStandardStreamableHTTPServerTransport;
  server: McpServer;
  /** Whose it is, and with which groups: its calls are made as whom it began with. */
  identity: string;
  usedAt: number;
}

const maxSessions = 1_000;
const idleMs = 30 * 60_000;

/**
 * Sessions of clients that speak 2025-11-25 and earlier, in the memory of this process. Only in one can such a client be asked
 * for a confirmation. With several replicas a session is unknown to all others, which answer 404: so they are off by default.
 */
export class LegacySessions {
  readonly #factory: McpServerFactory;
  readonly #onerror: (error: Error) => void;
  readonly #sessions = new Map<string, Session>();

  constructor(factory: McpServerFactory, onerror: (error: Error) => void) {
    this.#factory = factory;
    this.#onerror = onerror;
  }

  async fetch(request: Request, body: unknown, caller: Caller, authInfo: AuthInfo): Promise<Response> {
    this.#forgetIdle();
    const id = request.headers.get('mcp-session-id');
    const options = { authInfo, ...(body === undefined ? {} : { parsedBody: body }) };
    if (id !== null) {
      const session = this.#sessions.get(id);
      // Somebody else's is as unknown as none, and so is one's own with groups that have changed since.
      if (session?.identity !== identityOf(caller)) return unknownSession(404, 'Session not found');
      session.usedAt = Date.now();
      return session.transport.handleRequest(request, options);
    }
    if (![body].flat().some((message) => isInitializeRequest(message)))
      return unknownSession(400, 'Bad Request: Mcp-Session-Id header is required');
    if (this.#sessions.size >= maxSessions) return unknownSession(503, 'Too many sessions; try again later');
    const transport = await this.#open(caller, authInfo);
    return transport.handleRequest(request, options);
  }

  toolsChanged(): void {
    for (const { server } of this.#sessions.values()) server.sendToolListChanged();
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map(({ server }) => server.close()));
  }

  async #open(caller: Caller, authInfo: AuthInfo): Promise<WebStandardStreamableHTTPServerTransport> {
    const server = (await this.#factory({ era: 'legacy', authInfo })) as McpServer;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        this.#sessions.set(id, { transport, server, identity: identityOf(caller), usedAt: Date.now() });
      },
      onsessionclosed: (id) => {
        this.#sessions.delete(id);
      },
    });
    Object.assign(transport, { onerror: this.#onerror });
    await server.connect(transport);
    return transport;
  }

  #forgetIdle(): void {
    const before = Date.now() - idleMs;
    for (const [id, { usedAt, server }] of this.#sessions) {
      if (usedAt >= before) continue;
      this.#sessions.delete(id);
      void server.close();
    }
  }
}

function unknownSession(status: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }, { status });
}

function identityOf({ name, via, groups }: Caller): string {
  return JSON.stringify([name, via, groups]);
}
