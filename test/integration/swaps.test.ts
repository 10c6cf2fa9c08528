import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath, secretPath } from '../../src/clusters/api-paths.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// The controller manager looks for new APIs every 30 s, and no timing is a test here.
jest.setTimeout(180_000);
const patience = { timeoutMs: 120_000, everyMs: 200 };
const secretName = 'control-plane';
const otherNamespace = 'swaps-other-claims';

let ground: TestGround;
let api: ClaimApi;
let claims: Claims;
let connector: TestConnector;
let witness: string;

beforeAll(async () => {
  ground = await TestGround.prepare('swaps');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  claims = new Claims(ground, api, await ground.createAppNamespace('a'), await ground.app.uidOfKubeSystem());
  await ground.controlPlane.createNamespace(otherNamespace);
  // The app cluster stands in for another control plane, which has a namespace of the same name.
  await ground.app.createNamespace(ground.claimNamespace);
  await ground.app.client.create(secretPath(ground.namespace), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace: ground.namespace },
    stringData: { kubeconfig: await readFile(ground.controlPlane.kubeconfig, 'utf8') },
  });
  connector = await start();
  await ground.available(api);
  const { metadata } = await claims.create('kept');
  const owner = { apiVersion: `${api.group}/v1`, kind: api.kind, name: 'kept', uid: metadata.uid };
  const created = await ground.app.client.create<KubeObject>(configMapPath(claims.namespace), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'witness', ownerReferences: [owner] },
  });
  witness = created.metadata.uid as string;
  await collectorRan();
});
afterAll(() => ground?.remove());

interface Setting {
  claimNamespace?: string;
  clusterID?: string;
}

function start({ claimNamespace = ground.claimNamespace, clusterID }: Setting = {}): Promise<TestConnector> {
  return ground.startConnector({
    claimNamespace,
    controlPlane: { kubeconfig: '' },
    ready: false,
    flags: [
      `--control-plane-secret=${secretName}`,
      `--allow=*.${ground.group}`,
      ...(clusterID ? [`--cluster-id=${clusterID}`] : []),
    ],
  });
}

async function useKubeconfigOf(cluster: { kubeconfig: string }): Promise<void> {
  const kubeconfig = await readFile(cluster.kubeconfig, 'utf8');
  await ground.app.client.patch(secretPath(ground.namespace, secretName), { stringData: { kubeconfig } });
}

/** Resolves when the collector of the app cluster has deleted a ConfigMap that came later and is below nobody. */
async function collectorRan(): Promise<void> {
  const { client } = ground.app;
  const uid = '00000000-0000-4000-8000-000000000004';
  const fence = await client.create<KubeObject>(configMapPath(claims.namespace), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      generateName: 'fence-',
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid }],
    },
  });
  const path = configMapPath(claims.namespace, fence.metadata.name);
  await eventually(async () => expect(await isGone(client, path)).toBe(true), patience);
}

/** Lists, reads and watches are refused, and readiness says why. The collector ran meanwhile. */
async function refuses(sentence: RegExp, readiness: 200 | 503): Promise<void> {
  await eventually(async () => {
    const ready = await connector.process.probe('/readyz');
    expect(ready.status).toBe(readiness);
    expect(ready.body).toMatch(sentence);
  }, patience);
  for (const path of [
    claims.path(),
    claims.path('kept'),
    `/apis/${api.group}/v1/${api.plural}?watch=true&timeoutSeconds=1`,
  ]) {
    // After a restart the app cluster may still look for the connector at its old port.
    await eventually(async () => {
      const { status, text } = await ground.app.ask(path);
      expect({ path, status }).toEqual({ path, status: 503 });
      expect(text).toMatch(sentence);
    }, patience);
  }
  await collectorRan();
  await expectWitness();
}

async function expectWitness(): Promise<void> {
  const { metadata } = await ground.app.client.get<KubeObject>(configMapPath(claims.namespace, 'witness'));
  expect(metadata.uid).toBe(witness);
  expect(metadata.deletionTimestamp).toBeUndefined();
}

async function serves(): Promise<void> {
  await eventually(async () => expect(await claims.names()).toEqual(['kept']), patience);
  await collectorRan();
  await expectWitness();
}

async function restart(setting: Setting = {}): Promise<void> {
  await connector.stop();
  connector = await start(setting);
}

// Whatever became of the test before.
beforeEach(() => useKubeconfigOf(ground.controlPlane));

describe('what claims own survives', () => {
  const boundTo = /is bound to namespace swaps-claims with UID [0-9a-f-]+, now [0-9a-f-]+/;

  it('another kubeconfig under a running connector, and over a restart [owners.swap.kubeconfig]', async () => {
    await useKubeconfigOf(ground.app);
    await refuses(boundTo, 200);
    await restart();
    await refuses(boundTo, 503);
    await useKubeconfigOf(ground.controlPlane);
    await serves();
  });

  it('another claim namespace over a restart [owners.swap.namespace]', async () => {
    await restart({ claimNamespace: otherNamespace });
    await refuses(/is bound to claim namespace swaps-claims, now swaps-other-claims/, 503);
    await restart();
    await serves();
  });

  it('another cluster ID over a restart [owners.swap.clusterid]', async () => {
    await restart({ clusterID: 'another' });
    await refuses(/is bound to cluster ID [0-9a-f-]+, now another/, 503);
    await restart();
    await serves();
  });
});
