import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, sharedLab } from '../../support/lab.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { GatewayGround } from '../../support/gateway-ground.ts';
import { deleteIfThere } from '../../support/platform-api.ts';
import { ProtocolClient } from '../../support/protocol-clients.ts';
import { GroundCluster } from '../../support/test-ground.ts';

jest.setTimeout(60_000);

const modern = { revision: '2026-07-28', asks: false } as const;
const old = { revision: '2025-11-25', asks: false } as const;
const eras = [modern, old];

let kubeconfig: string;
let ground: GatewayGround;

beforeAll(async () => {
  ({ kubeconfig } = sharedLab().controlPlane);
  ground = await GatewayGround.start(kubeconfig, [
    { name: 'all', description: 'What this server is for.' },
    { name: 'read', readOnly: true },
    { name: 'compact', readOnly: true, tools: { style: 'compact', outputSchemas: true } },
    { name: 'few', tools: { toolsets: ['xrd', 'protection'], deny: ['delete_usage'] } },
    { name: 'slow-down', rateLimits: { read: { perMinute: 1, burst: 2 } } },
  ]);
});

afterAll(async () => {
  await ground?.[Symbol.asyncDispose]();
});

async function toolNames(client: ProtocolClient): Promise<string[]> {
  return (await client.client.listTools()).tools.map(({ name }) => name);
}

describe.each(eras)('a client of $revision', (clientClass) => {
  it('lists and calls the tools of a server, which says what it is for [agent.protocol.eras]', async () => {
    await using client = await new ProtocolClient(clientClass).overHttp(ground.urlOf('all'));
    const names = await toolNames(client);
    expect(names).toEqual(names.toSorted());
    expect(names).toEqual(expect.arrayContaining(['create_xrd', 'delete_xrd', 'list_usages']));
    expect(client.client.getInstructions()).toBe('What this server is for.');
    const { isError, text } = await client.call('list_environment_configs', { limit: 1 });
    expect([isError, text]).toEqual([false, expect.stringContaining('environment config')]);
  });

  it('sees no tool that writes on a read-only server, and cannot call one [agent.servers.readonly]', async () => {
    await using client = await new ProtocolClient(clientClass).overHttp(ground.urlOf('read'));
    const { tools } = await client.client.listTools();
    expect(tools.length).toBeGreaterThan(16);
    expect(tools.filter(({ annotations }) => !annotations?.readOnlyHint)).toEqual([]);
    await expect(client.call('delete_xrd', { name: 'x' })).rejects.toThrow(/delete_xrd not found/);
  });

  it('sees the toolsets of the definition without what it denies [agent.servers.choice]', async () => {
    await using client = await new ProtocolClient(clientClass).overHttp(ground.urlOf('few'));
    expect(await toolNames(client)).toEqual([
      'create_usage',
      'create_xrd',
      'delete_xrd',
      'get_usage',
      'get_xrd',
      'list_usages',
      'list_xrds',
      'update_xrd',
    ]);
  });

  it('calls by kind on a compact server; the log has the name of the tool [agent.style.compact]', async () => {
    await using client = await new ProtocolClient(clientClass).overHttp(ground.urlOf('compact'));
    expect(await toolNames(client)).toEqual(['list', 'get', 'status']);
    const { isError, structured } = await client.call('list', { kind: 'environment_config', limit: 1 });
    expect([isError, structured]).toEqual([false, expect.objectContaining({ summary: expect.any(String) })]);
    expect(ground.records.at(-1)).toMatchObject({
      server: 'compact',
      tool: 'list_environment_configs',
      outcome: 'done',
    });
  });

  it('is told which argument is wrong, in one sentence [agent.error.arguments]', async () => {
    await using client = await new ProtocolClient(clientClass).overHttp(ground.urlOf('all'));
    const { isError, structured } = await client.call('list_xrds', { limit: 'many', colour: 'red' });
    expect([isError, structured['code']]).toEqual([true, 'invalid']);
    expect(structured['message']).toMatch(
      /list_xrds was not called: limit has to be number.*has no field colour/,
    );
  });

  it('is told of what is not there, with the status of the API server [agent.error.api]', async () => {
    await using client = await new ProtocolClient(clientClass).overHttp(ground.urlOf('all'));
    const { structured } = await client.call('get_environment_config', { name: 'agent-gateway-none' });
    expect(structured).toMatchObject({ code: 'not_found', retryable: false });
  });
});

function post(target: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${ground.url}${target}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body,
  });
}

function call(name: string, args: object = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
}

describe('the gateway over HTTP', () => {
  it('answers 404 in JSON where there is no such server [agent.http.paths]', async () => {
    for (const target of ['/mcp/none', '/mcp', '/mcp/all/x', '/', '/mcp/..%2fall']) {
      const answer = await post(target, '{}');
      expect([target, answer.status, await answer.json()]).toEqual([
        target,
        404,
        expect.objectContaining({ error: 'not_found' }),
      ]);
    }
  });

  it('answers 413 to more than 3 MiB, read or announced [agent.http.bodies]', async () => {
    const answer = await post('/mcp/all', JSON.stringify({ filler: 'x'.repeat(3 * 1024 * 1024) }));
    expect(answer.status).toBe(413);
  });

  it('answers what is no JSON, and no request, as the protocol wants it [agent.http.bodies]', async () => {
    expect((await post('/mcp/all', 'nonsense')).status).toBe(400);
    expect((await post('/mcp/all', '[]')).status).toBe(400);
    expect((await post('/mcp/all', '{}', { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it('answers probes and scrapes under every name, and nothing else [agent.http.probes]', async () => {
    for (const target of ['/healthz', '/livez', '/readyz', '/metrics'])
      expect([target, (await fetch(`${ground.url}${target}`)).status]).toEqual([target, 200]);
    expect(await (await fetch(`${ground.url}/readyz`)).text()).toContain('[+]definitions ok');
    expect(await (await fetch(`${ground.url}/metrics`)).text()).toContain('mcp_connector_agent_calls_total');
  });

  it('answers 429 with Retry-After beyond the rate, and has it in the log [agent.limits.answer]', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 3; at++) statuses.push((await post('/mcp/slow-down', call('list_xrds'))).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await post('/mcp/slow-down', call('list_xrds'));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(1);
    expect(ground.records.at(-1)).toMatchObject({
      tool: 'list_xrds',
      outcome: 'refused',
      code: 'rate_limited',
    });
    // Another class of calls is not kept waiting, nor is the list of tools.
    expect(
      (await post('/mcp/slow-down', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }))).status,
    ).toBe(200);
  });
});

describe('a call that takes too long', () => {
  const base = '/apis/apiextensions.crossplane.io/v1beta1/environmentconfigs';
  const name = 'agent-gateway-slow';
  let dir: string;
  let cluster: GroundCluster;
  let proxy: FaultProxy;
  let own: GatewayGround;
  let client: ProtocolClient;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'gateway-slow-'));
    cluster = new GroundCluster(kubeconfig);
    proxy = await FaultProxy.start({ kubeconfig, dir });
    own = await GatewayGround.start(proxy.kubeconfig, [{ name: 'all', timeoutSeconds: 2 }]);
    client = await new ProtocolClient(modern).overHttp(own.urlOf('all'));
  });
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
    await own?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await deleteIfThere(cluster.client, `${base}/${name}`);
    await cluster.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('ends at the time-out of its server, and may be made again where it only read [agent.error.timeout]', async () => {
    await proxy.use({ kind: 'silent' });
    const { isError, structured } = await client.call('list_xrds');
    expect([isError, structured['code'], structured['retryable']]).toEqual([true, 'timeout', true]);
    await proxy.use({ kind: 'pass' });
    expect(await client.call('list_xrds')).toMatchObject({ isError: false });
  });

  it('says what it has sent where the outcome is not known, and is not to be repeated blindly [agent.error.unknown]', async () => {
    await client.call('create_environment_config', { name, data: { region: 'eu' } });
    const { structured } = await client.call('delete_environment_config', { name });
    await proxy.use({ kind: 'silent', carriesOut: true, only: ({ method }) => method === 'DELETE' });
    const answer = await client.call('delete_environment_config', { name, confirm: structured['confirm'] });
    await proxy.use({ kind: 'pass' });
    expect(answer.structured).toMatchObject({
      code: 'timeout',
      retryable: false,
      details: { outcome: 'unknown', writes_sent: [`DELETE ${base}/${name}`] },
    });
    expect(answer.text).toContain('read the object before anything else');
    expect(own.records.at(-1)).toMatchObject({
      outcome: 'failed',
      confirmed: 'argument',
      writes: [`DELETE ${base}/${name}`],
    });
    // It had been carried out.
    expect((await client.call('get_environment_config', { name })).structured['code']).toBe('not_found');
  });
});

describe('an edit of the definitions', () => {
  it('takes effect without a restart, is told to clients, and leaves a wrong one out [agent.servers.live]', async () => {
    await using own = await GatewayGround.start(kubeconfig, [{ name: 'one' }, { name: 'two' }]);
    await using listener = await new ProtocolClient(modern).overHttp(own.urlOf('one'));
    const told: string[][] = [];
    const subscription = await listener.client.listen({ toolsListChanged: true });
    listener.client.setNotificationHandler('notifications/tools/list_changed', async () => {
      told.push(await toolNames(listener));
    });
    await own.edit([{ name: 'one', tools: { allow: ['list_xrds'] } }, { name: 'three' }]);
    await eventually(() => expect(told.at(-1)).toEqual(['list_xrds']), { timeoutMs: 10_000 });
    await subscription.close();
    await using third = await new ProtocolClient(old).overHttp(own.urlOf('three'));
    expect((await toolNames(third)).length).toBeGreaterThan(29);
    await expect(new ProtocolClient(old).overHttp(own.urlOf('two'))).rejects.toThrow(/404|nothing at/);

    await own.edit([{ name: 'one', timeoutSeconds: 61 }]);
    await eventually(
      async () => {
        const text = await (await fetch(`${own.url}/readyz`)).text();
        expect(text).toMatch(/\[!\]definitions warns: .*timeoutSeconds \("one"\)/);
      },
      { timeoutMs: 10_000 },
    );
    expect(await (await fetch(`${own.url}/metrics`)).text()).toContain(
      'mcp_connector_agent_definitions_valid 0',
    );
    expect(await toolNames(listener)).toEqual(['list_xrds']);
    expect(await readFile(own.file, 'utf8')).toContain('61');
  });
});
