import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AgentMetrics } from '../../../../src/agent/agent-metrics.ts';
import { CallLogs } from '../../../../src/agent/audit/call-logs.ts';
import type { CallRecord } from '../../../../src/agent/audit/call-record.ts';
import { traceIdOf } from '../../../../src/agent/audit/trace-id.ts';
import { silentLogger } from '../../../../src/base/logger.ts';

let dir: string;
let file: string;
const metrics = new AgentMetrics();
const logs = new CallLogs({ log: silentLogger(), metrics });

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'call-logs-'));
  file = path.join(dir, 'agent.audit.log');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const record: CallRecord = {
  time: '2026-01-01T00:00:00.000Z',
  server: 'platform',
  caller: 'ci',
  via: 'token',
  tool: 'install_provider',
  effect: 'create',
  arguments: {},
  outcome: 'done',
  auditIds: ['0b6e0f1c-9a58-4a4c-8f0e-0d9f1c6b7a11'],
  writes: ['POST /apis/pkg.crossplane.io/v1/providers'],
  durationMs: 12,
};

/** The line of a call with these arguments, as an auditor reads it. */
async function lineOf(changes: Partial<CallRecord>): Promise<{ text: string; line: CallRecord }> {
  const log = await logs.open(file);
  log.write({ ...record, ...changes });
  await log.close();
  const text = (await readFile(file, 'utf8')).trimEnd().split('\n').at(-1) as string;
  return { text, line: JSON.parse(text) as CallRecord };
}

describe('the audit log of calls', () => {
  it('has a line for each call, with who, what, the outcome and the ids of the requests it made [agent.audit.line]', async () => {
    const args = { package: 'xpkg.crossplane.io/crossplane-contrib/provider-nop:v0.4.0', wait_seconds: 30 };
    const { line } = await lineOf({ arguments: args, client: 'inspector 2.12.0', traceId: 'a'.repeat(32) });
    expect(line).toEqual({
      ...record,
      arguments: args,
      client: 'inspector 2.12.0',
      traceId: 'a'.repeat(32),
    });
  });

  it('is one file for servers that name the same, closed with the last of them [agent.audit.line]', async () => {
    const [one, other] = await Promise.all([logs.open(file), logs.open(file)]);
    one.write(record);
    await one.close();
    other.write({ ...record, server: 'other' });
    await other.close();
    const servers = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(servers.map((text) => (JSON.parse(text) as CallRecord).server)).toEqual(['platform', 'other']);
  });

  it('says where the path stands that cannot be opened', async () => {
    await expect(logs.open(dir)).rejects.toThrow(`audit.logPath: ${dir} cannot be opened`);
  });

  it('has no credential, under whatever name and in whatever form it came [agent.audit.redaction]', async () => {
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
    const secrets = {
      named: 'hunter2-of-the-database',
      jwt,
      aws: 'AKIAIOSFODNN7EXAMPLE',
      github: 'ghp_0123456789abcdefghijABCDEFGHIJ012345',
      url: 'wordOfTheUser',
      random: 'q83hRk2LmZx9Vt0bYc7Nw1Sd5Jf4Gp6A8uEi',
      hex: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      inner: 'c29tZS12YWx1ZS1vZi1hLXNlY3JldA==',
    };
    const { text } = await lineOf({
      client: `agent Bearer ${jwt}`,
      arguments: {
        password: secrets.named,
        confirm: secrets.random,
        description: `use ${secrets.jwt} or ${secrets.aws}, ${secrets.github}`,
        label_selector: `token=${secrets.named}`,
        url: `https://admin:${secrets.url}@example.org/`,
        names: [secrets.random, secrets.hex],
        pem: '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----',
        manifest: { kind: 'Secret', metadata: { name: 'db' }, data: { password: secrets.inner } },
        patch: { spec: { forProvider: { adminPassword: secrets.named } } },
      },
    });
    for (const [form, secret] of Object.entries(secrets))
      expect([form, text.includes(secret)]).toEqual([form, false]);
    expect(text).not.toContain('MIIEvQ');
  });

  it('has of an object which it is and how large, and nothing of its content [agent.audit.content]', async () => {
    const manifest = {
      apiVersion: 'apiextensions.crossplane.io/v1',
      kind: 'Composition',
      metadata: { name: 'buckets', annotations: { note: 'content' } },
      spec: { mode: 'Pipeline', note: 'content' },
    };
    const { line, text } = await lineOf({
      arguments: { manifest, of: { kind: 'Bucket', name: 'a', namespace: 'b' }, long: 'word '.repeat(1_000) },
    });
    expect(line.arguments).toMatchObject({
      manifest: {
        apiVersion: 'apiextensions.crossplane.io/v1',
        kind: 'Composition',
        name: 'buckets',
        fields: ['metadata', 'spec'],
        bytes: Buffer.byteLength(JSON.stringify(manifest)),
      },
      of: { kind: 'Bucket', name: 'a', namespace: 'b' },
    });
    expect(text).not.toContain('content');
    expect(text.length).toBeLessThan(1_500);
    expect(text).not.toContain('\n');
  });
});

describe('the trace of a call', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${id}-00f067aa0ba902b7-01`;

  it('is that of its own metadata, or of the request that brought it [agent.audit.trace]', () => {
    expect(traceIdOf({ traceparent })).toBe(id);
    expect(traceIdOf(undefined, traceparent)).toBe(id);
    expect(traceIdOf({ traceparent }, `00-${'1'.repeat(32)}-00f067aa0ba902b7-01`)).toBe(id);
  });

  it('is none where what came cannot be one [agent.audit.trace]', () => {
    for (const bad of ['', 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, 5, undefined])
      expect(traceIdOf({ traceparent: bad }, null)).toBeUndefined();
  });
});

describe('the metrics of the agent gateway', () => {
  it('count calls, refusals, requests to the control plane and changes of definitions [agent.metrics.counted]', async () => {
    const counted = new AgentMetrics();
    counted.observeCall({ ...record, outcome: 'refused', code: 'read_only' });
    counted.observeUpstream('platform', 'GET', 200, 5);
    counted.observeUpstream('platform', 'GET', undefined, 5);
    counted.refuse('platform', 'rate');
    counted.reloaded(true, 2);
    counted.reloaded(false, 0);
    const text = await counted.registry.metrics();
    for (const line of [
      'mcp_connector_agent_calls_total{server="platform",tool="install_provider",outcome="refused",code="read_only"} 1',
      'mcp_connector_agent_call_duration_seconds_count{server="platform",effect="create"} 1',
      'mcp_connector_agent_upstream_request_duration_seconds_count{server="platform",verb="GET",code="200"} 1',
      'mcp_connector_agent_upstream_request_duration_seconds_count{server="platform",verb="GET",code="<error>"} 1',
      'mcp_connector_agent_requests_refused_total{server="platform",reason="rate"} 1',
      'mcp_connector_agent_reloads_total{result="applied"} 1',
      'mcp_connector_agent_reloads_total{result="rejected"} 1',
      'mcp_connector_agent_definitions_valid 0',
      'mcp_connector_agent_servers 2',
    ])
      expect(text).toContain(`${line}\n`);
  });
});
