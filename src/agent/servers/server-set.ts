import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../base/logger.ts';
import type { AgentServer } from './agent-server.ts';
import type { ServerDefinition } from './definition.ts';

export interface ServerSetOptions {
  /** Throws ConnectorError where the definition cannot work here. */
  open: (definition: ServerDefinition) => Promise<AgentServer>;
  /** After a swap: servers that are new, different, or gone. */
  onChange: (changed: readonly string[]) => void;
  log: Logger;
}

/**
 * The servers of this moment. An edit is taken whole or not at all: new servers are made first, and the set is swapped when
 * all of them stand. A server whose definition stays keeps its limits, connections and whoever is confirming something.
 */
export class ServerSet {
  readonly #options: ServerSetOptions;
  #servers: ReadonlyMap<string, AgentServer> = new Map();

  constructor(options: ServerSetOptions) {
    this.#options = options;
  }

  get(name: string): AgentServer | undefined {
    return this.#servers.get(name);
  }

  get names(): string[] {
    return [...this.#servers.keys()];
  }

  all(): AgentServer[] {
    return [...this.#servers.values()];
  }

  /** Throws ConnectorError, and changes nothing. */
  async apply(definitions: readonly ServerDefinition[]): Promise<void> {
    const { open, onChange, log } = this.#options;
    const next = new Map<string, AgentServer>();
    const opened: AgentServer[] = [];
    try {
      for (const definition of definitions) {
        const known = this.#servers.get(definition.name);
        if (known && isDeepStrictEqual(known.definition, definition)) next.set(definition.name, known);
        else {
          const server = await open(definition);
          opened.push(server);
          next.set(definition.name, server);
        }
      }
    } catch (error) {
      for (const server of opened) server.retire();
      throw error;
    }
    const before = this.#servers;
    this.#servers = next;
    const retired = [...before].filter(([name, server]) => next.get(name) !== server);
    for (const [, server] of retired) server.retire();
    const changed = new Set([
      ...retired.map(([name]) => name),
      ...opened.map(({ definition }) => definition.name),
    ]);
    if (changed.size === 0) return;
    log.info({ servers: this.names, changed: [...changed] }, 'server definitions are in use');
    onChange([...changed]);
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) server.retire();
    await Promise.all(this.all().map(({ closed }) => closed));
  }
}
