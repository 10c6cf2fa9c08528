import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ConfigMap, KubeList, KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { configMapPath, leasePath, secretPath } from '../../src/clusters/api-paths.ts';
import { Random } from '../chaos/random.ts';
import { Claims } from '../support/claims.ts';
import { killedAgainAndAgain } from '../support/killed-cli.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { type Infrastructure, StoredClaims } from '../support/moved-claims.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// On a machine of its own some three minutes; every run of the command begins with the start of node.
jest.setTimeout(1_200_000);

const claimCount = 50;
const kills = 20;
/** Printed, so that a run can be had again. */
const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
const names = Array.from({ length: claimCount }, (_, at) => `db-${String(at).padStart(2, '0')}`);

let ground: TestGround;
let api: ClaimApi;
let connector: TestConnector;
let claims: Claims;
let stored: StoredClaims;
let target: string;
let before: Map<string, Infrastructure>;
let secrets: Map<string, Secret>;

beforeAll(async () => {
  ground = await TestGround.prepare('uninstall-killed');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  stored = new StoredClaims(ground.controlPlane, api);
  target = `${ground.name}-target`;
  await ground.controlPlane.createNamespace(target);
  connector = await ground.startConnector();
  await ground.available(api);
  claims = new Claims(
    ground,
    api,
    await ground.createAppNamespace('shop'),
    await ground.app.uidOfKubeSystem(),
  );
  for (const name of names) {
    await ground.app.client.create(claims.path(), {
      apiVersion: `${api.group}/v1`,
      kind: api.kind,
      metadata: { name },
      spec: {
        parameters: { size: 'small', password: name },
        writeConnectionSecretToRef: { name: `${name}-connection` },
      },
    });
  }
  await Promise.all(names.map((name) => stored.ready(ground.claimNamespace, claims.storedName(name))));
  before = await infrastructure(ground.claimNamespace, (name) => claims.storedName(name));
  secrets = await eventually(delivered);
  for (const name of names) await dependent(name);
});
afterAll(() => ground?.remove());

async function infrastructure(
  namespace: string,
  nameOf: (name: string) => string,
): Promise<Map<string, Infrastructure>> {
  const all = names.map(
    async (name) => [name, await stored.infrastructure(namespace, nameOf(name))] as const,
  );
  return new Map(await Promise.all(all));
}

async function delivered(): Promise<Map<string, Secret>> {
  const all = names.map(
    async (name) =>
      [
        name,
        await ground.app.client.get<Secret>(secretPath(claims.namespace, `${name}-connection`)),
      ] as const,
  );
  return new Map(await Promise.all(all));
}

/** An object that the collector removes as soon as it takes the claim for gone. */
async function dependent(name: string): Promise<void> {
  const { uid } = (secrets.get(name) as Secret).metadata.ownerReferences?.[0] ?? { uid: '' };
  const owner = { apiVersion: `${api.group}/v1`, kind: api.kind, name, uid };
  const metadata = { name: `of-${name}`, ownerReferences: [owner] };
  await ground.app.client.create(configMapPath(claims.namespace), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
  });
}

describe(`an uninstall with ${claimCount} claims that is killed again and again`, () => {
  it('ends with all claims at their target, what they own in the app cluster kept, and nothing left [uninstall.killed]', async () => {
    const args = [
      'uninstall',
      target,
      '--yes',
      `--kubeconfig=${ground.app.kubeconfig}`,
      `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
      `--installation-namespace=${ground.namespace}`,
      `--release-name=${ground.name}`,
    ];
    const reached = async (): Promise<number> => (await stored.names(target)).length;
    const random = new Random(seed);
    const { killed, last, report } = await killedAgainAndAgain({
      args,
      random,
      kills,
      reached,
      total: claimCount,
    });
    process.stdout.write(`seed ${seed}: ${report}\n`);
    await connector.stop();

    expect(last).toMatchObject({ code: 0, stderr: '' });
    // How many hit depends on the machine: a fast one does more between two.
    expect(killed).toBeGreaterThan(4);
    for (const name of names) await stored.ready(target, name);
    expect(await stored.names(target)).toEqual(names);
    expect(await stored.names(ground.claimNamespace)).toEqual([]);
    expect(await infrastructure(target, (name) => name)).toEqual(before);
    const composites = await stored.composites();
    expect(new Set(composites.map(({ metadata }) => metadata.uid))).toEqual(
      new Set([...before.values()].map(({ composite }) => composite.uid)),
    );
    expect(composites.length).toBe(claimCount);
    const instances = await ground.controlPlane.client.get<KubeList<KubeObject>>(
      `/apis/infra.${api.group}/v1/instances`,
    );
    expect(instances.items.length).toBe(claimCount);

    const kept = await delivered();
    for (const [name, { metadata, data }] of secrets) {
      const now = kept.get(name) as Secret;
      expect([now.metadata.uid, now.data, now.metadata.ownerReferences]).toEqual([
        metadata.uid,
        data,
        undefined,
      ]);
      const moved = (await stored.secret(target, `${name}-connection`)) as Secret;
      expect(moved.data).toEqual(data);
      const owned = await ground.app.client.get<ConfigMap>(configMapPath(claims.namespace, `of-${name}`));
      expect(owned.metadata.ownerReferences).toBeUndefined();
    }
    expect(await ground.apiServices()).toEqual([]);
    const own = [
      leasePath(ground.namespace, ground.name),
      configMapPath(ground.namespace, `${ground.name}-state`),
      configMapPath(ground.namespace, `${ground.name}-claims`),
    ];
    for (const path of own) expect([path, await isGone(ground.app.client, path)]).toEqual([path, true]);
    expect(await isGone(ground.app.client, claims.path())).toBe(true);
  });
});
