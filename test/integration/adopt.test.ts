import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { unpackTarGz } from '../../src/adoption/tar.ts';
import type { ConfigMap, KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { configMapPath, secretPath } from '../../src/clusters/api-paths.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { controlPlaneName } from '../../src/mapping/identity.ts';
import { type Cloud, ClusterWithClaims } from '../support/adopted-claims.ts';
import { eventually } from '../support/eventually.ts';
import { type Ended, runCli } from '../support/moved-claims.ts';
import { type ClaimApi, offerApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: two clusters are started, and no timing is a test here.
jest.setTimeout(10 * 60_000);

/** Times that it is killed, at random points. */
const kills = 6;
const names = Array.from({ length: 10 }, (_, at) => `claim-${at}`);
const nothing: Cloud = { composites: [], instances: {} };

let dir: string;
let lab: Lab;
let ground: TestGround;
let api: ClaimApi;
let app: ClusterWithClaims;
let controlPlane: ClusterWithClaims;
let clusterID: string;
let namespace: string;
let before: Cloud;
let passwords: Record<string, string>;
/** Of a whole adoption, in milliseconds. */
let duration: number;

/** The app cluster needs a Crossplane of its own: a lab of the test's own. */
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-adopt-'));
  lab = await startLab({ dir: path.join(dir, 'lab'), log: () => undefined });
  await lab.installCrossplane(lab.app);
  for (const { client } of [lab.app, lab.controlPlane])
    await eventually(() => client.get('/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions'));
  ground = await TestGround.prepare('adopt', lab);
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  await offerApi(ground.app.client, api);
  app = new ClusterWithClaims(ground.app, api);
  controlPlane = new ClusterWithClaims(ground.controlPlane, api);
  clusterID = await ground.app.uidOfKubeSystem();
  namespace = await ground.createAppNamespace('shop');
  await app.makeReady(namespace, names);
  before = await app.cloud();
  passwords = await app.passwords(namespace);
});
afterAll(async () => {
  await ground?.remove();
  await lab?.stop();
  await rm(dir, { recursive: true, force: true });
});

function adopt(args: readonly string[], onStart?: (kill: () => void) => void): Promise<Ended> {
  return runCli(
    [
      'adopt',
      ...args,
      `--kubeconfig=${ground.app.kubeconfig}`,
      `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
      `--claim-namespace=${ground.claimNamespace}`,
    ],
    onStart,
  );
}

function archive(): string {
  return path.join(dir, 'before.tar.gz');
}

function hashed(name: string): string {
  return controlPlaneName('claim', { namespace, name }, clusterID);
}

async function expectAdopted(): Promise<void> {
  expect(await controlPlane.cloud()).toEqual(before);
  for (const name of names) {
    const claim = await controlPlane.claims.ready(ground.claimNamespace, hashed(name));
    expect(claim.spec.writeConnectionSecretToRef?.name).toBe(hashed(`${name}-connection`));
  }
  expect(await controlPlane.passwords(ground.claimNamespace)).toEqual(
    Object.fromEntries(names.map((name) => [hashed(`${name}-connection`), `secret-of-${name}`])),
  );
  expect(await controlPlane.paused(ground.claimNamespace)).toBe(0);
}

async function expectUndone(): Promise<void> {
  expect(await controlPlane.cloud()).toEqual(nothing);
  expect(await controlPlane.claims.names(ground.claimNamespace)).toEqual([]);
  await eventually(async () => expect(await controlPlane.passwords(ground.claimNamespace)).toEqual({}));
  expect(await app.cloud()).toEqual(before);
  expect(await app.passwords(namespace)).toEqual(passwords);
  expect(await app.paused(namespace)).toBe(0);
  for (const name of names) await app.claims.ready(namespace, name);
}

describe('mcp-connector adopt', () => {
  it('says what it would do, and does nothing [adopt.plan.dry]', async () => {
    const { code, stdout, stderr } = await adopt([app.claims.resource, '--all', '--dry-run', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { adoptions } = JSON.parse(stdout) as { adoptions: { name: string; to: object; state: string }[] };
    expect(adoptions.map(({ name, state, to }) => ({ name, state, to }))).toEqual(
      names.map((name) => ({
        name,
        state: 'ready',
        to: { namespace: ground.claimNamespace, name: hashed(name) },
      })),
    );
    expect(await app.paused(namespace)).toBe(0);
    expect(await controlPlane.cloud()).toEqual(nothing);
  });

  it('takes no claim whose name on the control plane is somebody else’s, and changes nothing then [adopt.plan.blocked]', async () => {
    const [composite = ''] = before.composites;
    const folder = `/apis/${api.group}/v1/x${api.plural}`;
    await ground.controlPlane.client.create(folder, {
      apiVersion: `${api.group}/v1`,
      kind: 'XDatabase',
      metadata: { name: composite, annotations: { 'crossplane.io/paused': 'true' } },
      spec: { parameters: { size: 'small' } },
    });
    const ended = await adopt([app.claims.resource, '--all', '--yes', '--archive', archive()]);
    await ground.controlPlane.client.delete(`${folder}/${composite}`);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain(`NameTaken: the control plane has another XDatabase ${composite}`);
    expect(await app.paused(namespace)).toBe(0);
    await eventually(async () => expect(await controlPlane.cloud()).toEqual(nothing));
  });

  it('hands claims, composite and composed resources over, each once [adopt.apply.once]', async () => {
    const started = Date.now();
    expect(await adopt([app.claims.resource, '--all', '--yes', '--archive', archive()])).toEqual({
      code: 0,
      stdout: expect.any(String),
      stderr: '',
    });
    duration = Date.now() - started;
    await expectAdopted();
    // It holds Secrets.
    expect((await stat(archive())).mode & 0o077).toBe(0);
    // What stays in the app cluster until the end stands still.
    expect(await app.paused(namespace)).toBe(3 * names.length);
    expect(await app.cloud()).toEqual(before);
  });

  it('has kept everything as it was, in the format of the documented migration [adopt.archive.format]', async () => {
    const files = unpackTarGz(await readFile(archive()));
    const read = (file: string): KubeObject => {
      const found = files.find((one) => one.path === file);
      if (!found) throw new Error(`${file} is not in the archive`);
      return JSON.parse(found.text) as KubeObject;
    };
    const folder = `databases.${api.group}`;
    expect(files.find((one) => one.path === `${folder}/metadata.yaml`)?.text).toBe(
      'categories:\n  - claim\nwithStatusSubresource: true\n',
    );
    const claim = read(`${folder}/namespaces/${namespace}/${names[0]}.yaml`);
    expect(Object.keys(claim.metadata).toSorted()).toEqual(['finalizers', 'name', 'namespace']);
    expect(claim).toMatchObject({ kind: 'Database', spec: { resourceRef: { kind: 'XDatabase' } } });
    const [composite = ''] = before.composites;
    expect(read(`xdatabases.${api.group}/cluster/${composite}.yaml`)).toMatchObject({
      status: { instance: expect.stringContaining(composite) },
    });
    const [instance = ''] = Object.keys(before.instances);
    const { metadata } = read(`instances.infra.${api.group}/cluster/${instance}.yaml`);
    expect(metadata).toMatchObject({
      annotations: { 'crossplane.io/external-name': `cloud-${instance}` },
    });
    expect(metadata.ownerReferences).toBeUndefined();
    read(`secrets/namespaces/${namespace}/${names[0]}-connection.yaml`);
    read(`compositeresourcedefinitions.apiextensions.crossplane.io/cluster/xdatabases.${api.group}.yaml`);
  });

  it('is undone: everything is in the app cluster again, and nowhere else [adopt.undo.back]', async () => {
    expect(await adopt(['undo', '--all', '--yes'])).toEqual({
      code: 0,
      stdout: expect.any(String),
      stderr: '',
    });
    await expectUndone();
  });

  it('ends in the same state wherever it is killed, and nothing is ever let go in both clusters [adopt.resume.killed]', async () => {
    let [killed, both, isForward] = [0, 0, true];
    const points: string[] = [];
    while (killed < kills) {
      const afterMs = (0.15 + Math.random()) * duration;
      const args = isForward
        ? [app.claims.resource, '--all', '--yes', '--archive', archive()]
        : ['undo', '--all', '--yes'];
      const ended = await adopt(args, (kill) => void delay(afterMs).then(kill));
      const there = await controlPlane.workedOn();
      both += [...(await app.workedOn())].filter((name) => there.has(name)).length;
      if (ended.code === null) {
        killed++;
        points.push(`${isForward ? '+' : '-'}${Object.entries(await phases()).join(' ')}`);
        continue;
      }
      expect(ended).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
      isForward = !isForward;
    }
    process.stderr.write(`killed ${killed} times, at ${points.join(' | ')}\n`);
    expect(both).toBe(0);
    // Whatever was cut off last is finished, the way it was going.
    expect(await adopt(['resume', '--yes'])).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
    expect(await adopt([app.claims.resource, '--all', '--yes', '--archive', archive()])).toEqual({
      code: 0,
      stdout: expect.any(String),
      stderr: '',
    });
    await expectAdopted();
    expect(await adopt(['undo', '--all', '--yes'])).toEqual({
      code: 0,
      stdout: expect.any(String),
      stderr: '',
    });
    await expectUndone();
  });

  it('ends with the connector’s API: the same claims, and what they own, without a gap for the collector [adopt.finish.served]', async () => {
    const [first = ''] = names;
    const owned = await ownedConfigMap(first);
    const [claim] = await app.listClaims(namespace);
    expect(claim?.metadata.uid).toBeDefined();
    expect(await adopt([app.claims.resource, '--all', '--yes', '--archive', archive()])).toEqual({
      code: 0,
      stdout: expect.any(String),
      stderr: '',
    });
    await ground.startConnector({ ready: false });
    const ended = await adopt(['finish', '--all', '--yes']);
    expect(ended).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
    await ground.available(api);

    const shown = await app.listClaims(namespace);
    expect(shown.map(({ metadata }) => metadata.name).toSorted()).toEqual([...names].toSorted());
    await expectAdopted();
    const uid = shown.find(({ metadata }) => metadata.name === first)?.metadata.uid;
    const stored = await controlPlane.claims.read(ground.claimNamespace, hashed(first));
    expect(uid).toBe(stored.metadata.uid);
    const map = await ground.app.client.get<ConfigMap>(configMapPath(namespace, owned.metadata.name));
    expect(map.metadata.uid).toBe(owned.metadata.uid);
    expect(map.metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([uid]);
    const secret = await ground.app.client.get<Secret>(secretPath(namespace, `${first}-connection`));
    expect(secret.metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([uid]);
    expect(await app.passwords(namespace)).toEqual(passwords);
  });
});

async function ownedConfigMap(name: string): Promise<ConfigMap> {
  const claim = await app.claims.read(namespace, name);
  return await ground.app.client.create<ConfigMap>(configMapPath(namespace), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `of-${name}`,
      ownerReferences: [{ apiVersion: `${api.group}/v1`, kind: api.kind, name, uid: claim.metadata.uid }],
    },
  });
}

/** How many adoptions are in each phase. */
async function phases(): Promise<Record<string, number>> {
  const { items } = await ground.controlPlane.client.get<{ items: ConfigMap[] }>(
    configMapPath(ground.claimNamespace),
    { query: { labelSelector: 'mcp-connector-k8s.io/adoption' } },
  );
  const all = items.map(({ metadata }) => metadata.labels?.['mcp-connector-k8s.io/adoption'] ?? '');
  return Object.fromEntries([...Map.groupBy(all, (phase) => phase)].map(([phase, of]) => [phase, of.length]));
}
