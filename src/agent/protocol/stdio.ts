import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { McpServer } from '@modelcontextprotocol/server';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Caller } from '../callers/caller.ts';
import { createMcpServer } from './mcp-server.ts';
import type { ServedTools } from './served-tools.ts';

export interface StdioOptions {
  name: string;
  served: () => ServedTools;
  log: Logger;
}

export interface StdioService {
  toolsChanged: () => void;
  /** The client has closed its end. */
  ended: Promise<void>;
  close: () => Promise<void>;
}

/** Whoever started the process. */
const caller: Caller = { name: 'stdio', groups: [], via: 'stdio', scopes: [] };

/** One client at the other end of stdin and stdout, of either revision. Nothing else may write to stdout. */
export function serveOverStdio({ name, served, log }: StdioOptions): StdioService {
  // One that the client may have asked for its revisions first, and the one that serves it.
  const servers: McpServer[] = [];
  const handle = serveStdio(
    ({ era }) => {
      const server = createMcpServer({ name, era, caller, served });
      servers.push(server);
      return server;
    },
    { onerror: (error) => log.debug({ reason: describeError(error) }, 'protocol') },
  );
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  return {
    toolsChanged: () => {
      for (const server of servers) server.sendToolListChanged();
    },
    ended,
    close: () => handle.close(),
  };
}
