import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { GatewayGround } from '../../support/gateway-ground.ts';
import { sharedLab } from '../../support/lab.ts';
import { deleteIfThere } from '../../support/platform-api.ts';
import { ProtocolClient } from '../../support/protocol-clients.ts';
import { GroundCluster } from '../../support/test-ground.ts';

jest.setTimeout(60_000);

const eras = [
  { revision: '2026-07-28', asks: false },
  { revision: '2025-11-25', asks: false },
] as const;
const configs = '/apis/apiextensions.crossplane.io/v1beta1/environmentconfigs';
const names = ['agent-library-east', 'agent-library-west'];
const template = 'crossplane://environment-configs/{name}';

let cluster: GroundCluster;
let ground: GatewayGround;

beforeAll(async () => {
  const { kubeconfig } = sharedLab().controlPlane;
  cluster = new GroundCluster(kubeconfig);
  await remove();
  for (const name of names)
    await cluster.client.create(configs, {
      apiVersion: 'apiextensions.crossplane.io/v1beta1',
      kind: 'EnvironmentConfig',
      metadata: { name },
      data: { region: 'somewhere', adminPassword: 'hunter2' },
    });
  ground = await GatewayGround.start(kubeconfig, [
    { name: 'all' },
    { name: 'read', readOnly: true },
    { name: 'compact', tools: { style: 'compact' } },
    { name: 'few', tools: { allow: ['get_xrd', 'list_xrds'] } },
    { name: 'slow-down', rateLimits: { read: { perMinute: 1, burst: 2 } } },
  ]);
});

afterAll(async () => {
  await ground?.[Symbol.asyncDispose]();
  await remove();
  await cluster?.close();
});

/** A request of JSON-RPC. */
function read(id: number): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'resources/read',
    params: { uri: 'crossplane://xrds' },
  });
}

async function remove(): Promise<void> {
  for (const name of names) await deleteIfThere(cluster.client, `${configs}/${name}`);
}

describe.each(eras)('a client of $revision', (clientClass) => {
  const connect = (server: string): Promise<ProtocolClient> =>
    new ProtocolClient(clientClass).overHttp(ground.urlOf(server));
  const offered = async (server: string): Promise<string[]> => {
    await using client = await connect(server);
    return (await client.client.listPrompts()).prompts.map(({ name }) => name);
  };

  it('reads by address what the tools list and get, without what looks like a credential [agent.resources.read]', async () => {
    await using client = await connect('all');
    const { resources } = await client.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([
      'crossplane://claims',
      'crossplane://composites',
      'crossplane://compositions',
      'crossplane://configurations',
      'crossplane://environment-configs',
      'crossplane://functions',
      'crossplane://providers',
      'crossplane://xrds',
    ]);
    const { resourceTemplates } = await client.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(
      expect.arrayContaining([template, 'crossplane://claims/{kind}/{namespace}/{name}']),
    );
    for (const { uri } of resources) {
      const { contents } = await client.client.readResource({ uri });
      expect(contents).toEqual([
        { uri, mimeType: 'text/plain', text: expect.stringContaining('[127.0.0.1') },
      ]);
    }
    const uri = template.replace('{name}', names[0]!);
    const { contents } = await client.client.readResource({ uri });
    const [{ text = '' } = {}] = contents as { text?: string }[];
    expect(text).toContain('region: somewhere');
    expect(text).not.toContain('hunter2');
    expect(ground.records.at(-1)).toMatchObject({
      server: 'all',
      tool: 'get_environment_config',
      arguments: { name: names[0] },
      outcome: 'done',
    });
  });

  it('is told that an address leads nowhere, and what the control plane says of one that does not exist [agent.resources.missing]', async () => {
    await using client = await connect('all');
    for (const uri of [
      'crossplane://planets',
      'crossplane://environment-configs/a/b',
      'crossplane://environment-configs/',
      'crossplane://environment-configs/%',
      'https://example.org/xrds',
      'crossplane://environment-configs/agent-library-none',
    ])
      await expect(client.client.readResource({ uri })).rejects.toMatchObject({
        code: -32602,
        data: { uri },
      });
  });

  it('is offered names to complete an address or a prompt with [agent.resources.complete]', async () => {
    await using client = await connect('all');
    const complete = async (ref: object, name: string, value: string): Promise<string[]> => {
      const { completion } = await client.client.complete({ ref: ref as never, argument: { name, value } });
      return completion.values;
    };
    const resource = { type: 'ref/resource', uri: template };
    expect(await complete(resource, 'name', 'agent-library-')).toEqual(names);
    expect(await complete(resource, 'name', 'agent-library-w')).toEqual([names[1]]);
    expect(await complete(resource, 'colour', 'agent-library-')).toEqual([]);
    expect(await complete({ type: 'ref/prompt', name: 'upgrade_provider' }, 'version', 'v')).toEqual([]);
    expect(await complete({ type: 'ref/prompt', name: 'review_xrd_change' }, 'xrd', 'no-such-')).toEqual([]);
  });

  it('finds prompts whose tools are there, under the names that the server gives them [agent.prompts.offer]', async () => {
    expect(await offered('all')).toEqual([
      'author_composition',
      'delete_safely',
      'diagnose',
      'review_xrd_change',
      'upgrade_provider',
    ]);
    expect(await offered('read')).toEqual(['delete_safely', 'diagnose']);
    expect(await offered('few')).toEqual([]);
    const prompt = { name: 'diagnose', arguments: { kind: 'Database', name: 'orders', namespace: 'shop' } };
    for (const [server, call] of [
      ['all', 'diagnose_resource with kind=Database, name=orders, namespace=shop'],
      ['compact', 'status (kind=diagnose_resource) with kind=Database'],
    ] as const) {
      await using client = await connect(server);
      const { messages } = await client.client.getPrompt(prompt);
      expect(messages).toEqual([
        { role: 'user', content: { type: 'text', text: expect.stringContaining(call) } },
      ]);
    }
  });

  it('is told which argument of a prompt is missing, or is none [agent.prompts.arguments]', async () => {
    await using client = await connect('all');
    const get = (name: string, args: Record<string, string>): Promise<unknown> =>
      client.client.getPrompt({ name, arguments: args });
    await expect(get('diagnose', { kind: 'Database' })).rejects.toThrow('the prompt diagnose needs name');
    await expect(get('diagnose', { kind: 'A', name: 'b', colour: 'red' })).rejects.toThrow('takes no colour');
    await expect(get('praise', {})).rejects.toThrow('Prompt praise not found');
  });
});

describe('what is read by address', () => {
  it('counts as a call that reads, for limits and in the log [agent.resources.limits]', async () => {
    const status = async (id: number): Promise<number> => {
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
      };
      const answer = await fetch(ground.urlOf('slow-down'), { method: 'POST', headers, body: read(id) });
      await answer.text();
      return answer.status;
    };
    expect([await status(1), await status(2), await status(3)]).toEqual([200, 200, 429]);
    const ours = ground.records.filter(({ server }) => server === 'slow-down');
    expect(ours.map(({ tool, outcome }) => [tool, outcome])).toEqual([
      ['list_xrds', 'done'],
      ['list_xrds', 'done'],
      ['resources/read', 'refused'],
    ]);
  });
});
