import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { eventually } from '../support/lab.ts';
import { type ClaimApi, fixedDetails } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';
import type { TestConnector } from '../support/lab.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);
/** The collector looks for new kinds every 30 s. */
const collected = { timeoutMs: 75_000 };
let ground: TestGround;
let api: ClaimApi;
let namespace: string;
let connector: TestConnector;
let clusterID: string;

beforeAll(async () => {
  ground = await TestGround.prepare('connection-secret');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  namespace = await ground.createAppNamespace('a');
  clusterID = await ground.app.uidOfKubeSystem();
  connector = await ground.startConnector();
  await ground.available(api);
});
afterAll(() => ground?.remove());

function claimPath(name?: string): string {
  return `/apis/${api.group}/v1/namespaces/${namespace}/databases${name === undefined ? '' : `/${name}`}`;
}

/** A claim whose connection Secret is `<name>-connection`. */
function create(name: string, password: string): Promise<KubeObject> {
  return ground.app.client.create<KubeObject>(claimPath(), {
    apiVersion: `${api.group}/v1`,
    kind: 'Database',
    metadata: { name },
    spec: {
      parameters: { size: 'small', password },
      writeConnectionSecretToRef: { name: `${name}-connection` },
    },
  });
}

function readSecret(name: string): Promise<Secret> {
  return ground.app.client.get<Secret>(secretPath(namespace, name));
}

function dataOf(password: string): Record<string, string> {
  const values = { ...fixedDetails, password };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
}

/** Resolves when the Secret of a claim holds this password. */
async function delivered(name: string, password: string): Promise<Secret> {
  return await eventually(async () => {
    const secret = await readSecret(`${name}-connection`);
    expect(secret.data).toEqual(dataOf(password));
    return secret;
  });
}

describe('the connection Secret of a claim', () => {
  it('arrives under the name of the user, with type, data and the claim as its owner [serve.secret.delivered]', async () => {
    const claim = await create('orders', 'first');
    const secret = await delivered('orders', 'first');
    const hash = createHash('sha256').update(`orders-connection-x-${namespace}-x-${clusterID}`).digest('hex');
    const storedPath = secretPath(ground.claimNamespace, `claim-${hash.slice(0, 16)}`);
    const stored = await ground.controlPlane.client.get<Secret>(storedPath);
    expect(secret.type).toBe(stored.type);
    expect(secret.data).toEqual(stored.data);
    expect(secret.metadata.ownerReferences).toEqual([
      expect.objectContaining({
        apiVersion: `${api.group}/v1`,
        kind: 'Database',
        name: 'orders',
        uid: claim.metadata.uid,
      }),
    ]);
  });

  it('follows its data, and keeps what others wrote on it [serve.secret.updated]', async () => {
    await create('changing', 'before');
    await delivered('changing', 'before');
    await ground.app.client.patch(secretPath(namespace, 'changing-connection'), {
      metadata: { labels: { team: 'orders' }, annotations: { contact: 'anna' } },
    });

    await ground.app.client.patch(claimPath('changing'), { spec: { parameters: { password: 'after' } } });

    const secret = await delivered('changing', 'after');
    expect(secret.metadata.labels).toMatchObject({ team: 'orders' });
    expect(secret.metadata.annotations).toMatchObject({ contact: 'anna' });
  });

  it('goes with its claim by the collector of the app cluster [serve.secret.collected]', async () => {
    await create('ending', 'any');
    await delivered('ending', 'any');
    await ground.app.client.delete(claimPath('ending'));
    await eventually(async () => {
      expect(await isGone(ground.app.client, secretPath(namespace, 'ending-connection'))).toBe(true);
    }, collected);
  });

  it('does not overwrite a Secret that was there before [serve.secret.foreign]', async () => {
    const data = { password: Buffer.from('of somebody else').toString('base64') };
    const metadata = { name: 'taken-connection', namespace };
    const foreign = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data };
    const before = await ground.app.client.create<Secret>(secretPath(namespace), foreign);
    await create('taken', 'any');
    await eventually(async () => {
      const lines = (await connector.stderr())
        .split('\n')
        .filter((line) => line.includes('taken-connection'));
      expect(
        lines.some((line) => line.includes('"level":"error"') && line.includes('is not delivered')),
      ).toBe(true);
    });
    expect(await readSecret('taken-connection')).toEqual(before);
    // A claim without the obstacle, made later, gets its Secret: the refusal stopped nothing.
    await create('free', 'any');
    await delivered('free', 'any');
    expect(await readSecret('taken-connection')).toEqual(before);
  });
});
