import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { ConfigMap, KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath } from '../../src/clusters/api-paths.ts';
import { type KubeClient } from '../../src/clusters/kube-client.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { applyManifests, parseManifests } from '../../src/demo/manifests.ts';
import { AgentTools } from '../support/agent-tools.ts';
import { type FunctionAnswer, FunctionServer } from '../support/function-server.ts';
import { eventually } from '../support/lab.ts';
import { describeWithReleases } from '../support/other-releases.ts';
import { PackageRegistry } from '../support/package-registry.ts';
import { PodStandIn } from '../support/pod-stand-in.ts';
import { functionFiles, providerFiles } from '../support/test-packages.ts';

jest.setTimeout(120_000);

const group = 'agent.test.example.org';
const pipeline = [
  { step: 'only', function: 'runs', input: { apiVersion: 'test.example.org/v1', kind: 'Input' } },
];
const network = `
apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata: { name: networks.x.${group} }
spec:
  scope: Namespaced
  group: x.${group}
  names: { kind: Network, plural: networks }
  versions:
    - name: v1
      served: true
      referenceable: true
      schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { cidr: { type: string } } } } } }
---
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: { name: networks }
spec:
  compositeTypeRef: { apiVersion: x.${group}/v1, kind: Network }
  mode: Pipeline
  pipeline: [{ step: only, functionRef: { name: runs } }]
`;

function configMap(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default' },
    data: { by: 'a function' },
  };
}

const describeWithBuilt = await describeWithReleases('agent-operations.test.ts', ['crossplane', 'crank'], {
  crossplane: '2',
});

describeWithBuilt('Crossplane 2.0 with operations', () => {
  let dir: string;
  let lab: Lab;
  let client: KubeClient;
  let registry: PackageRegistry;
  let pods: PodStandIn;
  let server: FunctionServer;
  let tools: AgentTools;
  let answer: FunctionAnswer = {};

  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-agent-operations-'));
    lab = await startLab({
      dir,
      clusters: ['control-plane'],
      crossplaneRelease: '2',
      crossplaneFlags: ['--enable-operations'],
      log: () => undefined,
    });
    ({ client } = lab.controlPlane);
    tools = new AgentTools({ client });
    registry = await PackageRegistry.start('2');
    pods = new PodStandIn(client, '');
    const tls = await lab.controlPlane.authority.issue({ commonName: 'function', hosts: ['localhost'] });
    server = await FunctionServer.start(tls, () => answer);
    const runs = functionFiles({ capabilities: ['operation', 'composition'] });
    await installFunction('runs', await registry.push('acme/runs', 'v1.0.0', runs));
    const composes = functionFiles({ capabilities: ['composition'] });
    await installFunction('composes', await registry.push('acme/composes', 'v1.0.0', composes));
    await eventually(async () => {
      const rows = (await tools.run('list_functions')).items;
      expect(rows.map(({ healthy, name }) => [name, healthy])).toEqual([
        ['composes', 'True'],
        ['runs', 'True'],
      ]);
    });
    await leadToServer('runs');
  }, 20 * 60_000);
  afterAll(async () => {
    await pods?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await lab?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  function installFunction(name: string, reference: string): Promise<KubeObject> {
    return client.create('/apis/pkg.crossplane.io/v1/functions', {
      apiVersion: 'pkg.crossplane.io/v1',
      kind: 'Function',
      metadata: { name },
      spec: { package: reference },
    });
  }

  /** The runtime says where its pod is; paused, it leaves in place that it is this process. */
  async function leadToServer(name: string): Promise<void> {
    const revisions = '/apis/pkg.crossplane.io/v1/functionrevisions';
    const query = { labelSelector: `pkg.crossplane.io/package=${name}` };
    const { items } = await client.get<{ items: KubeObject[] }>(revisions, { query });
    const revision = `${revisions}/${items[0]?.metadata.name}`;
    await client.patch(revision, { metadata: { annotations: { 'crossplane.io/paused': 'true' } } });
    await eventually(async () => {
      await client.patch(`${revision}/status`, { status: { endpoint: server.endpoint } });
      const found = await client.get<{ status: { endpoint: string; conditions: { reason: string }[] } }>(
        revision,
      );
      expect(found.status.conditions.map(({ reason }) => reason)).toContain('ReconcilePaused');
      expect(found.status.endpoint).toBe(server.endpoint);
    });
  }

  it('runs an operation after it was confirmed, and shows what it put out and applied [agent.operation.create, agent.operation.status]', async () => {
    answer = { desired: { made: configMap('made') }, output: { counted: 'three' } };
    const input = { name: 'once', pipeline, wait_seconds: 30 };
    const refused = await tools.refused('create_operation', input, { confirms: false });
    expect(refused.code).toBe('confirmation_required');
    const { answer: created, call } = await tools.run('create_operation', input);
    expect(call.changes).toEqual([
      {
        summary: expect.stringContaining('may change anything'),
        effects: ['only: function runs with a Input'],
        objects: [],
      },
    ]);
    expect(created.summary).toBe('created Operation once: Succeeded');
    expect((await tools.run('get_operation_status', { name: 'once' })).object).toMatchObject({
      state: 'Succeeded',
      failures: '0 of 5',
      steps: [{ step: 'only', function: 'runs', output: { counted: 'three' } }],
      applied: ['ConfigMap default/made'],
    });
    const made = await client.get<ConfigMap>(configMapPath('default', 'made'));
    expect(made.data).toEqual({ by: 'a function' });
    const over = await tools.refused('cancel_operation', { name: 'once' });
    expect(over).toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('is over (Succeeded)'),
    });
  });

  it('says how often an operation failed and why, and cancels what is still tried [agent.operation.status, agent.operation.cancel]', async () => {
    answer = { fatal: 'the test does not like it' };
    const failed = (
      await tools.run('create_operation', {
        name: 'twice',
        pipeline,
        retry_limit: 2,
        wait_seconds: 40,
      })
    ).object;
    expect(failed).toMatchObject({ state: 'Failed', failures: '2 of 2' });
    const status = (await tools.run('get_operation_status', { name: 'twice' })).object;
    expect(status['events']).toContainEqual(expect.stringContaining('the test does not like it'));
    const { answer: running } = await tools.run('create_operation', {
      name: 'often',
      pipeline,
      retry_limit: 100,
      wait_seconds: 1,
    });
    expect(running.object).toMatchObject({ state: 'Running' });
    const { call } = await tools.run('cancel_operation', { name: 'often' });
    expect(call.changes[0]?.effects[0]).toMatch(/of 100 failures so far/);
    const gone = await tools.refused('get_operation_status', { name: 'often' });
    expect(gone.code).toBe('not_found');
  });

  async function refuse(steps: object[]): Promise<object> {
    const refused = await tools.refused('create_operation', { name: 'bad', pipeline: steps });
    return {
      message: refused.message,
      code: refused.code,
      changes: refused.call.changes,
      writes: refused.call.api.writes,
    };
  }

  it('refuses a pipeline whose functions are missing or cannot be run by operations, before it asks anybody [agent.operation.pipeline]', async () => {
    const clean = { code: 'invalid', changes: [], writes: [] };
    expect(await refuse([{ step: 'a', function: 'nobody' }])).toMatchObject({
      ...clean,
      message: 'there is no function nobody',
    });
    expect(await refuse([{ step: 'a', function: 'composes' }])).toMatchObject({
      ...clean,
      message: 'function composes does not declare the capability operation',
    });
    expect(await refuse([pipeline[0]!, pipeline[0]!])).toMatchObject({
      ...clean,
      message: 'two steps are called only',
    });
  });

  it('schedules operations, shows the next runs, pauses and resumes them [agent.operation.cron, agent.operation.pause]', async () => {
    const wrong = await tools.refused('create_cron_operation', {
      name: 'daily',
      schedule: '0 25 * * *',
      pipeline,
    });
    expect(wrong).toMatchObject({ code: 'invalid', facts: { details: { field: 'schedule' } } });
    expect(wrong.call.api.writes).toEqual([]);
    const input = { name: 'daily', schedule: '30 4 * * *', pipeline, concurrency_policy: 'Forbid' };
    const { answer: created } = await tools.run('create_cron_operation', input);
    expect(created.summary).toBe('created CronOperation daily: Scheduled');
    const runs = created.object?.['next_runs'] as string[];
    expect(runs.map((time) => time.slice(11, 16))).toEqual(['04:30', '04:30', '04:30']);
    const pause = { api_version: 'ops.crossplane.io/v1alpha1', kind: 'CronOperation', name: 'daily' };
    const { answer: paused } = await tools.run('pause_resource', { ...pause, paused: true });
    expect(paused.warnings).toEqual([expect.stringContaining('at its next look')]);
    expect(
      (await tools.run('get_operation_status', { name: 'daily', kind: 'CronOperation' })).object,
    ).toMatchObject({ state: 'Paused' });
    // A change of the spec is what makes it look, as the time of a run would.
    const daily = '/apis/ops.crossplane.io/v1alpha1/cronoperations/daily';
    await client.patch(daily, { spec: { schedule: '31 4 * * *' } });
    await eventually(async () => {
      const { status } = await client.get<{ status: { conditions: { reason: string }[] } }>(daily);
      expect(status.conditions.map(({ reason }) => reason)).toContain('ReconcilePaused');
    });
    await tools.run('pause_resource', { ...pause, paused: false });
    const found = await client.get<KubeObject>(daily);
    expect(found.metadata.annotations ?? {}).not.toHaveProperty(['crossplane.io/paused']);
    const again = await tools.run('pause_resource', { ...pause, paused: false });
    expect(again.call.api.writes).toEqual([]);
    const foreign = {
      api_version: 'v1',
      kind: 'ConfigMap',
      name: 'made',
      namespace: 'default',
      paused: true,
    };
    expect((await tools.refused('pause_resource', foreign)).code).toBe('invalid');
  });

  it('lists the three kinds of operations as one, page by page [agent.operation.list]', async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const { answer: page } = await tools.run('list_operations', {
        limit: 1,
        ...(cursor ? { cursor } : {}),
      });
      names.push(...(page.items ?? []).map(({ kind, name }) => `${String(kind)} ${String(name)}`));
      cursor = page.nextCursor;
    } while (cursor);
    expect(names).toEqual(['Operation once', 'Operation twice', 'CronOperation daily']);
    await tools.run('cancel_operation', { name: 'daily', kind: 'CronOperation' });
  });

  it('says that operations are off where their controller is, before anything is created if the Deployment tells [agent.operation.off]', async () => {
    const deployments = '/apis/apps/v1/namespaces/crossplane-system/deployments';
    const labels = { app: 'crossplane' };
    const containers = [{ name: 'crossplane', image: 'example.org/none', args: ['core', 'start'] }];
    await client.create(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'crossplane', labels },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    });
    const refused = await tools.refused('create_operation', { name: 'off', pipeline });
    await client.delete(`${deployments}/crossplane`);
    expect(refused).toMatchObject({
      code: 'feature_off',
      facts: { hint: expect.stringContaining('--enable-operations') },
    });
    expect(refused.call.api.writes).toEqual([]);
    const core = lab.controlPlane.component('crossplane');
    core.pause();
    const silent = await tools.refused('create_operation', { name: 'off', pipeline, wait_seconds: 20 });
    core.resume();
    expect(silent).toMatchObject({
      code: 'feature_off',
      facts: {
        details: { outcome: 'created', name: 'off' },
        hint: expect.stringContaining('cancel_operation'),
      },
    });
  });

  it('protects what lives in a namespace by a Usage and the rest by a ClusterUsage, and answers who protects what [agent.usage.create, agent.usage.get]', async () => {
    const made = { api_version: 'v1', kind: 'ConfigMap', name: 'made' };
    const none = await tools.refused('create_usage', { of: made, namespace: 'default' });
    expect(none).toMatchObject({ code: 'invalid', message: expect.stringContaining('needs by') });
    const absent = await tools.refused('create_usage', {
      of: { ...made, name: 'mad' },
      namespace: 'default',
      reason: 'x',
    });
    expect(absent).toMatchObject({ code: 'not_found', facts: { details: { nearest: ['made'] } } });
    expect([...none.call.api.writes, ...absent.call.api.writes]).toEqual([]);
    const kept = await tools.run('create_usage', {
      of: made,
      namespace: 'default',
      reason: 'kept for the audit',
      name: 'kept',
    });
    expect(kept.answer).toMatchObject({
      summary: 'ConfigMap made is protected by Usage default/kept',
      object: { ready: true },
    });
    const xrd = { api_version: 'pkg.crossplane.io/v1', kind: 'Function', name: 'composes' };
    const user = { ...xrd, name: 'runs' };
    const used = await tools.run('create_usage', { of: xrd, by: user, name: 'used' });
    expect(used.answer.object).toMatchObject({ kind: 'ClusterUsage', ready: true });
    expect((await tools.run('list_usages')).items).toEqual([
      {
        kind: 'ClusterUsage',
        name: 'used',
        of: 'Function composes',
        by: 'Function runs',
        reason: '',
        ready: 'True',
      },
      {
        kind: 'Usage',
        name: 'default/kept',
        of: 'ConfigMap made',
        by: '',
        reason: 'kept for the audit',
        ready: 'True',
      },
    ]);
    expect((await tools.run('get_usage', { of: made, namespace: 'default' })).items).toHaveLength(1);
    expect((await tools.run('get_usage', { of: user })).items).toEqual([]);
    await expect(client.delete(configMapPath('default', 'made'))).rejects.toThrow('kept for the audit');
    expect(
      (await tools.run('preview_impact', { action: 'delete', ...made, namespace: 'default' })).object,
    ).toMatchObject({
      blocked_by: ['protected by Usage default/kept'],
    });
    await tools.run('delete_usage', { name: 'used' });
  });

  it('says that the end of a protection is the end of the object where its deletion is replayed [agent.usage.replay]', async () => {
    const of = { api_version: 'v1', kind: 'ConfigMap', name: 'made' };
    const replayed = {
      of,
      namespace: 'default',
      reason: 'kept for now',
      name: 'replayed',
      replay_deletion: true,
    };
    await tools.run('create_usage', replayed);
    const first = await tools.run('delete_usage', { name: 'kept' });
    expect(first.call.changes[0]?.effects).toEqual([
      expect.stringContaining('other usages still protect it: Usage default/replayed'),
    ]);
    await expect(client.delete(configMapPath('default', 'made'))).rejects.toThrow('in-use');
    const facts = (await tools.run('get_usage', { name: 'replayed' })).object;
    expect(facts['if_deleted']).toEqual([expect.stringContaining('IS DELETED')]);
    const refused = await tools.refused('delete_usage', { name: 'replayed' }, { confirms: false });
    expect(refused.code).toBe('confirmation_required');
    expect(refused.call.changes[0]?.effects).toEqual([expect.stringContaining('IS DELETED')]);
    await tools.run('delete_usage', { name: 'replayed' });
    await eventually(async () => {
      await expect(client.get(configMapPath('default', 'made'))).rejects.toThrow('not found');
    });
  });

  it('follows a namespaced composite resource to what it composes in its namespace, and finds what keeps it from being ready [agent.insight.tree, agent.insight.diagnosis]', async () => {
    answer = { desired: { inner: configMap('inner') } };
    await applyManifests(client, parseManifests(network));
    const place = { api_version: `x.${group}/v1`, kind: 'Network', name: 'one', namespace: 'default' };
    await eventually(async () => {
      await client.create(`/apis/x.${group}/v1/namespaces/default/networks`, {
        apiVersion: `x.${group}/v1`,
        kind: 'Network',
        metadata: { name: 'one' },
        spec: {},
      });
    });
    await eventually(async () => {
      const rows = (await tools.run('get_resource_tree', place)).items;
      expect(rows.map(({ resource, synced }) => [resource, synced])).toEqual([
        ['Network default/one', 'True'],
        ['> ConfigMap default/inner', '-'],
      ]);
    });
    answer = { fatal: 'no more addresses' };
    await client.patch(`/apis/x.${group}/v1/namespaces/default/networks/one`, {
      spec: { cidr: '10.0.0.0/8' },
    });
    await eventually(async () => {
      const { causes } = (await tools.run('diagnose_resource', place)).object as {
        causes: { resource: string; trouble: string[] }[];
      };
      expect(causes[0]).toMatchObject({
        resource: 'Network default/one',
        trouble: expect.arrayContaining([expect.stringContaining('no more addresses')]),
      });
    });
    const blocked = (
      await tools.run('preview_impact', {
        action: 'delete',
        api_version: 'apiextensions.crossplane.io/v1',
        kind: 'CompositeResourceDefinition',
        name: `networks.x.${group}`,
      })
    ).object;
    expect(blocked['blocked_by']).toEqual([
      expect.stringContaining('namespaced composite resources are not deleted with it'),
    ]);
    expect((await tools.run('get_function', { name: 'runs' })).object).toMatchObject({
      used_by_compositions: ['networks/only'],
    });
  });

  it('installs and uninstalls a provider of this release, whose health is in two conditions [agent.package.install, agent.package.uninstall]', async () => {
    const reference = await registry.push('acme/provider', 'v1.0.0', providerFiles(`p.${group}`));
    const { answer: installed } = await tools.run('install_provider', {
      package: reference,
      name: 'p',
      wait_seconds: 50,
    });
    expect(installed.summary).toBe('created Provider p: installed and healthy');
    const shown = (await tools.run('get_provider', { name: 'p' })).object;
    expect(shown).toMatchObject({ revision: { state: 'Active', healthy: 'True' } });
    await eventually(async () => {
      await client.create(`/apis/p.${group}/v1/buckets`, {
        apiVersion: `p.${group}/v1`,
        kind: 'Bucket',
        metadata: { name: 'kept' },
        spec: {},
      });
    });
    const refused = await tools.refused('uninstall_provider', { name: 'p' });
    expect(refused).toMatchObject({
      code: 'in_use',
      facts: { details: { exist: [`1 Bucket.p.${group} (kept)`] } },
    });
    expect(refused.call.api.writes).toEqual([]);
    await client.delete(`/apis/p.${group}/v1/buckets/kept`);
    await tools.run('uninstall_provider', { name: 'p' });
    await eventually(async () => {
      expect((await tools.refused('get_provider', { name: 'p' })).code).toBe('not_found');
    });
  });

  it('tells the release and what it offers by its APIs [agent.insight.status]', async () => {
    expect((await tools.run('control_plane_status')).object).toMatchObject({
      reachable: true,
      crossplane: '2.x, by its APIs',
      features: expect.arrayContaining(['usages of anything', 'managed resource definitions']),
      counts: { Function: 2, Provider: 0 },
    });
  });
});
