import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { isNotFound } from '../../../src/clusters/kube-client.ts';
import { sharedLab } from '../../support/lab.ts';
import { GatewayGround } from '../../support/gateway-ground.ts';
import { type ClientClass, type Person, ProtocolClient } from '../../support/protocol-clients.ts';
import { GroundCluster } from '../../support/test-ground.ts';

jest.setTimeout(120_000);

const base = '/apis/apiextensions.crossplane.io/v1beta1/environmentconfigs';
const prefix = 'agent-confirmation-';
const tool = 'delete_environment_config';
const key = Buffer.alloc(32, 3);

let cluster: GroundCluster;
let ground: GatewayGround;
let made = 0;

beforeAll(async () => {
  cluster = new GroundCluster(sharedLab().controlPlane.kubeconfig);
  ground = await GatewayGround.start(
    cluster.kubeconfig,
    [{ name: 'any' }, { name: 'sessions', sessions: true }, { name: 'person', confirmation: 'person' }],
    key,
  );
});

afterEach(async () => {
  const { items } = await cluster.client.get<{ items: { metadata: { name: string } }[] }>(base);
  for (const { metadata } of items)
    if (metadata.name.startsWith(prefix)) await cluster.client.delete(`${base}/${metadata.name}`);
});

afterAll(async () => {
  await ground?.[Symbol.asyncDispose]();
  await cluster?.close();
});

/** Something to delete. */
async function victim(): Promise<string> {
  const name = `${prefix}${++made}`;
  await cluster.client.create(base, {
    apiVersion: 'apiextensions.crossplane.io/v1beta1',
    kind: 'EnvironmentConfig',
    metadata: { name },
    data: { made },
  });
  return name;
}

async function isThere(name: string): Promise<boolean> {
  return cluster.client.get(`${base}/${name}`).then(
    () => true,
    (error: unknown) => {
      if (isNotFound(error)) return false;
      throw error;
    },
  );
}

function agrees(): object {
  return { action: 'accept', content: { confirm: true } };
}

/** One request of 2026-07-28 as it stands. */
async function post(params: object): Promise<Record<string, unknown>> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'forger', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
  };
  const answer = await fetch(ground.urlOf('any'), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': tool,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: tool, ...params, _meta: meta },
    }),
  });
  const { result } = (await answer.json()) as { result: Record<string, unknown> };
  return result;
}

type Connect = (client: ProtocolClient) => Promise<ProtocolClient>;
const http =
  (server: string): Connect =>
  (client) =>
    client.overHttp(ground.urlOf(server));
const stdio: Connect = (client) => client.overStdio(['--config', ground.file, '--server', 'any']);

const asking: [string, ClientClass, Connect][] = [
  ['2026-07-28 over HTTP', { revision: '2026-07-28', asks: true }, (client) => http('any')(client)],
  [
    '2025-11-25 over HTTP in a session',
    { revision: '2025-11-25', asks: true },
    (client) => http('sessions')(client),
  ],
  ['2026-07-28 over stdio', { revision: '2026-07-28', asks: true }, stdio],
  ['2025-11-25 over stdio', { revision: '2025-11-25', asks: true }, stdio],
];

const silent: [string, ClientClass, Connect][] = [
  ['2026-07-28 over HTTP', { revision: '2026-07-28', asks: false }, (client) => http('any')(client)],
  [
    '2025-11-25 over HTTP without a session',
    { revision: '2025-11-25', asks: false },
    (client) => http('any')(client),
  ],
  [
    '2025-11-25 over HTTP without a session, which could ask in one',
    { revision: '2025-11-25', asks: true },
    (client) => http('any')(client),
  ],
  [
    '2025-11-25 over HTTP in a session',
    { revision: '2025-11-25', asks: false },
    (client) => http('sessions')(client),
  ],
  ['2026-07-28 over stdio', { revision: '2026-07-28', asks: false }, stdio],
  ['2025-11-25 over stdio', { revision: '2025-11-25', asks: false }, stdio],
];

describe.each(asking)('a client that can ask a person, %s', (_name, clientClass, connect) => {
  let client: ProtocolClient;
  let person: Person;
  const questions: string[] = [];

  beforeAll(async () => {
    client = await connect(
      new ProtocolClient(clientClass, (question) => {
        questions.push(question);
        return person(question);
      }),
    );
  });
  afterEach(() => void questions.splice(0));
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
  });

  it('does what the person agrees to, who sees what would happen [agent.confirm.person]', async () => {
    const name = await victim();
    person = () => ({ action: 'accept', content: { confirm: true } });
    const { isError } = await client.call(tool, { name });
    expect(isError).toBe(false);
    expect(await isThere(name)).toBe(false);
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain(name);
  });

  it.each([
    ['declines', { action: 'decline' }],
    ['closes the question', { action: 'cancel' }],
    ['agrees without saying yes', { action: 'accept', content: { confirm: false } }],
  ])('does nothing where the person %s, and says so [agent.confirm.person]', async (_what, answer) => {
    const name = await victim();
    person = () => answer;
    const { isError, structured, text } = await client.call(tool, { name });
    expect([isError, structured['code']]).toEqual([true, 'confirmation_required']);
    expect(text).toContain('said no');
    expect(structured).not.toHaveProperty('confirm');
    expect(await isThere(name)).toBe(true);
  });

  it('asks again where the object has changed while the person thought [agent.confirm.person]', async () => {
    const name = await victim();
    person = async () => {
      if (questions.length === 1) await cluster.client.patch(`${base}/${name}`, { data: { changed: true } });
      return questions.length === 1
        ? { action: 'accept', content: { confirm: true } }
        : { action: 'decline' };
    };
    const { isError } = await client.call(tool, { name });
    expect(isError).toBe(true);
    expect(questions).toHaveLength(2);
    expect(questions[1]).toMatch(/^What you confirmed has changed/);
    expect(await isThere(name)).toBe(true);
  });
});

describe.each(silent)('a client that can ask nobody, %s', (_name, clientClass, connect) => {
  let client: ProtocolClient;

  beforeAll(async () => {
    client = await connect(
      new ProtocolClient(clientClass, () => ({ action: 'accept', content: { confirm: true } })),
    );
  });
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
  });

  it('is told what would happen, and does it with the code of that answer, once [agent.confirm.argument]', async () => {
    const name = await victim();
    const first = await client.call(tool, { name });
    expect([first.isError, first.structured['code']]).toEqual([true, 'confirmation_required']);
    expect(first.text).toContain(name);
    expect(await isThere(name)).toBe(true);
    const { confirm } = first.structured;
    expect(first.text).toContain(`confirm: ${String(confirm)}`);
    const second = await client.call(tool, { name, confirm });
    expect(second.isError).toBe(false);
    expect(await isThere(name)).toBe(false);
  });

  it('does nothing with a code that was made up, is of another object, or of what has changed [agent.confirm.argument]', async () => {
    const [name, other] = [await victim(), await victim()];
    const { confirm } = (await client.call(tool, { name: other })).structured;
    for (const wrong of ['yes', 'true', confirm]) {
      const { structured } = await client.call(tool, { name, confirm: wrong });
      expect(structured['code']).toBe('confirmation_required');
    }
    await cluster.client.patch(`${base}/${other}`, { data: { changed: true } });
    expect((await client.call(tool, { name: other, confirm })).structured['code']).toBe(
      'confirmation_required',
    );
    expect([await isThere(name), await isThere(other)]).toEqual([true, true]);
  });
});

describe('a server that takes the confirmation of nobody but a person', () => {
  it.each(silent.slice(0, 3))(
    'lets %s do nothing, and hands out no code [agent.confirm.persononly]',
    async (_name, clientClass) => {
      const name = await victim();
      await using client = await new ProtocolClient(clientClass).overHttp(ground.urlOf('person'));
      await using elsewhere = await new ProtocolClient({ revision: '2026-07-28', asks: false }).overHttp(
        ground.urlOf('any'),
      );
      const { confirm } = (await elsewhere.call(tool, { name })).structured;
      expect(confirm).toEqual(expect.any(String));
      for (const given of [undefined, 'yes', confirm]) {
        const { structured } = await client.call(tool, {
          name,
          ...(given === undefined ? {} : { confirm: given }),
        });
        expect(structured['code']).toBe('confirmation_required');
        expect(structured).not.toHaveProperty('confirm');
      }
      expect(await isThere(name)).toBe(true);
    },
  );

  it('lets one do it that asks [agent.confirm.persononly]', async () => {
    const name = await victim();
    await using client = await new ProtocolClient({ revision: '2026-07-28', asks: true }, agrees).overHttp(
      ground.urlOf('person'),
    );
    expect((await client.call(tool, { name })).isError).toBe(false);
    expect(await isThere(name)).toBe(false);
  });
});

describe('a client that answers for the person', () => {
  const yes = { confirm: { action: 'accept', content: { confirm: true } } };

  it('without the state of the question, or with another one, only gets the question again [agent.confirm.forged]', async () => {
    const [name, other] = [await victim(), await victim()];
    const { requestState } = await post({ arguments: { name: other } });
    expect(requestState).toEqual(expect.any(String));
    const forged = [undefined, 'x', '', requestState, `${String(requestState)}x`];
    for (const state of forged) {
      const given = {
        arguments: { name },
        inputResponses: yes,
        ...(state === undefined ? {} : { requestState: state }),
      };
      expect(await post(given)).toMatchObject({ resultType: 'input_required' });
    }
    expect([await isThere(name), await isThere(other)]).toEqual([true, true]);
  });

  it('cannot use the state as the argument that another client needs [agent.confirm.forged]', async () => {
    const name = await victim();
    const { requestState } = await post({ arguments: { name } });
    await using client = await new ProtocolClient({ revision: '2026-07-28', asks: false }).overHttp(
      ground.urlOf('any'),
    );
    expect((await client.call(tool, { name, confirm: requestState })).structured['code']).toBe(
      'confirmation_required',
    );
    expect(await isThere(name)).toBe(true);
  });
});
