import { ClusterApi } from '../../src/agent/cluster/cluster-api.ts';
import { DiscoveryCache } from '../../src/agent/cluster/discovery-cache.ts';
import { ToolError } from '../../src/agent/tools/tool-error.ts';
import type { Change, ClaimConnection, ToolCall } from '../../src/agent/tools/tool.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { KubeClient } from '../../src/clusters/kube-client.ts';

export interface TestCallOptions {
  client: KubeClient;
  readOnly?: boolean;
  production?: boolean;
  registries?: readonly string[];
  connection?: ClaimConnection;
  headers?: Record<string, string | string[]>;
  /** Of this call; a minute when left out. */
  timeoutMs?: number;
  /** Shared by calls that are to share what they know; one of its own when left out. */
  discovery?: DiscoveryCache;
  /** What whoever confirms answers; yes when left out. */
  confirms?: boolean;
  /** Happens while it is asked. */
  confirmation?: (change: Change) => Promise<void>;
}

/** A call as the gateway hands it to a tool, without the protocol around it. */
export interface TestCall extends ToolCall {
  /** What was asked to be confirmed. */
  readonly changes: Change[];
  /** What was told on the way. */
  readonly messages: string[];
}

export function agentCall(options: TestCallOptions): TestCall {
  const { client, readOnly = false, production = false, registries, connection, headers } = options;
  const signal = AbortSignal.timeout(options.timeoutMs ?? 60_000);
  const api = new ClusterApi({ client, readOnly, signal, ...(headers ? { headers } : {}) });
  const discovery = options.discovery ?? new DiscoveryCache(systemClock);
  const changes: Change[] = [];
  const messages: string[] = [];
  return {
    api,
    kinds: discovery.directory('test', api),
    policy: { production, readOnly, ...(registries ? { registries } : {}) },
    connection,
    signal,
    changes,
    messages,
    progress: (message) => void messages.push(message),
    confirm: async (change) => {
      changes.push(change);
      await options.confirmation?.(change);
      if (options.confirms === false)
        throw new ToolError('confirmation_required', `not confirmed: ${change.summary}`);
    },
  };
}
