import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { Logger } from '../../base/logger.ts';
import type { AgentMetrics } from '../agent-metrics.ts';
import { type RenderContext, renderAnswer, renderError } from '../answers/render.ts';
import { renderChange } from '../answers/render-change.ts';
import { shortText } from '../answers/short-text.ts';
import type { CallRecord } from '../audit/call-record.ts';
import type { Caller } from '../callers/caller.ts';
import { rateLimited } from '../callers/call-limits.ts';
import { ClusterApi } from '../cluster/cluster-api.ts';
import type { AgentServer } from '../servers/agent-server.ts';
import { ToolError } from '../tools/tool-error.ts';
import type { ToolCall, ToolDefinition } from '../tools/tool.ts';
import type { ConfirmationCodes } from './confirmation-codes.ts';
import { Deadline } from './deadline.ts';
import { AsksPerson, confirmChange, type ConfirmationGiven, NeedsCode } from './confirming.ts';
import { faultSentence } from '../servers/fault-sentence.ts';
import { confirmArgument, type ExposedTool, type RoutedCall } from './exposed-tool.ts';
import { writeGuard } from './write-guard.ts';

export interface AskedCall {
  exposed: ExposedTool;
  args: Record<string, unknown>;
  caller: Caller;
  /** Aborted when the client goes away or cancels. */
  signal: AbortSignal;
  confirmation: Omit<ConfirmationGiven, 'code'>;
  /** The answer is for the gateway itself, which wants it as an object. */
  structured?: boolean;
  progress: (message: string) => void;
  /** Name and version that the client gives itself. */
  client: string | undefined;
  traceId: string | undefined;
}

export interface CallDependencies {
  codes: ConfirmationCodes;
  /** Limits were looked at before, where the transport has an answer of its own for them. */
  limitsApply: boolean;
  metrics: AgentMetrics;
  /** Gets every call, whether it is in an audit log or not. */
  observe?: ((record: CallRecord) => void) | undefined;
  log: Logger;
}

/** Characters of what is told on the way. */
const maxProgress = 300;
/** Of the arguments, told at once. */
const maxFaults = 10;

/** Everything a call leaves behind, whatever becomes of it. */
interface Trace {
  routed: RoutedCall | undefined;
  api: ClusterApi | undefined;
  confirmed: CallRecord['confirmed'];
}

/** One call of one tool, from its arguments to the answer, with one line in the audit log. */
export async function callTool(
  server: AgentServer,
  asked: AskedCall,
  dependencies: CallDependencies,
): Promise<CallToolResult | InputRequiredResult> {
  const startedAt = performance.now();
  const time = new Date().toISOString();
  const leave = server.enter();
  dependencies.metrics.callsInflight.inc({ server: server.definition.name });
  const trace: Trace = { routed: undefined, api: undefined, confirmed: undefined };
  let outcome: CallRecord['outcome'] = 'done';
  let code: CallRecord['code'];
  try {
    return await run(server, asked, dependencies, trace);
  } catch (error) {
    if (error instanceof AsksPerson) {
      outcome = 'confirmation_required';
      code = 'confirmation_required';
      return error.question;
    }
    const failure = error instanceof ToolError ? error : faultOf(error, asked, dependencies.log);
    outcome = outcomeOf(failure, trace.api);
    code = failure.code;
    return errorResult(withWrites(failure, trace.api), {
      cluster: clusterOf(server),
      warnings: trace.api?.warnings,
    });
  } finally {
    leave();
    dependencies.metrics.callsInflight.dec({ server: server.definition.name });
    const { exposed, args, caller, client, traceId } = asked;
    const { name, effect } = trace.routed?.tool ?? { name: exposed.listed.name, effect: 'read' as const };
    const record: CallRecord = {
      time,
      server: server.definition.name,
      caller: caller.name,
      via: caller.via,
      ...(caller.clientId ? { clientId: caller.clientId } : {}),
      ...(client ? { client } : {}),
      tool: name,
      effect,
      arguments: trace.routed?.args ?? args,
      outcome,
      ...(code ? { code } : {}),
      ...(trace.confirmed ? { confirmed: trace.confirmed } : {}),
      auditIds: trace.api?.auditIds ?? [],
      writes: trace.api?.writes ?? [],
      durationMs: Math.round(performance.now() - startedAt),
      ...(traceId ? { traceId } : {}),
    };
    server.parts.callLog?.write(record);
    dependencies.metrics.observeCall(record);
    dependencies.observe?.(record);
  }
}

async function run(
  server: AgentServer,
  asked: AskedCall,
  { codes, limitsApply, metrics }: CallDependencies,
  trace: Trace,
): Promise<CallToolResult> {
  const { definition, parts } = server;
  const { caller } = asked;
  const { [confirmArgument]: code, ...given } = asked.args;
  const routed = asked.exposed.route(given);
  trace.routed = routed;
  const { tool, args } = routed;
  let leaveLimits: (() => void) | undefined;
  if (limitsApply) {
    const waitMs = parts.limits.take(caller, tool.effect);
    if (waitMs > 0) throw rateLimited(waitMs);
    leaveLimits = parts.limits.enter(caller);
    if (!leaveLimits) throw rateLimited();
  }
  const deadline = new Deadline(asked.signal, definition.timeoutSeconds);
  try {
    const input = parsed(tool, args);
    const headers = parts.gate?.headersFor(caller) ?? {};
    const { signal } = deadline;
    const guard = writeGuard(tool);
    const api = new ClusterApi({
      client: parts.client,
      headers,
      // What a tool that reads may not do on a server that writes is the guard's; a dry run it may.
      readOnly: definition.readOnly,
      guardWrite: guard.check,
      signal,
      observe: (method, status, ms) => metrics.observeUpstream(definition.name, method, status, ms),
    });
    trace.api = api;
    const { production, confirmation, connection, packages } = definition;
    const call: ToolCall = {
      api,
      kinds: parts.kinds.directory(JSON.stringify(headers), api),
      policy: {
        production,
        readOnly: definition.readOnly,
        ...(packages.registries ? { registries: packages.registries } : {}),
      },
      connection: connection && {
        clusterId: connection.clusterID,
        claimNamespace: connection.claimNamespace,
      },
      signal,
      progress: (message) => asked.progress(shortText(message, maxProgress)),
      confirm: async (change) => {
        guard.asks();
        trace.confirmed = confirmChange(renderChange(change), {
          codes,
          personOnly: confirmation === 'person',
          given: { ...asked.confirmation, code: typeof code === 'string' ? code : undefined },
          bound: { server: definition.name, caller: caller.name, tool: tool.name, args },
        });
        guard.confirmed();
      },
    };
    const answer = await deadline.over(tool.run(call, input));
    guard.assertAnswered();
    const { text, structured } = renderAnswer(answer, { cluster: clusterOf(server), warnings: api.warnings });
    return {
      content: [{ type: 'text', text }],
      ...(definition.tools.outputSchemas || asked.structured ? { structuredContent: structured } : {}),
    };
  } finally {
    deadline.clear();
    leaveLimits?.();
  }
}

function parsed(tool: ToolDefinition, args: Record<string, unknown>): z.infer<z.ZodObject> {
  const result = tool.input.safeParse(args);
  if (result.success) return result.data;
  const faults = result.error.issues.slice(0, maxFaults).map((issue) => faultSentence(issue));
  throw new ToolError('invalid', `${tool.name} was not called: ${faults.join('; ')}`, {
    hint: 'correct the arguments and call again',
  });
}

/** Says nothing of the gateway's inside. */
function faultOf(error: unknown, { exposed }: AskedCall, log: Logger): ToolError {
  log.error({ err: error, tool: exposed.listed.name }, 'a tool failed in a way it should not');
  return new ToolError('internal', 'the gateway failed at this call; its log says why', {
    hint: 'tell the administrator of the gateway; the same call will fail again',
  });
}

/** Whatever was sent before the failure stays done. */
function withWrites(failure: ToolError, api: ClusterApi | undefined): ToolError {
  if (!api || api.writes.length === 0 || failure instanceof NeedsCode) return failure;
  const { details, ...facts } = failure.facts;
  return new ToolError(failure.code, failure.message, {
    ...facts,
    details: { ...details, writes_sent: api.writes },
  });
}

function outcomeOf({ code }: ToolError, api: ClusterApi | undefined): CallRecord['outcome'] {
  if (code === 'confirmation_required') return 'confirmation_required';
  return api && api.auditIds.length > 0 ? 'failed' : 'refused';
}

/** In each answer: which control plane it is about is what an agent with several servers mixes up. */
function clusterOf({ parts }: AgentServer): string {
  return parts.client.transport.access.server.host;
}

function errorResult(error: ToolError, context: RenderContext): CallToolResult {
  const { text, structured } = renderError(error, context);
  // The code is opaque and long, as a credential is, and would be taken out with those.
  const code = error instanceof NeedsCode ? { confirm: error.confirm } : {};
  return {
    isError: true,
    content: [
      { type: 'text', text: error instanceof NeedsCode ? `${text}\nconfirm: ${error.confirm}` : text },
    ],
    structuredContent: { ...structured, ...code },
  };
}
