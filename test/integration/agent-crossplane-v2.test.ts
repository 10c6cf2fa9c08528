import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { isNotFound } from '../../src/clusters/kube-client.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { AgentTools } from '../support/agent-tools.ts';
import { eventually } from '../support/lab.ts';
import { describeWithReleases } from '../support/other-releases.ts';
import { PackageRegistry } from '../support/package-registry.ts';
import { GroundCluster } from '../support/test-ground.ts';
import { configurationFiles } from '../support/test-packages.ts';

// A cluster is started first, and Crossplane is built where that is asked for.
const startTimeoutMs = 20 * 60_000;
jest.setTimeout(120_000);

const group = 'v2.agent.example.org';
const namespace = 'team';
const claimNamespace = 'claims-here';
const xrds = '/apis/apiextensions.crossplane.io';
const schema = { type: 'object', properties: { cidr: { type: 'string' } } };
const clusterId = '00000000-0000-0000-0000-000000000001';

const suite = await describeWithReleases(
  'agent-crossplane-v2',
  ['etcd', 'kube-apiserver', 'kube-controller-manager', 'crossplane'],
  { crossplane: '2' },
);

suite('the tools on Crossplane 2', () => {
  let dir: string;
  let lab: Lab;
  let controlPlane: GroundCluster;
  let tools: AgentTools;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-agent-v2-'));
    lab = await startLab({ dir, clusters: ['control-plane'], crossplaneRelease: '2', log: () => undefined });
    controlPlane = new GroundCluster(lab.controlPlane.kubeconfig);
    tools = new AgentTools({ client: controlPlane.client });
    await Promise.all([namespace, claimNamespace].map((name) => controlPlane.createNamespace(name)));
  }, startTimeoutMs);
  afterAll(async () => {
    await controlPlane?.close();
    await lab?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  function network(name: string, of = namespace): Promise<KubeObject> {
    return controlPlane.client.create(`/apis/${group}/v1/namespaces/${of}/networks`, {
      apiVersion: `${group}/v1`,
      kind: 'Network',
      metadata: { name },
      spec: { cidr: '10.0.0.0/8' },
    });
  }

  it('write an XRD in the version that takes it, and say its scope [agent.xrd.v2]', async () => {
    const modern = await tools.run('create_xrd', { group, kind: 'Network', plural: 'networks', schema });
    expect(modern.object).toMatchObject({
      api_version: 'apiextensions.crossplane.io/v2',
      scope: 'Namespaced',
    });
    const versions = [
      {
        name: 'v1',
        served: true,
        referenceable: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: schema } } },
      },
    ];
    const spec = {
      group,
      names: { kind: 'XBucket', plural: 'xbuckets' },
      claimNames: { kind: 'Bucket', plural: 'buckets' },
      connectionSecretKeys: ['endpoint'],
      versions,
    };
    const legacy = await tools.run('create_xrd', { manifest: { spec } });
    expect(legacy.object).toMatchObject({
      api_version: 'apiextensions.crossplane.io/v1',
      scope: 'LegacyCluster',
      claim: 'Bucket',
    });
    // What the API server has to say of v1.
    expect(legacy.rendered.structured['warnings']).toEqual([expect.stringContaining('v1 is deprecated')]);
    const wrong: [object, string, RegExp][] = [
      [{ apiVersion: 'apiextensions.crossplane.io/v2', spec }, 'apiVersion', /v2 takes no claimNames/],
      [
        { spec: { ...spec, scope: 'Namespaced' } },
        'spec.claimNames',
        /of scope Namespaced has no claimNames/,
      ],
    ];
    for (const [manifest, field, message] of wrong) {
      const error = await tools.refused('create_xrd', { manifest });
      expect(error).toMatchObject({ code: 'invalid', facts: { details: { field } } });
      expect(error.message).toMatch(message);
    }
  });

  it('read XRDs of the old kind through v2 whole, and write them through v1 [agent.xrd.v2]', async () => {
    const name = `xbuckets.${group}`;
    const listed = await tools.run('list_xrds');
    expect(listed.items.map((row) => [row['kind'], row['claim'], row['scope'], row['state']])).toEqual([
      ['Network', undefined, 'Namespaced', 'ok'],
      ['XBucket', 'Bucket', 'LegacyCluster', 'ok'],
    ]);
    const throughV2 = await controlPlane.client.get<{ spec: object }>(
      `${xrds}/v2/compositeresourcedefinitions/${name}`,
    );
    expect(throughV2.spec).toMatchObject({ scope: 'LegacyCluster', connectionSecretKeys: ['endpoint'] });
    const changed = await tools.run('update_xrd', { name, patch: { metadata: { labels: { team: 'a' } } } });
    expect(changed.object['changes']).toEqual(['metadata.labels: none → {"team":"a"}']);
    const full = await tools.run('get_xrd', { name, detail: 'full' });
    const { metadata, ...manifest } = full.answer.manifest as { metadata: { resourceVersion: string } };
    const replaced = await tools.run('update_xrd', {
      name,
      manifest: { spec: (manifest as { spec?: object }).spec, metadata: { name, labels: { team: 'b' } } },
      resource_version: metadata.resourceVersion,
    });
    expect(replaced.object['changes']).toEqual(['metadata.labels.team: "a" → "b"']);
    const stored = await controlPlane.client.get<{ spec: object }>(
      `${xrds}/v1/compositeresourcedefinitions/${name}`,
    );
    expect(stored.spec).toMatchObject({
      claimNames: { kind: 'Bucket' },
      connectionSecretKeys: ['endpoint'],
      scope: 'LegacyCluster',
    });
  });

  it('compose by pipelines only, and show XRs whose references stand in spec.crossplane [agent.composition.v2]', async () => {
    const spec = { compositeTypeRef: { apiVersion: `${group}/v1`, kind: 'Network' } };
    const resources = { metadata: { name: 'networks' }, spec: { ...spec, mode: 'Resources', resources: [] } };
    expect((await tools.refused('create_composition', { manifest: resources })).message).toContain(
      'by pipelines only',
    );
    const pipeline = [{ step: 'compose', functionRef: { name: 'function-absent' } }];
    const created = await tools.run('create_composition', {
      manifest: { metadata: { name: 'networks' }, spec: { ...spec, mode: 'Pipeline', pipeline } },
    });
    expect(created.answer.warnings).toEqual([expect.stringContaining('function-absent is not installed')]);
    await network('shown');
    await eventually(async () => {
      const { object } = await tools.run('get_composite_resource', {
        kind: 'Network',
        namespace,
        name: 'shown',
      });
      expect(object).toMatchObject({ composition: 'networks', update_policy: 'Automatic' });
    });
    expect((await tools.run('list_compositions')).items).toEqual([
      { name: 'networks', type: `Network in ${group}/v1`, mode: 'Pipeline', steps: 1, xrs: 1 },
    ]);
    expect((await tools.refused('delete_composition', { name: 'networks' })).facts.details).toEqual({
      xrs: [`${namespace}/shown`],
    });
    const data = await tools.run('create_environment_config', { name: 'env', data: { a: 'b' } });
    expect(data.object['api_version']).toBe('apiextensions.crossplane.io/v1beta1');
  });

  it('read and change compositions, environment configs and configurations as on the releases before [agent.tools.v2]', async () => {
    expect((await tools.run('get_composition', { name: 'networks' })).rendered.text).toContain(
      'function-absent',
    );
    const patch = { metadata: { labels: { tier: 'one' } } };
    await tools.run('update_composition', { name: 'networks', patch });
    const changed = await controlPlane.client.get<KubeObject>(`${xrds}/v1/compositions/networks`);
    expect(changed.metadata.labels).toMatchObject({ tier: 'one' });
    await eventually(async () =>
      expect(
        (await tools.run('list_composition_revisions', { composition: 'networks' })).items.length,
      ).toBeGreaterThan(0),
    );
    expect((await tools.run('list_environment_configs')).items).toMatchObject([{ name: 'env' }]);
    expect((await tools.run('get_environment_config', { name: 'env' })).rendered.text).toContain('a: b');

    await using registry = await PackageRegistry.start('2');
    const reference = await registry.push('acme/config', 'v1.0.0', configurationFiles(`c.${group}`));
    await tools.run('install_configuration', { package: reference, name: 'c', wait_seconds: 30 });
    expect((await tools.run('list_configurations')).items).toMatchObject([{ name: 'c' }]);
    expect((await tools.run('get_configuration', { name: 'c' })).rendered.text).toContain(reference);
    expect((await tools.run('list_configuration_revisions', { configuration: 'c' })).items).toHaveLength(1);
    expect((await tools.run('list_providers')).items).toEqual([]);
    await tools.run('uninstall_configuration', { name: 'c' });
    await eventually(async () => {
      expect((await tools.refused('get_configuration', { name: 'c' })).code).toBe('not_found');
    });
  });

  it('make namespaced XRs as the connector does for an app cluster [agent.claim.v2]', async () => {
    const own = new AgentTools({ client: controlPlane.client, connection: { clusterId, claimNamespace } });
    await own.run('create_claim', {
      kind: 'Network',
      namespace: 'orders',
      name: 'ours',
      spec: { cidr: '10.1.0.0/16' },
    });
    const hash = createHash('sha256').update(`ours-x-orders-x-${clusterId}`).digest('hex').slice(0, 16);
    const stored = await controlPlane.client.get<KubeObject>(
      `/apis/${group}/v1/namespaces/${claimNamespace}/networks/nxr-${hash}`,
    );
    expect(stored.metadata.labels).toMatchObject({ 'mcp-connector.upbound.io/app-resource-name': 'ours' });
    const listed = await own.run('list_claims');
    expect(listed.items).toMatchObject([{ kind: `Network.${group}`, namespace: 'orders', name: 'ours' }]);
    expect((await own.run('list_composite_resources')).items).toEqual([]);
    await own.run('delete_claim', { kind: 'Network', namespace: 'orders', name: 'ours' });
    await eventually(async () => expect((await own.run('list_claims')).items).toEqual([]));
  });

  it('refuse to delete an XRD with namespaced XRs, which Crossplane would let hang [agent.xrd.hanging]', async () => {
    const name = `networks.${group}`;
    const refused = await tools.refused('delete_xrd', { name });
    expect(refused).toMatchObject({
      code: 'in_use',
      facts: { details: { composite_resources: [`Network ${namespace}/shown`] } },
    });

    // What would have come of it.
    const xrd = `${xrds}/v2/compositeresourcedefinitions/${name}`;
    const xr = `/apis/${group}/v1/namespaces/${namespace}/networks/shown`;
    await controlPlane.client.delete(xrd);
    await eventually(async () => {
      const { status } = await controlPlane.client.get<{
        status: { conditions: { type: string; reason: string }[] };
      }>(xrd);
      expect(status.conditions).toContainEqual(
        expect.objectContaining({ type: 'Established', reason: 'TerminatingCompositeResource' }),
      );
    });
    const again = await tools.run('delete_xrd', { name });
    expect(again.answer.summary).toContain('being deleted already');
    expect((await tools.run('list_xrds')).items).toContainEqual(
      expect.objectContaining({ name, state: 'terminating', xrs: 1 }),
    );
    const { metadata } = await controlPlane.client.get<KubeObject>(xr);
    expect(metadata.deletionTimestamp).toBeUndefined();
    await controlPlane.client.delete(xr);
    await eventually(async () => {
      const gone = await controlPlane.client.get(xrd).then(() => false, isNotFound);
      expect(gone).toBe(true);
    });
  });
});
