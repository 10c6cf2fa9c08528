import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { APIService, Secret } from '../../src/apimachinery/objects.ts';
import { apiServicePath, resourcePath, secretPath, servicePath } from '../../src/clusters/api-paths.ts';
import { CliInstall } from '../support/cli-install.ts';
import { Claims } from '../support/claims.ts';
import type { TestConnector } from '../support/lab.ts';
import { type Ended, runCli } from '../support/moved-claims.ts';
import { type ClaimApi, deleteIfThere } from '../support/platform-api.ts';
import { SteadyList } from '../support/steady-list.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(240_000);

const original = 'other-product';
const byHand = 'by-hand';
let ground: TestGround;
let cli: CliInstall;
let api: ClaimApi;
let claims: Claims;
let uid: string;
/** Of the original. */
let before: TestConnector;
let connector: TestConnector;

/** Of the original: without nodes there are no pods, and a process is in their place. */
function deployment(): string {
  return resourcePath(
    { group: 'apps', version: 'v1', plural: 'deployments' },
    { namespace: ground.namespace, name: original },
  );
}

async function makeDeployment(): Promise<void> {
  const labels = { app: original };
  const containers = [{ name: 'connector', image: 'registry.example.org/connector:0.8.0' }];
  await ground.app.client.apply(deployment(), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: original },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  });
}

async function replicas(): Promise<number> {
  return (await ground.app.client.get<{ spec: { replicas: number } }>(deployment())).spec.replicas;
}

function registered(): Promise<APIService> {
  return ground.app.client.get<APIService>(apiServicePath(`v1.${api.group}`));
}

beforeAll(async () => {
  ground = await TestGround.prepare('install-taking');
  cli = await CliInstall.prepare(ground);
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  before = await ground.startConnector({
    name: original,
    flags: [`--allow=*.${ground.group}`, `--release-name=${original}`],
  });
  await ground.available(api);
  // As the original connector leaves it: its chart's labels on the Service, and none of ours on the API.
  await ground.app.client.patch(apiServicePath(`v1.${api.group}`), {
    metadata: { labels: { 'mcp-connector-k8s.io/release': null } },
  });
  await ground.app.client.patch(servicePath(ground.namespace, original), {
    metadata: { labels: { 'helm.sh/chart': 'mcp-connector-0.8.0' } },
    spec: { selector: { app: original } },
  });
  await makeDeployment();
  claims = new Claims(
    ground,
    api,
    await ground.createAppNamespace('users'),
    await ground.app.uidOfKubeSystem(),
  );
  uid = (await claims.create('kept')).metadata.uid as string;
  // What a user has made of it, who says so: the way is written beside it.
  await ground.app.client.create(secretPath(ground.namespace), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: byHand },
    stringData: { note: 'mine' },
  });
  connector = await ground.startConnector({
    ready: false,
    controlPlane: { kubeconfig: '' },
    flags: [
      `--control-plane-secret=${byHand}`,
      `--allow=*.${ground.group}`,
      `--take-over=${ground.namespace}/${original}`,
    ],
  });
});
afterAll(async () => {
  if (!ground) return;
  if (api) await deleteIfThere(ground.app.client, apiServicePath(`v1.${api.group}`));
  await cli?.remove();
  await ground.remove();
});

describe('install --take-over', () => {
  it('does nothing where a claim would not be shown any more, and says how to find it [install.takeover.whole]', async () => {
    const there = await registered();
    const { code, stdout, stderr } = await cli.asAdministrator('--take-over', '--set=clusterID=another');
    expect(code).toBe(1);
    expect(stderr).toContain('nothing was done, because of: claims of the other installation');
    expect(stdout).toMatch(
      /failed +claims of the other installation: 1 of 1 would not be shown any more -> .*clusterID/,
    );
    expect(await registered()).toEqual(there);
    expect(await replicas()).toBe(2);
    expect(await cli.run('list', '--all', '--short')).toBe('');
  });

  it('says what would become of the pods of the other, and that they stay where nothing is waited for [install.takeover.whole]', async () => {
    const dry = ['--take-over', '--dry-run', `--control-plane-secret=${byHand}`] as const;
    const other = `deployment.apps/${original} in ${ground.namespace}`;
    const { stdout } = await cli.asAdministrator(...dry);
    expect(stdout).toContain(`${other} scaled to 0 (dry run)\n`);
    const { stdout: hasty } = await cli.asAdministrator(...dry, '--no-wait');
    expect(hasty).toContain(`${other} left running, because of --no-wait: scale it to 0 when the APIs are`);
    expect(await replicas()).toBe(2);
  });

  it('installs beside the other, takes its APIs and then its pods, and every list meanwhile is the same [install.takeover.whole]', async () => {
    const { uid: registration } = (await registered()).metadata;
    await using list = new SteadyList(ground.app.client, claims.path());

    const { code, stdout, stderr } = await cli.asAdministrator(
      '--take-over',
      `--control-plane-secret=${byHand}`,
    );

    expect(stderr).toBe('');
    expect(stdout).toContain(`claims of the other installation: all 1 are shown by this one too`);
    expect(stdout).toContain(`deployment.apps/${original} in ${ground.namespace} scaled to 0`);
    expect(stdout).toMatch(new RegExp(`v1\\.${ground.group} +databases +true`));
    expect(code).toBe(0);
    expect(await replicas()).toBe(0);
    const after = await registered();
    expect(after.metadata.uid).toBe(registration);
    expect(after.spec.service).toMatchObject({ namespace: ground.namespace, name: ground.name });
    const release = JSON.parse(await cli.run('get', 'values', ground.name, '--output', 'json')) as object;
    expect(release).toMatchObject({ takeOver: `${ground.namespace}/${original}` });
    await list.further(50);
    expect(await list.stop()).toEqual([`kept ${uid}`]);
    // As its pods.
    await before.stop();
    expect(await claims.names()).toEqual(['kept']);
    process.stdout.write(`take-over: ${list.count} lists, all alike\n`);
  });

  it('has nothing to do when it is run again [install.takeover.whole]', async () => {
    const { code, stdout, stderr } = await cli.asAdministrator(
      '--take-over',
      `--control-plane-secret=${byHand}`,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('other installation: there is none to take over from (any more)');
    expect(stdout).toContain('Nothing had to be changed.');
  });
});

function uninstall(helm: string): Promise<Ended> {
  return runCli([
    'uninstall',
    '--keep-in-place',
    '--yes',
    `--kubeconfig=${ground.app.kubeconfig}`,
    `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
    `--installation-namespace=${ground.namespace}`,
    `--release-name=${ground.name}`,
    `--helm=${helm}`,
  ]);
}

describe('uninstall after it', () => {
  it('goes on where helm was cut off, although nothing is left by which it is found [uninstall.helm]', async () => {
    const { namespace, name, app } = ground;
    const half = path.join(path.dirname(app.kubeconfig), 'helm-cut-off');
    const kubectl = `kubectl --kubeconfig ${app.kubeconfig} --namespace ${namespace} delete`;
    const lines = ['#!/bin/bash', `${kubectl} deployment/${name} clusterrole/${name} >&2`, 'exit 137'];
    await writeFile(half, `${lines.join('\n')}\n`, { mode: 0o755 });
    const cutOff = await uninstall(half);
    expect(cutOff.code).toBe(1);
    expect(cutOff.stderr).toContain(`clusterrole.rbac.authorization.k8s.io "${name}" deleted`);
    expect(await cli.run('list', '--all', '--short')).toBe(`${name}\n`);
    // As the pods.
    await connector.stop();

    const { code, stdout, stderr } = await uninstall(cli.helm);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Helm release ${namespace}/${name} removed`);
    expect(await cli.run('list', '--all', '--short')).toBe('');
  });

  it('leaves the Secret that the user had made before install wrote into it [uninstall.credentials]', async () => {
    const { data } = await ground.app.client.get<Secret>(secretPath(ground.namespace, byHand));
    expect(Object.keys(data ?? {}).toSorted()).toEqual(['kubeconfig', 'note']);
    expect(await isGone(ground.app.client, apiServicePath(`v1.${api.group}`))).toBe(true);
    expect((await claims.stored('kept')).metadata.uid).toBe(uid);
  });
});
