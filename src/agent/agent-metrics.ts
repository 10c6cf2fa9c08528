import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { durationBuckets } from '../base/metrics.ts';
import { productVersion } from '../base/version.ts';
import type { CallRecord } from './audit/call-record.ts';

/** Why a request was answered before any tool was called. */
export type Refusal = 'token' | 'scope' | 'rate' | 'concurrency';

/** What operators of the agent gateway count. No label has a caller, an object or anything else that clients choose. */
export class AgentMetrics {
  readonly registry = new Registry();

  readonly calls = new Counter({
    name: 'mcp_connector_agent_calls_total',
    help: 'Calls of tools, by what became of them: done, refused, failed, confirmation_required; the code says why, where one was not done.',
    labelNames: ['server', 'tool', 'outcome', 'code'] as const,
    registers: [this.registry],
  });

  readonly callSeconds = new Histogram({
    name: 'mcp_connector_agent_call_duration_seconds',
    help: 'Time of a call, by what it may do: read, create, destructive.',
    labelNames: ['server', 'effect'] as const,
    buckets: durationBuckets,
    registers: [this.registry],
  });

  readonly callsInflight = new Gauge({
    name: 'mcp_connector_agent_calls_inflight',
    help: 'Calls that are under way.',
    labelNames: ['server'] as const,
    registers: [this.registry],
  });

  readonly refusals = new Counter({
    name: 'mcp_connector_agent_requests_refused_total',
    help: 'Requests that were answered before a tool was called: without a token that counts, without the scopes, beyond a rate, or with too many calls under way.',
    labelNames: ['server', 'reason'] as const,
    registers: [this.registry],
  });

  readonly upstreamSeconds = new Histogram({
    name: 'mcp_connector_agent_upstream_request_duration_seconds',
    help: 'Time of a request to a control plane, by HTTP method and status code (<error> where none came).',
    labelNames: ['server', 'verb', 'code'] as const,
    buckets: durationBuckets,
    registers: [this.registry],
  });

  readonly servers = new Gauge({
    name: 'mcp_connector_agent_servers',
    help: 'Servers that are served.',
    registers: [this.registry],
  });

  readonly reloads = new Counter({
    name: 'mcp_connector_agent_reloads_total',
    help: 'Changes of the server definitions that were seen, by what became of them: applied, or rejected because they are wrong.',
    labelNames: ['result'] as const,
    registers: [this.registry],
  });

  readonly definitionsValid = new Gauge({
    name: 'mcp_connector_agent_definitions_valid',
    help: '1 while the server definitions are those that are served, 0 while they are wrong and earlier ones are served.',
    registers: [this.registry],
  });

  readonly auditEvents = new Counter({
    name: 'mcp_connector_agent_audit_events_total',
    help: 'Lines that were handed to the audit logs.',
    registers: [this.registry],
  });

  readonly auditEventsDropped = new Counter({
    name: 'mcp_connector_agent_audit_events_dropped_total',
    help: 'Of these, lines that found no room, because the file or its reader is too slow.',
    registers: [this.registry],
  });

  readonly buildInfo = new Gauge({
    name: 'mcp_connector_agent_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node_version'] as const,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.buildInfo.set({ version: productVersion(), node_version: process.version }, 1);
    this.definitionsValid.set(1);
  }

  observeCall({ server, tool, effect, outcome, code = '', durationMs }: CallRecord): void {
    this.calls.inc({ server, tool, outcome, code });
    this.callSeconds.observe({ server, effect }, durationMs / 1_000);
  }

  /** `code` is undefined where no answer came. */
  observeUpstream(server: string, verb: string, code: number | undefined, durationMs: number): void {
    this.upstreamSeconds.observe({ server, verb, code: code ?? '<error>' }, durationMs / 1_000);
  }

  refuse(server: string, reason: Refusal): void {
    this.refusals.inc({ server, reason });
  }

  reloaded(isApplied: boolean, servers: number): void {
    this.reloads.inc({ result: isApplied ? 'applied' : 'rejected' });
    this.definitionsValid.set(Number(isApplied));
    if (isApplied) this.servers.set(servers);
  }
}
