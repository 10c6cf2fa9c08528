import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { Lab } from '../../src/demo/lab.ts';
import { eventually } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { type GroundCluster, TestGround } from '../support/test-ground.ts';

// A cluster is started first.
jest.setTimeout(180_000);

interface Claim extends KubeObject {
  spec: { parameters: { size: string; password: string } };
}

interface Status {
  kind: string;
  code: number;
  reason: string;
  message: string;
}

let dir: string;
let lab: Lab;
let ground: TestGround;
let api: ClaimApi;
/** Two app clusters of one control plane, and of one claim namespace there. */
let red: GroundCluster;
let blue: GroundCluster;

const namespace = 'tenants-orders';
/** Two claims of one hash, whose input is `<name>-x-<namespace>-x-<cluster ID>`. The namespaces begin with the file's name. */
function collision(namespaceSuffix: string) {
  const where = `tenants-${namespaceSuffix}`;
  return {
    first: { name: 'a-x-tenants-b', namespace: where },
    second: { name: 'a', namespace: `tenants-b-x-${where}` },
  };
}

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-tenants-'));
  lab = await Lab.open({ dir, log: () => undefined });
  [ground] = await Promise.all([TestGround.prepare('tenants'), lab.addCluster('blue')]);
  red = ground.app;
  blue = await ground.addAppCluster('blue', lab.cluster('blue'));
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  for (const cluster of [red, blue]) await cluster.createNamespace(namespace);
  for (const { first, second } of [collision('c'), collision('d')])
    for (const claimed of [first, second]) await red.createNamespace(claimed.namespace);
  const flags = [`--allow=*.${ground.group}`];
  await Promise.all([
    ground.startConnector({ name: 'tenants.red', flags: [...flags, '--cluster-id=red'] }),
    ground.startConnector({ name: 'tenants.blue', app: blue, flags: [...flags, '--cluster-id=blue'] }),
  ]);
  await Promise.all([ground.available(api), ground.available(api, blue)]);
});
afterAll(async () => {
  await ground?.remove();
  await lab?.stop();
  await rm(dir, { recursive: true, force: true });
});

function claimsPath(name?: string, where = namespace): string {
  return `/apis/${api.group}/v1/namespaces/${where}/databases${name === undefined ? '' : `/${name}`}`;
}

function claim(name: string, password: string): object {
  return {
    apiVersion: `${api.group}/v1`,
    kind: 'Database',
    metadata: { name },
    spec: { parameters: { size: 'small', password } },
  };
}

function create(cluster: GroundCluster, name: string, password: string, where = namespace): Promise<Claim> {
  return cluster.client.create<Claim>(claimsPath(undefined, where), claim(name, password));
}

async function listed(cluster: GroundCluster): Promise<Claim[]> {
  return (await cluster.client.get<{ items: Claim[] }>(`/apis/${api.group}/v1/databases`)).items;
}

describe('two app clusters of one claim namespace', () => {
  it('have claims of the same name and namespace side by side [serve.tenants.names]', async () => {
    const [ofRed, ofBlue] = await Promise.all([
      create(red, 'same', 'of-red'),
      create(blue, 'same', 'of-blue'),
    ]);
    expect(ofRed.metadata.uid).not.toBe(ofBlue.metadata.uid);
    expect((await red.client.get<Claim>(claimsPath('same'))).spec.parameters.password).toBe('of-red');
    expect((await blue.client.get<Claim>(claimsPath('same'))).spec.parameters.password).toBe('of-blue');
    const stored = await ground.controlPlane.client.get<{ items: Claim[] }>(
      `/apis/${api.group}/v1/namespaces/${ground.claimNamespace}/databases`,
    );
    expect(stored.items.map(({ metadata }) => metadata.uid)).toHaveLength(2);
    expect(new Set(stored.items.map(({ metadata }) => metadata.uid))).toEqual(
      new Set([ofRed.metadata.uid, ofBlue.metadata.uid]),
    );
  });

  it('see none of each other, by list, watch, selector or get [serve.tenants.reads]', async () => {
    await create(blue, 'only-blue', 'hidden-from-red');
    expect((await listed(blue)).map(({ metadata }) => metadata.name)).toContain('only-blue');
    expect((await red.ask(claimsPath('only-blue'))).status).toBe(404);
    const label = 'mcp-connector.upbound.io/app-cluster';
    const queries = [
      '',
      'labelSelector=',
      `labelSelector=${label}%3Dblue`,
      `labelSelector=${label}%20in%20(blue,red)`,
      `labelSelector=${label}%21%3Dred`,
      `labelSelector=%21${label}`,
      'fieldSelector=metadata.name%3Donly-blue',
      `fieldSelector=metadata.namespace%3D${ground.claimNamespace}`,
      'watch=true&timeoutSeconds=1',
      `watch=true&timeoutSeconds=1&labelSelector=${label}%3Dblue`,
    ];
    for (const target of [`/apis/${api.group}/v1/databases`, claimsPath()]) {
      for (const query of queries) {
        const answer = await red.ask(`${target}?${query}`);
        expect({ query, status: answer.status }).toEqual({ query, status: 200 });
        expect(answer.text).not.toContain('hidden-from-red');
        expect(answer.text).not.toContain('of-blue');
      }
    }
  });

  it('change and delete only their own [serve.tenants.writes]', async () => {
    const before = await create(blue, 'untouched', 'of-blue');
    await create(red, 'untouched', 'of-red');
    await red.client.patch(claimsPath('untouched'), { spec: { parameters: { size: 'large' } } });
    await red.client.delete(claimsPath('untouched'));
    expect((await red.ask(claimsPath(), { method: 'DELETE' })).status).toBe(200);
    await eventually(async () => expect(await listed(red)).toEqual([]));
    const after = await blue.client.get<Claim>(claimsPath('untouched'));
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.deletionTimestamp).toBeUndefined();
    expect(after.spec.parameters).toEqual({ size: 'small', password: 'of-blue' });
    expect((await listed(blue)).map(({ metadata }) => metadata.name).toSorted()).toEqual([
      'only-blue',
      'same',
      'untouched',
    ]);
  });
});

describe('two claims whose names and namespaces have one hash', () => {
  const { first, second } = collision('c');

  it('cannot both be created: the second is refused with 409 [serve.collision.create]', async () => {
    await create(red, first.name, 'of-the-first', first.namespace);
    const refused = await red.ask(claimsPath(undefined, second.namespace), {
      method: 'POST',
      body: claim(second.name, 'of-the-second'),
    });
    expect(refused.json()).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: `databases.${api.group} "a" already exists`,
    });
    const kept = await red.client.get<Claim>(claimsPath(first.name, first.namespace));
    expect(kept.spec.parameters.password).toBe('of-the-first');
  });

  it('cannot both be created by server-side apply, forced or not [serve.collision.apply]', async () => {
    const pair = collision('d');
    const before = await create(red, pair.first.name, 'of-the-first', pair.first.namespace);
    const secondPath = claimsPath(pair.second.name, pair.second.namespace);
    for (const force of ['false', 'true']) {
      const answer = await red.ask(`${secondPath}?fieldManager=second&force=${force}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: claim(pair.second.name, 'of-the-second'),
      });
      expect({ force, answer: answer.json() as Status }).toMatchObject({
        answer: { kind: 'Status', code: 409 },
      });
    }
    const after = await red.client.get<Claim>(claimsPath(pair.first.name, pair.first.namespace));
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.spec.parameters.password).toBe('of-the-first');
  });

  it('are not taken for each other by get, put, patch and delete [serve.collision.found]', async () => {
    const secondPath = claimsPath(second.name, second.namespace);
    const before = await red.client.get<Claim>(claimsPath(first.name, first.namespace));
    const { uid, resourceVersion } = before.metadata;
    const merge = { 'content-type': 'application/merge-patch+json' };
    const json = { 'content-type': 'application/json-patch+json' };
    const attempts = [
      { method: 'GET' },
      {
        method: 'PUT',
        body: {
          ...claim(second.name, 'of-the-second'),
          metadata: { name: second.name, namespace: second.namespace, uid, resourceVersion },
        },
      },
      { method: 'PATCH', headers: merge, body: { spec: { parameters: { password: 'of-the-second' } } } },
      { method: 'PATCH', headers: json, body: [{ op: 'remove', path: '/spec/parameters/password' }] },
      { method: 'DELETE' },
    ];
    for (const attempt of attempts) {
      for (const target of attempt.method === 'DELETE'
        ? [secondPath]
        : [secondPath, `${secondPath}/status`]) {
        const answer = await red.ask(target, attempt);
        expect({ ...attempt, target, answer: answer.json() as Status }).toMatchObject({
          answer: { code: 404, reason: 'NotFound', message: `databases.${api.group} "a" not found` },
        });
      }
    }
    const emptied = await red.ask(claimsPath(undefined, second.namespace), { method: 'DELETE' });
    expect((emptied.json() as { items: unknown[] }).items).toEqual([]);
    const list = await red.ask(claimsPath(undefined, second.namespace));
    expect((list.json() as { items: unknown[] }).items).toEqual([]);
    const after = await red.client.get<Claim>(claimsPath(first.name, first.namespace));
    expect(after.metadata.deletionTimestamp).toBeUndefined();
    expect(after.spec.parameters.password).toBe('of-the-first');
  });
});
