import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { packTarGz, unpackTarGz } from '../../src/adoption/tar.ts';
import type { ConfigMap, KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { configMapPath, secretPath } from '../../src/clusters/api-paths.ts';
import { Random } from '../chaos/random.ts';
import { AdoptionGround, nothing, ways } from '../support/adoption-ground.ts';
import { eventually } from '../support/eventually.ts';
import { writeMigrationArchive } from '../support/migration-archive.ts';
import { runCli } from '../support/moved-claims.ts';

/** Claims, and times that each command is killed; docs/development.md has the numbers of the long form. */
const claimCount = Number(process.env['ADOPT_CLAIMS'] ?? 8);
const kills = Number(process.env['ADOPT_KILLS'] ?? 3);
/** How many hit depends on the machine: a fast one does more between two. */
const fewest = Math.ceil(kills / 5);
/** Printed, so that a run can be had again. */
const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);

// Generous: a cluster is started, and no timing is a test here.
jest.setTimeout((claimCount + kills) * 60_000);

let on: AdoptionGround;
beforeAll(async () => {
  on = await AdoptionGround.prepare('adopt', claimCount);
});
afterAll(() => on?.[Symbol.asyncDispose]());

describe('mcp-connector adopt', () => {
  const random = new Random(seed);
  /** By the first claim. */
  let owned: ConfigMap;

  it('says what it would do, and does nothing [adopt.plan.dry]', async () => {
    const args = [on.app.claims.resource, '--all', '--dry-run', '-o', 'json'];
    const { code, stdout, stderr } = await on.adopt(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { adoptions } = JSON.parse(stdout) as { adoptions: { name: string; to: object; state: string }[] };
    expect(adoptions.map(({ name, state, to }) => ({ name, state, to }))).toEqual(
      on.names.map((name) => ({
        name,
        state: 'ready',
        to: { namespace: on.ground.claimNamespace, name: on.hashed(name) },
      })),
    );
    expect(await on.app.paused(on.namespace)).toBe(0);
    expect(await on.controlPlane.cloud()).toEqual(nothing);
  });

  it('takes no claim whose name on the control plane is somebody else’s, and changes nothing then [adopt.plan.blocked]', async () => {
    const [composite = ''] = on.before.composites;
    const { group, plural } = on.api;
    const folder = `/apis/${group}/v1/x${plural}`;
    await on.ground.controlPlane.client.create(folder, {
      apiVersion: `${group}/v1`,
      kind: 'XDatabase',
      metadata: { name: composite, annotations: { 'crossplane.io/paused': 'true' } },
      spec: { parameters: { size: 'small' } },
    });
    const ended = await on.adopt(on.applyArgs);
    await on.ground.controlPlane.client.delete(`${folder}/${composite}`);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain(`NameTaken: the control plane has another XDatabase ${composite}`);
    expect(await on.app.paused(on.namespace)).toBe(0);
    await eventually(async () => expect(await on.controlPlane.cloud()).toEqual(nothing));
  });

  it('hands claims, composite and composed resources over, each once [adopt.apply.once]', async () => {
    await on.done(on.applyArgs);
    await on.expectAdopted();
    // It holds Secrets.
    expect((await stat(on.archive)).mode & 0o077).toBe(0);
    // What stays in the app cluster until the end stands still.
    expect(await on.app.paused(on.namespace)).toBe(3 * claimCount);
    expect(await on.app.cloud()).toEqual(on.before);
  });

  it('has kept everything as it was, in the format of the documented migration [adopt.archive.format]', async () => {
    const files = unpackTarGz(await readFile(on.archive));
    const read = (file: string): KubeObject => {
      const found = files.find((one) => one.path === file);
      if (!found) throw new Error(`${file} is not in the archive`);
      return JSON.parse(found.text) as KubeObject;
    };
    const { group } = on.api;
    const { namespace } = on;
    const [name = ''] = on.names;
    const folder = `databases.${group}`;
    expect(files.find((one) => one.path === `${folder}/metadata.yaml`)?.text).toBe(
      'categories:\n  - claim\nwithStatusSubresource: true\n',
    );
    const claim = read(`${folder}/namespaces/${namespace}/${name}.yaml`);
    expect(Object.keys(claim.metadata).toSorted()).toEqual(['finalizers', 'name', 'namespace']);
    expect(claim).toMatchObject({ kind: 'Database', spec: { resourceRef: { kind: 'XDatabase' } } });
    const [composite = ''] = on.before.composites;
    expect(read(`xdatabases.${group}/cluster/${composite}.yaml`)).toMatchObject({
      status: { instance: expect.stringContaining(composite) },
    });
    const [instance = ''] = Object.keys(on.before.instances);
    const { metadata } = read(`instances.infra.${group}/cluster/${instance}.yaml`);
    expect(metadata).toMatchObject({
      annotations: { 'crossplane.io/external-name': `cloud-${instance}` },
    });
    expect(metadata.ownerReferences).toBeUndefined();
    read(`secrets/namespaces/${namespace}/${name}-connection.yaml`);
    read(`compositeresourcedefinitions.apiextensions.crossplane.io/cluster/xdatabases.${group}.yaml`);
  });

  it('is undone: everything is in the app cluster again, and nowhere else [adopt.undo.back]', async () => {
    await on.done(['undo', '--all', '--yes']);
    await on.expectUndone();
  });

  it('is undone from the middle as well [adopt.undo.back]', async () => {
    const half = (claimCount * ways.adopt.length) / 2;
    const { code } = await on.adopt(on.applyArgs, (kill) => {
      const strike = async (): Promise<void> => {
        while ((await on.reached('adopt')) < half) await delay(50);
        kill();
      };
      void strike();
    });
    expect(code).toBeNull();
    expect(await on.workedOnTwice()).toEqual([]);
    await on.done(['undo', '--all', '--yes']);
    await on.expectUndone();
  });

  it('ends in the same state wherever it is killed, and nothing is ever let go in both clusters [adopt.resume.killed]', async () => {
    const forward = await on.killed('adopt', on.applyArgs, { random, kills });
    process.stderr.write(`seed ${seed}: adopt of ${claimCount} claims ${forward.report}\n`);
    expect(forward.last).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
    expect(forward.killed).toBeGreaterThanOrEqual(fewest);
    await on.expectAdopted();

    const back = await on.killed('undo', ['undo', '--all', '--yes'], { random, kills });
    process.stderr.write(`seed ${seed}: undo of ${claimCount} claims ${back.report}\n`);
    expect(back.last).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
    expect(back.killed).toBeGreaterThanOrEqual(fewest);
    await on.expectUndone();
  });

  it('ends with the connector’s API, killed or not: the same claims, and what they own, without a gap for the collector [adopt.finish.served, adopt.finish.killed]', async () => {
    const [first = ''] = on.names;
    const { ground, namespace } = on;
    owned = await ownedConfigMap(first);
    const [claim] = await on.app.listClaims(namespace);
    expect(claim?.metadata.uid).toBeDefined();
    await on.done(on.applyArgs);
    await ground.startConnector({ ready: false });
    const { last, killed, report } = await on.killed('finish', ['finish', '--all', '--yes'], {
      random,
      kills,
    });
    process.stderr.write(`seed ${seed}: finish of ${claimCount} claims ${report}\n`);
    expect(last).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
    expect(killed).toBeGreaterThanOrEqual(fewest);
    await ground.available(on.api);

    const shown = await on.app.listClaims(namespace);
    expect(shown.map(({ metadata }) => metadata.name).toSorted()).toEqual([...on.names].toSorted());
    await on.expectAdopted();
    for (const name of on.names) {
      const uid = shown.find(({ metadata }) => metadata.name === name)?.metadata.uid;
      const stored = await on.controlPlane.claims.read(ground.claimNamespace, on.hashed(name));
      expect(uid).toBe(stored.metadata.uid);
      const secret = await ground.app.client.get<Secret>(secretPath(namespace, `${name}-connection`));
      expect(secret.metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([uid]);
      if (name !== first) continue;
      const map = await ground.app.client.get<ConfigMap>(configMapPath(namespace, owned.metadata.name));
      expect(map.metadata.uid).toBe(owned.metadata.uid);
      expect(map.metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([uid]);
    }
    expect(await on.app.passwords(namespace)).toEqual(on.passwords);
  });

  it('is not brought back without its archive, nor while a connector serves the claims [adopt.undo.archive]', async () => {
    const undo = ['undo', '--all', '--yes'];
    const without = await on.adopt(undo);
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('give it with --archive');
    const other = path.join(on.dir, 'other.tar.gz');
    const files = unpackTarGz(await readFile(on.archive));
    await writeFile(other, packTarGz(files.slice(0, -1)));
    expect((await on.adopt([...undo, '--archive', other])).stderr).toContain('not of this archive');
    const served = await on.adopt([...undo, '--archive', on.archive]);
    expect(served.code).toBe(1);
    expect(served.stdout).toContain('is served by a connector');
    await on.expectAdopted();
  });

  it('is brought back from its archive after its end, killed or not [adopt.undo.archive]', async () => {
    const { ground, namespace } = on;
    const kept = await runCli([
      'uninstall',
      '--keep-in-place',
      '--yes',
      `--kubeconfig=${ground.app.kubeconfig}`,
      `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
      `--installation-namespace=${ground.namespace}`,
      `--release-name=${ground.name}`,
    ]);
    expect(kept).toMatchObject({ code: 0, stderr: '' });
    const args = ['undo', '--all', '--yes', '--archive', on.archive];
    const [first = ''] = on.names;
    const changed = on.controlPlane.claims.path(ground.claimNamespace, on.hashed(first));
    await ground.controlPlane.client.patch(changed, { spec: { parameters: { size: 'medium' } } });
    const refused = await on.adopt(args);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain(`spec.parameters of the copy of Database ${namespace}/${first} differs`);
    expect(await on.app.instances()).toEqual([]);
    await ground.controlPlane.client.patch(changed, { spec: { parameters: { size: 'small' } } });
    await eventually(async () => expect(await on.controlPlane.cloud()).toEqual(on.before));

    const { last, killed, report } = await on.killed('restore', args, { random, kills });
    process.stderr.write(`seed ${seed}: undo after the end of ${claimCount} claims ${report}\n`);
    expect(last).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
    expect(killed).toBeGreaterThanOrEqual(fewest);
    await on.expectUndone();
    const map = await ground.app.client.get<ConfigMap>(configMapPath(namespace, owned.metadata.name));
    expect(map.metadata.uid).toBe(owned.metadata.uid);
    const claim = await on.app.claims.read(namespace, first);
    expect(map.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([claim.metadata.uid]);
  });

  it('takes over what an archive of the documented migration has, once the app cluster has it no more [adopt.archive.read]', async () => {
    const file = path.join(on.dir, 'xp-state.tar.gz');
    await writeMigrationArchive(file, unpackTarGz(await readFile(on.archive)));
    const args = [on.app.claims.resource, '--all', '--yes', '--from-archive', file];
    const early = await on.adopt(args);
    expect(early.code).toBe(1);
    expect(early.stdout).toContain('InAppCluster');
    expect(await on.controlPlane.cloud()).toEqual(nothing);

    await on.app.lose(on.namespace);
    const { last, killed, report } = await on.killed('adopt', args, { random, kills: Math.min(kills, 4) });
    process.stderr.write(`seed ${seed}: adopt from an archive ${report}\n`);
    expect(last).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
    expect(killed).toBeGreaterThan(0);
    await on.expectAdopted();

    await on.done(['undo', '--all', '--yes', '--archive', file]);
    expect(await on.controlPlane.cloud()).toEqual(nothing);
    expect(await on.controlPlane.claims.names(on.ground.claimNamespace)).toEqual([]);
  });
});

async function ownedConfigMap(name: string): Promise<ConfigMap> {
  const claim = await on.app.claims.read(on.namespace, name);
  const owner = { apiVersion: `${on.api.group}/v1`, kind: on.api.kind, name, uid: claim.metadata.uid };
  return await on.ground.app.client.create<ConfigMap>(configMapPath(on.namespace), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `of-${name}`, ownerReferences: [owner] },
  });
}
