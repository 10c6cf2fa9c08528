import type { CallLog } from '../audit/call-record.ts';
import type { CallerGate, CallLimits } from '../callers/caller.ts';
import type { KindDirectory } from '../cluster/kind-directory.ts';
import type { ClusterApi } from '../cluster/cluster-api.ts';
import type { ToolDefinition } from '../tools/tool.ts';
import type { KubeClient } from '../../clusters/kube-client.ts';
import type { ServerDefinition } from './definition.ts';

/** What a server is made of; each part is made from one section of its definition. */
export interface ServerParts {
  client: KubeClient;
  /** Undefined over stdio: whoever started the process is its caller. */
  gate: CallerGate | undefined;
  limits: CallLimits;
  callLog: CallLog | undefined;
  kinds: { directory(identity: string, api: ClusterApi): KindDirectory };
  tools: readonly ToolDefinition[];
  /** Frees what the parts hold; called once, after the last call has ended. */
  close(): Promise<void>;
}

/**
 * One server as its definition had it when it was made: it never changes. Calls that have begun on it end on it, after which
 * it is closed.
 */
export class AgentServer {
  readonly definition: ServerDefinition;
  readonly parts: ServerParts;
  #calls = 0;
  #closing: Promise<void> | undefined;
  #isRetired = false;

  constructor(definition: ServerDefinition, parts: ServerParts) {
    this.definition = definition;
    this.parts = parts;
  }

  /** Under way at this moment. */
  get calls(): number {
    return this.#calls;
  }

  /** Settles when everything is closed; at once while it is in use. */
  get closed(): Promise<void> {
    return this.#closing ?? Promise.resolve();
  }

  /** For one call, to be left by what it returns, once. */
  enter(): () => void {
    this.#calls++;
    return () => {
      this.#calls--;
      this.#closeWhenQuiet();
    };
  }

  /** Nothing begins on it any more. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#closeWhenQuiet();
  }

  #closeWhenQuiet(): void {
    if (this.#isRetired && this.#calls === 0) this.#closing ??= this.parts.close();
  }
}
