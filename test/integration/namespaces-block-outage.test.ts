import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ConfigMap } from '../../src/apimachinery/objects.ts';
import { configMapPath, namespacePath } from '../../src/clusters/api-paths.ts';
import { eventually } from '../support/lab.ts';
import { OutageGround } from '../support/outage-ground.ts';
import { isGone } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

let outage: OutageGround;

beforeAll(async () => {
  outage = await OutageGround.prepare('namespaces-block-outage', (ground, proxy) =>
    Promise.resolve({
      controlPlane: { kubeconfig: proxy.kubeconfig },
      flags: [`--allow=*.${ground.group}`, `--namespace-deletion=databases.${ground.group}=block`],
    }),
  );
  // Before that, nobody asks whether a namespace may go.
  await eventually(async () => expect((await deletion(full(), '--dry-run=server')).code).toBe(1));
  // Before that, no namespace is known to hold none.
  const { app, group, name, namespace } = outage.ground;
  await eventually(async () => {
    const { data } = await app.client.get<ConfigMap>(configMapPath(namespace, `${name}-state`));
    expect(JSON.parse(data?.['claim-namespaces'] ?? '{}')).toMatchObject({ seeded: [`databases.${group}`] });
  });
});
afterAll(async () => {
  if (!outage) return;
  const { app, name } = outage.ground;
  await app.kubectl(`delete validatingwebhookconfiguration ${name}-namespaces`);
  await outage.remove();
});
afterEach(() => outage?.proxy.use({ kind: 'pass' }));

/** Holds the claim `kept`. */
function full(): string {
  return outage.claims.namespace;
}

function deletion(namespace: string, ...flags: string[]): Promise<{ code: number | null; stderr: string }> {
  return outage.ground.app.kubectl(['delete', 'namespace', namespace, ...flags].join(' '));
}

function refusal(reason: string): { code: number; stderr: unknown } {
  const denied = 'admission webhook "namespaces.mcp-connector.upbound.io" denied the request';
  const pattern = `${denied}: namespace "${full()}" may hold claims, which cannot be counted: ${reason}`;
  return { code: 1, stderr: expect.stringMatching(new RegExp(pattern)) };
}

async function expectPolicy(reason: string, empty: string): Promise<void> {
  const { app } = outage.ground;
  const refused = await deletion(full());
  expect(refused).toMatchObject(refusal(reason));
  expect(await isGone(app.client, namespacePath(full()))).toBe(false);
  process.stdout.write(refused.stderr);
  expect(await deletion(empty)).toMatchObject({ code: 0, stderr: '' });
  expect(await isGone(app.client, namespacePath(empty))).toBe(true);
}

describe('while the control plane cannot be asked, the policy block', () => {
  it('keeps a namespace with claims and lets one without go, from the first moment on [namespaces.block.outage]', async () => {
    const empty = await outage.ground.createAppNamespace('empty-at-once');
    // Nothing tells of it: requests wait for answers that do not come.
    await outage.proxy.use({ kind: 'black-hole' });
    await expectPolicy('.*(timeout|not available since|not been reached)', empty);
  });

  it('does so when the outage is known [namespaces.block.outage]', async () => {
    await outage.servesData();
    const empty = await outage.ground.createAppNamespace('empty-later');
    await outage.fail({ kind: 'stopped' }, /ECONNREFUSED/);
    await expectPolicy('.*ECONNREFUSED', empty);
  });

  it('does so after a restart of the connector [namespaces.block.outage]', async () => {
    await outage.servesData();
    const empty = await outage.ground.createAppNamespace('empty-restart');
    await outage.fail({ kind: 'stopped' }, /ECONNREFUSED/);
    await outage.connector.process.restart();
    await outage.connector.process.ready();
    await expectPolicy('.*(ECONNREFUSED|has not been reached yet)', empty);
  });

  it('counts again when it can be asked [namespaces.block.outage]', async () => {
    await outage.servesData();
    const { stderr } = await deletion(full());
    expect(stderr).toContain(`namespace "${full()}" holds 1 claim (1 databases.${outage.ground.group})`);
  });
});
