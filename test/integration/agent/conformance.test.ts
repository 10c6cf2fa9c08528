import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { npmTools } from '../../support/npm-tools.ts';
import { startFixtureServer } from '../../support/conformance/fixture-server.ts';
import { judge, requiredScenarios, type Revision, runSuite } from '../../support/conformance/suite.ts';
import { GatewayGround } from '../../support/gateway-ground.ts';
import { sharedLab } from '../../support/lab.ts';

jest.setTimeout(300_000);

let fixture: Awaited<ReturnType<typeof startFixtureServer>>;

beforeAll(async () => {
  await npmTools('conformance');
  fixture = await startFixtureServer();
});

afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const counts: [Revision, number][] = [
  ['2025-11-25', 30],
  ['2026-07-28', 37],
];

describe('the protocol, with the fixtures of the conformance suite', () => {
  it.each(counts)(
    'passes every scenario that %s requires of a server [agent.protocol.conformance]',
    async (revision, count) => {
      const required = await requiredScenarios(revision);
      expect(required).toHaveLength(count);
      const { passed, failed } = await runSuite(fixture.url, revision);
      expect(required.filter((name) => !passed.includes(name))).toEqual([]);
      // Beyond what is required: tasks are an extension that the gateway does not offer.
      expect(failed.filter((name) => !name.startsWith('tasks-'))).toEqual([]);
    },
  );
});

/** What needs no fixture: every other scenario calls tools, resources or prompts of the suite's own. */
const mustPass: Record<Revision, string[]> = {
  '2025-11-25': [
    'server-initialize',
    'ping',
    'completion-complete',
    'tools-list',
    'server-sse-multiple-streams',
    'resources-list',
    'prompts-list',
    'dns-rebinding-protection',
  ],
  '2026-07-28': [
    'completion-complete',
    'tools-list',
    'server-sse-multiple-streams',
    'resources-list',
    'prompts-list',
    'sep-2164-resource-not-found',
    'dns-rebinding-protection',
    'caching',
    'input-required-result-missing-input-response',
    'input-required-result-unsupported-methods',
    'input-required-result-ignore-extra-params',
    'input-required-result-validate-input',
    'http-header-validation',
  ],
};

describe('the product', () => {
  let ground: GatewayGround;

  beforeAll(async () => {
    ground = await GatewayGround.start(sharedLab().controlPlane.kubeconfig, [
      { name: 'all' },
      { name: 'compact', tools: { style: 'compact', outputSchemas: true } },
    ]);
  });
  afterAll(async () => {
    await ground?.[Symbol.asyncDispose]();
  });

  it.each(counts)('passes by name what %s has for it [agent.protocol.product]', async (revision) => {
    const { passed } = await runSuite(ground.urlOf('all'), revision);
    expect(mustPass[revision].filter((name) => !passed.includes(name))).toEqual([]);
  });

  it.each(['modern', 'legacy'])(
    'has tools in which the inspector, of the %s protocol, finds no fault [agent.protocol.inspector]',
    async (era) => {
      for (const server of ['all', 'compact']) {
        const inspector = 'inspector/clients/launcher/build/index.js';
        const args = ['--cli', ground.urlOf(server), '--transport', 'http', '--protocol-era', era];
        const { code, stdout, stderr } = await judge(inspector, [
          ...args,
          '--method',
          'tools/list',
          '--strict',
          '--format',
          'json',
        ]);
        expect([code, stderr]).toEqual([0, expect.any(String)]);
        expect(stdout).toContain(server === 'all' ? '"create_xrd"' : '"list"');
      }
    },
  );
});
