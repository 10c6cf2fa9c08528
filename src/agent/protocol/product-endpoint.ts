import type { AgentMetrics } from '../agent-metrics.ts';
import type { CallRecord } from '../audit/call-record.ts';
import type { Caller } from '../callers/caller.ts';
import { tooManyCalls } from '../callers/call-limits.ts';
import type { AgentServer } from '../servers/agent-server.ts';
import type { AskedEffect, EndpointServer } from './http-endpoint.ts';
import type { ServedTools } from './served-tools.ts';

/** A server of the definitions as HTTP needs it. */
export function productEndpoint(
  server: AgentServer,
  served: ServedTools,
  metrics: AgentMetrics,
  observe: ((record: CallRecord) => void) | undefined,
): EndpointServer {
  const { definition, parts } = server;
  const { gate, limits } = parts;
  if (!gate) throw new Error(`server ${definition.name} is served over HTTP and has no gate`);
  return {
    served,
    sessions: definition.sessions,
    admit: async (head) => {
      const admitted = await gate.admit(head);
      if (admitted instanceof Response) metrics.refuse(definition.name, 'token');
      return admitted;
    },
    resourceMetadata: () => gate.resourceMetadata(),
    enter: (caller, calls) => {
      const leaving: (() => void)[] = [];
      const leave = (): void => {
        for (const one of leaving) one();
      };
      const refuse = (call: AskedEffect, code: CallRecord['code'], response: Response): Response => {
        leave();
        record(server, caller, call, code, observe);
        return response;
      };
      for (const call of calls) {
        const refusal = gate.refusal(caller, call.effect);
        if (refusal) {
          metrics.refuse(definition.name, 'scope');
          return refuse(call, 'forbidden', refusal);
        }
        const waitMs = limits.take(caller, call.effect);
        if (waitMs > 0) {
          metrics.refuse(definition.name, 'rate');
          return refuse(call, 'rate_limited', tooManyCalls(waitMs));
        }
        const left = limits.enter(caller);
        if (!left) {
          metrics.refuse(definition.name, 'concurrency');
          return refuse(call, 'rate_limited', tooManyCalls());
        }
        leaving.push(left);
      }
      return leave;
    },
  };
}

/** A call that was turned away before it began is in the log, too. */
function record(
  { definition, parts }: AgentServer,
  caller: Caller,
  { tool, effect, args }: AskedEffect,
  code: CallRecord['code'],
  observe: ((record: CallRecord) => void) | undefined,
): void {
  const line: CallRecord = {
    time: new Date().toISOString(),
    server: definition.name,
    caller: caller.name,
    via: caller.via,
    ...(caller.clientId ? { clientId: caller.clientId } : {}),
    tool,
    effect,
    arguments: args,
    outcome: 'refused',
    ...(code ? { code } : {}),
    auditIds: [],
    writes: [],
    durationMs: 0,
  };
  parts.callLog?.write(line);
  observe?.(line);
}
