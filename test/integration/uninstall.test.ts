import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { dump, load } from 'js-yaml';
import type { ConfigMap, KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { configMapPath, leasePath, secretPath } from '../../src/clusters/api-paths.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { type Ended, runCli, StoredClaims } from '../support/moved-claims.ts';
import { type ClaimApi, offerNothing } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

jest.setTimeout(180_000);

let ground: TestGround;
let api: ClaimApi;
let connector: TestConnector;
let shop: Claims;
let test: Claims;
let stored: StoredClaims;
let target: string;

beforeAll(async () => {
  ground = await TestGround.prepare('uninstall-one');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  stored = new StoredClaims(ground.controlPlane, api);
  target = `${ground.name}-target`;
  await ground.controlPlane.createNamespace(target);
  connector = await ground.startConnector();
  await ground.available(api);
  const clusterID = await ground.app.uidOfKubeSystem();
  shop = new Claims(ground, api, await ground.createAppNamespace('shop'), clusterID);
  test = new Claims(ground, api, await ground.createAppNamespace('test'), clusterID);
});
afterAll(() => ground?.remove());

function uninstall(...args: string[]): Promise<Ended> {
  return runCli([
    'uninstall',
    `--kubeconfig=${ground.app.kubeconfig}`,
    `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
    `--installation-namespace=${ground.namespace}`,
    `--release-name=${ground.name}`,
    ...args,
  ]);
}

async function create(claims: Claims, name: string): Promise<void> {
  const { group, kind } = api;
  await ground.app.client.create(claims.path(), {
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name },
    spec: {
      parameters: { size: 'small', password: name },
      writeConnectionSecretToRef: { name: `${name}-connection` },
    },
  });
}

async function owned(namespace: string, claim: string): Promise<void> {
  const { metadata } = await ground.app.client.get<KubeObject>(shop.path(claim));
  const owner = { apiVersion: `${api.group}/v1`, kind: api.kind, name: claim, uid: metadata.uid };
  await ground.app.client.create(configMapPath(namespace), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `owned-by-${claim}`, ownerReferences: [owner] },
  });
}

function stateName(): string {
  return configMapPath(ground.namespace, `${ground.name}-state`);
}

describe('the fence of an uninstall', () => {
  // Before there are claims: without their API, the collector takes what they own for orphaned.
  it('stops every registrar by a fence, also one that starts then, until it is cancelled [uninstall.fence]', async () => {
    const { client } = ground.app;
    await client.patch(stateName(), { data: { uninstall: '{"since":"2026-01-01T00:00:00Z"}' } });
    await eventually(async () => expect(await connector.stderr()).toContain('lease lost'));
    const path = `/apis/apiregistration.k8s.io/v1/apiservices/v1.${api.group}`;
    await client.delete(path);
    await connector.stop();
    connector = await ground.startConnector({ name: 'uninstall.restarted' });
    await eventually(async () => expect(await connector.stderr()).toContain('being uninstalled'));
    // Whoever leads holds the Lease: nobody does, for longer than anybody would wait for it.
    const lease = leasePath(ground.namespace, ground.name);
    expect(await client.get(lease)).toMatchObject({ spec: { holderIdentity: '' } });
    expect(await isGone(client, path)).toBe(true);

    expect(await uninstall('--cancel')).toMatchObject({ code: 0 });

    await ground.available(api);
    expect(await connector.stderr()).toContain('the uninstall was cancelled');
  });
});

describe('mcp-connector uninstall', () => {
  it('is not held up by an XRD of others whose claims are not served [uninstall.unserved]', async () => {
    await using closing = new AsyncDisposableStack();
    closing.use(await offerNothing(ground.controlPlane.client, `nobody.${ground.group}`));
    expect(await uninstall(target, '--dry-run')).toMatchObject({ code: 0, stderr: '' });
  });

  beforeAll(async () => {
    await create(shop, 'orders');
    await create(shop, 'users');
    await create(test, 'orders');
    for (const [claims, name] of [
      [shop, 'orders'],
      [shop, 'users'],
      [test, 'orders'],
    ] as const) {
      await stored.ready(ground.claimNamespace, claims.storedName(name));
      await eventually(() => ground.app.client.get(secretPath(claims.namespace, `${name}-connection`)));
    }
    await owned(shop.namespace, 'orders');
  });

  it('prints every claim with its target, what claims own and the APIs in a dry run, and does nothing [uninstall.plan]', async () => {
    const { code, stdout } = await uninstall(target, '--dry-run', '--output=json');
    expect(code).toBe(0);
    const plan = JSON.parse(stdout) as {
      moves: { from: { name: string }; to: { namespace: string; name: string }; state: string }[];
      apiServices: string[];
      dependents: { found: { name: string }[] };
    };
    expect(plan.apiServices).toEqual([`v1.${api.group}`]);
    const targets = new Map(
      plan.moves.map((one) => [one.from.name, [one.to.namespace, one.to.name, one.state]]),
    );
    expect(targets).toEqual(
      new Map([
        // Two claims are called orders: both keep the names they have.
        [shop.storedName('orders'), [target, shop.storedName('orders'), 'ready']],
        [test.storedName('orders'), [target, test.storedName('orders'), 'ready']],
        [shop.storedName('users'), [target, 'users', 'ready']],
      ]),
    );
    expect(plan.dependents.found.map(({ name }) => name).toSorted()).toEqual([
      'orders-connection',
      'orders-connection',
      'owned-by-orders',
      'users-connection',
    ]);
    expect((await ground.apiServices()).length).toBe(1);
    const state = await ground.app.client.get<ConfigMap>(stateName());
    expect(state.data).not.toHaveProperty('uninstall');
  });

  it('says what it needs in one sentence where an argument is missing or wrong [uninstall.input]', async () => {
    const cases: [string[], string][] = [
      [[], 'name the namespace of the control plane to move them to, or give --keep-in-place'],
      [[target, '--keep-in-place'], 'exclude each other'],
      [[target, '--name-pattern={nme}'], '{nme} is none of {name}, {namespace} and {id}'],
      [[target], 'give --yes to go on without a question'],
    ];
    for (const [args, sentence] of cases) {
      const { code, stderr } = await uninstall(...args);
      expect({ args, code, stderr }).toEqual({ args, code: 1, stderr: expect.stringContaining(sentence) });
    }
    expect((await ground.apiServices()).length).toBe(1);
  });

  it('refuses to create claims behind the fence, and serves those there are [uninstall.fence]', async () => {
    const { client } = ground.app;
    await client.patch(stateName(), { data: { uninstall: '{"since":"2026-01-01T00:00:00Z"}' } });
    await eventually(async () => {
      const answer = await ground.app.ask(shop.path(), {
        method: 'POST',
        body: JSON.parse(shop.manifest('late')) as object,
      });
      expect(answer.status).toBe(503);
      expect(answer.text).toContain('being uninstalled');
    });
    expect((await shop.names()).toSorted()).toEqual(['orders', 'users']);
    await client.patch(stateName(), { data: { uninstall: null } });
  });

  it('moves the claims under their own names, keeps what they own, and leaves nothing of itself [uninstall.moves, uninstall.dependents, uninstall.nothing]', async () => {
    const places = [
      [shop.storedName('orders'), shop.storedName('orders')],
      [test.storedName('orders'), test.storedName('orders')],
      [shop.storedName('users'), 'users'],
    ] as const;
    const before = await Promise.all(
      places.map(([name]) => stored.infrastructure(ground.claimNamespace, name)),
    );
    const secrets = await Promise.all(
      [shop, test].map((claims) =>
        ground.app.client.get<Secret>(secretPath(claims.namespace, 'orders-connection')),
      ),
    );
    const composites = (await stored.composites()).length;

    const ended = await uninstall(target, '--yes');

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    await connector.stop();
    const after = await Promise.all(places.map(([, name]) => stored.infrastructure(target, name)));
    expect(after).toEqual(before);
    for (const [, name] of places) await stored.ready(target, name);
    expect(await stored.names(ground.claimNamespace)).toEqual([]);
    expect((await stored.composites()).length).toBe(composites);
    expect((await stored.read(target, 'users')).spec.writeConnectionSecretToRef).toEqual({
      name: 'users-connection',
    });
    // In the app cluster: what claims owned stays as it was, and owns itself.
    const left = await Promise.all(
      [shop, test].map((claims) =>
        ground.app.client.get<Secret>(secretPath(claims.namespace, 'orders-connection')),
      ),
    );
    expect(left.map(({ metadata, data }) => [metadata.uid, metadata.ownerReferences, data])).toEqual(
      secrets.map(({ metadata, data }) => [metadata.uid, undefined, data]),
    );
    const dependent = await ground.app.client.get<KubeObject>(
      configMapPath(shop.namespace, 'owned-by-orders'),
    );
    expect(dependent.metadata.ownerReferences).toBeUndefined();
    expect(await ground.apiServices()).toEqual([]);
    await eventually(async () => expect(await ground.app.discovered(api.group, 'v1')).toBeUndefined());
    const objects = [
      leasePath(ground.namespace, ground.name),
      configMapPath(ground.namespace, `${ground.name}-state`),
      configMapPath(ground.namespace, `${ground.name}-claims`),
      `/api/v1/namespaces/${ground.namespace}/services/${ground.name}`,
    ];
    for (const path of objects) expect([path, await isGone(ground.app.client, path)]).toEqual([path, true]);
  });

  it('gives its connection Secret back to a claim that stayed, once it is served again, and no other Secret [uninstall.secrets]', async () => {
    const { client } = ground.app;
    const names = ['kept', 'replaced', 'exchanged'] as const;
    const read = (name: string): Promise<Secret> =>
      client.get<Secret>(secretPath(shop.namespace, `${name}-connection`));
    connector = await ground.startConnector({ name: 'uninstall.kept' });
    await ground.available(api);
    for (const name of names) await create(shop, name);
    const before = await Promise.all(names.map((name) => eventually(() => read(name))));
    const uids = before.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid);

    expect(await uninstall('--keep-in-place', '--yes')).toMatchObject({ code: 0, stderr: '' });
    await connector.stop();

    const left = await Promise.all(names.map(read));
    expect(left.map(({ metadata }) => [metadata.ownerReferences, metadata.annotations])).toEqual(
      uids.map((uid) => [undefined, { 'mcp-connector-k8s.io/left-by-claim': uid }]),
    );
    // One is made anew by a user, one names another claim.
    await client.delete(secretPath(shop.namespace, 'replaced-connection'));
    const own = { name: 'replaced-connection', labels: { 'app.kubernetes.io/managed-by': 'mcp-connector' } };
    await client.create(secretPath(shop.namespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: own,
      type: 'connection.crossplane.io/v1alpha1',
    });
    await client.patch(secretPath(shop.namespace, 'exchanged-connection'), {
      metadata: { annotations: { 'mcp-connector-k8s.io/left-by-claim': uids[0] } },
      data: { password: null },
    });
    connector = await ground.startConnector({ name: 'uninstall.taken-back' });
    await ground.available(api);

    const kept = await eventually(async () => {
      const secret = await read('kept');
      expect(secret.metadata.ownerReferences).toEqual(before[0]?.metadata.ownerReferences);
      return secret;
    });
    expect([kept.metadata.uid, kept.metadata.annotations, kept.data]).toEqual([
      before[0]?.metadata.uid,
      undefined,
      before[0]?.data,
    ]);
    for (const name of ['replaced', 'exchanged']) {
      const words = `Secret ${name}-connection exists that does not belong to the claim`;
      await eventually(async () => expect(await connector.stderr()).toContain(words));
      const { metadata, data } = await read(name);
      expect([metadata.ownerReferences, data?.['password']]).toEqual([undefined, undefined]);
    }
  });

  it('takes claims that get other names in their namespace out of the app cluster’s sight, and lists those that stay [uninstall.labels]', async () => {
    const names = ['exchanged', 'kept', 'replaced'];
    await create(shop, 'twin');
    await create(test, 'twin');
    const twins = [shop, test].map((claims) => claims.storedName('twin'));
    for (const name of [...names.map((one) => shop.storedName(one)), ...twins])
      await stored.ready(ground.claimNamespace, name);
    const infrastructure = (all: readonly string[]): Promise<unknown[]> =>
      Promise.all(all.map((name) => stored.infrastructure(ground.claimNamespace, name)));
    const before = await infrastructure(names.map((name) => shop.storedName(name)));

    const ended = await uninstall(ground.claimNamespace, '--yes');

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    for (const name of twins) expect(ended.stdout).toContain(`stays as ${ground.claimNamespace}/${name}`);
    await connector.stop();
    expect(await stored.names(ground.claimNamespace)).toEqual([...names, ...twins].toSorted());
    expect(await infrastructure(names)).toEqual(before);
    for (const name of names)
      expect((await stored.read(ground.claimNamespace, name)).metadata.labels).toEqual({
        'mcp-connector.upbound.io/app-namespace': shop.namespace,
        'mcp-connector.upbound.io/app-resource-name': name,
      });
    // What is listed can be read: those that have kept their names, and no others.
    connector = await ground.startConnector({ name: 'uninstall.renamed' });
    await ground.available(api);
    expect([await shop.names(), await test.names()]).toEqual([['twin'], ['twin']]);
    for (const claims of [shop, test]) expect((await claims.read('twin')).metadata.name).toBe('twin');
    // Undone, they are its own again.
    const undone = await runCli([
      'move',
      'undo',
      ...names.map((name) => `${stored.resource}/${shop.storedName(name)}`),
      '--yes',
      `--namespace=${ground.claimNamespace}`,
      `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
    ]);
    expect(undone).toMatchObject({ code: 0 });
    expect(await infrastructure(names.map((name) => shop.storedName(name)))).toEqual(before);
    await eventually(async () => expect((await shop.names()).toSorted()).toEqual([...names, 'twin']));
    for (const claims of [shop, test])
      for (const name of await claims.names()) {
        expect((await claims.read(name)).metadata.name).toBe(name);
        await ground.app.client.delete(claims.path(name));
      }
    await eventually(async () => expect(await stored.names(ground.claimNamespace)).toEqual([]));
    await connector.stop();
  });

  it('frees the app cluster also where the control plane cannot be reached, and says how to move the claims later [uninstall.unreachable]', async () => {
    connector = await ground.startConnector({ name: 'uninstall.again' });
    await ground.available(api);
    await create(shop, 'again');
    await stored.ready(ground.claimNamespace, shop.storedName('again'));
    await eventually(() => ground.app.client.get(secretPath(shop.namespace, 'again-connection')));
    const before = await stored.infrastructure(ground.claimNamespace, shop.storedName('again'));
    const config = load(await readFile(ground.controlPlane.kubeconfig, 'utf8')) as {
      clusters: { cluster: { server: string } }[];
    };
    for (const { cluster } of config.clusters) cluster.server = 'https://127.0.0.1:1';
    const nowhere = `${ground.controlPlane.kubeconfig}.nowhere`;
    await writeFile(nowhere, dump(config));

    const ended = await uninstall(target, '--yes', `--control-plane-kubeconfig=${nowhere}`);

    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(`stay in its namespace ${ground.claimNamespace}`);
    await connector.stop();
    expect(await ground.apiServices()).toEqual([]);
    expect(await isGone(ground.app.client, stateName())).toBe(true);
    const secret = await ground.app.client.get<Secret>(secretPath(shop.namespace, 'again-connection'));
    expect(secret.metadata.ownerReferences).toBeUndefined();
    expect(await stored.infrastructure(ground.claimNamespace, shop.storedName('again'))).toEqual(before);
    // As it was told.
    const [, words = ''] = /mcp-connector (move .*)/.exec(ended.stderr) ?? [];
    const args = words.split(' ').map((word) => word.replaceAll("'", ''));
    const moved = await runCli([
      ...args,
      '--yes',
      `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
    ]);
    expect(moved).toMatchObject({ code: 0 });
    expect(await stored.infrastructure(target, 'again')).toEqual(before);
  });

  it('says so where there is nothing to uninstall [uninstall.input]', async () => {
    const { code, stderr } = await uninstall(target, '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`there is no connector ${ground.name} in namespace ${ground.namespace}`);
  });
});
