import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { type Claim, Claims, hiddenLabels } from '../support/claims.ts';
import { KubectlWatch } from '../support/kubectl-watch.ts';
import { eventually } from '../support/lab.ts';
import { type ClaimApi, sizeDescription } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);
/** The collector looks for new kinds every 30 s. */
const collected = { timeoutMs: 75_000 };
let ground: TestGround;
let api: ClaimApi;
let namespace: string;
let clusterID: string;
let claims: Claims;

beforeAll(async () => {
  ground = await TestGround.prepare('main-job');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  namespace = await ground.createAppNamespace('a');
  clusterID = await ground.app.uidOfKubeSystem();
  claims = new Claims(ground, api, namespace, clusterID);
  await ground.startConnector();
  await ground.available(api);
});
afterAll(() => ground?.remove());

/** `databases.<group>`, as kubectl takes it. */
function resource(): string {
  return `databases.${api.group}`;
}

describe('the claim API in the app cluster', () => {
  it('is listed by kubectl api-resources under the category claim [serve.discovery.category]', async () => {
    const names = await ground.app.run(
      `api-resources --categories=claim --api-group=${api.group} --output=name`,
    );
    expect(names).toBe(`databases.${api.group}`);
  });

  it('is explained by kubectl with the fields of its schema [serve.openapi.explain]', async () => {
    await eventually(async () => {
      const text = await ground.app.run(`explain ${resource()}.spec.parameters.size`);
      expect(text).toMatch(/KIND:\s+Database/);
      expect(text).toContain(sizeDescription);
    });
  });

  it('does not break kubectl get all,claim in all namespaces [serve.discovery.all]', async () => {
    await claims.create('among-all');
    // Other test files share the cluster, and make their own APIs fail on purpose.
    await eventually(async () => {
      const { code, stdout, stderr } = await ground.app.kubectl('get all,claim --all-namespaces');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^${namespace}\\s+database\\.${api.group}/among-all\\s+small`, 'm'));
    });
  });
});

describe('a claim by kubectl', () => {
  it('is applied, becomes Ready and is read back as it was written [serve.apply.create]', async () => {
    const file = claims.manifest('applied');
    expect(await ground.app.run('apply --filename=-', file)).toBe(`database.${api.group}/applied created`);
    await ground.app.run(`wait ${resource()}/applied -n ${namespace} --for=condition=Ready --timeout=90s`);
    const seen = await claims.read('applied');
    expect(seen.metadata).toMatchObject({ name: 'applied', namespace });
    expect(seen.spec.parameters).toEqual({ size: 'small' });
    expect(JSON.stringify(seen)).not.toContain(hiddenLabels);
    expect(JSON.stringify(seen.metadata)).not.toContain(claims.storedName('applied'));
    expect(await ground.app.run('apply --filename=-', file)).toBe(`database.${api.group}/applied unchanged`);
  });

  it('is watched by get -w from its creation to its end [serve.watch.events]', async () => {
    const args = ['get', resource(), '--namespace', namespace, '--watch-only', '--output-watch-events'];
    await using watch = new KubectlWatch(ground.app.kubeconfig, args);
    // A watch that lists nothing prints nothing: claims are made until the first is seen.
    let count = 0;
    await eventually(
      async () => {
        await claims.create(`watched-${++count}`);
        expect(watch.output).toMatch(/^ADDED\s+watched-\d+\s+small/m);
      },
      { everyMs: 500 },
    );
    await ground.app.run(`delete ${resource()} watched-1 -n ${namespace} --wait=false`);
    const first = /watched-\d+/.exec(watch.output)?.[0] as string;
    if (first !== 'watched-1')
      await ground.app.run(`delete ${resource()} ${first} -n ${namespace} --wait=false`);
    await eventually(() => {
      expect(watch.output).toMatch(new RegExp(`^MODIFIED\\s+${first}\\s+small`, 'm'));
      expect(watch.output).toMatch(new RegExp(`^DELETED\\s+${first}\\s+small`, 'm'));
    });
  });

  it('is changed by label, annotate and edit [serve.patch.metadata]', async () => {
    await claims.create('edited');
    await ground.app.run(`label ${resource()} edited -n ${namespace} team=orders`);
    await ground.app.run(`annotate ${resource()} edited -n ${namespace} contact=anna`);
    process.env['KUBE_EDITOR'] = 'sed -i s/small/large/';
    try {
      await eventually(() => ground.app.run(`edit ${resource()} edited -n ${namespace}`));
    } finally {
      delete process.env['KUBE_EDITOR'];
    }
    const seen = await claims.read('edited');
    expect(seen.metadata.labels).toEqual({ team: 'orders' });
    expect(seen.metadata.annotations).toMatchObject({ contact: 'anna' });
    expect(seen.spec.parameters.size).toBe('large');
    const stored = await claims.stored('edited');
    expect(stored.metadata.labels).toMatchObject({
      team: 'orders',
      [`${hiddenLabels}/app-resource-name`]: 'edited',
    });
  });

  it('is compared by diff without being changed [serve.apply.dryrun]', async () => {
    await ground.app.run('apply --filename=-', claims.manifest('compared'));
    const { code, stdout } = await ground.app.kubectl('diff --filename=-', {
      input: claims.manifest('compared', { size: 'medium' }),
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^-\s+size: small$/m);
    expect(stdout).toMatch(/^\+\s+size: medium$/m);
    expect(stdout).not.toContain(hiddenLabels);
    const fresh = await ground.app.kubectl('diff --filename=-', {
      input: claims.manifest('not-there'),
    });
    expect(fresh).toMatchObject({ code: 1 });
    expect((await claims.read('compared')).spec.parameters.size).toBe('small');
    expect((await ground.app.ask(claims.path('not-there'))).status).toBe(404);
    expect((await ground.controlPlane.ask(claims.storedPath('not-there'))).status).toBe(404);
  });

  it('is replaced as a whole [serve.update.replace]', async () => {
    await claims.create('replaced');
    await ground.app.run(`wait ${resource()}/replaced -n ${namespace} --for=condition=Ready --timeout=90s`);
    const text = await ground.app.run(`get ${resource()} replaced -n ${namespace} --output=json`);
    const object = JSON.parse(text) as Claim;
    object.spec.parameters.size = 'large';
    delete object.metadata.resourceVersion;
    // Crossplane writes to the claim as well: who loses that race is told so, and tries again.
    await eventually(() => ground.app.run('replace --filename=-', JSON.stringify(object)));
    expect((await claims.read('replaced')).spec.parameters.size).toBe('large');
    expect((await claims.read('replaced')).metadata.uid).toBe(object.metadata.uid);
  });

  it('is gone from both clusters after delete, with its XR and what that composed [serve.delete.cascade]', async () => {
    await claims.create('deleted');
    await ground.app.run(`wait ${resource()}/deleted -n ${namespace} --for=condition=Ready --timeout=90s`);
    const { spec, status } = await claims.read('deleted');
    const xr = `/apis/${api.group}/v1/xdatabases/${spec.resourceRef?.name}`;
    const instance = `/apis/infra.${api.group}/v1/instances/${status?.instance}`;
    const { client } = ground.controlPlane;
    expect(await client.get<KubeObject>(xr)).toMatchObject({ kind: 'XDatabase' });
    expect(await client.get<KubeObject>(instance)).toMatchObject({ kind: 'Instance' });
    expect(await claims.stored('deleted')).toMatchObject({ kind: 'Database' });

    await ground.app.run(`delete ${resource()} deleted -n ${namespace} --timeout=90s`);

    expect((await ground.app.ask(claims.path('deleted'))).status).toBe(404);
    expect((await ground.controlPlane.ask(claims.storedPath('deleted'))).status).toBe(404);
    await eventually(async () => {
      expect(await isGone(client, xr)).toBe(true);
      expect(await isGone(client, instance)).toBe(true);
    }, collected);
  });
});

describe('a claim on the control plane', () => {
  it('has the hash of its name, the three labels, and the uid the app cluster shows [serve.create.name]', async () => {
    const seen = await claims.create('stored');
    const stored = await claims.stored('stored');
    expect(stored.metadata).toMatchObject({
      name: claims.storedName('stored'),
      namespace: ground.claimNamespace,
      uid: seen.metadata.uid,
    });
    expect(stored.metadata.labels).toEqual({
      [`${hiddenLabels}/app-cluster`]: clusterID,
      [`${hiddenLabels}/app-namespace`]: namespace,
      [`${hiddenLabels}/app-resource-name`]: 'stored',
    });
  });

  it('keeps its labels through every kind of write [serve.labels.kept]', async () => {
    await claims.create('kept');
    const path = claims.path('kept');
    const patches: [string, string][] = [
      ['application/merge-patch+json', '{"metadata":{"labels":null}}'],
      ['application/merge-patch+json', `{"metadata":{"labels":{"${hiddenLabels}/app-cluster":null}}}`],
      ['application/json-patch+json', '[{"op":"add","path":"/metadata/labels","value":{}}]'],
    ];
    for (const [type, body] of patches) {
      const answer = await ground.app.ask(path, { method: 'PATCH', headers: { 'content-type': type }, body });
      expect({ body, status: answer.status }).toEqual({ body, status: 200 });
    }
    await eventually(async () => {
      const whole = await claims.read('kept');
      const answer = await ground.app.ask(path, {
        method: 'PUT',
        body: { ...whole, metadata: { ...whole.metadata, labels: { mine: 'yes' } } },
      });
      expect(answer.status).toBe(200);
    });
    const stored = await claims.stored('kept');
    expect(stored.metadata.labels).toEqual({
      mine: 'yes',
      [`${hiddenLabels}/app-cluster`]: clusterID,
      [`${hiddenLabels}/app-namespace`]: namespace,
      [`${hiddenLabels}/app-resource-name`]: 'kept',
    });
    expect(await claims.names()).toContain('kept');
  });
});
