import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { AgentTools } from '../support/agent-tools.ts';
import { eventually, sharedLab } from '../support/lab.ts';
import { type ClaimApi, deleteIfThere, offerApi, withdrawApi } from '../support/platform-api.ts';
import { GroundCluster } from '../support/test-ground.ts';

jest.setTimeout(120_000);

const group = 'compositions.agent.example.org';
const api: ClaimApi = { group, kind: 'Shelf', plural: 'shelves' };
const offered = `xshelves.${group}`;
const own = `shelves.${group}`;
const base = '/apis/apiextensions.crossplane.io/v1';

function manifest(more: object = {}, name = own): Record<string, unknown> {
  const resource = {
    name: 'instance',
    base: { apiVersion: `infra.${group}/v1`, kind: 'Instance', spec: {} },
  };
  return {
    metadata: { name },
    spec: {
      compositeTypeRef: { apiVersion: `${group}/v1`, kind: 'XShelf' },
      mode: 'Resources',
      resources: [resource],
      ...more,
    },
  };
}

describe('the tools for compositions, on Crossplane 1.20', () => {
  let controlPlane: GroundCluster;
  let tools: AgentTools;

  beforeAll(async () => {
    controlPlane = new GroundCluster(sharedLab().controlPlane.kubeconfig);
    tools = new AgentTools({ client: controlPlane.client });
    await offerApi(controlPlane.client, api);
    const created = await tools.run('create_composition', { manifest: manifest() });
    expect(created.answer.summary).toBe(`composition ${own} created`);
  });
  afterAll(async () => {
    for (const name of ['automatic', 'manual'])
      await deleteIfThere(controlPlane.client, `/apis/${group}/v1/xshelves/${name}`);
    await eventually(async () => {
      const { items } = await controlPlane.client.get<{ items: unknown[] }>(`/apis/${group}/v1/xshelves`);
      expect(items).toEqual([]);
    });
    for (const name of [own, `idle.${group}`])
      await deleteIfThere(controlPlane.client, `${base}/compositions/${name}`);
    await withdrawApi(controlPlane.client, api);
    await controlPlane.close();
  });

  function xr(name: string, policy: string): Promise<KubeObject> {
    return controlPlane.client.create(`/apis/${group}/v1/xshelves`, {
      apiVersion: `${group}/v1`,
      kind: 'XShelf',
      metadata: { name },
      spec: { parameters: { size: 'small' }, compositionRef: { name: own }, compositionUpdatePolicy: policy },
    });
  }

  it('list and show them with what uses them [agent.composition.read]', async () => {
    await xr('automatic', 'Automatic');
    await xr('manual', 'Manual');
    const listed = await tools.run('list_compositions', { composite_kind: 'XShelf' });
    expect(listed.items).toContainEqual({
      name: own,
      type: `XShelf in ${group}/v1`,
      mode: 'Resources',
      steps: 1,
      xrs: 2,
    });
    expect(listed.items.map(({ name }) => name)).toContain(offered);
    const { object, rendered } = await tools.run('get_composition', { name: own });
    expect(object).toMatchObject({
      steps: ['instance: Instance'],
      xrs: { automatic: 1, manual: 1 },
      revisions: [1],
    });
    expect(countTokens(rendered.text)).toBeLessThanOrEqual(800);
  });

  it('are created only where their type and their steps make sense, and warn of functions that are missing [agent.composition.create]', async () => {
    const step = { step: 'one', functionRef: { name: 'function-absent' } };
    const wrong: [object, string, RegExp][] = [
      [
        { compositeTypeRef: { apiVersion: `${group}/v1`, kind: 'XShell' } },
        'spec.compositeTypeRef',
        /no XRD defines XShell/,
      ],
      [
        { compositeTypeRef: { apiVersion: `${group}/v1`, kind: 'Shelf' } },
        'spec.compositeTypeRef',
        /Shelf is a claim/,
      ],
      [
        { compositeTypeRef: { apiVersion: `${group}/v7`, kind: 'XShelf' } },
        'spec.compositeTypeRef',
        /not served in v7/,
      ],
      [{ mode: 'Pipeline', resources: undefined }, 'spec.pipeline', /at least one step/],
      [{ mode: undefined, resources: undefined, pipeline: [step] }, 'spec.mode', /needs mode: Pipeline/],
      [
        { mode: 'Pipeline', resources: undefined, pipeline: [step, step] },
        'spec.pipeline[1].step',
        /two steps are called one/,
      ],
      [
        { mode: 'Pipeline', resources: undefined, pipeline: [{ step: 'one' }] },
        'spec.pipeline[0].functionRef.name',
        /names no function/,
      ],
    ];
    for (const [more, field, message] of wrong) {
      const error = await tools.refused('create_composition', { manifest: manifest(more, 'never') });
      expect(error).toMatchObject({ code: 'invalid', facts: { details: { field } } });
      expect(error.message).toMatch(message);
    }
    const near = await tools.refused('create_composition', {
      manifest: manifest({ compositeTypeRef: { apiVersion: `${group}/v1`, kind: 'XShell' } }, 'never'),
    });
    expect(near.facts.hint).toContain(`XShelf in ${group}`);
    const pipeline = { mode: 'Pipeline', resources: undefined, pipeline: [step] };
    const tried = await tools.run('create_composition', {
      manifest: manifest(pipeline, 'never'),
      dry_run: true,
    });
    expect(tried.answer.warnings).toEqual([
      'function function-absent is not installed: nothing is composed until it is',
    ]);
    expect((await tools.refused('get_composition', { name: 'never' })).code).toBe('not_found');
    const again = await tools.refused('create_composition', { manifest: manifest() });
    expect(again.code).toBe('already_exists');
    const unknown = await tools.refused('create_composition', { manifest: manifest({ colour: 1 }, 'never') });
    expect(unknown.message).toContain('spec.colour');
    // Crossplane's own webhook, which the API server asks.
    const patched = {
      name: 'a',
      base: { apiVersion: 'v1', kind: 'X' },
      patches: [{ type: 'PatchSet', patchSetName: 'absent' }],
    };
    const webhook = await tools.refused('create_composition', {
      manifest: manifest({ resources: [patched] }, 'never'),
    });
    expect(webhook).toMatchObject({ code: 'invalid', message: expect.stringMatching(/patchSet/i) });
  });

  it('are changed after showing which XRs follow, and never their type [agent.composition.update]', async () => {
    const type = await tools.refused('update_composition', {
      name: own,
      patch: { spec: { compositeTypeRef: { kind: 'Other' } } },
    });
    expect(type).toMatchObject({ code: 'invalid', message: expect.stringContaining('cannot change') });
    const patch = { spec: { writeConnectionSecretsToNamespace: 'crossplane-system' } };
    const denied = await tools.refused('update_composition', { name: own, patch }, { confirms: false });
    expect(denied.message).toContain(
      '1 XRs follow at once (Automatic), and lose what it no longer composes; 1 stay on their revision (Manual)',
    );
    const { call } = await tools.run('update_composition', { name: own, patch });
    expect(call.changes[0]?.effects).toEqual([
      expect.stringContaining('1 XRs follow at once'),
      'follows: automatic',
      'spec.writeConnectionSecretsToNamespace: none → "crossplane-system"',
    ]);
    const revisions = await eventually(async () => {
      const listed = await tools.run('list_composition_revisions', { composition: own });
      expect(listed.items).toMatchObject([{ revision: 2 }, { revision: 1 }]);
      expect(listed.items.map(({ xrs }) => xrs)).toEqual([1, 1]);
      return listed;
    });
    expect(revisions.items[0]?.['hash']).toMatch(/^[0-9a-f]{7}$/);
    const { object } = await tools.run('list_composition_revisions', { composition: own, diff: [1, 2] });
    expect(object['changes']).toEqual(['spec.writeConnectionSecretsToNamespace: none → "crossplane-system"']);
    const absent = await tools.refused('list_composition_revisions', { composition: own, diff: [1, 9] });
    expect(absent.facts.hint).toBe('it has 2, 1');
  });

  it('are deleted only when nothing uses them [agent.composition.delete]', async () => {
    const used = await tools.refused('delete_composition', { name: own });
    expect(used).toMatchObject({ code: 'in_use', facts: { details: { xrs: ['automatic', 'manual'] } } });
    const idle = `idle.${group}`;
    await tools.run('create_composition', { manifest: manifest({}, idle) });
    expect((await tools.refused('delete_composition', { name: idle }, { confirms: false })).code).toBe(
      'confirmation_required',
    );
    await eventually(
      async () =>
        void (await tools.run('list_composition_revisions', { composition: idle })).items[0]!['name'],
    );
    await tools.run('delete_composition', { name: idle });
    await eventually(async () => {
      const error = await tools.refused('list_composition_revisions', { composition: idle });
      expect(error.code).toBe('not_found');
    });
  });
});

describe('the tools for environment configs, on Crossplane 1.20', () => {
  const name = 'agent-environment';
  let controlPlane: GroundCluster;
  let tools: AgentTools;

  beforeAll(() => {
    controlPlane = new GroundCluster(sharedLab().controlPlane.kubeconfig);
    tools = new AgentTools({ client: controlPlane.client });
  });
  afterAll(async () => {
    await deleteIfThere(controlPlane.client, `${base}beta1/environmentconfigs/${name}`);
    await controlPlane.close();
  });

  it('make, show, change and delete one, warn of credentials in it, and never show them [agent.environment.cycle]', async () => {
    const data = { vpc: 'vpc-0123', region: 'eu', admin: { password: 'hunter2' } };
    const created = await tools.run('create_environment_config', { name, data, labels: { tier: 'test' } });
    expect(created.object).toMatchObject({
      api_version: 'apiextensions.crossplane.io/v1beta1',
      keys: ['vpc', 'region', 'admin'],
    });
    expect(created.answer.warnings).toEqual([
      expect.stringContaining('data.admin.password looks like a credential'),
    ]);
    const listed = await tools.run('list_environment_configs', { label_selector: 'tier=test' });
    expect(listed.items).toEqual([
      { name, labels: ['tier=test'], keys: ['admin', 'region', 'vpc'], bytes: JSON.stringify(data).length },
    ]);
    const shown = await tools.run('get_environment_config', { name });
    expect(shown.rendered.text).toContain('vpc: vpc-0123');
    expect(shown.rendered.text).toContain('password: [redacted]');
    const changed = await tools.run('update_environment_config', {
      name,
      patch: { data: { region: 'us', admin: { password: 'hunter3' } } },
    });
    expect(changed.object['changes']).toEqual([
      'data.admin.password: [redacted] → [redacted]',
      'data.region: "eu" → "us"',
    ]);
    expect(JSON.stringify([created, listed, shown, changed].map(({ rendered }) => rendered))).not.toMatch(
      /hunter/,
    );
    expect((await tools.refused('delete_environment_config', { name }, { confirms: false })).code).toBe(
      'confirmation_required',
    );
    await tools.run('delete_environment_config', { name });
    expect((await tools.refused('get_environment_config', { name })).code).toBe('not_found');
  });
});
