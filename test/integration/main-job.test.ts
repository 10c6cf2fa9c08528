import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import type { ApiAnswer } from '../support/api-request.ts';
import { KubectlWatch } from '../support/kubectl-watch.ts';
import { eventually } from '../support/lab.ts';
import { type ClaimApi, sizeDescription } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

interface Claim extends KubeObject {
  spec: {
    parameters: { size: string; settings?: Record<string, unknown> };
    resourceRef?: { name: string; kind: string };
  };
  status?: { note?: string; instance?: string };
}

interface Status {
  kind: string;
  reason: string;
  message: string;
  code: number;
}

const labels = 'mcp-connector.upbound.io';
// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);
let ground: TestGround;
let api: ClaimApi;
let namespace: string;
let other: string;
let clusterID: string;

beforeAll(async () => {
  ground = await TestGround.prepare('main-job');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  namespace = await ground.createAppNamespace('a');
  other = await ground.createAppNamespace('b');
  clusterID = await ground.app.uidOfKubeSystem();
  await ground.startConnector();
  await ground.available(api);
});
afterAll(() => ground?.remove());

function claim(name: string, spec: object = {}, metadata: object = {}): string {
  return JSON.stringify({
    apiVersion: `${api.group}/v1`,
    kind: 'Database',
    metadata: { name, ...metadata },
    spec: { parameters: { size: 'small', ...spec } },
  });
}

/** `databases.<group>`, as kubectl takes it. */
function resource(): string {
  return `databases.${api.group}`;
}

function claimsPath(name?: string, where = namespace): string {
  return `/apis/${api.group}/v1/namespaces/${where}/databases${name === undefined ? '' : `/${name}`}`;
}

function storedName(name: string, where = namespace): string {
  const hash = createHash('sha256').update(`${name}-x-${where}-x-${clusterID}`).digest('hex');
  return `claim-${hash.slice(0, 16)}`;
}

function storedPath(name: string, where = namespace): string {
  return `/apis/${api.group}/v1/namespaces/${ground.claimNamespace}/databases/${storedName(name, where)}`;
}

async function create(name: string, spec: object = {}, where = namespace): Promise<Claim> {
  const answer = await ground.app.ask(claimsPath(undefined, where), {
    method: 'POST',
    body: claim(name, spec),
  });
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 201 });
  return answer.json() as Claim;
}

function read(name: string): Promise<Claim> {
  return ground.app.client.get<Claim>(claimsPath(name));
}

/** Names of the claims in a namespace of the app cluster. */
async function listed(where: string): Promise<string[]> {
  const { items } = await ground.app.client.get<{ items: Claim[] }>(claimsPath(undefined, where));
  return items.map(({ metadata }) => metadata.name);
}

function patch(name: string, type: string, body: string): Promise<ApiAnswer> {
  return ground.app.ask(claimsPath(name), { method: 'PATCH', headers: { 'content-type': type }, body });
}

/** Server-side apply in YAML, of a claim with this size. */
function apply(name: string, manager: string, size: string, force = false): Promise<ApiAnswer> {
  const text = [
    `apiVersion: ${api.group}/v1`,
    'kind: Database',
    `metadata: {name: ${name}}`,
    'spec:',
    '  parameters:',
    `    size: ${size}`,
  ].join('\n');
  const query = `?fieldManager=${manager}${force ? '&force=true' : ''}`;
  return ground.app.ask(`${claimsPath(name)}${query}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: text,
  });
}

/** Headers that ask for metadata only. */
function partial(kind: string): Record<string, string> {
  return { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` };
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
    await create('among-all');
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
    const file = claim('applied', {}, { namespace });
    expect(await ground.app.run('apply --filename=-', file)).toBe(`database.${api.group}/applied created`);
    await ground.app.run(`wait ${resource()}/applied -n ${namespace} --for=condition=Ready --timeout=30s`);
    const seen = await read('applied');
    expect(seen.metadata).toMatchObject({ name: 'applied', namespace });
    expect(seen.spec.parameters).toEqual({ size: 'small' });
    expect(JSON.stringify(seen)).not.toContain(labels);
    expect(JSON.stringify(seen.metadata)).not.toContain(storedName('applied'));
    expect(await ground.app.run('apply --filename=-', file)).toBe(`database.${api.group}/applied unchanged`);
  });

  it('is watched by get -w from its creation to its end [serve.watch.events]', async () => {
    const args = ['get', resource(), '--namespace', namespace, '--watch-only', '--output-watch-events'];
    await using watch = new KubectlWatch(ground.app.kubeconfig, args);
    // A watch that lists nothing prints nothing: claims are made until the first is seen.
    let count = 0;
    await eventually(
      async () => {
        await create(`watched-${++count}`);
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
    await create('edited');
    await ground.app.run(`label ${resource()} edited -n ${namespace} team=orders`);
    await ground.app.run(`annotate ${resource()} edited -n ${namespace} contact=anna`);
    process.env['KUBE_EDITOR'] = 'sed -i s/small/large/';
    try {
      await eventually(() => ground.app.run(`edit ${resource()} edited -n ${namespace}`));
    } finally {
      delete process.env['KUBE_EDITOR'];
    }
    const seen = await read('edited');
    expect(seen.metadata.labels).toEqual({ team: 'orders' });
    expect(seen.metadata.annotations).toMatchObject({ contact: 'anna' });
    expect(seen.spec.parameters.size).toBe('large');
    const stored = await ground.controlPlane.client.get<Claim>(storedPath('edited'));
    expect(stored.metadata.labels).toMatchObject({
      team: 'orders',
      [`${labels}/app-resource-name`]: 'edited',
    });
  });

  it('is compared by diff without being changed [serve.apply.dryrun]', async () => {
    await ground.app.run('apply --filename=-', claim('compared', {}, { namespace }));
    const { code, stdout } = await ground.app.kubectl('diff --filename=-', {
      input: claim('compared', { size: 'medium' }, { namespace }),
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^-\s+size: small$/m);
    expect(stdout).toMatch(/^\+\s+size: medium$/m);
    expect(stdout).not.toContain(labels);
    const fresh = await ground.app.kubectl('diff --filename=-', {
      input: claim('not-there', {}, { namespace }),
    });
    expect(fresh).toMatchObject({ code: 1 });
    expect((await read('compared')).spec.parameters.size).toBe('small');
    expect((await ground.app.ask(claimsPath('not-there'))).status).toBe(404);
    expect((await ground.controlPlane.ask(storedPath('not-there'))).status).toBe(404);
  });

  it('is replaced as a whole [serve.update.replace]', async () => {
    await create('replaced');
    const text = await ground.app.run(`get ${resource()} replaced -n ${namespace} --output=json`);
    const object = JSON.parse(text) as Claim;
    object.spec.parameters.size = 'large';
    delete object.metadata.resourceVersion;
    await ground.app.run('replace --filename=-', JSON.stringify(object));
    expect((await read('replaced')).spec.parameters.size).toBe('large');
    expect((await read('replaced')).metadata.uid).toBe(object.metadata.uid);
  });

  it('is gone from both clusters after delete, with its XR and what that composed [serve.delete.cascade]', async () => {
    await create('deleted');
    await ground.app.run(`wait ${resource()}/deleted -n ${namespace} --for=condition=Ready --timeout=30s`);
    const { spec, status } = await read('deleted');
    const xr = `/apis/${api.group}/v1/xdatabases/${spec.resourceRef?.name}`;
    const instance = `/apis/infra.${api.group}/v1/instances/${status?.instance}`;
    const { client } = ground.controlPlane;
    expect(await client.get<KubeObject>(xr)).toMatchObject({ kind: 'XDatabase' });
    expect(await client.get<KubeObject>(instance)).toMatchObject({ kind: 'Instance' });
    expect(await client.get<KubeObject>(storedPath('deleted'))).toMatchObject({ kind: 'Database' });

    await ground.app.run(`delete ${resource()} deleted -n ${namespace} --timeout=30s`);

    expect((await ground.app.ask(claimsPath('deleted'))).status).toBe(404);
    expect((await ground.controlPlane.ask(storedPath('deleted'))).status).toBe(404);
    await eventually(async () => {
      expect(await isGone(client, xr)).toBe(true);
      expect(await isGone(client, instance)).toBe(true);
    });
  });
});

describe('a claim on the control plane', () => {
  it('has the hash of its name, the three labels, and the uid the app cluster shows [serve.create.name]', async () => {
    const seen = await create('stored');
    const stored = await ground.controlPlane.client.get<Claim>(storedPath('stored'));
    expect(stored.metadata).toMatchObject({
      name: storedName('stored'),
      namespace: ground.claimNamespace,
      uid: seen.metadata.uid,
    });
    expect(stored.metadata.labels).toEqual({
      [`${labels}/app-cluster`]: clusterID,
      [`${labels}/app-namespace`]: namespace,
      [`${labels}/app-resource-name`]: 'stored',
    });
  });

  it('keeps its labels through every kind of write [serve.labels.kept]', async () => {
    await create('kept');
    const path = claimsPath('kept');
    const patches: [string, string][] = [
      ['application/merge-patch+json', '{"metadata":{"labels":null}}'],
      ['application/merge-patch+json', `{"metadata":{"labels":{"${labels}/app-cluster":null}}}`],
      ['application/json-patch+json', '[{"op":"add","path":"/metadata/labels","value":{}}]'],
    ];
    for (const [type, body] of patches) {
      const answer = await ground.app.ask(path, { method: 'PATCH', headers: { 'content-type': type }, body });
      expect({ body, status: answer.status }).toEqual({ body, status: 200 });
    }
    await eventually(async () => {
      const whole = await read('kept');
      const answer = await ground.app.ask(path, {
        method: 'PUT',
        body: { ...whole, metadata: { ...whole.metadata, labels: { mine: 'yes' } } },
      });
      expect(answer.status).toBe(200);
    });
    const stored = await ground.controlPlane.client.get<Claim>(storedPath('kept'));
    expect(stored.metadata.labels).toEqual({
      mine: 'yes',
      [`${labels}/app-cluster`]: clusterID,
      [`${labels}/app-namespace`]: namespace,
      [`${labels}/app-resource-name`]: 'kept',
    });
    expect(await listed(namespace)).toContain('kept');
  });
});

describe('a claim by HTTP through kube-apiserver', () => {
  it('is patched by JSON Patch and by merge patch, and by nothing a CRD does not take [serve.patch.types]', async () => {
    await create('patched');
    const json = await patch(
      'patched',
      'application/json-patch+json',
      '[{"op":"replace","path":"/spec/parameters/size","value":"medium"}]',
    );
    expect((json.json() as Claim).spec.parameters.size).toBe('medium');
    const merge = await patch(
      'patched',
      'application/merge-patch+json',
      '{"spec":{"parameters":{"size":"large"}}}',
    );
    expect((merge.json() as Claim).spec.parameters.size).toBe('large');
    const strategic = await patch('patched', 'application/strategic-merge-patch+json', '{}');
    expect(strategic.json()).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
    expect((await read('patched')).metadata.name).toBe('patched');
  });

  it('is created and changed by server-side apply, with conflicts between managers [serve.apply.server]', async () => {
    const json = await ground.app.ask(`${claimsPath('in-json')}?fieldManager=anna`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: claim('in-json'),
    });
    expect(json.status).toBe(201);
    expect((await apply('server-side', 'anna', 'small')).status).toBe(201);
    expect((await apply('server-side', 'anna', 'medium')).status).toBe(200);
    const refused = await apply('server-side', 'ben', 'large');
    expect(refused.json()).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((refused.json() as Status).message).toContain('conflict with "anna"');
    const forced = await apply('server-side', 'ben', 'large', true);
    expect((forced.json() as Claim).spec.parameters.size).toBe('large');
    expect(JSON.stringify(forced.json() as Claim)).not.toContain(labels);
  });

  it('is a row of a Table under its own name [serve.read.table]', async () => {
    await create('in-table');
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    interface Table {
      kind: string;
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[]; object: KubeObject }[];
    }
    for (const path of [claimsPath(), claimsPath('in-table')]) {
      const table = (await ground.app.ask(path, { headers: { accept } })).json() as Table;
      expect(table.kind).toBe('Table');
      const size = table.columnDefinitions.findIndex(({ name }) => name === 'Size');
      const row = table.rows.find(({ object }) => object.metadata.name === 'in-table');
      expect([row?.cells[0], row?.cells[size]]).toEqual(['in-table', 'small']);
      expect(row?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { namespace } });
      expect(JSON.stringify(table)).not.toContain(labels);
    }
  });

  it('is reduced to its metadata, alone and in lists [serve.read.metadata]', async () => {
    await create('as-metadata');
    const one = await ground.app.ask(claimsPath('as-metadata'), {
      headers: partial('PartialObjectMetadata'),
    });
    expect(one.json()).toMatchObject({
      kind: 'PartialObjectMetadata',
      metadata: { name: 'as-metadata', namespace },
    });
    expect(one.json()).not.toHaveProperty('spec');
    const list = await ground.app.ask(claimsPath(), { headers: partial('PartialObjectMetadataList') });
    const { kind, items } = list.json() as { kind: string; items: KubeObject[] };
    expect(kind).toBe('PartialObjectMetadataList');
    expect(items.map(({ metadata }) => metadata.name)).toContain('as-metadata');
    expect(one.text + list.text).not.toContain(labels);
  });

  it('has a status subresource that changes the status only [serve.status.subresource]', async () => {
    await create('with-status');
    const answer = await ground.app.ask(`${claimsPath('with-status')}/status`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"spec":{"parameters":{"size":"large"}},"status":{"note":"seen"}}',
    });
    expect(answer.json()).toMatchObject({
      metadata: { name: 'with-status', namespace },
      spec: { parameters: { size: 'small' } },
      status: { note: 'seen' },
    });
    const seen = await ground.app.ask(`${claimsPath('with-status')}/status`);
    expect((seen.json() as Claim).metadata.name).toBe('with-status');
    const both = await ground.app.ask(claimsPath('with-status'), {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"spec":{"parameters":{"size":"medium"}},"status":{"note":"not here"}}',
    });
    expect((both.json() as Claim).spec.parameters.size).toBe('medium');
    expect((both.json() as Claim).status?.note).not.toBe('not here');
  });

  it('is not replaced by a PUT with an old resourceVersion [serve.update.conflict]', async () => {
    const old = await create('contended');
    const change = { headers: { 'content-type': 'application/merge-patch+json' }, method: 'PATCH' };
    await ground.app.ask(claimsPath('contended'), {
      ...change,
      body: '{"spec":{"parameters":{"size":"medium"}}}',
    });
    const answer = await ground.app.ask(claimsPath('contended'), { method: 'PUT', body: old });
    expect(answer.json()).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: `Operation cannot be fulfilled on databases.${api.group} "contended": the object has been modified; please apply your changes to the latest version and try again`,
    });
    const versioned = `{"metadata":{"resourceVersion":"${old.metadata.resourceVersion}"}}`;
    const patched = await ground.app.ask(claimsPath('contended'), { ...change, body: versioned });
    expect(patched.json()).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  it('keeps an integer beyond 2^53 and the form of a decimal in every answer [serve.body.bytes]', async () => {
    const number = '"big":9007199254740993';
    const body = claim('precise', { settings: { big: 'HERE' } }).replace('"big":"HERE"', number);
    const created = await ground.app.ask(claimsPath(), { method: 'POST', body });
    expect(created.status).toBe(201);
    const got = await ground.app.ask(claimsPath('precise'));
    const inList = await ground.app.ask(claimsPath());
    const watched = await ground.app.ask(
      `${claimsPath()}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dprecise`,
    );
    const merged = await ground.app.ask(claimsPath('precise'), {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"metadata":{"labels":null}}',
    });
    for (const { text } of [created, got, inList, watched, merged]) expect(text).toContain(number);
    expect(watched.text).toContain('"type":"ADDED"');
    expect((await ground.controlPlane.ask(storedPath('precise'))).text).toContain(number);
  });
});

describe('deletecollection', () => {
  it("of one namespace leaves another namespace's claims [serve.deletecollection.namespace]", async () => {
    await create('mine', {}, other);
    await create('mine-too', {}, other);
    await create('not-mine');
    const before = await listed(namespace);

    const answer = await ground.app.ask(claimsPath(undefined, other), { method: 'DELETE' });

    expect(answer.status).toBe(200);
    await eventually(async () => expect(await listed(other)).toEqual([]));
    expect(await listed(namespace)).toEqual(before);
    expect(before).toContain('not-mine');
    const stored = await ground.controlPlane.client.get<Claim>(storedPath('not-mine'));
    expect(stored.metadata.deletionTimestamp).toBeUndefined();
  });

  it('does not exist across namespaces [serve.deletecollection.scope]', async () => {
    await create('survivor');
    const answer = await ground.app.ask(`/apis/${api.group}/v1/databases`, { method: 'DELETE' });
    expect(answer.status).toBe(404);
    expect((await read('survivor')).metadata.deletionTimestamp).toBeUndefined();
  });
});
