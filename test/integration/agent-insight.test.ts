import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { crdPath, namespacePath } from '../../src/clusters/api-paths.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../src/clusters/kube-client.ts';
import { Transport } from '../../src/clusters/transport.ts';
import { freePorts } from '../../src/demo/free-ports.ts';
import { applyPlatform } from '../../src/demo/platform.ts';
import { parseManifests } from '../../src/demo/manifests.ts';
import { AgentTools } from '../support/agent-tools.ts';
import { eventually, sharedLab } from '../support/lab.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import { isGone } from '../support/test-ground.ts';

jest.setTimeout(120_000);

const name = 'agent-insight';
const group = `${name}.test.example.org`;
const api = `${group}/v1`;
const base = `/apis/${group}/v1`;
const extensions = '/apis/apiextensions.crossplane.io/v1';
const composition = { api_version: 'apiextensions.crossplane.io/v1', kind: 'Composition', name };

function managedKind(kind: string): string {
  const plural = `${kind.toLowerCase()}s`;
  return `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${plural}.${group} }
spec:
  group: ${group}
  scope: Cluster
  names: { kind: ${kind}, plural: ${plural}, categories: [managed] }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              x-kubernetes-preserve-unknown-fields: true
              required: [size]
              properties:
                size: { type: string, enum: [small, large], default: small, description: How much fits in. }
            status: { type: object, x-kubernetes-preserve-unknown-fields: true }
`;
}

const platform = `
apiVersion: apiextensions.crossplane.io/v1
kind: CompositeResourceDefinition
metadata: { name: xstores.${group} }
spec:
  group: ${group}
  names: { kind: XStore, plural: xstores }
  claimNames: { kind: Store, plural: stores }
  versions:
    - name: v1
      served: true
      referenceable: true
      schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object } } } }
---
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: { name: ${name} }
spec:
  compositeTypeRef: { apiVersion: ${api}, kind: XStore }
  mode: Resources
  resources:
    - { name: bucket, base: { apiVersion: ${api}, kind: Bucket, spec: { size: small } } }
    - { name: topic, base: { apiVersion: ${api}, kind: Topic, spec: { size: small } } }
`;

describe('insight into Crossplane 1.20', () => {
  let client: KubeClient;
  let tools: AgentTools;
  let bucket: string;
  let topic: string;
  const claim = { api_version: api, kind: 'Store', name: 'orders', namespace: name };

  beforeAll(async () => {
    client = new KubeClient(new Transport(accessFromFile(sharedLab().controlPlane.kubeconfig)), 'test');
    tools = new AgentTools({ client });
    await sweep();
    await client.create(namespacePath(), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const manifests = [managedKind('Bucket'), managedKind('Topic'), platform].join('---');
    await applyPlatform(client, parseManifests(manifests));
    await eventually(() =>
      client.create(`${base}/namespaces/${name}/stores`, {
        apiVersion: api,
        kind: 'Store',
        metadata: { name: 'orders' },
        spec: {},
      }),
    );
    await eventually(async () => {
      [bucket, topic] = (await Promise.all(['buckets', 'topics'].map(composed))) as [string, string];
    });
  });
  afterAll(async () => {
    await sweep();
  });

  /** The only object of a kind. */
  async function composed(plural: string): Promise<string> {
    const { items } = await client.get<{ items: KubeObject[] }>(`${base}/${plural}`);
    if (items.length !== 1) throw new Error(`there are ${items.length} ${plural}`);
    return items[0]!.metadata.name;
  }

  async function sweep(): Promise<void> {
    await deleteIfThere(client, `/apis/apiextensions.crossplane.io/v1beta1/usages/${name}`);
    await deleteIfThere(client, `${base}/namespaces/${name}/stores/orders`);
    await deleteIfThere(client, `${extensions}/compositeresourcedefinitions/xstores.${group}`);
    await deleteIfThere(client, `${extensions}/compositions/${name}`);
    for (const plural of ['buckets', 'topics']) {
      const { items } = await client
        .get<{ items: KubeObject[] }>(`${base}/${plural}`)
        .catch(() => ({ items: [] }));
      for (const { metadata } of items)
        await client
          .patch(`${base}/${plural}/${metadata.name}`, { metadata: { finalizers: null } })
          .catch(() => undefined);
      await deleteIfThere(client, crdPath(`${plural}.${group}`));
    }
    await deleteIfThere(client, namespacePath(name));
    await eventually(async () => {
      for (const path of [
        namespacePath(name),
        ...['xstores', 'stores', 'buckets', 'topics'].map((plural) => crdPath(`${plural}.${group}`)),
      ])
        expect([path, await isGone(client, path)]).toEqual([path, true]);
    });
  }

  /** As its provider would. */
  async function report(path: string, conditions: object[]): Promise<void> {
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    await client.patch(`${path}/status`, {
      status: { conditions: conditions.map((one) => ({ lastTransitionTime, ...one })) },
    });
  }

  it('follows a claim to its composite resource and all that composes, and no further than it was asked to [agent.insight.tree]', async () => {
    const rows = (await tools.run('get_resource_tree', claim)).items;
    expect(rows.map(({ resource }) => String(resource).replace(/orders-\w+/, 'orders-*'))).toEqual([
      `Store ${name}/orders`,
      '> XStore orders-*',
      `> > Bucket ${bucket}`.replace(/orders-\w+/, 'orders-*'),
      `> > Topic ${topic}`.replace(/orders-\w+/, 'orders-*'),
    ]);
    const { answer } = await tools.run('get_resource_tree', { ...claim, limit: 3 });
    expect(answer.items).toHaveLength(3);
    expect(answer.warnings).toEqual([expect.stringContaining('1 more at least')]);
  });

  it('ends where references go in a circle or to what is not there [agent.insight.tree]', async () => {
    const ref = (kind: string, its: string): object => ({ apiVersion: api, kind, name: its });
    const make = (its: string, refs: object[]): Promise<KubeObject> =>
      client.create(`${base}/topics`, {
        apiVersion: api,
        kind: 'Topic',
        metadata: { name: its },
        spec: { resourceRefs: refs },
      });
    await make('round-a', [ref('Topic', 'round-b')]);
    await make('round-b', [ref('Topic', 'round-a'), ref('Topic', 'nowhere'), ref('Planet', 'mars')]);
    const rows = (await tools.run('get_resource_tree', { api_version: api, kind: 'Topic', name: 'round-a' }))
      .items;
    expect(rows.map(({ note, resource }) => [resource, note])).toEqual([
      ['Topic round-a', ''],
      ['> Topic round-b', ''],
      ['> > Topic nowhere', 'does not exist'],
      ['> > Planet mars', expect.stringContaining('is not served')],
    ]);
    for (const its of ['round-a', 'round-b']) await client.delete(`${base}/topics/${its}`);
  });

  it('names the deepest failure first, in full, and leaves out what only waits for it [agent.insight.diagnosis]', async () => {
    const why = 'cannot create bucket: the quota of 10 buckets in this account is used up'.padEnd(300, '.');
    await report(`${base}/buckets/${bucket}`, [
      { type: 'Synced', status: 'False', reason: 'ReconcileError', message: why },
    ]);
    await report(`${base}/topics/${topic}`, [{ type: 'Ready', status: 'True', reason: 'Available' }]);
    await client.create(`/api/v1/namespaces/default/events`, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'quota-', namespace: 'default' },
      involvedObject: {
        apiVersion: api,
        kind: 'Bucket',
        name: bucket,
        uid: (await client.get<KubeObject>(`${base}/buckets/${bucket}`)).metadata.uid,
      },
      type: 'Warning',
      reason: 'CannotCreate',
      message: 'quota',
      lastTimestamp: '2026-01-01T00:00:00Z',
    });
    await eventually(async () => {
      const { answer } = await tools.run('diagnose_resource', claim);
      expect(answer.summary).toBe(`Store ${name}/orders is not well: look at Bucket ${bucket}`);
      const { causes } = answer.object as { causes: { resource: string }[] };
      const [first, ...others] = causes;
      expect(first).toEqual({
        resource: `Bucket ${bucket}`,
        api_version: api,
        path: expect.stringMatching(
          new RegExp(`^Store ${name}/orders > XStore orders-\\w+ > Bucket ${bucket}$`),
        ),
        trouble: [`Synced False (ReconcileError): ${why}`],
        events: ['2026-01-01T00:00:00.000Z Warning CannotCreate: quota'],
      });
      expect(others).toEqual([]);
    });
    for (const path of [`${base}/buckets/${bucket}`, `${base}/topics/${topic}`])
      await report(path, [
        { type: 'Synced', status: 'True', reason: 'ReconcileSuccess' },
        { type: 'Ready', status: 'True', reason: 'Available' },
      ]);
    await eventually(async () => {
      const { answer } = await tools.run('diagnose_resource', claim);
      expect(answer.summary).toBe(`nothing is wrong with Store ${name}/orders and the 3 objects below it`);
    });
  });

  async function ask(action: string, object: object): Promise<Record<string, unknown>> {
    const { answer, call } = await tools.run('preview_impact', { action, ...object });
    expect(call.api.writes).toEqual([]);
    return answer.object ?? {};
  }

  it('previews what a delete or an update would touch, and sends nothing but reads [agent.insight.impact]', async () => {
    expect((await ask('delete', claim))['effects']).toEqual([
      expect.stringMatching(/^deletes XStore orders-/),
      `deletes Bucket ${bucket}`,
      `deletes Topic ${topic}`,
    ]);
    expect(await ask('update', composition)).toEqual({
      effects: [expect.stringMatching(/^changes XStore orders-\w+ at once \(policy Automatic\)$/)],
    });
    expect(await ask('delete', composition)).toMatchObject({
      blocked_by: [expect.stringMatching(/^XStore orders-\w+ could no longer be composed$/)],
    });
    const xrd = { ...composition, kind: 'CompositeResourceDefinition', name: `xstores.${group}` };
    expect((await ask('delete', xrd))['effects']).toEqual([
      `deletes 1 Store.${group} (${name}/orders) with their infrastructure`,
      expect.stringMatching(/^deletes 1 XStore\..* with their infrastructure$/),
      `deletes the CRD xstores.${group}`,
      `deletes the CRD stores.${group}`,
    ]);
    expect((await ask('update', xrd))['effects']).toHaveLength(2);
  });

  it('compares a manifest by a dry run that stores nothing, and by itself where the server is read-only [agent.insight.diff]', async () => {
    const manifest = (spec: object, its = bucket): Record<string, unknown> => ({
      manifest: { apiVersion: api, kind: 'Bucket', metadata: { name: its }, spec },
    });
    const before = await client.get<KubeObject>(`${base}/buckets/${bucket}`);
    expect((await tools.run('diff_manifest', manifest({ size: 'large' }))).object).toEqual({
      diff: ['spec.size: "small" → "large"'],
      compared: 'by a dry run of the API server',
    });
    const refused = await tools.refused('diff_manifest', manifest({ size: 'huge' }));
    expect(refused).toMatchObject({ code: 'invalid', message: expect.stringContaining('spec.size') });
    const created = await tools.run('diff_manifest', manifest({}, 'new'));
    expect(created.answer.summary).toBe('Bucket new would be created');
    expect(JSON.stringify(created.answer.object)).toContain('small');
    const { answer, call } = await tools.run('diff_manifest', manifest({ size: 'large' }), {
      readOnly: true,
    });
    expect(answer.object?.['diff']).toEqual(['spec.size: "small" → "large"']);
    expect(answer.warnings).toEqual([expect.stringContaining('no dry run may be sent here')]);
    expect(call.api.writes).toEqual([]);
    const secret = {
      manifest: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: name } },
    };
    expect((await tools.refused('diff_manifest', secret)).code).toBe('invalid');
    const after = await client.get<KubeObject>(`${base}/buckets/${bucket}`);
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(await isGone(client, `${base}/buckets/new`)).toBe(true);
  });

  it('lists managed resources over all kinds, page by page, and those of one kind [agent.insight.managed]', async () => {
    const own: unknown[] = [];
    let cursor: string | undefined;
    do {
      const input = { limit: 1, ...(cursor ? { cursor } : {}) };
      const { answer } = await tools.run('list_managed_resources', input);
      own.push(...(answer.items ?? []).filter((row) => [bucket, topic].includes(String(row['name']))));
      cursor = answer.nextCursor;
    } while (cursor);
    expect(own).toEqual([
      { kind: 'Bucket', name: bucket, synced: 'True', ready: 'True', external: '-', note: '' },
      { kind: 'Topic', name: topic, synced: 'True', ready: 'True', external: '-', note: '' },
    ]);
    const kind = `topics.${group}`;
    expect((await tools.run('list_managed_resources', { kind })).items).toHaveLength(1);
    expect((await tools.run('list_managed_resources', { kind, unhealthy: true })).items).toEqual([]);
    await client.create(`${base}/topics`, {
      apiVersion: api,
      kind: 'Topic',
      metadata: { name: 'silent' },
      spec: {},
    });
    const rows = (await tools.run('list_managed_resources', { kind, unhealthy: true })).items;
    expect(rows.map((row) => row['name'])).toEqual(['silent']);
    await client.delete(`${base}/topics/silent`);
    const refused = await tools.refused('list_managed_resources', { kind: 'planets' });
    expect(refused.code).toBe('not_found');
  });

  it('finds deletions that do not finish, and what holds them [agent.insight.stuck]', async () => {
    const stuck = async (): Promise<Record<string, unknown> | undefined> =>
      (await tools.run('list_stuck_deletions', { older_than_seconds: 0 })).items.find(
        (row) => row['name'] === 'held',
      );
    const path = `${base}/topics/held`;
    await client.create(`${base}/topics`, {
      apiVersion: api,
      kind: 'Topic',
      metadata: { name: 'held', finalizers: ['finalizer.managedresource.crossplane.io'] },
      spec: {},
    });
    expect(await stuck()).toBeUndefined();
    await client.delete(path);
    await report(path, [
      { type: 'Synced', status: 'False', reason: 'ReconcileError', message: 'cannot delete topic' },
    ]);
    expect(await stuck()).toMatchObject({
      kind: 'Topic',
      finalizers: 'finalizer.managedresource.crossplane.io',
      held_by: 'Synced: cannot delete topic',
    });
    const paused = { api_version: api, kind: 'Topic', name: 'held', paused: true };
    const { call } = await tools.run('pause_resource', paused);
    expect(call.changes).toHaveLength(1);
    expect(await stuck()).toMatchObject({ held_by: expect.stringContaining('paused') });
    const resume = await tools.run('pause_resource', { ...paused, paused: false });
    expect(resume.call.changes[0]?.effects).toContainEqual(expect.stringContaining('its deletion'));
    await client.patch(path, { metadata: { finalizers: null } });
    expect(await stuck()).toBeUndefined();
  });

  it('explains the fields of any kind, custom or built in, below a path [agent.insight.explain]', async () => {
    await eventually(async () => {
      expect(
        (await tools.run('explain_kind', { api_version: api, kind: 'Bucket', path: 'spec' })).items,
      ).toEqual([
        {
          field: 'spec.size',
          type: 'small|large',
          required: 'yes',
          default: '"small"',
          about: 'How much fits in.',
        },
      ]);
    });
    const rows = (await tools.run('explain_kind', { api_version: 'v1', kind: 'ConfigMap', depth: 1 })).items;
    expect(rows).toContainEqual(expect.objectContaining({ field: 'data', type: 'map of string' }));
    const wrong = await tools.refused('explain_kind', {
      api_version: api,
      kind: 'Bucket',
      path: 'spec.colour',
    });
    expect(wrong).toMatchObject({
      code: 'not_found',
      facts: { hint: expect.stringContaining('size') },
    });
    const kind = await tools.refused('explain_kind', { api_version: `${group}/v2`, kind: 'Bucket' });
    expect(kind).toMatchObject({
      code: 'not_found',
      facts: { hint: expect.stringContaining(`Bucket in ${api}`) },
    });
  });

  it('tells whether the control plane answers, its release by its APIs, and what is wrong [agent.insight.status]', async () => {
    const facts = (await tools.run('control_plane_status')).object;
    expect(facts).toMatchObject({
      reachable: true,
      kubernetes: expect.stringMatching(/^v1\./),
      crossplane: '1.x, by its APIs',
    });
    expect(facts['features']).toContain('usages of cluster-scoped objects');
    expect(facts['features']).not.toContain('usages of anything');
    const { kubeconfig, port } = sharedLab().controlPlane;
    const [closed] = await freePorts(1);
    await using dir = await mkdtempDisposable(join(os.tmpdir(), 'mcp-connector-agent-insight-'));
    const file = join(dir.path, 'kubeconfig');
    await writeFile(file, (await readFile(kubeconfig, 'utf8')).replaceAll(`:${port}`, `:${closed}`));
    const nobody = new KubeClient(new Transport(accessFromFile(file)), 'test');
    expect((await tools.run('control_plane_status', {}, { client: nobody })).object).toEqual({
      reachable: false,
    });
  });

  it('protects cluster-scoped objects by the older kind of usage, and says that claims cannot be protected here [agent.usage.legacy]', async () => {
    const of = { api_version: api, kind: 'Topic', name: topic };
    const { answer } = await tools.run('create_usage', { of, reason: 'kept', name });
    expect(answer.object).toEqual({ name, kind: 'LegacyUsage', ready: true });
    expect((await tools.run('get_usage', { of })).items).toEqual([
      { kind: 'LegacyUsage', name, of: `Topic ${topic}`, by: '', reason: 'kept', ready: 'True' },
    ]);
    const impact = (await tools.run('preview_impact', { action: 'delete', ...claim })).object;
    expect(impact['blocked_by']).toEqual([`Topic ${topic} is protected by a usage`]);
    const { namespace, ...store } = claim;
    const refused = await tools.refused('create_usage', { of: store, namespace, reason: 'kept' });
    expect(refused).toMatchObject({
      code: 'not_installed',
      message: expect.stringContaining('lives in a namespace'),
    });
    expect(refused.call.api.writes).toEqual([]);
    await tools.run('delete_usage', { name });
    await eventually(async () => expect((await tools.run('get_usage', { of })).items).toEqual([]));
  });

  it('says that operations are part of a later release [agent.operation.off]', async () => {
    for (const [tool, input] of [
      ['list_operations', {}],
      ['create_cron_operation', { name, schedule: '0 3 * * *', pipeline: [{ step: 'a', function: 'b' }] }],
    ] as const) {
      const refused = await tools.refused(tool, input);
      expect(refused).toMatchObject({
        code: 'not_installed',
        message: expect.stringContaining('Crossplane 2.0'),
      });
      expect(refused.call.api.writes).toEqual([]);
    }
  });
});
