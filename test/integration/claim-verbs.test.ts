import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import type { ApiAnswer } from '../support/api-request.ts';
import { type Claim, Claims, hiddenLabels } from '../support/claims.ts';
import { eventually } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);

interface Status {
  kind: string;
  reason: string;
  message: string;
  code: number;
}

let ground: TestGround;
let api: ClaimApi;
let namespace: string;
let claims: Claims;
let others: Claims;

beforeAll(async () => {
  ground = await TestGround.prepare('claim-verbs');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  namespace = await ground.createAppNamespace('a');
  const clusterID = await ground.app.uidOfKubeSystem();
  claims = new Claims(ground, api, namespace, clusterID);
  others = new Claims(ground, api, await ground.createAppNamespace('b'), clusterID);
  await ground.startConnector();
  await ground.available(api);
});
afterAll(() => ground?.remove());

function patch(name: string, type: string, body: string): Promise<ApiAnswer> {
  return ground.app.ask(claims.path(name), { method: 'PATCH', headers: { 'content-type': type }, body });
}

/** Server-side apply of a text, which is YAML or JSON. */
function apply(name: string, manager: string, text: string, force = false): Promise<ApiAnswer> {
  const query = `?fieldManager=${manager}${force ? '&force=true' : ''}`;
  return ground.app.ask(`${claims.path(name)}${query}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: text,
  });
}

/** A claim in YAML with what its readers disagree on. */
function yaml(name: string): string {
  return [
    `apiVersion: ${api.group}/v1`,
    'kind: Database # as a person writes it',
    `metadata: {name: ${name}}`,
    'spec:',
    '  parameters:',
    '    size: small',
    '    settings: {answer: yes, big: 9007199254740993, mode: 0777, word: "yes"}',
  ].join('\n');
}

/** Headers that ask for metadata only. */
function partial(kind: string): Record<string, string> {
  return { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` };
}

describe('a claim by HTTP through kube-apiserver', () => {
  it('is patched by JSON Patch and by merge patch, and by nothing a CRD does not take [serve.patch.types]', async () => {
    await claims.create('patched');
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
    expect((await claims.read('patched')).metadata.name).toBe('patched');
  });

  it('is created and changed by server-side apply, with conflicts between managers [serve.apply.server]', async () => {
    const [small, medium, large] = ['small', 'medium', 'large'].map((size) =>
      claims.manifest('server-side', { size }),
    ) as [string, string, string];
    expect((await apply('server-side', 'anna', small)).status).toBe(201);
    expect((await apply('server-side', 'anna', medium)).status).toBe(200);
    const refused = await apply('server-side', 'ben', large);
    expect(refused.json()).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((refused.json() as Status).message).toContain('conflict with "anna"');
    const forced = await apply('server-side', 'ben', large, true);
    expect((forced.json() as Claim).spec.parameters.size).toBe('large');
    expect(forced.text).not.toContain(hiddenLabels);
  });

  it('is taken in YAML and read as Kubernetes reads it [serve.apply.yaml]', async () => {
    const answers = [
      await apply('applied-yaml', 'anna', yaml('applied-yaml')),
      await ground.app.ask(claims.path(), {
        method: 'POST',
        headers: { 'content-type': 'application/yaml' },
        body: yaml('posted-yaml'),
      }),
    ];
    for (const answer of answers) {
      expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 201 });
      expect(answer.text).toContain(
        '"settings":{"answer":true,"big":9007199254740993,"mode":511,"word":"yes"}',
      );
    }
    for (const name of ['applied-yaml', 'posted-yaml'])
      expect((await claims.stored(name)).metadata.labels).toMatchObject({
        [`${hiddenLabels}/app-resource-name`]: name,
      });
  });

  it('is a row of a Table under its own name [serve.read.table]', async () => {
    await claims.create('in-table');
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    interface Table {
      kind: string;
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[]; object: KubeObject }[];
    }
    for (const path of [claims.path(), claims.path('in-table')]) {
      const table = (await ground.app.ask(path, { headers: { accept } })).json() as Table;
      expect(table.kind).toBe('Table');
      const size = table.columnDefinitions.findIndex(({ name }) => name === 'Size');
      const row = table.rows.find(({ object }) => object.metadata.name === 'in-table');
      expect([row?.cells[0], row?.cells[size]]).toEqual(['in-table', 'small']);
      expect(row?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { namespace } });
      expect(JSON.stringify(table)).not.toContain(hiddenLabels);
    }
  });

  it('is reduced to its metadata, alone and in lists [serve.read.metadata]', async () => {
    await claims.create('as-metadata');
    const one = await ground.app.ask(claims.path('as-metadata'), {
      headers: partial('PartialObjectMetadata'),
    });
    expect(one.json()).toMatchObject({
      kind: 'PartialObjectMetadata',
      metadata: { name: 'as-metadata', namespace },
    });
    expect(one.json()).not.toHaveProperty('spec');
    const list = await ground.app.ask(claims.path(), { headers: partial('PartialObjectMetadataList') });
    const { kind, items } = list.json() as { kind: string; items: KubeObject[] };
    expect(kind).toBe('PartialObjectMetadataList');
    expect(items.map(({ metadata }) => metadata.name)).toContain('as-metadata');
    expect(one.text + list.text).not.toContain(hiddenLabels);
  });

  it('has a status subresource that changes the status only [serve.status.subresource]', async () => {
    await claims.create('with-status');
    const answer = await ground.app.ask(`${claims.path('with-status')}/status`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"spec":{"parameters":{"size":"large"}},"status":{"note":"seen"}}',
    });
    expect(answer.json()).toMatchObject({
      metadata: { name: 'with-status', namespace },
      spec: { parameters: { size: 'small' } },
      status: { note: 'seen' },
    });
    const seen = await ground.app.ask(`${claims.path('with-status')}/status`);
    expect((seen.json() as Claim).metadata.name).toBe('with-status');
    const both = await ground.app.ask(claims.path('with-status'), {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"spec":{"parameters":{"size":"medium"}},"status":{"note":"not here"}}',
    });
    expect((both.json() as Claim).spec.parameters.size).toBe('medium');
    expect((both.json() as Claim).status?.note).not.toBe('not here');
  });

  it('is not replaced by a PUT with an old resourceVersion [serve.update.conflict]', async () => {
    const old = await claims.create('contended');
    const change = { headers: { 'content-type': 'application/merge-patch+json' }, method: 'PATCH' };
    await ground.app.ask(claims.path('contended'), {
      ...change,
      body: '{"spec":{"parameters":{"size":"medium"}}}',
    });
    const answer = await ground.app.ask(claims.path('contended'), { method: 'PUT', body: old });
    expect(answer.json()).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: `Operation cannot be fulfilled on databases.${api.group} "contended": the object has been modified; please apply your changes to the latest version and try again`,
    });
    const versioned = `{"metadata":{"resourceVersion":"${old.metadata.resourceVersion}"}}`;
    const patched = await ground.app.ask(claims.path('contended'), { ...change, body: versioned });
    expect(patched.json()).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  it('keeps an integer beyond 2^53 in every answer [serve.body.bytes]', async () => {
    const number = '"big":9007199254740993';
    const body = claims.manifest('precise', { settings: { big: 'HERE' } }).replace('"big":"HERE"', number);
    const created = await ground.app.ask(claims.path(), { method: 'POST', body });
    expect(created.status).toBe(201);
    const got = await ground.app.ask(claims.path('precise'));
    const inList = await ground.app.ask(claims.path());
    const watched = await ground.app.ask(
      `${claims.path()}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dprecise`,
    );
    const merged = await ground.app.ask(claims.path('precise'), {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"metadata":{"labels":null}}',
    });
    for (const { text } of [created, got, inList, watched, merged]) expect(text).toContain(number);
    expect(watched.text).toContain('"type":"ADDED"');
    expect((await ground.controlPlane.ask(claims.storedPath('precise'))).text).toContain(number);
  });
});

describe('deletecollection', () => {
  it("of one namespace leaves another namespace's claims [serve.deletecollection.namespace]", async () => {
    await others.create('mine');
    await others.create('mine-too');
    await claims.create('not-mine');
    const before = await claims.names();

    const answer = await ground.app.ask(others.path(), { method: 'DELETE' });

    expect(answer.status).toBe(200);
    await eventually(async () => expect(await others.names()).toEqual([]));
    expect(await claims.names()).toEqual(before);
    expect(before).toContain('not-mine');
    const stored = await claims.stored('not-mine');
    expect(stored.metadata.deletionTimestamp).toBeUndefined();
  });

  it('does not exist across namespaces [serve.deletecollection.scope]', async () => {
    await claims.create('survivor');
    const answer = await ground.app.ask(`/apis/${api.group}/v1/databases`, { method: 'DELETE' });
    expect(answer.status).toBe(404);
    expect((await claims.read('survivor')).metadata.deletionTimestamp).toBeUndefined();
  });
});
