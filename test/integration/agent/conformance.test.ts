import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { npmTools } from '../../support/npm-tools.ts';
import { startFixtureServer } from '../../support/conformance/fixture-server.ts';
import { requiredScenarios, type Revision, runSuite } from '../../support/conformance/suite.ts';

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
