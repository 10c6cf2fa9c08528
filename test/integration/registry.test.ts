import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { APIService, ConfigMap, KubeObject } from '../../src/apimachinery/objects.ts';
import {
  apiServicePath,
  configMapPath,
  crdPath,
  eventPath,
  servicePath,
} from '../../src/clusters/api-paths.ts';
import { askDirectly, certificateOf } from '../support/api-request.ts';
import { eventually as untilTrue, sharedLab, type TestConnector } from '../support/lab.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import { GroundCluster, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

interface Told extends KubeObject {
  reason: string;
  type: string;
  message: string;
  involvedObject: { kind: string; name: string; uid?: string };
}

interface Conflict {
  apiService: string;
  owner: string;
  remedy: string;
  since: string;
}

const root = 'registry.test.example.org';
const groups = {
  local: `local.${root}`,
  takenOver: `taken.${root}`,
  unlabelled: `unlabelled.${root}`,
  hidden: `hidden.${root}`,
  shared: `shared.${root}`,
};
const secondRelease = 'registry-second';
const eventually = <T>(fn: () => T | Promise<T>): Promise<T> => untilTrue(fn, { timeoutMs: 30_000 });
let ground: TestGround;
let connector: TestConnector;
let second: TestConnector | undefined;

beforeAll(async () => {
  // First: an APIService without its connector keeps every namespace of the app cluster from going.
  const app = new GroundCluster(sharedLab().app.kubeconfig);
  await sweep(app);
  await app.close();
  ground = await TestGround.prepare('registry');
  connector = await start();
});
afterAll(async () => {
  if (!ground) return;
  // One that runs would register again what is swept.
  await Promise.all([connector?.stop(), second?.stop()]);
  await sweep(ground.app);
  await ground.remove();
});

/** What is not in the namespaces of the ground, or not of its release. */
async function sweep({ client }: GroundCluster): Promise<void> {
  for (const group of Object.values(groups)) await deleteIfThere(client, crdPath(`locals.${group}`));
  // Also those that a test took from the release.
  for (const group of Object.values(groups)) await deleteIfThere(client, apiServicePath(`v1.${group}`));
}

function start(...flags: string[]): Promise<TestConnector> {
  return ground.startConnector({
    name: `registry${flags.length > 0 ? '-second' : ''}`,
    flags: [...Object.values(groups).map((group) => `--allow=*.${group}`), ...flags],
  });
}

function readApiService(group: string): Promise<APIService> {
  return ground.app.client.get<APIService>(apiServicePath(`v1.${group}`));
}

/** All of it that somebody wrote: kube-apiserver itself writes the status. */
function written({ metadata, spec }: APIService): unknown {
  const { uid, labels, annotations, ownerReferences } = metadata;
  const { managedFields = [] } = metadata as { managedFields?: { subresource?: string }[] };
  const writes = managedFields.filter(({ subresource }) => subresource === undefined);
  return { uid, labels, annotations, ownerReferences, spec, writes };
}

async function localCrd(group: string): Promise<void> {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, description: 'Made here.' };
  const helm = { 'meta.helm.sh/release-name': 'legacy', 'meta.helm.sh/release-namespace': 'shop' };
  await ground.app.client.create(crdPath(), {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `locals.${group}`, annotations: helm },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Local', plural: 'locals', singular: 'local', listKind: 'LocalList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
}

async function conflictsOf(release = ground.name): Promise<Conflict[]> {
  const map = await ground.app.client.get<ConfigMap>(configMapPath(ground.namespace, `${release}-state`));
  return JSON.parse(map.data?.['conflicts'] ?? '[]') as Conflict[];
}

async function metricOf({ url }: TestConnector): Promise<number> {
  const { text } = await askDirectly(url, '/metrics', { client: await certificateOf(ground.app) });
  return Number(/^mcp_connector_apiservice_conflicts (\d+)$/m.exec(text)?.[1]);
}

/** Group versions of a connector's own index of OpenAPI documents. */
async function listedBy({ url }: TestConnector): Promise<string[]> {
  const answer = await askDirectly(url, '/openapi/v3', { client: await certificateOf(ground.app) });
  return Object.keys((answer.json() as { paths: object }).paths);
}

async function eventsAbout(kind: string, name: string): Promise<Told[]> {
  const query = { fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name}` };
  return (await ground.app.client.get<{ items: Told[] }>(eventPath('default'), { query })).items;
}

interface Expected {
  group: string;
  owner: RegExp;
  remedy: RegExp;
  about?: { kind: string; name: string };
  release?: string;
  by?: TestConnector;
}

/** Resolves when a conflict is told in all four places: log, state object, metric and Event. */
async function reported({
  group,
  owner,
  remedy,
  about = { kind: 'APIService', name: `v1.${group}` },
  release = ground.name,
  by = connector,
}: Expected): Promise<void> {
  const name = `v1.${group}`;
  await eventually(async () => {
    const conflict = (await conflictsOf(release)).find(({ apiService }) => apiService === name);
    expect(conflict).toMatchObject({
      owner: expect.stringMatching(owner),
      remedy: expect.stringMatching(remedy),
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    const told = (await eventsAbout(about.kind, about.name)).filter(({ type }) => type === 'Warning');
    expect(told.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(`it belongs to ${conflict?.owner}; ${conflict?.remedy}`),
    );
    expect(await metricOf(by)).toBe((await conflictsOf(release)).length);
    const lines = (await by.stderr()).split('\n').filter((line) => line.includes(`"apiService":"${name}"`));
    expect(lines.some((line) => line.includes('it belongs to'))).toBe(true);
  });
}

/** Resolves when the group is served from the control plane, and nothing speaks of a conflict any more. */
async function resolved(group: string, plural: string): Promise<void> {
  await eventually(async () => {
    expect(await ground.app.discovered(group, 'v1')).toEqual([plural]);
    expect((await conflictsOf()).map(({ apiService }) => apiService)).not.toContain(`v1.${group}`);
    const told = await eventsAbout('APIService', `v1.${group}`);
    expect(told.map(({ reason, type }) => `${type} ${reason}`)).toContain('Normal ConflictResolved');
    expect(await metricOf(connector)).toBe((await conflictsOf()).length);
  });
}

describe('a group version of somebody else', () => {
  it('that a local CRD has stays with it, is told, and is connected when the CRD is gone [registry.conflict.local]', async () => {
    const group = groups.local;
    await localCrd(group);
    await eventually(async () => expect(await ground.app.discovered(group, 'v1')).toEqual(['locals']));
    const before = written(await readApiService(group));

    await ground.offer({ group, kind: 'Remote', plural: 'remotes' });

    await reported({
      group,
      owner: new RegExp(
        `^the CustomResourceDefinition locals.${group} \\(Helm release shop/legacy\\) of this cluster$`,
      ),
      remedy: new RegExp(`^delete it .*--deny=\\*\\.${group}$`),
    });
    expect(written(await readApiService(group))).toEqual(before);
    expect(await ground.app.discovered(group, 'v1')).toEqual(['locals']);
    // Listed, it would take the place of the document of the CRD (registry.conflict.openapi).
    await eventually(async () => {
      expect(await connector.stderr()).toContain(`remotes.v1.${group}`);
      expect(await listedBy(connector)).not.toContain(`apis/${group}/v1`);
    });
    const { paths } = await ground.app.client.get<{ paths: object }>(`/openapi/v3/apis/${group}/v1`);
    expect(Object.keys(paths).some((path) => path.includes('/locals'))).toBe(true);
    expect(Object.keys(paths).some((path) => path.includes('/remotes'))).toBe(false);

    await ground.app.client.delete(crdPath(`locals.${group}`));
    await resolved(group, 'remotes');
    expect(await listedBy(connector)).toContain(`apis/${group}/v1`);
  });

  it('is left to who puts another Service in the place of ours [registry.conflict.takenover]', async () => {
    const group = groups.takenOver;
    const api = await ground.offer({ group, kind: 'Taken', plural: 'takens' });
    await ground.available(api);
    // Another Service that leads to something alive: a dead APIService would hold up every namespace of the cluster.
    await ground.app.client.create(servicePath(ground.namespace), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'other', namespace: ground.namespace },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: connector.port }] },
    });
    const service = { namespace: ground.namespace, name: 'other', port: connector.port };
    const taken = await ground.app.client.patch<APIService>(
      apiServicePath(`v1.${group}`),
      { spec: { service, caBundle: null, insecureSkipTLSVerify: true } },
      { query: { fieldManager: 'the-taker' } },
    );

    await reported({
      group,
      owner: new RegExp(`^the Service ${ground.namespace}/other \\(last written by the-taker\\)$`),
      remedy: /^remove that installation or delete the APIService, or exclude/,
    });
    // A change of the catalog would have been written.
    await ground.offer({ group, kind: 'More', plural: 'mores' });
    await eventually(async () => expect(await connector.stderr()).toContain(`mores.v1.${group}`));
    await eventually(async () => expect(await listedBy(connector)).not.toContain(`apis/${group}/v1`));
    expect(written(await readApiService(group))).toEqual(written(taken));

    await ground.app.client.delete(apiServicePath(`v1.${group}`));
    await eventually(async () =>
      expect((await ground.app.discovered(group, 'v1'))?.toSorted()).toEqual(['mores', 'takens']),
    );
    expect((await readApiService(group)).spec.service?.name).toBe(ground.name);
  });

  it('is left alone once our label is removed, until it is put back [registry.conflict.label]', async () => {
    const group = groups.unlabelled;
    const api = await ground.offer({ group, kind: 'Plain', plural: 'plains' });
    await ground.available(api);
    const path = apiServicePath(`v1.${group}`);
    const label = 'mcp-connector-k8s.io/release';
    const before = await ground.app.client.patch<APIService>(path, {
      metadata: { labels: { [label]: null } },
    });
    await reported({
      group,
      owner: new RegExp(`^nobody any more: its label ${label}=registry was removed$`),
      remedy: /^put the label back, or delete the APIService/,
    });
    expect(written(await readApiService(group))).toEqual(written(before));
    await ground.app.client.patch(path, { metadata: { labels: { [label]: ground.name } } });
    await resolved(group, 'plains');
  });

  it('that we have is not given up for a local CRD that comes later, and that is told [registry.conflict.hidden]', async () => {
    const group = groups.hidden;
    const api = await ground.offer({ group, kind: 'Remote', plural: 'remotes' });
    await ground.available(api);
    const before = written(await readApiService(group));
    await localCrd(group);
    await reported({
      group,
      owner: new RegExp(`^the CustomResourceDefinition locals.${group} `),
      remedy: /^delete it .*, or exclude the group with --deny=/,
      about: { kind: 'CustomResourceDefinition', name: `locals.${group}` },
    });
    expect(written(await readApiService(group))).toEqual(before);
    expect(await ground.app.discovered(group, 'v1')).toEqual(['remotes']);
    await ground.app.client.delete(crdPath(`locals.${group}`));
    await resolved(group, 'remotes');
    expect(written(await readApiService(group))).toEqual(before);
  });

  it('is served by one of two releases, without a fight, and by the other when the first has gone [registry.conflict.releases]', async () => {
    const group = groups.shared;
    const api = await ground.offer({ group, kind: 'Shared', plural: 'shareds' });
    await ground.available(api);
    const before = written(await readApiService(group));

    const other = await start(`--release-name=${secondRelease}`);
    second = other;
    await reported({
      group,
      owner: new RegExp(
        `^the Service ${ground.namespace}/${ground.name} of the release ${ground.name} of mcp-connector$`,
      ),
      remedy: /^let one release serve the group/,
      release: secondRelease,
      by: other,
    });
    // Both read the catalog, and write where they may: a change goes through the one that has it.
    await ground.offer({ group, kind: 'Further', plural: 'furthers' });
    await eventually(async () =>
      expect((await ground.app.discovered(group, 'v1'))?.toSorted()).toEqual(['furthers', 'shareds']),
    );
    await eventually(async () => expect(await other.stderr()).toContain(`furthers.v1.${group}`));
    const after = await readApiService(group);
    expect(after.metadata.uid).toBe((before as { uid: string }).uid);
    expect(after.metadata.labels?.['mcp-connector-k8s.io/release']).toBe(ground.name);
    expect(await listedBy(other)).not.toContain(`apis/${group}/v1`);
    expect(await listedBy(connector)).toContain(`apis/${group}/v1`);

    await connector.stop();
    await ground.app.client.delete(apiServicePath(), undefined, {
      query: { labelSelector: `mcp-connector-k8s.io/release=${ground.name}` },
    });
    await eventually(async () => {
      const { metadata, spec } = await readApiService(group);
      expect(metadata.labels?.['mcp-connector-k8s.io/release']).toBe(secondRelease);
      expect(spec.service?.name).toBe(secondRelease);
      expect(await conflictsOf(secondRelease)).toEqual([]);
    });
    await ground.available(api);
  });
});
