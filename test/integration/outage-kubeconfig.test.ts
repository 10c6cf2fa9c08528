import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { freePort } from '../../src/demo/free-ports.ts';
import { eventually } from '../support/lab.ts';
import { OutageGround } from '../support/outage-ground.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import type { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

const secretName = 'control-plane';
let outage: OutageGround;
let good: string;

beforeAll(async () => {
  outage = await OutageGround.prepare('outage-kubeconfig', async (ground, proxy) => {
    good = await readFile(proxy.kubeconfig, 'utf8');
    // The app cluster stands in for another control plane, which has a namespace of the same name.
    await ground.app.createNamespace(ground.claimNamespace);
    await write(ground, { kubeconfig: good });
    return {
      controlPlane: { kubeconfig: '' },
      flags: [`--control-plane-secret=${secretName}`, `--allow=*.${ground.group}`],
    };
  });
});
afterAll(() => outage?.remove());

async function write({ app, namespace }: TestGround, stringData: Record<string, string>): Promise<void> {
  await deleteIfThere(app.client, secretPath(namespace, secretName));
  const metadata = { name: secretName, namespace };
  await app.client.create(secretPath(namespace), { apiVersion: 'v1', kind: 'Secret', metadata, stringData });
}

function withUser(user: object): string {
  return JSON.stringify({ ...(JSON.parse(good) as object), users: [{ name: 'user', user }] });
}

async function warns(sentence: RegExp): Promise<void> {
  await eventually(async () => {
    const ready = await outage.connector.process.probe('/readyz');
    expect(ready).toEqual({ status: 200, body: expect.stringMatching(sentence) });
  });
}

const earlier = 'control-plane warns: an earlier kubeconfig of the control plane is in use: .*';
const broken: { name: string; content: () => Promise<Record<string, string>>; sentence: RegExp }[] = [
  {
    name: 'is no kubeconfig any more',
    content: async () => ({ kubeconfig: 'kind: Config\n' }),
    sentence: new RegExp(`${earlier}is not a kubeconfig`),
  },
  {
    name: 'stands under another key',
    content: async () => ({ config: good }),
    sentence: new RegExp(`${earlier}has no key "kubeconfig"; its keys are: config`),
  },
  {
    name: 'has a credential that is refused',
    content: async () => ({ kubeconfig: withUser({ token: 'not-a-token' }) }),
    sentence: new RegExp(`${earlier}does not accept the credential`),
  },
  {
    name: 'leads to where nobody listens',
    content: async () => ({
      kubeconfig: good.replace(String(outage.proxy.port), String(await freePort())),
    }),
    sentence: new RegExp(`${earlier}ECONNREFUSED`),
  },
];

describe('a kubeconfig that', () => {
  it.each(broken)(
    '$name leaves the earlier one in service, and the connector says so [outage.kubeconfig.broken]',
    async ({ content, sentence }) => {
      const { ground, connector } = outage;
      await using watch = await outage.rawWatch();
      const lines = (await connector.stderr()).split('\n').length;
      await write(ground, await content());
      await warns(sentence);
      expect(await outage.metrics('mcp_connector_kubeconfig_unusable')).toEqual([
        'mcp_connector_kubeconfig_unusable 1',
      ]);
      expect(await outage.claims.names()).toEqual(['kept']);
      expect(watch.hasEnded).toBe(false);
      const said = (await connector.stderr()).split('\n').slice(lines - 1);
      expect(said.filter((line) => line.includes('an earlier kubeconfig stays in use'))).toHaveLength(1);

      await write(ground, { kubeconfig: good });
      await warns(/\[\+\]control-plane ok/);
      expect(watch.hasEnded).toBe(false);
    },
  );

  it('leads to another control plane closes the way, and deletes nothing for anybody [outage.kubeconfig.foreign]', async () => {
    const { ground } = outage;
    await using watch = await outage.rawWatch();
    await write(ground, { kubeconfig: await readFile(ground.app.kubeconfig, 'utf8') });
    await outage.refusesData(/is bound to namespace .* with UID .*, now /);
    await outage.expectCleanEnd(watch);
    expect(await outage.requestsThatPass()).toBe(0);
    expect(await ground.apiServices()).toHaveLength(1);

    await write(ground, { kubeconfig: good });
    await outage.servesData();
    outage.expectAlwaysAvailable();
  });
});
