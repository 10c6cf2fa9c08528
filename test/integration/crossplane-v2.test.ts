import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { ConfigMap, KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath, namespacePath } from '../../src/clusters/api-paths.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { applyPlatform } from '../../src/demo/platform.ts';
import { parseManifests } from '../../src/demo/manifests.ts';
import { mcpConnector } from '../support/command.ts';
import { eventually, startConnector, type TestConnector } from '../support/lab.ts';
import { describeWithReleases } from '../support/other-releases.ts';
import { GitopsJudge } from '../support/gitops-judge.ts';
import { GroundCluster, isGone } from '../support/test-ground.ts';

// Two clusters and Crossplane are started first, and Crossplane is built where that is asked for.
const startTimeoutMs = 20 * 60_000;
jest.setTimeout(60_000);

const group = 'v2.test.example.org';
const namespace = 'orders';
const claimNamespace = 'app-cluster-claims';

/** A namespaced XR, a cluster-scoped one that claims to be of category `claim`, and an XR of the old kind with claims. */
const definitions = `
apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata: { name: networks.${group} }
spec:
  scope: Namespaced
  group: ${group}
  names: { kind: Network, plural: networks }
  versions:
    - name: v1
      served: true
      referenceable: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                cidr: { type: string, description: Which addresses it has. }
---
apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata: { name: landscapes.${group} }
spec:
  scope: Cluster
  group: ${group}
  names: { kind: Landscape, plural: landscapes, categories: [claim] }
  versions:
    - name: v1
      served: true
      referenceable: true
      schema:
        openAPIV3Schema: { type: object, properties: { spec: { type: object } } }
---
apiVersion: apiextensions.crossplane.io/v1
kind: CompositeResourceDefinition
metadata: { name: xbuckets.${group} }
spec:
  scope: LegacyCluster
  group: ${group}
  names: { kind: XBucket, plural: xbuckets }
  claimNames: { kind: Bucket, plural: buckets }
  connectionSecretKeys: [endpoint]
  versions:
    - name: v1
      served: true
      referenceable: true
      schema:
        openAPIV3Schema:
          { type: object, properties: { spec: { type: object, properties: { size: { type: string } } } } }
---
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: { name: networks }
spec:
  compositeTypeRef: { apiVersion: ${group}/v1, kind: Network }
  mode: Pipeline
  pipeline: [{ step: compose, functionRef: { name: function-absent } }]
---
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: { name: xbuckets }
spec:
  compositeTypeRef: { apiVersion: ${group}/v1, kind: XBucket }
  mode: Pipeline
  pipeline: [{ step: compose, functionRef: { name: function-absent } }]
`;

interface Composite extends KubeObject {
  spec: {
    cidr?: string;
    resourceRef?: { kind: string; name: string };
    writeConnectionSecretToRef?: { name: string };
    crossplane?: { compositionRef?: { name: string }; compositionUpdatePolicy?: string };
  };
  status?: {
    conditions?: { type: string; status: string; reason: string; observedGeneration?: number }[];
  };
}

const tools = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'crossplane'] as const;
const suite = await describeWithReleases('crossplane-v2', tools, { crossplane: '2' });

function pathOf(plural: string, name?: string): string {
  return `/apis/${group}/v1/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
}

function manifest(cidr: string): string {
  return JSON.stringify({
    apiVersion: `${group}/v1`,
    kind: 'Network',
    metadata: { name: 'reconciled', namespace },
    spec: { cidr },
  });
}

suite('Crossplane 2', () => {
  let dir: string;
  let lab: Lab;
  let app: GroundCluster;
  let controlPlane: GroundCluster;
  let connector: TestConnector;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-crossplane-v2-'));
    lab = await startLab({ dir, crossplaneRelease: '2', log: () => undefined });
    app = new GroundCluster(lab.app.kubeconfig);
    controlPlane = new GroundCluster(lab.controlPlane.kubeconfig);
    await Promise.all([
      ...[namespace, 'connector'].map((name) => app.createNamespace(name)),
      controlPlane.createNamespace(claimNamespace),
      applyPlatform(controlPlane.client, parseManifests(definitions)),
    ]);
    connector = await startConnector({
      app,
      controlPlane,
      claimNamespace,
      logDir: lab.logDir,
      flags: ['--namespace=connector'],
    });
    await eventually(async () => {
      expect(await app.discovered(group, 'v1')).toEqual(['buckets', 'networks']);
      await app.client.get(`/apis/${group}/v1/networks?limit=1`);
    });
  }, startTimeoutMs);
  afterAll(async () => {
    await connector?.stop();
    await Promise.all([app?.close(), controlPlane?.close()]);
    await lab?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  /** Computed here anew: sources that hash wrongly must not be asked. */
  async function storedPath(prefix: string, plural: string, name: string): Promise<string> {
    const input = `${name}-x-${namespace}-x-${await app.uidOfKubeSystem()}`;
    const hash = createHash('sha256').update(input).digest('hex').slice(0, 16);
    return `/apis/${group}/v1/namespaces/${claimNamespace}/${plural}/${prefix}-${hash}`;
  }

  function create(kind: string, plural: string, name: string, spec: object): Promise<Composite> {
    const body = { apiVersion: `${group}/v1`, kind, metadata: { name }, spec };
    return app.client.create<Composite>(pathOf(plural), body);
  }

  async function untilCondition(plural: string, name: string, type: string): Promise<Composite> {
    return await eventually(async () => {
      const found = await app.client.get<Composite>(pathOf(plural, name));
      expect(found.status?.conditions?.map((condition) => condition.type)).toContain(type);
      return found;
    });
  }

  it('gives namespaced XRs and claims to the app cluster, and no cluster-scoped XR [serve.crossplane2.catalog]', async () => {
    const resources = await app.run(`api-resources --api-group=${group} --output=name`);
    expect(resources.split('\n').toSorted()).toEqual([`buckets.${group}`, `networks.${group}`]);
    expect(await app.run('api-resources --categories=composite --output=name')).toBe(`networks.${group}`);
    expect(await app.run('api-resources --categories=claim --output=name')).toBe(`buckets.${group}`);
    const answer = await app.ask(`/apis/${group}/v1/landscapes`);
    expect(answer.status).toBe(404);
    await eventually(async () => {
      const text = await app.run(`explain networks.spec.cidr --api-version=${group}/v1`);
      expect(text).toContain('Which addresses it has.');
    });
  });

  it('stores a namespaced XR as nxr-<hash> and shows it under its own name [serve.crossplane2.name]', async () => {
    const created = await create('Network', 'networks', 'named', { cidr: '10.0.0.0/8' });
    expect(created.metadata).toMatchObject({ name: 'named', namespace });
    const stored = await controlPlane.client.get<Composite>(await storedPath('nxr', 'networks', 'named'));
    expect(stored.metadata.uid).toBe(created.metadata.uid);
    expect(stored.spec.cidr).toBe('10.0.0.0/8');
    const { items } = await app.client.get<{ items: Composite[] }>(pathOf('networks'));
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['named']);
    expect(await app.run(`--namespace ${namespace} get networks --no-headers`)).toMatch(/^named /);
    await app.client.delete(pathOf('networks', 'named'));
  });

  it('shows what Crossplane writes into a namespaced XR, and keeps it through kubectl apply [serve.crossplane2.fields]', async () => {
    await app.run('apply --filename -', manifest('10.0.0.0/8'));
    const reconciled = await untilCondition('networks', 'reconciled', 'Synced');
    expect(reconciled.spec.crossplane).toMatchObject({
      compositionRef: { name: 'networks' },
      compositionUpdatePolicy: 'Automatic',
    });
    // Crossplane 2 composes by functions only, and here is none.
    expect(reconciled.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Synced', status: 'False', reason: 'ReconcileError' }),
    );
    expect(reconciled.status?.conditions?.[0]?.observedGeneration).toBeGreaterThan(0);
    await app.run('apply --filename -', manifest('10.1.0.0/16'));
    const changed = await app.client.get<Composite>(pathOf('networks', 'reconciled'));
    expect(changed.spec.cidr).toBe('10.1.0.0/16');
    expect(changed.spec.crossplane).toEqual(reconciled.spec.crossplane);
    await app.client.delete(pathOf('networks', 'reconciled'));
  });

  it('ends a namespaced XR with its deletion, once Crossplane has let go of it [serve.crossplane2.delete]', async () => {
    await create('Network', 'networks', 'ended', { cidr: '10.0.0.0/8' });
    const held = await untilCondition('networks', 'ended', 'Synced');
    expect(held.metadata['finalizers']).toEqual(['composite.apiextensions.crossplane.io']);
    expect(await app.run(`--namespace ${namespace} delete network ended`)).toContain('"ended" deleted');
    expect(await isGone(app.client, pathOf('networks', 'ended'))).toBe(true);
    expect(await isGone(controlPlane.client, await storedPath('nxr', 'networks', 'ended'))).toBe(true);
  });

  it('empties a deleted namespace of its XRs [serve.crossplane2.namespace]', async () => {
    await app.createNamespace('short-lived');
    const collection = `/apis/${group}/v1/namespaces/short-lived/networks`;
    const body = { apiVersion: `${group}/v1`, kind: 'Network', metadata: { name: 'inside' }, spec: {} };
    await app.client.create(collection, body);
    await create('Network', 'networks', 'outside', {});
    await app.client.delete(namespacePath('short-lived'));
    await eventually(async () => expect(await isGone(app.client, namespacePath('short-lived'))).toBe(true));
    const left = await app.client.get<Composite>(pathOf('networks', 'outside'));
    await eventually(async () => {
      const { items } = await controlPlane.client.get<{ items: Composite[] }>(
        `/apis/${group}/v1/namespaces/${claimNamespace}/networks`,
      );
      expect(items.map(({ metadata }) => metadata.uid)).toEqual([left.metadata.uid]);
    });
    await app.client.delete(pathOf('networks', 'outside'));
  });

  it('binds a claim of an XRD of scope LegacyCluster, and ends it with its XR [serve.crossplane2.claim]', async () => {
    await create('Bucket', 'buckets', 'old', { size: 'small', writeConnectionSecretToRef: { name: 'mine' } });
    const bound = await untilCondition('buckets', 'old', 'Ready');
    expect(bound.spec.writeConnectionSecretToRef).toEqual({ name: 'mine' });
    expect(bound.spec.resourceRef?.kind).toBe('XBucket');
    const xr = `/apis/${group}/v1/xbuckets/${bound.spec.resourceRef?.name}`;
    const claimed = await controlPlane.client.get<{ spec: { claimRef: { name: string } } }>(xr);
    expect(await storedPath('claim', 'buckets', 'old')).toMatch(
      new RegExp(`/${claimed.spec.claimRef.name}$`),
    );
    expect(await app.run(`--namespace ${namespace} delete bucket old`)).toContain('"old" deleted');
    await eventually(async () => expect(await isGone(controlPlane.client, xr)).toBe(true));
    expect(await isGone(controlPlane.client, await storedPath('claim', 'buckets', 'old'))).toBe(true);
  });

  it('lets Argo CD and Flux judge both, and not by what was reported of an earlier generation [gitops.health.crossplane2]', async () => {
    await using networks = await GitopsJudge.create({ group, kind: 'Network' });
    await using buckets = await GitopsJudge.create({ group, kind: 'Bucket' });
    const changed = async (plural: string, name: string, spec: object): Promise<Composite> => {
      const answer = await app.ask(pathOf(plural, name), {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { spec },
      });
      return answer.json() as Composite;
    };

    const created = await create('Network', 'networks', 'judged', { cidr: '10.0.0.0/8' });
    expect(await networks.both(created)).toEqual({ argocd: 'Progressing', flux: 'InProgress' });
    const failing = await untilCondition('networks', 'judged', 'Synced');
    expect(await networks.both(failing)).toEqual({ argocd: 'Degraded', flux: 'Failed' });
    const mended = await changed('networks', 'judged', { cidr: '10.2.0.0/16' });
    expect(await networks.both(mended)).toEqual({ argocd: 'Progressing', flux: 'InProgress' });
    await app.client.delete(pathOf('networks', 'judged'));

    await create('Bucket', 'buckets', 'judged', { size: 'small' });
    const waiting = await untilCondition('buckets', 'judged', 'Ready');
    expect(await buckets.both(waiting)).toEqual({ argocd: 'Progressing', flux: 'InProgress' });
    await app.client.delete(pathOf('buckets', 'judged'));
  });

  // The last: the connector goes.
  it('lists namespaced XRs that stay when the connector goes, and has them again under the same cluster ID [uninstall.composites]', async () => {
    const { uid } = (await create('Network', 'networks', 'kept', { cidr: '10.0.0.0/8' })).metadata;
    const there = await storedPath('nxr', 'networks', 'kept');
    const name = there.split('/').at(-1) as string;
    await controlPlane.createNamespace('target');
    const before = await untilCondition('networks', 'kept', 'Synced');

    const { code, stdout, stderr } = await mcpConnector(
      'uninstall',
      'target',
      '--yes',
      '--installation-namespace=connector',
      `--kubeconfig=${app.kubeconfig}`,
      `--control-plane-kubeconfig=${controlPlane.kubeconfig}`,
    );

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const clusterID = await app.uidOfKubeSystem();
    expect(stdout).toContain(
      `networks.${group} ${namespace}/kept stays as ${claimNamespace}/${name}\n` +
        `ConfigMap ${claimNamespace}/mcp-connector-inventory-${clusterID} of the control plane lists what stays; an installation with clusterID ${clusterID} and this claim namespace has it again\n`,
    );
    const inventory = configMapPath(claimNamespace, `mcp-connector-inventory-${clusterID}`);
    const { data } = await controlPlane.client.get<ConfigMap>(inventory);
    expect(data).toEqual({
      clusterID,
      inventory: `# resource, in the app cluster, here, uid\nnetworks.${group} ${namespace}/kept ${claimNamespace}/${name} ${uid}`,
    });
    await connector.stop();
    await eventually(async () => expect(await app.discovered(group, 'v1')).toBeUndefined());
    expect((await controlPlane.client.get<Composite>(there)).metadata.uid).toBe(uid);

    connector = await startConnector({
      app,
      controlPlane,
      claimNamespace,
      logDir: lab.logDir,
      flags: ['--namespace=connector', `--cluster-id=${data?.['clusterID']}`],
    });
    const again = await eventually(() => app.client.get<Composite>(pathOf('networks', 'kept')));
    expect(again.metadata.uid).toBe(uid);
    expect(again.spec).toEqual(before.spec);
    await app.client.delete(pathOf('networks', 'kept'));
  });
});
