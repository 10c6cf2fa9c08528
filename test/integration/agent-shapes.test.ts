import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { CrossplaneKind } from '../../src/agent/cluster/kind-directory.ts';
import { crossplaneKinds } from '../../src/agent/cluster/kinds.ts';
import { allTools } from '../../src/agent/tools/all-tools.ts';
import { namespacePath } from '../../src/clusters/api-paths.ts';
import { agentCall } from '../support/agent-call.ts';
import { AgentTools } from '../support/agent-tools.ts';
import { GatewayGround } from '../support/gateway-ground.ts';
import { shapedSecrets } from '../support/planted-secrets.ts';
import { ProtocolClient } from '../support/protocol-clients.ts';
import { needles, unshaped } from '../support/secret-corpus.ts';
import { ShapedControlPlane } from '../support/shaped-control-plane.ts';
import { failingReads, shapedReads } from '../support/shaped-reads.ts';
import { shapedWrites } from '../support/shaped-writes.ts';

// A cluster is started first; the first time the modules are fetched.
jest.setTimeout(300_000);

const kinds = Object.keys(crossplaneKinds) as CrossplaneKind[];
const rounds = [0, 8];

/** The versions that tools have to use, kind by kind; `-` where there is none. */
const oldest: Record<CrossplaneKind, string> = {
  CompositeResourceDefinition: 'v1',
  Composition: 'v1',
  CompositionRevision: 'v1',
  EnvironmentConfig: 'v1alpha1',
  LegacyUsage: 'v1alpha1',
  Usage: '-',
  ClusterUsage: '-',
  Operation: '-',
  CronOperation: '-',
  WatchOperation: '-',
  Provider: 'v1',
  ProviderRevision: 'v1',
  Configuration: 'v1',
  ConfigurationRevision: 'v1',
  Function: 'v1beta1',
  FunctionRevision: 'v1beta1',
  Lock: 'v1beta1',
  DeploymentRuntimeConfig: 'v1beta1',
  ManagedResourceDefinition: '-',
  ManagedResourceActivationPolicy: '-',
};
const newest: Record<CrossplaneKind, string> = {
  ...oldest,
  CompositeResourceDefinition: 'v2',
  EnvironmentConfig: 'v1beta1',
  LegacyUsage: 'v1beta1',
  Usage: 'v1beta1',
  ClusterUsage: 'v1beta1',
  Operation: 'v1alpha1',
  CronOperation: 'v1alpha1',
  WatchOperation: 'v1alpha1',
  Function: 'v1',
  FunctionRevision: 'v1',
  ManagedResourceDefinition: 'v1alpha1',
  ManagedResourceActivationPolicy: 'v1alpha1',
};

const releases = [
  { id: 'agent.shapes.oldest', release: 'oldest', versions: oldest, major: '1.x' },
  { id: 'agent.shapes.newest', release: 'newest', versions: newest, major: '2.x' },
] as const;

describe.each(releases)(
  'the tools on the CRDs of the $release Crossplane [$id]',
  ({ release, versions, major }) => {
    let controlPlane: ShapedControlPlane;
    let tools: AgentTools;
    const isNew = release === 'newest';
    const rowsOf = async (tool: string, input: Record<string, unknown> = {}): Promise<readonly object[]> =>
      (await tools.run(tool, input)).items;
    const objectOf = async (tool: string, input: Record<string, unknown>): Promise<object> =>
      (await tools.run(tool, input)).object;

    beforeAll(async () => {
      controlPlane = await ShapedControlPlane.start(release);
      tools = new AgentTools({ client: controlPlane.client });
    });
    afterAll(() => controlPlane?.[Symbol.asyncDispose]());

    it('find the version of each kind, or say that it is not there [agent.shapes.versions]', async () => {
      const directory = agentCall({ client: controlPlane.client }).kinds;
      const found = await Promise.all(
        kinds.map(async (kind) => [kind, (await directory.findServed(kind))?.version ?? '-']),
      );
      expect(Object.fromEntries(found)).toEqual(versions);
      for (const kind of kinds.filter((one) => versions[one] === '-'))
        await expect(directory.find(kind)).rejects.toMatchObject({ code: 'not_installed' });
      expect((await tools.run('control_plane_status')).object['crossplane']).toBe(`${major}, by its APIs`);
    });

    it('say of what this release lacks that it is not there, or off [agent.shapes.absent]', async () => {
      const pipeline = [{ step: 'one', function: 'none' }];
      const operations: [string, object][] = [
        ['create_operation', { name: 'made', pipeline }],
        ['create_cron_operation', { name: 'made', schedule: '0 * * * *', pipeline }],
      ];
      const resources = {
        compositeTypeRef: { apiVersion: 'a.example.org/v1', kind: 'A' },
        mode: 'Resources',
      };
      if (!isNew) {
        const more: [string, object][] = [
          ['cancel_operation', { name: 'made' }],
          ['list_operations', {}],
          ['get_operation_status', { name: 'made' }],
        ];
        for (const [tool, input] of [...operations, ...more])
          expect((await tools.refused(tool, { ...input })).code).toBe('not_installed');
        const scoped = { group: 'a.example.org', kind: 'A', plural: 'as', scope: 'Namespaced' };
        expect((await tools.refused('create_xrd', scoped)).message).toContain(
          'needs Crossplane 2.0 or later',
        );
        const of = { api_version: 'v1', kind: 'Namespace', name: 'default' };
        const replayed = { of, reason: 'is needed', replay_deletion: true };
        expect(await tools.refused('create_usage', replayed)).toMatchObject({
          code: 'invalid',
          facts: { details: { field: 'replay_deletion' } },
        });
        const claim = { api_version: 'v1', kind: 'ServiceAccount', name: 'default' };
        expect(
          await tools.refused('create_usage', { of: claim, namespace: 'default', reason: 'is needed' }),
        ).toMatchObject({ code: 'not_installed' });
        // Their APIs are there, and whether anybody looks at them is not known.
        const [usage, config] = await Promise.all([
          tools.run('create_usage', { of, reason: 'is needed', name: 'unseen' }),
          tools.run('create_environment_config', { name: 'unseen', data: {} }),
        ]);
        expect(usage.object).toMatchObject({ kind: 'LegacyUsage', ready: false });
        expect(usage.answer.warnings).toContainEqual(expect.stringContaining('--enable-usages'));
        expect(config.answer.warnings).toEqual([expect.stringContaining('--enable-environment-configs')]);
        return;
      }
      await startedWith(['core', 'start']);
      for (const [tool, input] of operations)
        expect((await tools.refused(tool, { ...input })).code).toBe('feature_off');
      await startedWith(['core', 'start', '--enable-operations']);
      // The next thing that is wrong with it.
      expect((await tools.refused('create_operation', { name: 'made', pipeline })).message).toBe(
        'there is no function none',
      );
      await controlPlane.client.delete(`${deployments}/crossplane`);
      const older = { manifest: { metadata: { name: 'a' }, spec: resources } };
      expect((await tools.refused('create_composition', older)).message).toContain('by pipelines only');
    });

    describe('with an object of every shape', () => {
      beforeAll(() => controlPlane.plant(0));

      it('write what its API server takes, field by field', async () => {
        const written = new Set<string>();
        const called = new Set<string>();
        for (const { tool, input, meanwhile } of shapedWrites(isNew)) {
          called.add(tool);
          const [{ call }] = await Promise.all([tools.run(tool, input), meanwhile?.(controlPlane)]);
          for (const write of call.api.writes) written.add(resourceOf(write));
        }
        const own = [...written].filter((write) => write.includes('crossplane.io'));
        expect(own.toSorted()).toEqual(expectedWrites(versions).toSorted());
        const writing = allTools.filter(({ effect }) => effect !== 'read').map(({ name }) => name);
        expect([...called].toSorted()).toEqual(
          writing.filter((name) => isNew || !ofOperations.has(name)).toSorted(),
        );
      });

      it('refuse a field that its schema lacks, before anything is stored [agent.shapes.strict]', async () => {
        const name = isNew ? 'networks.example.org' : 'xthings.example.org';
        const misspelt = await tools.refused('update_xrd', { name, patch: { spec: { misspelt: true } } });
        expect(misspelt).toMatchObject({ code: 'invalid', call: { api: { writes: [] } } });
        expect(misspelt.message).toContain('unknown field "spec.misspelt"');
      });

      it('read it in whatever version it was written', async () => {
        const failed: string[] = [];
        const called = new Set<string>();
        for (const [tool, input] of shapedReads(controlPlane.shapes)) {
          called.add(tool);
          await tools
            .run(tool, input)
            .catch((error: unknown) => failed.push(`${tool} ${JSON.stringify(input)}: ${String(error)}`));
        }
        expect(failed).toEqual([]);
        const reading = allTools.filter(({ effect }) => effect === 'read').map(({ name }) => name);
        expect([...called].toSorted()).toEqual(
          reading.filter((name) => isNew || !ofOperations.has(name)).toSorted(),
        );
      });

      it('show what stands in it, wherever this release keeps it', async () => {
        const [xthings, networks] = ['xthings', 'networks'].map((plural) => `${plural}.example.org`);
        expect(await rowsOf('list_xrds')).toEqual([
          ...(isNew
            ? [expect.objectContaining({ name: networks, scope: 'Namespaced', state: 'ok', xrs: 1 })]
            : []),
          expect.objectContaining({
            name: xthings,
            claim: 'Thing',
            scope: 'LegacyCluster',
            state: 'ok',
            xrs: 1,
          }),
        ]);
        expect(await rowsOf('list_composition_revisions', { composition: 'thing-v1' })).toMatchObject([
          { revision: 2, name: isNew ? 'thing-v1-again' : 'thing-v1beta1', xrs: 0 },
          { revision: 1, name: 'thing-v1', xrs: 1 },
        ]);
        expect(
          await objectOf('list_composition_revisions', { composition: 'thing-v1', diff: [1, 2] }),
        ).toEqual({
          changes: expect.arrayContaining([expect.stringContaining('spec.pipeline')]),
        });
        const environments = versions.EnvironmentConfig;
        expect(await objectOf('get_environment_config', { name: `thing-${environments}` })).toMatchObject({
          data: { vpc: 'vpc-1', admin: { size: 'small' } },
        });
        for (const { resource, name } of controlPlane.shapes) {
          if (!['Provider', 'Configuration', 'Function'].includes(resource.kind)) continue;
          const found = await objectOf(`get_${resource.kind.toLowerCase()}`, { name });
          expect(found).toMatchObject({
            crds: ['example.org: manageds'],
            revision: { name, state: 'Active' },
          });
          expect(JSON.stringify(found)).toContain(isNew ? '"capabilities":["operation"]' : '"dependencies"');
        }
        const usages = isNew
          ? [
              'ClusterUsage thing-v1beta1 XThing thing',
              'Usage default/thing-v1beta1 Thing default/thing',
              'LegacyUsage thing-v1alpha1 XThing thing',
              'LegacyUsage thing-v1beta1 XThing thing',
            ]
          : ['LegacyUsage thing-v1alpha1 XThing thing', 'LegacyUsage unseen Namespace default'];
        expect((await rowsOf('list_usages')).map(threeCells)).toEqual(usages);
        const chosen = { composition: 'thing-v1', revision: 'thing-v1', resources: ['Managed thing'] };
        expect(await objectOf('get_composite_resource', { kind: 'XThing', name: 'thing' })).toMatchObject({
          ...chosen,
          claim: 'default/thing',
        });
        const network = { kind: 'Network', namespace: 'default', name: 'thing' };
        expect(await objectOf('get_composite_resource', network)).toMatchObject(chosen);
        if (!isNew) return;
        expect((await rowsOf('list_operations')).map(threeCells)).toEqual([
          'Operation thing-v1alpha1 Succeeded',
          'CronOperation thing-v1alpha1 Scheduled',
          'WatchOperation thing-v1alpha1 Watching',
        ]);
        expect(await objectOf('get_operation_status', { name: 'thing-v1alpha1' })).toMatchObject({
          steps: [{ step: 'one', function: 'thing-v1', output: { size: 'small' } }],
        });
      });

      it('give none of the credentials in it away, in answers, errors and audit lines [agent.shapes.secrets]', async () => {
        const dir = await mkdtemp(path.join(os.tmpdir(), 'agent-shapes-'));
        const logPath = path.join(dir, 'audit.log');
        const leaks: string[] = [];
        const seen = { answers: 0, errors: 0 };
        const look = (what: string, text: string): void => {
          for (const needle of needles)
            if (text.includes(needle)) leaks.push(`${what}: ${needle}: …${around(text, needle)}…`);
        };
        const planted = new Set<string>();
        // Its log is whole once it is closed.
        {
          await using ground = await GatewayGround.start(controlPlane.kubeconfig, [
            { name: 'any', audit: { logPath } },
          ]);
          await using client = await new ProtocolClient({ revision: '2026-07-28', asks: false }).overHttp(
            ground.urlOf('any'),
          );
          for (const round of rounds) {
            if (round > 0) await controlPlane.plant(round);
            for (const text of await controlPlane.rawTexts())
              for (const needle of needles) if (text.includes(needle)) planted.add(needle);
            for (const [tool, input] of shapedReads(controlPlane.shapes)) {
              const { isError, text, structured } = await client.call(tool, input);
              look(`${tool} ${JSON.stringify(input)}`, text + JSON.stringify(structured));
              expect({ tool, input, isError }).toEqual({ tool, input, isError: false });
              seen.answers++;
            }
          }
          for (const secret of [...Object.values(shapedSecrets), unshaped])
            for (const [tool, input] of failingReads(secret)) {
              const { isError, text, structured } = await client.call(tool, input);
              look(`${tool} ${JSON.stringify(input)}`, text + JSON.stringify(structured));
              expect({ tool, input, isError }).toEqual({ tool, input, isError: true });
              seen.errors++;
            }
        }
        const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n');
        for (const line of lines) look('audit log', line);
        await rm(dir, { recursive: true });
        expect([...new Set(leaks)]).toEqual([]);
        // All of them could have come out.
        expect([...planted].toSorted()).toEqual([...new Set(needles)].toSorted());
        expect(lines).toHaveLength(seen.answers + seen.errors);
      });
    });

    /** As the tools see how Crossplane was started. */
    async function startedWith(args: readonly string[]): Promise<void> {
      const { client } = controlPlane;
      const labels = { app: 'crossplane' };
      const spec = {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'crossplane', image: 'crossplane', args }] },
        },
      };
      await client.apply(namespacePath('crossplane-system'), {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'crossplane-system' },
      });
      const metadata = { name: 'crossplane', labels };
      await client.apply(`${deployments}/crossplane`, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec,
      });
    }
  },
);

const deployments = '/apis/apps/v1/namespaces/crossplane-system/deployments';

/** Not there before Crossplane 2. */
const ofOperations = new Set([
  'create_operation',
  'create_cron_operation',
  'cancel_operation',
  'list_operations',
  'get_operation_status',
]);

/** `POST group/version/plural` of a request. */
function resourceOf(write: string): string {
  const [method, , , group, version, ...rest] = write.split(/[ /]/);
  return `${method} ${group}/${version}/${rest[0] === 'namespaces' ? rest[2] : rest[0]}`;
}

/** What all tools together send, in the versions that are expected of a release. */
function expectedWrites(versions: Record<CrossplaneKind, string>): string[] {
  const verbs: Partial<Record<CrossplaneKind, string[]>> = {
    CompositeResourceDefinition: ['POST', 'PATCH', 'DELETE'],
    Composition: ['POST', 'PATCH', 'DELETE'],
    EnvironmentConfig: ['POST', 'PATCH', 'DELETE'],
    Provider: ['POST', 'PATCH', 'DELETE'],
    Configuration: ['POST', 'PATCH', 'DELETE'],
    Function: ['PATCH'],
    Operation: ['POST', 'DELETE'],
    CronOperation: ['POST', 'DELETE'],
    Usage: ['POST', 'DELETE'],
    ClusterUsage: ['POST', 'DELETE'],
    LegacyUsage: versions.ClusterUsage === '-' ? ['POST', 'DELETE'] : [],
  };
  const all = kinds
    .filter((kind) => versions[kind] !== '-')
    .flatMap((kind) => {
      const { group, plural } = crossplaneKinds[kind];
      return (verbs[kind] ?? []).map((verb) => `${verb} ${group}/${versions[kind]}/${plural}`);
    });
  // Those with claims are written in v1 all the same.
  const { group, plural } = crossplaneKinds.CompositeResourceDefinition;
  return [...new Set([...all, ...['POST', 'PATCH'].map((verb) => `${verb} ${group}/v1/${plural}`)])];
}

/** Kind, name, and what is said first of it. */
function threeCells(row: object): string {
  return Object.values(row).slice(0, 3).join(' ');
}

function around(text: string, needle: string): string {
  const at = text.indexOf(needle);
  return text.slice(Math.max(at - 60, 0), at + 30);
}
