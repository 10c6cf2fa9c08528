import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { crdPath } from '../../src/clusters/api-paths.ts';
import { AgentTools } from '../support/agent-tools.ts';
import { eventually, sharedLab } from '../support/lab.ts';
import { deleteIfThere, otherKind } from '../support/platform-api.ts';
import { GroundCluster } from '../support/test-ground.ts';

jest.setTimeout(120_000);

const group = 'xrds.agent.example.org';
const base = '/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions';

/** Of the spec. */
const schema = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'string', enum: ['small', 'large'], description: 'How much.' },
    replicas: { type: 'integer', minimum: 1, default: 1 },
    note: { type: 'string' },
    adminPassword: { type: 'string', default: 'hunter2' },
  },
};

function versionWith(spec: object, more: object = {}): object {
  const openAPIV3Schema = { type: 'object', properties: { spec } };
  return { name: 'v1', served: true, referenceable: true, schema: { openAPIV3Schema }, ...more };
}

describe('the tools for XRDs, on Crossplane 1.20', () => {
  let controlPlane: GroundCluster;
  let tools: AgentTools;

  beforeAll(async () => {
    controlPlane = new GroundCluster(sharedLab().controlPlane.kubeconfig);
    tools = new AgentTools({ client: controlPlane.client });
    const created = await tools.run('create_xrd', { group, kind: 'Box', plural: 'boxes', schema });
    expect(created.answer.summary).toBe(`XRD boxes.${group} created and established`);
    expect(created.object).toMatchObject({ api_version: 'apiextensions.crossplane.io/v1', versions: ['v1'] });
  });
  afterAll(async () => {
    for (const name of ['boxes', 'xclaimeds', 'xlates', 'drops'].map((plural) => `${plural}.${group}`))
      await deleteIfThere(controlPlane.client, `${base}/${name}`);
    for (const plural of ['takens', 'others'])
      await deleteIfThere(controlPlane.client, crdPath(`${plural}.${group}`));
    await controlPlane.close();
  });

  function box(name: string, spec: object): Promise<KubeObject> {
    return controlPlane.client.create(`/apis/${group}/v1/boxes`, {
      apiVersion: `${group}/v1`,
      kind: 'Box',
      metadata: { name },
      spec,
    });
  }

  it('list and show them in few words, with the number of XRs and the fields of the schema [agent.xrd.read]', async () => {
    await box('one', { size: 'small' });
    const listed = await tools.run('list_xrds', { limit: 500 });
    expect(listed.items.find(({ name }) => name === `boxes.${group}`)).toEqual({
      name: `boxes.${group}`,
      kind: 'Box',
      claim: undefined,
      scope: 'LegacyCluster',
      versions: ['v1*'],
      state: 'ok',
      xrs: 1,
    });
    const { object, rendered } = await tools.run('get_xrd', { name: `boxes.${group}` });
    expect(object['fields of v1']).toEqual([
      'spec.adminPassword string; default [redacted]',
      'spec.note string',
      'spec.replicas integer; default 1; >= 1',
      'spec.size string; required; small|large',
    ]);
    expect(rendered.text).not.toContain('hunter2');
    expect(countTokens(rendered.text)).toBeLessThanOrEqual(800);
    await controlPlane.client.delete(`/apis/${group}/v1/boxes/one`);
  });

  it('show a whole manifest, or parts of it, on request only [agent.xrd.read]', async () => {
    const name = `boxes.${group}`;
    const full = await tools.run('get_xrd', { name, detail: 'full' });
    expect(full.rendered.text).toContain('openAPIV3Schema:');
    expect(full.rendered.text).not.toMatch(/managedFields|hunter2/);
    const part = await tools.run('get_xrd', { name, fields: ['spec.versions[0].name', 'spec.names.kind'] });
    expect(part.answer.manifest).toEqual({ 'spec.versions[0].name': 'v1', 'spec.names.kind': 'Box' });
    const rows = await tools.run('list_xrds', { fields: ['spec.names.kind'], limit: 500 });
    expect(rows.items).toContainEqual({ name, 'spec.names.kind': 'Box' });
  });

  it('offer the nearest names for one that is not there [agent.error.nearest]', async () => {
    const error = await tools.refused('get_xrd', { name: `boxs.${group}` });
    expect(error).toMatchObject({
      code: 'not_found',
      message: `there is no CompositeResourceDefinition boxs.${group}`,
    });
    expect(error.facts.hint).toContain(`boxes.${group}`);
  });

  it('create one with claims in v1, try without storing, and say what is wrong before anything is sent [agent.xrd.create]', async () => {
    const manifest = {
      spec: {
        group,
        scope: 'LegacyCluster',
        names: { kind: 'XClaimed', plural: 'xclaimeds' },
        claimNames: { kind: 'Claimed', plural: 'claimeds' },
        versions: [versionWith(schema)],
      },
    };
    const tried = await tools.run('create_xrd', { manifest, dry_run: true });
    expect(tried.answer.summary).toBe(`dry run: XRD xclaimeds.${group} would be created`);
    expect((await tools.refused('get_xrd', { name: `xclaimeds.${group}` })).code).toBe('not_found');
    const created = await tools.run('create_xrd', { manifest });
    expect(created.object).toMatchObject({ claim: 'Claimed', scope: 'LegacyCluster' });
    expect(created.object['offered']).toMatch(/^True/);

    const { spec } = manifest;
    const wrong: [object, string, RegExp][] = [
      [{ ...spec, scope: 'Namespaced', claimNames: undefined }, 'spec.scope', /needs Crossplane 2.0/],
      [{ ...spec, group: undefined }, 'spec.group', /needs a group/],
      [{ ...spec, claimNames: { kind: 'XClaimed', plural: 'a' } }, 'spec.claimNames.kind', /of their own/],
      [{ ...spec, versions: [] }, 'spec.versions', /at least one/],
      [
        { ...spec, versions: [versionWith(schema), versionWith(schema, { name: 'v2' })] },
        'spec.versions',
        /exactly one.*2 of 2/,
      ],
      [
        { ...spec, versions: [versionWith({ type: 'object', properties: { a: { description: 'x' } } })] },
        'spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.a',
        /type in every node/,
      ],
    ];
    for (const [broken, field, message] of wrong) {
      const error = await tools.refused('create_xrd', {
        manifest: { metadata: { name: `xclaimeds.${group}` }, spec: broken },
      });
      expect(error).toMatchObject({ code: 'invalid', facts: { details: { field } } });
      expect(error.message).toMatch(message);
    }
    const named = await tools.refused('create_xrd', { manifest: { metadata: { name: 'other' }, spec } });
    expect(named.message).toContain(`called <plural>.<group>: this one xclaimeds.${group}, not other`);
    const again = await tools.refused('create_xrd', { manifest });
    expect(again).toMatchObject({
      code: 'already_exists',
      facts: { hint: expect.stringContaining('update_xrd') },
    });
    const unknown = await tools.refused('create_xrd', {
      manifest: {
        spec: { ...spec, names: { kind: 'XOther', plural: 'xothers' }, claimNames: undefined, colour: 'red' },
      },
    });
    expect(unknown).toMatchObject({ code: 'invalid', message: expect.stringContaining('spec.colour') });
    const kind = await tools.refused('create_xrd', { manifest: { kind: 'Composition', spec } });
    expect(kind.message).toContain('takes a CompositeResourceDefinition');
  });

  it('refuse a CRD that somebody else has made: Crossplane would wait for ever [agent.xrd.create]', async () => {
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `takens.${group}` },
      spec: {
        group,
        scope: 'Cluster',
        names: { kind: 'Taken', plural: 'takens' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    };
    await controlPlane.client.create(crdPath(), crd);
    const error = await tools.refused('create_xrd', { group, kind: 'Taken', plural: 'takens', schema });
    expect(error).toMatchObject({
      code: 'already_exists',
      message: expect.stringContaining(`a CRD takens.${group}`),
    });
  });

  it('warn of a controller that Crossplane started before its kind was served, and that works on nothing [agent.xrd.idle]', async () => {
    // As long as another kind has the singular that Crossplane asks for, the composite kind is not served, while its claims are.
    await controlPlane.client.create(crdPath(), otherKind(group, 'xlate'));
    const name = `xlates.${group}`;
    const manifest = {
      spec: {
        group,
        names: { kind: 'XLate', plural: 'xlates' },
        claimNames: { kind: 'Late', plural: 'lates' },
        versions: [versionWith(schema)],
      },
    };
    const warning = expect.stringContaining(`a controller for XRD ${name} that watches nothing`);
    const { answer } = await tools.run('create_xrd', { manifest });
    expect(answer).toMatchObject({
      summary: expect.stringContaining('it is not Established'),
      warnings: [warning],
      next: [`delete_xrd name=${name}, then create_xrd again`, `get_xrd name=${name}`],
    });
    await controlPlane.client.delete(crdPath(`others.${group}`));
    await eventually(async () => {
      const seen = await tools.run('get_xrd', { name });
      expect(seen.answer).toMatchObject({ summary: `XRD ${name}: ok`, warnings: [warning] });
    });
  });

  it('change one after showing which XRs would break, and not what cannot change [agent.xrd.update]', async () => {
    const name = `boxes.${group}`;
    await box('small', { size: 'small', note: 'kept' });
    await box('large', { size: 'large' });
    const narrower = {
      ...schema,
      required: ['size', 'owner'],
      properties: {
        size: { type: 'string', enum: ['large'] },
        replicas: { type: 'integer' },
        owner: { type: 'string' },
        adminPassword: { type: 'string', default: 'hunter3' },
      },
    };
    const patch = { spec: { versions: [versionWith(narrower)] } };
    const tried = await tools.run('update_xrd', { name, patch, dry_run: true });
    expect(tried.object['effects']).toEqual([
      'v1 spec.owner: becomes required (2 of 2 XRs break)',
      'v1 spec.note: removed (1 of 2 XRs break)',
      'v1 spec.size: no longer takes small (1 of 2 XRs break)',
    ]);
    expect(JSON.stringify(tried.rendered)).not.toMatch(/hunter/);
    expect(tried.call.changes).toEqual([]);

    const denied = await tools.refused('update_xrd', { name, patch }, { confirms: false });
    expect(denied.code).toBe('confirmation_required');
    const before = await controlPlane.client.get<KubeObject>(`${base}/${name}`);
    const done = await tools.run('update_xrd', {
      name,
      patch: {
        spec: {
          versions: [
            versionWith({ ...schema, properties: { ...schema.properties, more: { type: 'string' } } }),
          ],
        },
      },
    });
    expect(done.answer.summary).toBe(`XRD ${name} changed`);
    expect(done.object['effects']).toEqual([]);
    expect(done.call.changes[0]?.objects).toEqual([
      { uid: before.metadata.uid, resourceVersion: before.metadata.resourceVersion },
    ]);

    for (const [spec, field] of [
      [{ group: 'other.example.org' }, 'spec.group'],
      [{ names: { kind: 'Other', plural: 'boxes' } }, 'spec.names'],
    ] as const) {
      const error = await tools.refused('update_xrd', { name, patch: { spec } });
      expect(error).toMatchObject({ code: 'invalid', facts: { details: { field } } });
    }
    const dropped = await tools.refused('update_xrd', {
      name,
      patch: { spec: { versions: [versionWith(schema, { name: 'v2' })] } },
    });
    expect(dropped).toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('version v1 cannot be dropped'),
    });
    for (const xr of ['small', 'large']) await controlPlane.client.delete(`/apis/${group}/v1/boxes/${xr}`);
  });

  it('replace one only with the version it was read in, and say what has changed since [agent.error.conflict]', async () => {
    const name = `boxes.${group}`;
    const read = await controlPlane.client.get<KubeObject & { spec: object }>(`${base}/${name}`);
    const manifest = { metadata: { name, labels: { team: 'a' } }, spec: read.spec };
    expect((await tools.refused('update_xrd', { name, manifest })).facts.details).toEqual({
      field: 'resource_version',
    });
    await controlPlane.client.patch(`${base}/${name}`, { metadata: { labels: { team: 'b' } } });
    const stale = await tools.refused('update_xrd', {
      name,
      manifest,
      resource_version: read.metadata.resourceVersion,
    });
    expect(stale).toMatchObject({
      code: 'conflict',
      facts: { hint: expect.stringContaining('do not delete and re-create') },
    });
    const resourceVersion = stale.facts.details?.['resource_version'];
    const done = await tools.run('update_xrd', { name, manifest, resource_version: resourceVersion });
    expect(done.object['changes']).toEqual(['metadata.labels.team: "b" → "a"']);

    // Between the confirmation and the write.
    const late = await tools.refused(
      'update_xrd',
      { name, patch: { metadata: { labels: { team: 'c' } } } },
      {
        confirmation: async () =>
          void (await controlPlane.client.patch(`${base}/${name}`, { metadata: { labels: { more: 'x' } } })),
      },
    );
    expect(late).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('somebody else has changed it'),
    });
    expect(late.facts.details?.['changed_meanwhile']).toEqual(['metadata.labels.more: none → "x"']);
  });

  it('delete one only with its XRs and claims named and confirmed, and never a protected one [agent.xrd.delete]', async () => {
    const name = `drops.${group}`;
    await tools.run('create_xrd', { group, kind: 'Drop', plural: 'drops', schema });
    const xr = {
      apiVersion: `${group}/v1`,
      kind: 'Drop',
      metadata: { name: 'a-drop' },
      spec: { size: 'small' },
    };
    await controlPlane.client.create(`/apis/${group}/v1/drops`, xr);
    const usage = {
      apiVersion: 'apiextensions.crossplane.io/v1beta1',
      kind: 'Usage',
      metadata: { name: 'agent-xrds-drop' },
      spec: {
        of: {
          apiVersion: 'apiextensions.crossplane.io/v1',
          kind: 'CompositeResourceDefinition',
          resourceRef: { name },
        },
        reason: 'is needed',
      },
    };
    const usages = '/apis/apiextensions.crossplane.io/v1beta1/usages';
    await controlPlane.client.create(usages, usage);
    await eventually(async () => {
      const { metadata } = await controlPlane.client.get<KubeObject>(`${base}/${name}`);
      expect(metadata.labels?.['crossplane.io/in-use']).toBe('true');
    });
    const guarded = await tools.refused('delete_xrd', { name });
    expect(guarded).toMatchObject({
      code: 'in_use',
      message: expect.stringContaining('LegacyUsage agent-xrds-drop'),
    });
    const { metadata } = await controlPlane.client.get<KubeObject>(`${base}/${name}`);
    expect(Object.keys(metadata.annotations ?? {}).filter((key) => key.includes('deletion-attempt'))).toEqual(
      [],
    );
    await controlPlane.client.delete(`${usages}/agent-xrds-drop`);
    await eventually(async () => {
      const { metadata: now } = await controlPlane.client.get<KubeObject>(`${base}/${name}`);
      expect(now.labels?.['crossplane.io/in-use']).toBeUndefined();
    });

    const denied = await tools.refused('delete_xrd', { name }, { confirms: false });
    expect(denied.message).toContain('1 composite resources and 0 claims, with all their infrastructure');
    await controlPlane.client.get(`${base}/${name}`);
    const done = await tools.run('delete_xrd', { name });
    expect(done.call.changes[0]?.effects).toEqual(['Drop a-drop', `CRD ${name}`]);
    await eventually(async () => expect((await tools.refused('get_xrd', { name })).code).toBe('not_found'));
    expect((await tools.refused('delete_xrd', { name })).code).toBe('not_found');
  });

  it('send nothing but reads for a server that is read-only [agent.readonly.sent]', async () => {
    const readOnly = { readOnly: true };
    const inputs: [string, object][] = [
      ['create_xrd', { group, kind: 'Never', plural: 'nevers', schema }],
      ['update_xrd', { name: `boxes.${group}`, patch: { metadata: { labels: { a: 'b' } } } }],
      ['delete_xrd', { name: `boxes.${group}` }],
    ];
    for (const [name, input] of inputs)
      expect((await tools.refused(name, input as Record<string, unknown>, readOnly)).code).toBe('read_only');
    await tools.run('list_xrds', {}, readOnly);
  });
});
