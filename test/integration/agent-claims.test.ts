import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ConfigMap, KubeObject } from '../../src/apimachinery/objects.ts';
import { namespacePath } from '../../src/clusters/api-paths.ts';
import { AgentTools } from '../support/agent-tools.ts';
import { eventually, sharedLab, startConnector, type TestConnector } from '../support/lab.ts';
import {
  type ClaimApi,
  deleteClaims,
  deleteIfThere,
  offerApi,
  withdrawApi,
} from '../support/platform-api.ts';
import { GroundCluster } from '../support/test-ground.ts';

jest.setTimeout(120_000);

const group = 'claims.agent.example.org';
const api: ClaimApi = { group, kind: 'Barrel', plural: 'barrels' };
/** Others in each run: on a lab that lives on, those of the last run may be going still. */
const run = randomUUID().slice(0, 6);
const namespace = `agent-claims-team-${run}`;
const claimNamespace = `agent-claims-${run}`;
const release = `agent-claims-connector-${run}`;
const kind = 'Barrel';

interface Claim extends KubeObject {
  spec: {
    parameters: { size: string };
    resourceRef?: { name: string };
    writeConnectionSecretToRef?: { name: string };
  };
}

function own(name: string): string {
  return `/apis/${group}/v1/namespaces/${namespace}/barrels/${name}`;
}

describe('the tools for claims, on Crossplane 1.20', () => {
  let app: GroundCluster;
  let controlPlane: GroundCluster;
  let connector: TestConnector;
  let tools: AgentTools;
  /** Of another app cluster that shares the claim namespace. */
  let stranger: AgentTools;
  /** A server of the control plane's own people. */
  let direct: AgentTools;

  beforeAll(async () => {
    app = new GroundCluster(sharedLab().app.kubeconfig);
    controlPlane = new GroundCluster(sharedLab().controlPlane.kubeconfig);
    await Promise.all([
      app.createNamespace(namespace),
      app.createNamespace(release),
      controlPlane.createNamespace(claimNamespace),
      offerApi(controlPlane.client, api),
    ]);
    const clusterId = (await app.client.get<KubeObject>(namespacePath('kube-system'))).metadata.uid ?? '';
    const { client } = controlPlane;
    tools = new AgentTools({ client, connection: { clusterId, claimNamespace } });
    stranger = new AgentTools({ client, connection: { clusterId: randomUUID(), claimNamespace } });
    direct = new AgentTools({ client });
    connector = await startConnector({
      claimNamespace,
      flags: [`--allow=*.${group}`, `--namespace=${release}`],
    });
    await eventually(async () => expect(await app.discovered(group, 'v1')).toEqual(['barrels']));
    await eventually(async () => void (await app.client.get(`/apis/${group}/v1/barrels?limit=1`)));
  });
  afterAll(async () => {
    await deleteClaims(controlPlane.client, api, claimNamespace);
    await connector?.stop();
    await deleteIfThere(app.client, `/apis/apiregistration.k8s.io/v1/apiservices/v1.${group}`);
    await withdrawApi(controlPlane.client, api);
    await deleteIfThere(controlPlane.client, namespacePath(claimNamespace));
    for (const name of [namespace, release]) await deleteIfThere(app.client, namespacePath(name));
    await Promise.all([app.close(), controlPlane.close()]);
  });

  it('make the same object as kubectl through the connector, and each sees and changes that of the other [agent.claim.same]', async () => {
    const spec = {
      parameters: { size: 'small', password: 'hunter2' },
      writeConnectionSecretToRef: { name: 'barrel-conn' },
    };
    const made = await tools.run('create_claim', { kind, namespace, name: 'ours', spec });
    expect(made.answer.summary).toBe(`Barrel ${namespace}/ours created`);
    // A Secret of its own: two claims cannot have one.
    const theirSpec = { ...spec, writeConnectionSecretToRef: { name: 'their-conn' } };
    const theirs = {
      apiVersion: `${group}/v1`,
      kind,
      metadata: { name: 'theirs', namespace },
      spec: theirSpec,
    };
    await app.client.create(`/apis/${group}/v1/namespaces/${namespace}/barrels`, theirs);

    const [seen, twin] = await Promise.all(
      ['ours', 'theirs'].map((name) => app.client.get<Claim>(own(name))),
    );
    expect(seen?.metadata).toMatchObject({ name: 'ours', namespace });
    expect(seen?.spec.writeConnectionSecretToRef).toEqual({ name: 'barrel-conn' });
    expect(Object.keys(seen?.metadata.labels ?? {})).toEqual(Object.keys(twin?.metadata.labels ?? {}));
    const { items } = await controlPlane.client.get<{ items: Claim[] }>(
      `/apis/${group}/v1/namespaces/${claimNamespace}/barrels`,
    );
    expect(items).toHaveLength(2);
    const shapes = items.map(
      ({ metadata: { name, labels, annotations }, spec: { writeConnectionSecretToRef } }) => ({
        name: name.replace(/[0-9a-f]{16}$/, '#'),
        labels: Object.keys(labels ?? {}).toSorted(),
        annotations: JSON.stringify(annotations).replace(/(barrel|their)-conn/, '#'),
        secret: writeConnectionSecretToRef?.name.replace(/[0-9a-f]{16}$/, '#'),
      }),
    );
    expect(shapes[0]).toEqual(shapes[1]);
    expect(shapes[0]).toMatchObject({ name: 'claim-#', secret: 'claim-#' });

    const listed = await tools.run('list_claims', { namespace });
    expect(listed.items.map(({ name, namespace: of }) => [name, of])).toEqual(
      expect.arrayContaining([
        ['ours', namespace],
        ['theirs', namespace],
      ]),
    );
    await tools.run('update_claim', {
      kind,
      namespace,
      name: 'theirs',
      patch: { spec: { parameters: { size: 'large' } } },
    });
    expect((await app.client.get<Claim>(own('theirs'))).spec.parameters.size).toBe('large');
    await app.client.patch(own('ours'), { spec: { parameters: { size: 'medium' } } });
    const shown = await eventually(async () => {
      const got = await tools.run('get_claim', { kind, namespace, name: 'ours' });
      expect(got.answer.summary).toBe(`Barrel ${namespace}/ours: ready True`);
      return got;
    });
    expect(shown.object).toMatchObject({
      spec: { parameters: { size: 'medium' } },
      connection_secret_name: 'barrel-conn',
      composite_resource: expect.stringMatching(/^XBarrel claim-/),
    });
    expect(shown.rendered.text).not.toContain('hunter2');
    await eventually(async () => {
      const secret = await app.client.get<ConfigMap>(`/api/v1/namespaces/${namespace}/secrets/barrel-conn`);
      expect(Object.keys(secret.data ?? {}).toSorted()).toEqual(['endpoint', 'password', 'username']);
    });
  });

  it('show nothing of another app cluster, and take nothing from it [agent.claim.foreign]', async () => {
    expect((await stranger.run('list_claims')).items).toEqual([]);
    expect((await stranger.run('list_composite_resources', { kind: 'XBarrel' })).items).toEqual([]);
    for (const tool of ['get_claim', 'delete_claim'])
      expect((await stranger.refused(tool, { kind, namespace, name: 'ours' })).code).toBe('not_found');
    const xr = (await app.client.get<Claim>(own('ours'))).spec.resourceRef?.name ?? '';
    expect((await stranger.refused('get_composite_resource', { kind: 'XBarrel', name: xr })).code).toBe(
      'not_found',
    );
    const spec = {
      parameters: { size: 'small' },
      resourceRef: { apiVersion: `${group}/v1`, kind: 'XBarrel', name: xr },
    };
    const taken = await stranger.refused('create_claim', { kind, namespace, name: 'thief', spec });
    expect(taken).toMatchObject({ code: 'invalid', facts: { details: { field: 'spec.resourceRef' } } });
    const sameName = await stranger.run('create_claim', {
      kind,
      namespace,
      name: 'ours',
      spec: { parameters: { size: 'small' } },
      dry_run: true,
    });
    expect(sameName.answer.summary).toContain('dry run');
  });

  it('show composite resources with their claims, and what they are made of [agent.composite.read]', async () => {
    const listed = await tools.run('list_composite_resources', { kind: 'XBarrel' });
    const ours = listed.items.find(({ claim }) => claim === `${namespace}/ours`);
    expect(ours).toMatchObject({ kind: `XBarrel.${group}`, ready: 'True' });
    const got = await tools.run('get_composite_resource', { kind: 'XBarrel', name: ours?.['name'] });
    expect(got.object).toMatchObject({
      claim: `${namespace}/ours`,
      composition: `xbarrels.${group}`,
      resources: [expect.stringMatching(/^Instance /)],
    });
    expect(got.rendered.text).not.toContain('hunter2');
    const namespaced = await tools.refused('get_composite_resource', {
      kind: 'XBarrel',
      name: 'x',
      namespace: 'y',
    });
    expect(namespaced.message).toContain('XBarrel is cluster-scoped');
  });

  it('refuse what would hand a claim over, and name fields and neighbours in the words of the app cluster [agent.claim.refused]', async () => {
    const at = { kind, namespace, name: 'ours' };
    const patches: [object, string][] = [
      [{ spec: { resourceRef: null } }, 'spec.resourceRef'],
      [{ metadata: { labels: null } }, 'metadata.labels'],
      [{ metadata: { finalizers: [] } }, 'metadata.finalizers'],
      [{ metadata: { name: 'other' } }, 'metadata.name'],
      [{ spec: null }, 'patch'],
    ];
    for (const [patch, field] of patches)
      expect(await tools.refused('update_claim', { ...at, patch })).toMatchObject({
        code: 'invalid',
        facts: { details: { field } },
      });
    const invalid = await tools.refused('update_claim', {
      ...at,
      patch: { spec: { parameters: { size: 'huge' } } },
    });
    expect(invalid.text).toContain('spec.parameters.size: Unsupported value: "huge"');
    expect(invalid.text).toContain('"ours" is invalid');
    const unknown = await tools.refused('create_claim', {
      kind,
      namespace,
      name: 'odd',
      spec: { parameters: { size: 'small' }, colour: 1 },
    });
    expect(unknown.text).toContain('spec.colour');
    const taken = await tools.refused('create_claim', {
      kind,
      namespace,
      name: 'ours',
      spec: { parameters: { size: 'small' } },
    });
    expect(taken).toMatchObject({
      code: 'already_exists',
      message: `there is a Barrel ours in the namespace ${namespace} already`,
    });
    const near = await tools.refused('get_claim', { kind, namespace, name: 'our' });
    expect(near.facts.details).toEqual({ nearest: ['ours'] });
    for (const error of [invalid, unknown, taken, near]) expect(error.text).not.toMatch(/claim-[0-9a-f]{16}/);
    const what = await tools.refused('get_claim', { kind: 'Barel', namespace, name: 'ours' });
    expect(what).toMatchObject({
      code: 'not_found',
      facts: { hint: expect.stringContaining(`Barrel.${group}`) },
    });
    const label = {
      ...at,
      patch: { metadata: { labels: { 'mcp-connector.upbound.io/app-cluster': 'x', team: 'a' } } },
    };
    await tools.run('update_claim', label);
    expect((await app.client.get<Claim>(own('ours'))).metadata.labels).toEqual({ team: 'a' });
  });

  it('replace a claim whole, and keep what Crossplane has written into it [agent.claim.replace]', async () => {
    const before = await app.client.get<Claim>(own('ours'));
    const manifest = {
      spec: { parameters: { size: 'large' }, writeConnectionSecretToRef: { name: 'barrel-conn' } },
    };
    const version = (await tools.run('get_claim', { kind, namespace, name: 'ours' })).object[
      'resource_version'
    ];
    const done = await tools.run('update_claim', {
      kind,
      namespace,
      name: 'ours',
      manifest,
      resource_version: version,
    });
    expect(done.object['changes']).toEqual(
      expect.arrayContaining(['spec.parameters.size: "medium" → "large"']),
    );
    const after = await app.client.get<Claim>(own('ours'));
    expect(after.spec.resourceRef).toEqual(before.spec.resourceRef);
    expect(after.metadata.finalizers).toEqual(before.metadata.finalizers);
    expect(after.spec.writeConnectionSecretToRef).toEqual({ name: 'barrel-conn' });
  });

  it('page over claims of all kinds with a cursor, and take the names of the control plane without a connection [agent.claim.list]', async () => {
    const first = await tools.run('list_claims', { limit: 1 });
    expect(first.items).toHaveLength(1);
    const second = await tools.run('list_claims', { limit: 1, cursor: first.answer.nextCursor });
    expect(second.items).toHaveLength(1);
    expect(new Set([first, second].map(({ items }) => items[0]?.['name']))).toEqual(
      new Set(['ours', 'theirs']),
    );
    const all = await direct.run('list_claims', { kind, namespace: claimNamespace });
    expect(all.items.map(({ name }) => name)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^claim-[0-9a-f]{16}$/)]),
    );
    const stored = String(all.items[0]?.['name']);
    expect(
      (await direct.run('get_claim', { kind, namespace: claimNamespace, name: stored })).object['spec'],
    ).toMatchObject({ parameters: {} });
  });

  it('delete a claim after naming what goes with it [agent.claim.delete]', async () => {
    const at = { kind, namespace, name: 'ours' };
    const denied = await tools.refused('delete_claim', at, { confirms: false });
    expect(denied.message).toContain(`deletes Barrel ${namespace}/ours and all infrastructure`);
    const done = await tools.run('delete_claim', at);
    expect(done.call.changes[0]?.effects).toEqual([
      expect.stringMatching(/^XBarrel claim-/),
      expect.stringMatching(/^Instance /),
      'its connection Secret',
    ]);
    await eventually(async () => expect((await tools.refused('get_claim', at)).code).toBe('not_found'));
  });
});
