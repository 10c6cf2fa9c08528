import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AgentTools } from '../support/agent-tools.ts';
import { eventually, sharedLab } from '../support/lab.ts';
import { type ClaimApi, deleteIfThere, offerApi, withdrawApi } from '../support/platform-api.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { GroundCluster } from '../support/test-ground.ts';

jest.setTimeout(120_000);

const group = 'refusals.agent.example.org';
const api: ClaimApi = { group, kind: 'Gate', plural: 'gates' };
/** Another one in each run: on a lab that lives on, that of the last run may be going still. */
const namespace = `agent-refusals-${randomUUID().slice(0, 6)}`;
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const reader = 'agent-refusals-reader';

describe('what a control plane refuses', () => {
  let app: GroundCluster;
  let controlPlane: GroundCluster;
  let tools: AgentTools;
  /** May read XRDs and nothing else. */
  let limited: AgentTools;

  beforeAll(async () => {
    app = new GroundCluster(sharedLab().app.kubeconfig);
    controlPlane = new GroundCluster(sharedLab().controlPlane.kubeconfig);
    const { client } = controlPlane;
    tools = new AgentTools({ client });
    limited = new AgentTools({ client, headers: { 'Impersonate-User': reader } });
    const rules = [
      {
        apiGroups: ['apiextensions.crossplane.io'],
        resources: ['compositeresourcedefinitions'],
        verbs: ['get', 'list', 'delete'],
      },
    ];
    await Promise.all([
      offerApi(client, api),
      controlPlane.createNamespace(namespace),
      client.create(`${rbac}/clusterroles`, { metadata: { name: reader }, rules }),
      client.create(`${rbac}/clusterrolebindings`, {
        metadata: { name: reader },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: reader },
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: reader }],
      }),
    ]);
    const quota = { metadata: { name: 'none' }, spec: { hard: { [`count/gates.${group}`]: '0' } } };
    await client.create(`/api/v1/namespaces/${namespace}/resourcequotas`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      ...quota,
    });
    await eventually(async () => void (await limited.run('list_xrds', { fields: ['spec.group'] })));
  });
  afterAll(async () => {
    const { client } = controlPlane;
    for (const one of [
      `${rbac}/clusterrolebindings/${reader}`,
      `${rbac}/clusterroles/${reader}`,
      `/api/v1/namespaces/${namespace}`,
    ])
      await deleteIfThere(client, one);
    await withdrawApi(client, api);
    await Promise.all([app.close(), controlPlane.close()]);
  });

  it('says which right is missing, and whom to ask [agent.error.forbidden]', async () => {
    const error = await limited.refused('list_compositions');
    expect(error).toMatchObject({
      code: 'forbidden',
      message: `this server's account ${reader} may not list compositions.apiextensions.crossplane.io`,
      facts: {
        httpStatus: 403,
        hint: expect.stringContaining('ask the people of the control plane for a role with "list'),
      },
    });
    const created = await limited.refused('create_environment_config', {
      name: 'agent-refusals',
      data: { a: 'b' },
    });
    expect(created.message).toContain('may not create environmentconfigs.apiextensions.crossplane.io');
    const claim = { kind: 'Gate', namespace, name: 'one' };
    expect((await limited.refused('get_claim', claim)).message).toContain(
      `may not get gates.${group} in the namespace ${namespace}`,
    );
  });

  it('shows what may be seen where the rest may not, and deletes nothing that it cannot look behind [agent.error.partly]', async () => {
    const listed = await limited.run('list_xrds', { limit: 500 });
    expect(listed.items.find(({ name }) => name === `xgates.${group}`)).toMatchObject({
      xrs: '?',
    });
    const shown = await limited.run('get_xrd', { name: `xgates.${group}` });
    expect(shown.object).toMatchObject({ xrs: 'may not be listed', compositions: 'may not be listed' });
    const claims = await limited.run('list_claims');
    expect(claims.answer.warnings).toContainEqual(expect.stringContaining(`Gate.${group} left out`));
    const deleted = await limited.refused('delete_xrd', { name: `xgates.${group}` });
    expect(deleted).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('nobody could say what goes with it'),
    });
  });

  it('tells a policy from a missing right [agent.error.policy]', async () => {
    const claim = { kind: 'Gate', namespace, name: 'one', spec: { parameters: { size: 'small' } } };
    const error = await eventually(async () => {
      const refused = await tools.refused('create_claim', { ...claim, dry_run: true });
      expect(refused.code).toBe('forbidden');
      return refused;
    });
    expect(error.message).toContain('quota: none');
    expect(error.facts.hint).toContain('an admission policy or a quota');
    expect(error.text.split('\n')[0]).toBe('forbidden: the control plane answered 403 Forbidden [lab]');
  });

  it('says what to check where there is no Crossplane [agent.error.absent]', async () => {
    const elsewhere = new AgentTools({ client: app.client });
    for (const tool of ['list_xrds', 'list_compositions', 'list_environment_configs'])
      expect(await elsewhere.refused(tool)).toMatchObject({
        code: 'not_installed',
        facts: { hint: expect.stringContaining('Crossplane is not installed here') },
      });
  });

  it('says of a write that was not answered how to find out what became of it [agent.error.outcome]', async () => {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-agent-refusals-'));
    await using proxy = await FaultProxy.start({ kubeconfig: controlPlane.kubeconfig, dir });
    const far = new GroundCluster(proxy.kubeconfig);
    const name = 'agent-refusals-lost';
    try {
      const behind = new AgentTools({ client: far.client, timeoutMs: 2_000 });
      await proxy.use({ kind: 'silent', carriesOut: true, only: ({ method }) => method === 'POST' });
      const error = await behind.refused('create_environment_config', { name, data: { a: 'b' } });
      expect(error).toMatchObject({
        code: 'timeout',
        facts: {
          retryable: false,
          details: { outcome: 'unknown' },
          hint: expect.stringContaining('read the object before anything else'),
        },
      });
      expect((await tools.run('get_environment_config', { name })).object['data']).toEqual({ a: 'b' });
      await proxy.use({ kind: 'stopped' });
      const down = await behind.refused('list_environment_configs');
      expect(down).toMatchObject({ code: 'unavailable', facts: { retryable: true } });
    } finally {
      await far.close();
      await deleteIfThere(
        controlPlane.client,
        `/apis/apiextensions.crossplane.io/v1beta1/environmentconfigs/${name}`,
      );
      await rm(dir, { recursive: true });
    }
  });

  it('takes no name that would make one object all of them [agent.error.path]', async () => {
    for (const name of ['..', '.', '', 'a/b', '../secrets'])
      await expect(tools.run('get_xrd', { name })).rejects.toThrow('is not a name of Kubernetes');
  });
});
