import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { parseRequestInfo } from '../../../src/apimachinery/request-info.ts';
import { serviceUnavailable } from '../../../src/apimachinery/status.ts';
import { Cancellation } from '../../../src/base/cancellation.ts';
import { Exchange } from '../../../src/downstream/exchange.ts';
import type { NamedClaimRequest } from '../../../src/handlers/claim-request.ts';
import { createClaim } from '../../../src/handlers/create.ts';
import { updateClaim } from '../../../src/handlers/update.ts';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import type { Answer, UpstreamRequest } from '../../../src/upstream/control-plane.ts';

const json = 'application/json';
const connection = { clusterID: '00000000-0000-0000-0000-000000000000', claimNamespace: 'claims-1' };
const resource = {
  group: 'k8s.starter.org',
  version: 'v1',
  plural: 'databases',
  kind: 'Database',
  prefix: 'claim',
};
const hashed = controlPlaneName('claim', { namespace: 'team-a', name: 'orders' }, connection.clusterID);

interface Case {
  method: 'POST' | 'PUT';
  body: string;
  type?: string;
  /** What the control plane says to every write. */
  answers: Answer;
  /** What it holds under the hashed name. */
  stored?: string;
  query?: string;
  allowResourceRef?: boolean;
  /** Why the namespace cannot be recorded as one with claims. */
  unrecorded?: Error;
}

interface Told {
  writes: UpstreamRequest[];
  answer: { code: number; text: string };
}

/** Carries out one write against a control plane that says what the case wants. */
async function write(wanted: Case): Promise<Told> {
  const { method, body, type = json, query = '' } = wanted;
  const writes: UpstreamRequest[] = [];
  const server = createServer((req, res) => {
    const exchange = new Exchange(req, res, 'a', new Cancellation());
    carryOut(exchange, wanted, writes).catch((error: unknown) => exchange.answerError(error));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const collection = '/apis/k8s.starter.org/v1/namespaces/team-a/databases';
  const url = `http://127.0.0.1:${port}${collection}${method === 'PUT' ? '/orders' : ''}${query}`;
  const answer = await fetch(url, { method, body, headers: { 'content-type': type } });
  const text = await answer.text();
  server.closeAllConnections();
  server.close();
  return { writes, answer: { code: answer.status, text } };
}

async function carryOut(exchange: Exchange, wanted: Case, writes: UpstreamRequest[]): Promise<void> {
  const { answers, stored, allowResourceRef = false } = wanted;
  exchange.info = parseRequestInfo(exchange.req.method ?? '', exchange.req.url ?? '');
  const collect = (asked: UpstreamRequest): Promise<Answer> => {
    if (asked.method === 'GET')
      return Promise.resolve(stored === undefined ? said(404, notFound) : said(200, stored));
    writes.push(asked);
    return Promise.resolve(answers);
  };
  const request = {
    exchange,
    info: exchange.info,
    resource,
    link: { connection, controlPlane: { collect } },
    allowResourceRef,
    app: { namespace: 'team-a', name: 'orders' },
  } as unknown as NamedClaimRequest;
  if (wanted.method === 'PUT') return updateClaim(request);
  return createClaim(request, {
    admitCreate: () => Promise.resolve(),
    recordBeforeCreate: () => wanted.unrecorded && Promise.reject(wanted.unrecorded),
  });
}

function said(status: number, body: unknown): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(text) };
}

const notFound = {
  kind: 'Status',
  code: 404,
  reason: 'NotFound',
  message: `databases.k8s.starter.org "${hashed}" not found`,
  details: { name: hashed, group: 'k8s.starter.org', kind: 'databases' },
};
const accepted = said(201, '{"metadata":{"name":"somebody"}}');
const words = said(400, { kind: 'Status', code: 400, reason: 'BadRequest', message: 'in its own words' });
const typed = '"apiVersion":"k8s.starter.org/v1","kind":"Database"';
const good = `{${typed},"metadata":{"name":"orders"},"spec":{}}`;
const storedMetadata = `"metadata":{"name":"${hashed}","uid":"u-1","resourceVersion":"7","labels":{"mcp-connector.upbound.io/app-cluster":"${connection.clusterID}","mcp-connector.upbound.io/app-namespace":"team-a","mcp-connector.upbound.io/app-resource-name":"orders"}}`;

const unmappable: [what: string, body: string, type: string][] = [
  ['is no JSON', '{"half":', json],
  ['is no object', '[]', json],
  ['has a byte order mark', `\ufeff${good}`, json],
  ['has text behind it', `${good} x`, json],
  ['is no YAML', 'a: [', 'application/yaml'],
  ['is of another type', good, 'application/cbor'],
  ['has no kind', '{"metadata":{"name":"orders"}}', json],
  ['is for another namespace', `{${typed},"metadata":{"name":"orders","namespace":"claims-1"}}`, json],
];

describe('a claim whose namespace cannot be recorded', () => {
  const unrecorded = serviceUnavailable('the namespace cannot be recorded', 1);

  it('is not sent [namespaces.record.create]', async () => {
    const { writes, answer } = await write({ method: 'POST', body: good, answers: accepted, unrecorded });
    expect(writes).toEqual([]);
    expect(answer).toEqual({ code: 503, text: expect.stringContaining('cannot be recorded') });
  });

  it('is sent in a dry run, which stores nothing', async () => {
    const query = '?dryRun=All';
    const { writes } = await write({ method: 'POST', body: good, answers: accepted, unrecorded, query });
    expect(writes).toHaveLength(1);
  });
});

describe('a body that', () => {
  it.each(unmappable)(
    '%s is sent as a dry run only, and refused whatever that says',
    async (_what, body, type) => {
      for (const method of ['POST', 'PUT'] as const) {
        const sent = { method, body, type };
        const taken = await write({ ...sent, answers: accepted });
        expect(taken.writes.map(({ path }) => new URL(path, 'http://x').searchParams.get('dryRun'))).toEqual([
          'All',
        ]);
        expect(taken.answer.code).toBe(400);
        const refused = await write({ ...sent, answers: words });
        expect(refused.answer).toMatchObject({
          code: 400,
          text: expect.stringContaining('in its own words') as unknown,
        });
      }
    },
  );

  it('is refused by a proxy is refused in our own words', async () => {
    const html = { ...said(413, '<html>'), headers: { 'content-type': 'text/html' } };
    expect((await write({ method: 'POST', body: '{', answers: html })).answer.code).toBe(400);
  });

  it('asks for a dry run that is none is not sent as another', async () => {
    const { writes } = await write({ method: 'POST', body: '{', answers: words, query: '?dryRun=Some' });
    expect(new URL(writes[0]?.path ?? '', 'http://x').searchParams.getAll('dryRun')).toEqual(['Some']);
  });
});

describe('a name that no claim has', () => {
  it.each(['Upper', 'a/b', 'n'.repeat(64), ''])(
    'is shown to the control plane in a dry run: %j',
    async (name) => {
      const body = good.replace('"orders"', JSON.stringify(name));
      const { writes, answer } = await write({ method: 'POST', body, answers: accepted });
      expect(writes.map(({ path }) => new URL(path, 'http://x').searchParams.get('dryRun'))).toEqual(['All']);
      expect(JSON.parse(writes[0]?.body?.toString() ?? '')).toEqual(JSON.parse(body));
      expect(answer.code).toBe(422);
    },
  );

  it('in a PUT is refused there too', async () => {
    for (const name of ['other', '', null, 7]) {
      const body = good.replace('"orders"', JSON.stringify(name));
      const { writes, answer } = await write({ method: 'PUT', body, answers: accepted });
      expect(writes.map(({ path }) => new URL(path, 'http://x').searchParams.get('dryRun'))).toEqual(['All']);
      expect(answer.code).toBe(400);
    }
  });
});

describe('a PUT', () => {
  it('of an object that is missing is sent as a dry run only', async () => {
    const { writes, answer } = await write({ method: 'PUT', body: good, answers: accepted });
    expect(writes.map(({ path }) => new URL(path, 'http://x').searchParams.get('dryRun'))).toEqual(['All']);
    expect(answer.code).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({
      message: 'databases.k8s.starter.org "orders" not found',
    });
  });

  it('without spec.resourceRef keeps the one there is [serve.update.references]', async () => {
    const reference = { apiVersion: 'k8s.starter.org/v1', kind: 'XDatabase', name: 'orders-x' };
    const stored = `{${storedMetadata},"spec":{"resourceRef":${JSON.stringify(reference)}}}`;
    const { writes } = await write({ method: 'PUT', body: good, answers: accepted, stored });
    const [sent] = writes.map(
      ({ body }) => JSON.parse(body?.toString() ?? '') as { spec: unknown; metadata: unknown },
    );
    expect(sent?.spec).toEqual({ resourceRef: reference });
    expect(sent?.metadata).toMatchObject({ uid: 'u-1' });
  });

  it('with an empty uid is meant for the object whose labels were compared', async () => {
    for (const uid of ['""', 'null']) {
      const body = good.replace('"orders"', `"orders","uid":${uid}`);
      const { writes } = await write({
        method: 'PUT',
        body,
        answers: accepted,
        stored: `{${storedMetadata}}`,
      });
      expect(writes.map(({ body: sent }) => JSON.parse(sent?.toString() ?? '') as object)).toMatchObject([
        { metadata: { uid: 'u-1' } },
      ]);
    }
  });
});

describe('spec.resourceRef from the app cluster', () => {
  const body = good.replace('"spec":{}', '"spec":{"resourceRef":{"name":"somebody-elses"}}');

  it('is refused, and nothing is sent [serve.create.reference]', async () => {
    for (const method of ['POST', 'PUT'] as const) {
      const { writes, answer } = await write({
        method,
        body,
        answers: accepted,
        stored: `{${storedMetadata},"spec":{}}`,
      });
      expect(writes).toEqual([]);
      expect(answer.code).toBe(403);
    }
  });

  it('goes where the option allows it', async () => {
    const { writes } = await write({ method: 'POST', body, answers: accepted, allowResourceRef: true });
    expect(writes[0]?.body?.toString()).toContain('somebody-elses');
  });
});

describe('generateName', () => {
  const body = good.replace('"name":"orders"', '"generateName":"orders-"');
  const taken = said(409, { kind: 'Status', code: 409, reason: 'AlreadyExists', message: 'taken' });

  it('is made here, of 58 characters at most and 5 at random', async () => {
    const long = body.replace('orders-', 'o'.repeat(80));
    for (const [sent, pattern] of [
      [body, /^orders-[b-z2-9]{5}$/],
      [long, /^o{58}[b-z2-9]{5}$/],
    ] as const) {
      const { writes } = await write({ method: 'POST', body: sent, answers: words });
      expect(writes.map(({ path }) => path)).toEqual([expect.not.stringContaining('dryRun')]);
      const { metadata } = JSON.parse(writes[0]?.body?.toString() ?? '') as {
        metadata: Record<string, unknown>;
      };
      const labels = metadata['labels'] as Record<string, string>;
      expect(labels['mcp-connector.upbound.io/app-resource-name']).toMatch(pattern);
      expect(metadata['name']).toMatch(/^claim-[0-9a-f]{16}$/);
    }
  });

  it('is tried eight times, each with another name', async () => {
    const { writes, answer } = await write({ method: 'POST', body, answers: taken });
    const names = writes.map(
      ({ body: sent }) =>
        (JSON.parse(sent?.toString() ?? '') as { metadata: { name: string } }).metadata.name,
    );
    expect(new Set(names).size).toBe(8);
    expect(answer.code).toBe(409);
  });

  it('is not tried again where a name is given, or for another conflict', async () => {
    const given = body.replace('"generateName"', '"name":"orders","generateName"');
    expect((await write({ method: 'POST', body: given, answers: taken })).writes).toHaveLength(1);
    const other = said(409, { kind: 'Status', code: 409, reason: 'Conflict', message: 'of a quota' });
    expect((await write({ method: 'POST', body, answers: other })).writes).toHaveLength(1);
  });
});
