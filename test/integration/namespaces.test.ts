import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import type { ConfigMap, KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath, namespacePath } from '../../src/clusters/api-paths.ts';
import { askDirectly } from '../support/api-request.ts';
import { type Claim, Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);

const prefix = 'mcp-connector.upbound.io';
let ground: TestGround;
let connector: TestConnector;
let clusterID: string;
/** Stay on the control plane. */
let databases: ClaimApi;
/** Keep their namespace. */
let buckets: ClaimApi;
/** Are deleted, as is the default. */
let queues: ClaimApi;

beforeAll(async () => {
  ground = await TestGround.prepare('namespaces');
  clusterID = await ground.app.uidOfKubeSystem();
  [databases, buckets, queues] = [
    await ground.offer({ kind: 'Database', plural: 'databases' }),
    await ground.offer({ kind: 'Bucket', plural: 'buckets' }),
    await ground.offer({ kind: 'Queue', plural: 'queues' }),
  ];
  connector = await ground.startConnector({
    flags: [
      `--allow=*.${ground.group}`,
      `--namespace-deletion=buckets.${ground.group}=block`,
      `--namespace-deletion=databases.${ground.group}=orphan`,
    ],
  });
  for (const api of [databases, buckets, queues]) await ground.available(api);
});
afterAll(async () => {
  if (!ground) return;
  await ground.app.kubectl(`delete validatingwebhookconfiguration ${ground.name}-namespaces`);
  await ground.remove();
});

function claimsOf(api: ClaimApi, namespace: string): Claims {
  return new Claims(ground, api, namespace, clusterID);
}

async function deleteNamespace(name: string): Promise<void> {
  await ground.app.client.delete(namespacePath(name));
  await eventually(async () => expect(await isGone(ground.app.client, namespacePath(name))).toBe(true));
}

async function recorded(): Promise<{ seeded: string[]; namespaces: Record<string, string> }> {
  const state = configMapPath(ground.namespace, `${ground.name}-state`);
  const { data } = await ground.app.client.get<ConfigMap>(state);
  return JSON.parse(data?.['claim-namespaces'] ?? '{"seeded":[],"namespaces":{}}') as {
    seeded: string[];
    namespaces: Record<string, string>;
  };
}

describe('the record of namespaces with claims', () => {
  it('has a namespace as soon as a claim is in it [namespaces.record.create]', async () => {
    const namespace = await ground.createAppNamespace('recorded');
    const { metadata } = await ground.app.client.get<KubeObject>(namespacePath(namespace));
    const claims = claimsOf(queues, namespace);
    await ground.app.client.create(`${claims.path()}?dryRun=All`, JSON.parse(claims.manifest('dry')));
    expect((await recorded()).namespaces[namespace]).toBeUndefined();
    await claims.create('one');
    expect((await recorded()).namespaces[namespace]).toBe(metadata.uid);
  });

  it('has one in which an apply creates the first claim [namespaces.record.create]', async () => {
    const namespace = await ground.createAppNamespace('applied');
    const claims = claimsOf(queues, namespace);
    await ground.app.run('apply --server-side -f -', claims.manifest('one'));
    expect((await recorded()).namespaces[namespace]).toBeDefined();
  });

  it('has all resources, and the namespaces of claims that others made [namespaces.record.seeded]', async () => {
    const stored = claimsOf(queues, 'elsewhere');
    await ground.controlPlane.client.create(path.dirname(stored.storedPath('made')), {
      ...(JSON.parse(stored.manifest('made')) as KubeObject),
      metadata: {
        name: stored.storedName('made'),
        labels: {
          [`${prefix}/app-cluster`]: clusterID,
          [`${prefix}/app-namespace`]: 'elsewhere',
          [`${prefix}/app-resource-name`]: 'made',
        },
      },
    });
    await eventually(async () => {
      const { seeded, namespaces } = await recorded();
      expect(seeded).toEqual([buckets, databases, queues].map(({ plural }) => `${plural}.${ground.group}`));
      expect(namespaces).toMatchObject({ elsewhere: '' });
    });
  });
});

describe('claims of a deleted namespace', () => {
  it('are deleted, and no others [namespaces.delete.own]', async () => {
    const [gone, kept] = [await ground.createAppNamespace('gone'), await ground.createAppNamespace('kept')];
    await claimsOf(queues, gone).create('one');
    await claimsOf(queues, kept).create('one');
    await deleteNamespace(gone);
    expect(await isGone(ground.controlPlane.client, claimsOf(queues, gone).storedPath('one'))).toBe(true);
    expect((await claimsOf(queues, kept).stored('one')).metadata.deletionTimestamp).toBeUndefined();
  });

  describe('with the policy orphan', () => {
    let namespace: string;
    let claims: Claims;
    let before: Claim;

    beforeAll(async () => {
      namespace = await ground.createAppNamespace('orphaned');
      claims = claimsOf(databases, namespace);
      const owner = await ground.app.client.create<KubeObject>(configMapPath(namespace), {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'owner' },
      });
      await claims.create('plain');
      const { name, uid } = owner.metadata;
      await ground.app.client.create(claims.path(), {
        ...(JSON.parse(claims.manifest('owned')) as KubeObject),
        metadata: { name: 'owned', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }] },
      });
      before = await eventually(async () => {
        const stored = await claims.stored('plain');
        expect(stored.spec.resourceRef).toBeDefined();
        return stored;
      });
      await deleteNamespace(namespace);
    });

    it('stay on the control plane, labelled [namespaces.orphan.stays]', async () => {
      for (const name of ['plain', 'owned']) {
        const { metadata, spec } = await claims.stored(name);
        expect(metadata.deletionTimestamp).toBeUndefined();
        expect(metadata.labels).toMatchObject({
          [`${prefix}/orphaned-from`]: namespace,
          [`${prefix}/orphaned-by`]: clusterID,
          [`${prefix}/app-resource-name`]: name,
        });
        expect(metadata.labels).not.toHaveProperty(`${prefix}/app-cluster`);
        expect(Object.keys(metadata.annotations ?? {}).filter((key) => key.includes('owner'))).toEqual([]);
        if (name === 'plain') expect(spec.resourceRef).toEqual(before.spec.resourceRef);
      }
    });

    it('are reported [namespaces.orphan.reported]', async () => {
      const reported = await eventually(async () => {
        const { items } = await ground.app.client.get<{ items: { message: string; reason: string }[] }>(
          '/api/v1/namespaces/default/events',
          { query: { fieldSelector: `involvedObject.kind=Namespace,involvedObject.name=${namespace}` } },
        );
        expect(items.map(({ reason }) => reason)).toContain('ClaimsOrphaned');
        return items.map(({ message }) => message).join(' ');
      });
      expect(reported).toMatch(new RegExp(`databases\\.${ground.group} stay on the control plane: .*plain`));
      expect(await connector.stderr()).toContain('claims stay on the control plane without their namespace');
    });

    it('are out of the reach of users, until they are taken back as the refusal says [namespaces.orphan.reclaim]', async () => {
      await eventually(() => ground.app.createNamespace(namespace));
      expect(await claims.names()).toEqual([]);
      const headers = { 'content-type': 'application/merge-patch+json' };
      const body = { metadata: { labels: { [`${prefix}/orphaned-by`]: null } } };
      for (const [method, status] of [
        ['GET', 404],
        ['DELETE', 404],
        ['PATCH', 404],
      ] as const) {
        const answer = await ground.app.ask(claims.path('plain'), {
          method,
          ...(method === 'PATCH' ? { headers, body } : {}),
        });
        expect({ method, status: answer.status }).toEqual({ method, status });
      }
      const created = await ground.app.ask(claims.path(), { method: 'POST', body: claims.manifest('plain') });
      const applied = await ground.app.ask(`${claims.path('plain')}?fieldManager=test`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: claims.manifest('plain'),
      });
      const { code, reason, message } = created.json() as { code: number; reason: string; message: string };
      expect({ code, reason }).toEqual({ code: 409, reason: 'AlreadyExists' });
      expect(applied.json()).toMatchObject({ code: 409, reason: 'AlreadyExists', message });
      const [, command = ''] = /to take it back, run there: kubectl (.*)$/.exec(message) ?? [];

      await ground.controlPlane.run(command);
      const { metadata } = await claims.read('plain');
      expect(metadata.uid).toBe(before.metadata.uid);
    });

    it('are deleted where the namespace stays [namespaces.orphan.active]', async () => {
      expect(await claims.names()).toEqual(['plain']);
      await ground.app.ask(claims.path(), { method: 'DELETE' });
      await eventually(async () =>
        expect(await isGone(ground.controlPlane.client, claims.storedPath('plain'))).toBe(true),
      );
    });
  });

  describe('with the policy block', () => {
    it('keep it, and say how many there are [namespaces.block.refuses]', async () => {
      const namespace = await ground.createAppNamespace('blocked');
      const claims = claimsOf(buckets, namespace);
      await claims.create('one');
      await claims.create('two');
      await eventually(async () => {
        const refused = await ground.app.kubectl(`delete namespace ${namespace} --dry-run=server`);
        expect(refused.stderr).toContain(
          `namespace "${namespace}" holds 2 claims (2 buckets.${ground.group}); delete them first`,
        );
      });
      const { code, stderr } = await ground.app.kubectl(`delete namespace ${namespace}`);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(
          'admission webhook "namespaces.mcp-connector.upbound.io" denied the request: namespace',
        ),
      });
      await ground.app.ask(claims.path(), { method: 'DELETE' });
      await eventually(async () => expect(await claims.names()).toEqual([]));
      await deleteNamespace(namespace);
    });

    it('are asked about without a credential, and nothing else is told [namespaces.block.review]', async () => {
      const ask = async (body: unknown, method = 'POST'): Promise<number> =>
        (await askDirectly(connector.url, '/admission/namespaces', { method, body })).status;
      expect(await ask('not JSON')).toBe(400);
      expect(await ask({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' })).toBe(400);
      expect(await ask('x'.repeat(600_000))).toBe(413);
      expect(await ask('{}', 'PUT')).toBe(403);
      const review = {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: {
          uid: 'u',
          operation: 'DELETE',
          resource: { group: '', version: 'v1', resource: 'namespaces' },
          name: 'nowhere',
        },
      };
      const answer = await askDirectly(connector.url, '/admission/namespaces', {
        method: 'POST',
        body: review,
      });
      expect(answer.json()).toEqual({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: 'u', allowed: true },
      });
    });
  });
});

function doctor(...more: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = path.resolve(import.meta.dirname, '../../src/main.ts');
  const args = [
    main,
    'doctor',
    `--kubeconfig=${ground.app.kubeconfig}`,
    `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
    `--claim-namespace=${ground.claimNamespace}`,
    `--namespace=${ground.namespace}`,
    `--release-name=${ground.name}`,
    ...more,
  ];
  return new Promise((resolve) =>
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    ),
  );
}

describe('mcp-connector doctor', () => {
  it('lists claims whose namespace is gone, and orphans [namespaces.doctor.findings]', async () => {
    const { code, stdout } = await doctor('-o', 'json');
    const { findings } = JSON.parse(stdout) as {
      findings: { reason: string; namespace: string; name: string }[];
    };
    expect(findings.map(({ reason, namespace, name }) => [reason, namespace, name])).toEqual([
      ['Orphaned', `${ground.name}-orphaned`, 'owned'],
      ['NamespaceGone', 'elsewhere', 'made'],
    ]);
    expect(code).toBe(1);
    const table = await doctor();
    expect(table.stdout).toMatch(
      /^REASON +RESOURCE +NAMESPACE +NAME +CONTROL PLANE NAME\nOrphaned +databases/,
    );
    expect(table.stdout).toContain('take it back on the control plane (kubectl label databases.');
    expect((await doctor('-o', 'yaml')).stdout).toMatch(/^findings:\n {2}- reason: Orphaned\n/);
  });

  it('says with its exit code that all is well, or that it cannot tell [namespaces.doctor.exit]', async () => {
    const { client } = ground.controlPlane;
    await client.delete(claimsOf(queues, 'elsewhere').storedPath('made'));
    await client.delete(claimsOf(databases, `${ground.name}-orphaned`).storedPath('owned'));
    await eventually(async () =>
      expect(await doctor()).toMatchObject({ code: 0, stdout: 'No problems found.\n' }),
    );
    const unknown = await doctor('--release-name=nobody');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/^error: the ConfigMap [^ ]+\/nobody-state tells of no connection/);
  });
});
