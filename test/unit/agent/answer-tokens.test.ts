import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { renderAnswer } from '../../../src/agent/answers/render.ts';
import { getXrd, listXrds } from '../../../src/agent/tools/xrd/read-xrds.ts';
import { agentCall, type TestCall } from '../../support/agent-call.ts';
import { FakeApiServer } from '../clusters/fake-api-server.ts';

const kinds = [
  'Database',
  'Bucket',
  'Network',
  'Cluster',
  'Queue',
  'Cache',
  'Topic',
  'Certificate',
  'Registry',
  'Gateway',
];

function fields(prefix: string): object {
  return Object.fromEntries(
    Array.from({ length: 25 }, (_, field) => [
      `${prefix}Parameter${field}`,
      { type: 'string', description: `What people may say about parameter ${field}, in a sentence or two.` },
    ]),
  );
}

function part(prefix: string): object {
  return { type: 'object', properties: fields(prefix) };
}

/** As a platform has them: 25 fields in spec and 25 in status, with descriptions. */
function xrd(at: number): object {
  const kind = `${kinds[at % kinds.length]}${at < kinds.length ? '' : Math.floor(at / kinds.length)}`;
  const openAPIV3Schema = { type: 'object', properties: { spec: part('some'), status: part('seen') } };
  const plural = `${kind.toLowerCase()}s`;
  return {
    metadata: { name: `x${plural}.platform.example.org`, uid: 'u', resourceVersion: '1' },
    spec: {
      group: 'platform.example.org',
      names: { kind: `X${kind}`, plural: `x${plural}` },
      claimNames: { kind, plural },
      versions: [
        { name: 'v1alpha1', served: true, referenceable: false, schema: { openAPIV3Schema } },
        { name: 'v1', served: true, referenceable: true, schema: { openAPIV3Schema } },
      ],
    },
    status: {
      conditions: [
        { type: 'Established', status: 'True', reason: 'WatchingCompositeResource' },
        { type: 'Offered', status: 'True', reason: 'WatchingCompositeResourceClaim' },
      ],
    },
  };
}

function served(kind: string, plural: string): object {
  return { resource: plural, responseKind: { kind }, scope: 'Cluster', verbs: ['list'] };
}

describe('an answer about 50 XRDs of 50 fields', () => {
  let fake: FakeApiServer;
  let call: TestCall;

  beforeAll(async () => {
    fake = await FakeApiServer.start();
    const resources = [
      served('CompositeResourceDefinition', 'compositeresourcedefinitions'),
      served('Composition', 'compositions'),
    ];
    const items = [
      { metadata: { name: 'apiextensions.crossplane.io' }, versions: [{ version: 'v1', resources }] },
    ];
    fake.intercept = ({ path }) => {
      if (path === '/api') return { status: 200, body: { kind: 'APIGroupDiscoveryList', items: [] } };
      if (path === '/apis') return { status: 200, body: { kind: 'APIGroupDiscoveryList', items } };
      const all = Array.from({ length: 50 }, (_, at) => xrd(at));
      if (path.endsWith('/compositeresourcedefinitions'))
        return { status: 200, body: { metadata: {}, items: all } };
      if (path.includes('/compositeresourcedefinitions/')) return { status: 200, body: all[0] };
      if (path.endsWith('/compositions')) return { status: 200, body: { metadata: {}, items: [] } };
      return {
        status: 200,
        body: { metadata: { remainingItemCount: 11 }, items: [{ metadata: { name: 'x' } }] },
      };
    };
    call = agentCall({ client: fake.client() });
  });
  afterAll(() => fake[Symbol.asyncDispose]());

  it('fits into a context window: 1,800 tokens for all, 800 for one [agent.answer.tokens]', async () => {
    const list = renderAnswer(await listXrds(call, {}));
    const one = renderAnswer(await getXrd(call, { name: 'xdatabases.platform.example.org' }));
    const sizes = [list, one].map(({ text, structured }) => [
      countTokens(text),
      countTokens(JSON.stringify(structured)),
    ]);
    process.stderr.write(
      `list_xrds of 50: ${sizes[0]?.join(' as text, ')} structured; get_xrd: ${sizes[1]?.join(' as text, ')} structured\n`,
    );
    expect(list.structured['items'] as object[]).toHaveLength(50);
    expect(sizes[0]?.[0]).toBeLessThanOrEqual(1_800);
    expect(sizes[1]?.[0]).toBeLessThanOrEqual(800);
  });
});
