import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { eventPath, secretPath } from '../../src/clusters/api-paths.ts';
import { askDirectly, certificateOf } from '../support/api-request.ts';
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

function storedSecretPath(own: string): string {
  const hash = createHash('sha256').update(`${own}-x-${namespace}-x-${clusterID}`).digest('hex');
  return secretPath(ground.claimNamespace, `claim-${hash.slice(0, 16)}`);
}

/** A Secret that somebody else made under the name that a claim will ask for. */
function createForeign(name: string, metadata: Partial<Secret['metadata']> = {}): Promise<Secret> {
  const data = { password: Buffer.from('of somebody else').toString('base64') };
  return ground.app.client.create<Secret>(secretPath(namespace), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...metadata, name, namespace },
    type: 'Opaque',
    data,
  });
}

/** What is told about a claim's connection Secret. */
async function warnings(name: string): Promise<{ message: string; type: string }[]> {
  const query = { fieldSelector: `involvedObject.name=${name},reason=PropagateConnectionSecret` };
  const path = eventPath(namespace);
  const { items } = await ground.app.client.get<{ items: { message: string; type: string }[] }>(path, {
    query,
  });
  return items.filter(({ type }) => type === 'Warning');
}

async function refusedCount(): Promise<number> {
  const { text } = await askDirectly(connector.url, '/metrics', { client: await certificateOf(ground.app) });
  return Number(/^mcp_connector_connection_secrets_refused (\d+)$/m.exec(text)?.[1]);
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
    const stored = await ground.controlPlane.client.get<Secret>(storedSecretPath('orders-connection'));
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
    const before = await createForeign('taken-connection');
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

describe('a connection Secret afterwards', () => {
  it('has another name when the claim names another; the one before stays until the claim goes [secrets.rename.other]', async () => {
    const claim = await create('renamed', 'before');
    const first = await delivered('renamed', 'before');
    await ground.app.client.patch(claimPath('renamed'), {
      spec: { parameters: { password: 'after' }, writeConnectionSecretToRef: { name: 'renamed-again' } },
    });
    await eventually(async () => expect((await readSecret('renamed-again')).data).toEqual(dataOf('after')));
    // As Crossplane 1.20 in one cluster does it: see docs/requirements/secrets-events.md.
    const old = await readSecret('renamed-connection');
    expect(old.data).toEqual(first.data);
    expect(old.metadata.ownerReferences).toEqual([
      expect.objectContaining({ uid: claim.metadata.uid, controller: true }),
    ]);

    await ground.app.client.patch(claimPath('renamed'), {
      spec: { writeConnectionSecretToRef: { name: 'renamed-connection' } },
    });
    await delivered('renamed', 'after');
  });

  it('is delivered anew from a Secret that was made anew on the control plane [secrets.stored.anew]', async () => {
    await create('anew', 'first');
    const before = await delivered('anew', 'first');
    await ground.controlPlane.client.delete(storedSecretPath('anew-connection'));
    expect((await readSecret('anew-connection')).metadata.uid).toBe(before.metadata.uid);
    // Crossplane writes it when the claim's details change.
    await ground.app.client.patch(claimPath('anew'), { spec: { parameters: { password: 'second' } } });
    const after = await delivered('anew', 'second');
    expect(after.metadata.uid).toBe(before.metadata.uid);
  });

  it('belongs to the new claim when one was deleted and made again at once [secrets.claim.again]', async () => {
    const first = await create('again', 'first');
    await delivered('again', 'first');
    await ground.app.client.delete(claimPath('again'));
    await eventually(async () => expect(await isGone(ground.app.client, claimPath('again'))).toBe(true));
    const second = await create('again', 'second');
    const secret = await eventually(async () => {
      const found = await readSecret('again-connection');
      expect(found.metadata.ownerReferences?.[0]?.uid).toBe(second.metadata.uid);
      return found;
    }, collected);
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(secret.data).toEqual(dataOf('second'));
    // What was on its way was nobody's fault. Crossplane's own, of the same reason, is brought along: there, too, it was in the way.
    const own = (await warnings('again')).filter(
      ({ message }) => !message.startsWith('cannot propagate connection details'),
    );
    expect(own).toEqual([]);
  });
});

/** The connector may not watch Secrets of the app cluster, so all of this is found in its rounds: it happens at once. */
describe('a connection Secret in the hands of others', () => {
  const names = ['deleted', 'spoiled', 'blocked', 'retyped', 'frozen', 'others'] as const;
  let uids: Record<string, string | undefined>;
  let ofAnotherClaim: Secret;

  beforeAll(async () => {
    await createForeign('blocked-connection');
    const claims = await Promise.all(names.map((name) => create(name, 'own')));
    uids = Object.fromEntries(claims.map(({ metadata }) => [metadata.name, metadata.uid]));
    await Promise.all(names.filter((name) => name !== 'blocked').map((name) => delivered(name, 'own')));
    await eventually(async () => expect(await warnings('blocked')).toHaveLength(1));

    const { client } = ground.app;
    const owner = (name: string): object => ({
      apiVersion: `${api.group}/v1`,
      kind: 'Database',
      name,
      uid: uids[name],
      controller: true,
    });
    await client.delete(secretPath(namespace, 'blocked-connection'));
    await client.delete(secretPath(namespace, 'deleted-connection'));
    await client.patch(secretPath(namespace, 'spoiled-connection'), {
      metadata: { labels: { team: 'orders' } },
      data: { password: 'AAAA', further: 'AAAA' },
    });
    await client.delete(secretPath(namespace, 'retyped-connection'));
    await createForeign('retyped-connection', { ownerReferences: [owner('retyped') as never] });
    await client.patch(secretPath(namespace, 'frozen-connection'), { immutable: true });
    await client.patch(claimPath('frozen'), { spec: { parameters: { password: 'later' } } });
    // A claim that asks for the Secret of another.
    ofAnotherClaim = await readSecret('spoiled-connection');
    await client.patch(claimPath('others'), {
      spec: { writeConnectionSecretToRef: { name: 'spoiled-connection' } },
    });
  });

  it('comes back when it was deleted [secrets.restore.deleted]', async () => {
    const secret = await delivered('deleted', 'own');
    expect(secret.metadata.ownerReferences?.[0]?.uid).toBe(uids['deleted']);
  });

  it('has its data again when somebody changed it, and keeps their labels [secrets.restore.changed]', async () => {
    const secret = await delivered('spoiled', 'own');
    expect(secret.metadata.labels).toMatchObject({ team: 'orders' });
  });

  it('takes the place of a foreign Secret that has gone [secrets.foreign.gone]', async () => {
    const secret = await delivered('blocked', 'own');
    expect(secret.metadata.ownerReferences?.[0]?.uid).toBe(uids['blocked']);
  });

  it.each([
    ['retyped', 'has the type Opaque'],
    ['frozen', 'is immutable'],
  ])(
    'is left alone where it cannot be written, and the claim %s says so: %s [secrets.refused.event]',
    async (name, reason) => {
      const [told, ...more] = await eventually(async () => {
        const found = await warnings(name);
        expect(found).not.toEqual([]);
        return found;
      });
      expect(told?.message).toContain(reason);
      expect(told?.message).toContain('spec.writeConnectionSecretToRef.name');
      expect(more).toEqual([]);
      expect(await ground.app.run(`describe database.${api.group} ${name} -n ${namespace}`)).toContain(
        reason,
      );
    },
  );

  it('stays with its claim when another asks for it, who is told so by Crossplane [secrets.refused.claim]', async () => {
    const uid = uids['others'] ?? '';
    await eventually(async () => {
      const messages = (await warnings('others')).map(({ message }) => message);
      expect(messages).toEqual([
        expect.stringContaining(`existing secret is not controlled by UID "${uid}"`),
      ]);
    });
    const spoiled = await readSecret('spoiled-connection');
    expect(spoiled.metadata.uid).toBe(ofAnotherClaim.metadata.uid);
    expect(spoiled.metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([uids['spoiled']]);
  });

  it('is counted while it is refused [secrets.refused.metric]', async () => {
    // `taken` of above, and the two that cannot be written.
    await eventually(async () => expect(await refusedCount()).toBe(3));
    const retyped = await readSecret('retyped-connection');
    expect(retyped.type).toBe('Opaque');
    expect(Buffer.from(retyped.data?.['password'] ?? '', 'base64').toString()).toBe('of somebody else');
    expect((await readSecret('frozen-connection')).data).toEqual(dataOf('own'));
  });
});
