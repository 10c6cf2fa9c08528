import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { dump, load } from 'js-yaml';
import type { KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { clusterRolePath, configMapPath, leasePath, secretPath } from '../../src/clusters/api-paths.ts';
import { chart, helm, parseManifests } from '../chart/rendered-chart.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { runCli, StoredClaims } from '../support/moved-claims.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

jest.setTimeout(180_000);

const run = promisify(execFile);

let ground: TestGround;
let api: ClaimApi;
let connector: TestConnector;
let claims: Claims;
let stored: StoredClaims;

/** As `helm` of a user: without nodes, the Deployment stays without pods, and a process takes their place. */
async function helmRun(...args: string[]): Promise<string> {
  const at = ['--namespace', ground.namespace, '--kubeconfig', ground.app.kubeconfig];
  return (await run(await helm(), [...args, ...at])).stdout;
}

beforeAll(async () => {
  await helm();
  ground = await TestGround.prepare('uninstall-hook');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  stored = new StoredClaims(ground.controlPlane, api);
  const kubeconfig = await readFile(ground.controlPlane.kubeconfig);
  await ground.app.client.create(secretPath(ground.namespace), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'way' },
    data: { kubeconfig: kubeconfig.toString('base64') },
  });
  const values = [
    `fullnameOverride=${ground.name}`,
    'spaces.controlPlane.kubeconfigSecret.name=way',
    `spaces.controlPlane.claimNamespace=${ground.claimNamespace}`,
  ];
  await helmRun('upgrade', ground.name, chart, '--install', ...values.flatMap((value) => ['--set', value]));
  connector = await ground.startConnector({
    flags: [`--allow=*.${ground.group}`, `--owner-cluster-role=${ground.name}`],
  });
  await ground.available(api);
  claims = new Claims(
    ground,
    api,
    await ground.createAppNamespace('shop'),
    await ground.app.uidOfKubeSystem(),
  );
  await ground.app.client.create(claims.path(), {
    apiVersion: `${api.group}/v1`,
    kind: api.kind,
    metadata: { name: 'orders' },
    spec: { parameters: { size: 'small' }, writeConnectionSecretToRef: { name: 'orders-connection' } },
  });
  await stored.ready(ground.claimNamespace, claims.storedName('orders'));
  await eventually(() => ground.app.client.get(secretPath(claims.namespace, 'orders-connection')));
});
afterAll(async () => {
  if (!ground) return;
  await helmRun('uninstall', ground.name, '--no-hooks', '--ignore-not-found');
  await ground.remove();
});

/** A kubeconfig of the account that the hook's pod has. */
async function accountKubeconfig(): Promise<string> {
  const { status } = await ground.app.client.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${ground.namespace}/serviceaccounts/${ground.name}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } },
  );
  const config = load(await readFile(ground.app.kubeconfig, 'utf8')) as {
    users: { name: string; user: object }[];
  };
  for (const user of config.users) user.user = { token: status.token };
  const file = path.join(path.dirname(ground.app.kubeconfig), 'hook.kubeconfig');
  await writeFile(file, dump(config));
  return file;
}

describe('helm uninstall', () => {
  it('has a hook, because helm talks to a cluster [uninstall.hook]', async () => {
    const hooks = parseManifests(await helmRun('get', 'hooks', ground.name)) as unknown as KubeObject[];
    expect(hooks.map(({ metadata }) => metadata.name)).toEqual([`${ground.name}-uninstall`]);
  });

  it('frees the app cluster by it, with the rights of the connector, and leaves the claims [uninstall.hook]', async () => {
    interface Job {
      spec: { template: { spec: { containers: [{ args: string[] }] } } };
    }
    const [job] = parseManifests(await helmRun('get', 'hooks', ground.name)) as unknown as [Job];
    const { args } = job.spec.template.spec.containers[0];
    const before = await stored.infrastructure(ground.claimNamespace, claims.storedName('orders'));
    const secret = await ground.app.client.get<Secret>(secretPath(claims.namespace, 'orders-connection'));

    const ended = await runCli([...args, `--kubeconfig=${await accountKubeconfig()}`]);

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(await ground.apiServices()).toEqual([]);
    const left = await ground.app.client.get<Secret>(secretPath(claims.namespace, 'orders-connection'));
    expect([left.metadata.uid, left.metadata.ownerReferences, left.data]).toEqual([
      secret.metadata.uid,
      undefined,
      secret.data,
    ]);
    expect(await stored.infrastructure(ground.claimNamespace, claims.storedName('orders'))).toEqual(before);

    await connector.stop();
    await helmRun('uninstall', ground.name, '--no-hooks');

    const own = [
      clusterRolePath(ground.name),
      configMapPath(ground.namespace, `${ground.name}-state`),
      configMapPath(ground.namespace, `${ground.name}-claims`),
      secretPath(ground.namespace, `${ground.name}-serving-cert`),
      leasePath(ground.namespace, ground.name),
    ];
    await eventually(async () => {
      for (const object of own)
        expect([object, await isGone(ground.app.client, object)]).toEqual([object, true]);
    });
  });
});
