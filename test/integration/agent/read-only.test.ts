import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { allTools } from '../../../src/agent/tools/all-tools.ts';
import { controlPlaneAccess } from '../../../src/agent/servers/control-plane-access.ts';
import { ToolError } from '../../../src/agent/tools/tool-error.ts';
import { KubeClient } from '../../../src/clusters/kube-client.ts';
import { Transport } from '../../../src/clusters/transport.ts';
import { applyManifests } from '../../../src/demo/manifests.ts';
import { agentCall } from '../../support/agent-call.ts';
import { type Account, AgentGround } from '../../support/agent-ground.ts';
import {
  objectsThere,
  offered,
  reads,
  writes,
  writesOfLaterReleases,
  writesThatCould,
} from '../../support/agent-writes.ts';
import { offerApi } from '../../support/platform-api.ts';

jest.setTimeout(300_000);

const everyWrite = [...writes, ...writesOfLaterReleases];
const transports: Transport[] = [];
let ground: AgentGround;

beforeAll(async () => {
  const kinds = {
    [offered.group]: 'things,xthings',
    [`infra.${offered.group}`]: 'instances',
    [`made.${offered.group}`]: 'xmades',
  };
  ground = await AgentGround.start({
    set: [0, 1].flatMap((account) =>
      Object.entries(kinds).flatMap(([group, resources], index) => {
        const at = `agent.accounts[${account}].kinds[${index}]`;
        return [`${at}.group=${group}`, `${at}.resources={${resources}}`];
      }),
    ),
  });
  await offerApi(ground.cluster.client, offered);
  await applyManifests(ground.cluster.client, objectsThere);
  const shared = {
    authentication: { tokens: [{ name: 'ci', file: 'ci' }] },
    rateLimits: Object.fromEntries(
      ['read', 'create', 'destructive'].map((effect) => [effect, { perMinute: 0 }]),
    ),
    audit: { logPath: 'calls.log' },
  };
  await ground.serve([
    // Its account may write: nothing but the gateway stands in the way.
    { name: 'reading', readOnly: true, controlPlane: ground.controlPlane('writer'), ...shared },
    { name: 'looking', readOnly: true, controlPlane: ground.controlPlane('reader'), ...shared },
    { name: 'writing', controlPlane: ground.controlPlane('writer'), ...shared },
  ]);
});

afterAll(async () => {
  for (const transport of transports) await transport[Symbol.asyncDispose]();
  await ground?.[Symbol.asyncDispose]();
});

function clientOf(account: Account): KubeClient {
  const transport = new Transport(controlPlaneAccess(ground.controlPlane(account)));
  transports.push(transport);
  return new KubeClient(transport, 'mcp-connector-agent');
}

/** The code of the error that a tool ends with when nothing of the protocol stands before it, and everything is confirmed. */
async function codeOf(
  name: string,
  args: Record<string, unknown>,
  options: { client: KubeClient; readOnly: boolean },
): Promise<string> {
  const tool = allTools.find((one) => one.name === name);
  if (!tool) throw new Error(`there is no tool ${name}`);
  try {
    await tool.run(agentCall(options), tool.input.parse(args));
    return 'done';
  } catch (error) {
    if (error instanceof ToolError) return error.code;
    throw error;
  }
}

const named = (cases: typeof reads): string[] => cases.map(([tool]) => tool).toSorted();
const toolsThat = (isRead: boolean): string[] =>
  allTools
    .filter(({ effect }) => (effect === 'read') === isRead)
    .map(({ name }) => name)
    .toSorted();

describe('the calls of this file', () => {
  it('are one of each tool, so that none is forgotten', () => {
    expect(named(everyWrite)).toEqual(toolsThat(false));
    expect(named(reads)).toEqual(toolsThat(true));
  });
});

describe('a server that reads', () => {
  it('has no tool that writes, and writes nothing when one is called by name [agent.readonly.tools]', async () => {
    await using agent = await ground.client('reading');
    const names = await agent.tools();
    expect(names.toSorted()).toEqual(reads.map(([tool]) => tool).toSorted());
    for (const [tool, args] of everyWrite)
      expect([
        tool,
        await agent.call(tool, args).then(
          ({ isError }) => isError,
          () => true,
        ),
      ]).toEqual([tool, true]);
    expect(await ground.trail.writesOf(ground.userOf('writer'))).toEqual([]);
  });

  it('writes nothing when every tool reads everything, though its account might [agent.readonly.count]', async () => {
    await using agent = await ground.client('reading');
    for (const [tool, args] of reads) await agent.call(tool, args);
    expect((await ground.trail.events()).some(({ user }) => user.username === ground.userOf('writer'))).toBe(
      true,
    );
    expect(await ground.trail.writesOf(ground.userOf('writer'))).toEqual([]);
  });

  it('sends no write even for a tool that is there by mistake, with everything confirmed [agent.readonly.client]', async () => {
    const client = clientOf('writer');
    for (const [tool, args] of writesThatCould)
      expect([tool, await codeOf(tool, args, { client, readOnly: true })]).toEqual([tool, 'read_only']);
    expect(await ground.trail.writesOf(ground.userOf('writer'))).toEqual([]);
  });

  it('is refused by the API server where all of that is gone, by the role of its account [agent.readonly.rights]', async () => {
    const client = clientOf('reader');
    for (const [tool, args] of writesThatCould)
      expect([tool, await codeOf(tool, args, { client, readOnly: false })]).toEqual([tool, 'forbidden']);
    const events = await ground.trail.events();
    const carriedOut = events.filter(
      ({ user, verb, objectRef, responseStatus }) =>
        user.username === ground.userOf('reader') &&
        !['get', 'list', 'watch'].includes(verb) &&
        objectRef?.apiGroup !== 'authorization.k8s.io' &&
        (responseStatus?.code ?? 0) < 400,
    );
    expect(carriedOut).toEqual([]);
    // Each has tried.
    const tried = await ground.trail.writesOf(ground.userOf('reader'));
    expect(tried.length).toBeGreaterThanOrEqual(writesThatCould.length);
  });

  it('reads with the rights of its role everything that there is a tool for [agent.rights.read]', async () => {
    await using agent = await ground.client('looking');
    const forbidden: string[] = [];
    for (const [tool, args] of reads) {
      const { code, text } = await agent.call(tool, args);
      if (code === 'forbidden' || code === 'internal') forbidden.push(`${tool}: ${text}`);
    }
    expect(forbidden).toEqual([]);
  });
});

describe('a server that writes', () => {
  it.each(['2026-07-28', 'legacy'] as const)(
    'sends nothing for any tool that changes or deletes before it is confirmed, to a client of the revision %s [agent.confirm.every]',
    async (revision) => {
      await using agent = await ground.client('writing', revision);
      const destructive = new Set(
        allTools.filter(({ effect }) => effect === 'destructive').map(({ name }) => name),
      );
      // A dry run shows what would come of it, and stores nothing.
      const stored = async (): Promise<string[]> =>
        (await ground.trail.writesOf(ground.userOf('writer'))).filter((line) => !line.includes('dryRun=All'));
      const before = await stored();
      const asked = writesThatCould.filter(([tool]) => destructive.has(tool));
      expect(asked.length).toBeGreaterThanOrEqual(12);
      for (const [tool, args] of asked) {
        const { code, confirm, text } = await agent.call(tool, args);
        expect({ tool, code, hasCode: confirm !== undefined, text }).toMatchObject({
          tool,
          code: 'confirmation_required',
          hasCode: true,
        });
        // One that is made up is as good as none; it begins with its expiry, and ends with what proves it.
        const made = `${confirm?.slice(0, -4)}${confirm?.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
        const guessed = await agent.call(tool, { ...args, confirm: made });
        expect([tool, guessed.code]).toEqual([tool, 'confirmation_required']);
      }
      await ground.trail.requests((await ground.lastLine('writing', 'ci')).auditIds);
      expect(await stored()).toEqual(before);
    },
  );

  it('can do all that there is a tool for with the rights of its role, each seen in the audit log [agent.rights.write]', async () => {
    await using agent = await ground.client('writing');
    const seen = new Map<string, number>();
    let before = (await ground.trail.writesOf(ground.userOf('writer'))).length;
    const failed: string[] = [];
    for (const [tool, args] of writes) {
      const { isError, text } = await agent.confirmed(tool, args);
      if (isError) failed.push(`${tool}: ${text}`);
      await ground.trail.requests((await ground.lastLine('writing', 'ci')).auditIds);
      const after = (await ground.trail.writesOf(ground.userOf('writer'))).length;
      seen.set(tool, after - before);
      before = after;
    }
    expect(failed).toEqual([]);
    expect([...seen].filter(([, count]) => count === 0)).toEqual([]);
  });
});
