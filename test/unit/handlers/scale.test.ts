import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { parseRequestInfo } from '../../../src/apimachinery/request-info.ts';
import { Cancellation } from '../../../src/base/cancellation.ts';
import { Exchange } from '../../../src/downstream/exchange.ts';
import type { NamedClaimRequest } from '../../../src/handlers/claim-request.ts';
import { handleScale } from '../../../src/handlers/scale.ts';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import type { Answer, UpstreamRequest } from '../../../src/upstream/control-plane.ts';

const connection = { clusterID: '00000000-0000-0000-0000-000000000000', claimNamespace: 'claims-1' };
const resource = {
  group: 'g.example.org',
  version: 'v1',
  plural: 'databases',
  kind: 'Database',
  prefix: 'claim',
};
const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';

interface Told {
  /** What was asked of the control plane: method, and the body where there was one. */
  asked: string[];
  status: number;
  text: string;
}

interface Case {
  name?: string;
  method?: string;
  type?: string;
  body?: string;
  /** One for each time the object is read: its uid and resourceVersion, and whose it is. */
  objects: [uid: string, version: string, owner?: string][];
  /** One for each time its Scale is asked for. */
  answers: (hashed: string) => Answer[];
}

/** Carries out one request against a control plane that says what the case wants. */
async function carryOut({
  name = 'main',
  method = 'GET',
  type = 'application/json',
  body,
  objects,
  answers,
}: Case): Promise<Told> {
  const app = { namespace: 'team', name };
  const hashed = controlPlaneName('claim', app, connection.clusterID);
  const left = { objects: [...objects], answers: answers(hashed) };
  const asked: string[] = [];
  const collect = (call: UpstreamRequest): Promise<Answer> => {
    const { pathname, search } = new URL(call.path, 'http://x');
    const isScale = pathname.endsWith('/scale');
    asked.push(
      [call.method, isScale ? `scale${search}` : 'object', call.body?.toString()].filter(Boolean).join(' '),
    );
    const answer = isScale ? left.answers.shift() : objectOf(left.objects.shift(), hashed, name);
    return answer ? Promise.resolve(answer) : Promise.reject(new Error('nothing is left to say'));
  };
  const server = createServer((req, res) => {
    const exchange = new Exchange(req, res, 'a', new Cancellation());
    exchange.info = parseRequestInfo(req.method ?? '', req.url ?? '');
    const link = { connection, controlPlane: { collect } };
    const request = { exchange, info: exchange.info, resource, link, app } as unknown as NamedClaimRequest;
    handleScale(request).catch((error: unknown) => exchange.answerError(error));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const path = `/apis/g.example.org/v1/namespaces/team/databases/${name}/scale`;
  const headers = { 'content-type': type };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    ...(body ? { body } : {}),
  });
  const text = await answer.text();
  server.closeAllConnections();
  server.close();
  return { asked, status: answer.status, text };
}

function objectOf(
  object: Case['objects'][number] | undefined,
  hashed: string,
  name: string,
): Answer | undefined {
  if (!object) return undefined;
  const [uid, resourceVersion, owner = name] = object;
  const prefix = 'mcp-connector.upbound.io';
  const labels = {
    [`${prefix}/app-cluster`]: connection.clusterID,
    [`${prefix}/app-namespace`]: 'team',
    [`${prefix}/app-resource-name`]: owner,
  };
  return said(200, { metadata: { name: hashed, uid, resourceVersion, labels } });
}

function said(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) };
}

function scaleOf(hashed: string, uid: string): Answer {
  return said(200, {
    kind: 'Scale',
    metadata: { name: hashed, namespace: 'claims-1', uid },
    spec: { replicas: 2 },
  });
}

function refused(code: number, message: string): Answer {
  return said(code, { kind: 'Status', code, reason: code === 409 ? 'Conflict' : 'Invalid', message });
}

const modified = refused(
  409,
  'the object has been modified; please apply your changes to the latest version',
);
const shown =
  '{"kind":"Scale","metadata":{"name":"main","namespace":"team","uid":"u1"},"spec":{"replicas":2}}';

describe('a Scale', () => {
  it("is read after the object, and shown under the user's name [serve.scale.subresource]", async () => {
    const told = await carryOut({ objects: [['u1', '1']], answers: (hashed) => [scaleOf(hashed, 'u1')] });
    expect(told).toEqual({ status: 200, text: shown, asked: ['GET object', 'GET scale'] });
  });

  it('of an object of another name with the same hash is not found, nor asked for', async () => {
    for (const method of ['GET', 'PUT'] as const) {
      const body = method === 'PUT' ? '{"metadata":{"name":"main"}}' : '';
      const told = await carryOut({ method, body, objects: [['u1', '1', 'other']], answers: () => [] });
      expect({ status: told.status, asked: told.asked }).toEqual({ status: 404, asked: ['GET object'] });
    }
  });

  it('is read again when the object was replaced in between', async () => {
    const told = await carryOut({
      objects: [
        ['u0', '1'],
        ['u1', '2'],
      ],
      answers: (hashed) => [scaleOf(hashed, 'u1'), scaleOf(hashed, 'u1')],
    });
    expect(told).toMatchObject({ status: 200, text: shown });
    expect(told.asked).toHaveLength(4);
  });
});

describe('a PUT of a Scale', () => {
  const body = '{"metadata":{"name":"main"},"spec":{"replicas":2}}';

  it('is meant for the object whose labels were compared, and starts over when that was replaced', async () => {
    const told = await carryOut({
      method: 'PUT',
      body,
      objects: [
        ['u0', '1'],
        ['u1', '2'],
      ],
      answers: (hashed) => [
        refused(409, 'Precondition failed: UID in precondition: u0, UID in object meta: u1'),
        scaleOf(hashed, 'u1'),
      ],
    });
    expect(told.status).toBe(200);
    expect(told.asked.filter((call) => call.startsWith('PUT'))).toEqual(
      ['u0', 'u1'].map((uid) => expect.stringContaining(`"uid":"${uid}"`)),
    );
  });

  it('with a uid of its own is refused when that is another', async () => {
    const told = await carryOut({
      method: 'PUT',
      body: '{"metadata":{"name":"main","uid":"mine"}}',
      objects: [['u1', '1']],
      answers: () => [refused(409, 'Precondition failed: UID in precondition: mine, UID in object meta: u1')],
    });
    expect(told).toMatchObject({
      status: 409,
      asked: ['GET object', expect.stringContaining('"uid":"mine"')],
    });
  });

  it('that cannot be read is sent as a dry run only, and refused whatever that says', async () => {
    for (const unreadable of ['{"half":', '[]', `${body} x`]) {
      const told = await carryOut({
        method: 'PUT',
        body: unreadable,
        objects: [['u1', '1']],
        answers: (hashed) => [scaleOf(hashed, 'u1')],
      });
      expect(told.status).toBe(400);
      expect(told.asked[1]).toBe(`PUT scale?dryRun=All ${unreadable}`);
    }
  });
});

describe('a PATCH of a Scale whose name could be read as another', () => {
  const two: Case['objects'] = [
    ['u1', '1'],
    ['u1', '2'],
  ];

  it('is held to the version that was read, and starts over when that has passed', async () => {
    const told = await carryOut({
      name: 'a-x-b',
      method: 'PATCH',
      type: merge,
      body: '{"spec":{"replicas":2}}',
      objects: two,
      answers: (hashed) => [modified, scaleOf(hashed, 'u1')],
    });
    expect(told.status).toBe(200);
    expect(told.asked.filter((call) => call.startsWith('PATCH'))).toEqual(
      ['1', '2'].map((version) => expect.stringContaining(`"resourceVersion":"${version}"`)),
    );
  });

  it('is refused when the version is one that the user named', async () => {
    const told = await carryOut({
      name: 'a-x-b',
      method: 'PATCH',
      type: merge,
      body: '{"metadata":{"resourceVersion":"9"}}',
      objects: [['u1', '1']],
      answers: () => [modified],
    });
    expect(told.status).toBe(409);
  });

  it('tests the uid before its operations', async () => {
    const told = await carryOut({
      name: 'a-x-b',
      method: 'PATCH',
      type: json,
      body: '[{"op":"replace","path":"/spec/replicas","value":2}]',
      objects: [['u1', '1']],
      answers: (hashed) => [scaleOf(hashed, 'u1')],
    });
    expect(told.status).toBe(200);
    expect(told.asked[1]).toContain('{"op":"test","path":"/metadata/uid","value":"u1"}');
  });

  it('is refused with 415 for a strategic merge, and nothing is asked', async () => {
    const type = 'application/strategic-merge-patch+json';
    const told = await carryOut({ method: 'PATCH', type, body: '{}', objects: [], answers: () => [] });
    expect({ status: told.status, asked: told.asked }).toEqual({ status: 415, asked: [] });
  });
});
