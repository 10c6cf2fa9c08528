import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../src/clusters/kube-client.ts';
import { Transport } from '../../src/clusters/transport.ts';
import { AgentTools } from '../support/agent-tools.ts';
import { eventually, sharedLab } from '../support/lab.ts';
import { PackageRegistry } from '../support/package-registry.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import { PodStandIn } from '../support/pod-stand-in.ts';
import { configurationFiles, providerFiles } from '../support/test-packages.ts';

// Crossplane looks again at what failed after a while that grows.
jest.setTimeout(120_000);

const prefix = 'agent-packages';
const group = `${prefix}.test.example.org`;
const pkg = '/apis/pkg.crossplane.io/v1';

/** What a refusal was, and what had been sent by then. */
async function without(run: ReturnType<AgentTools['refused']>): Promise<object> {
  const { call, code, message } = await run;
  return { code, message, writes: call.api.writes };
}

function named(suffix: string): string {
  return `${prefix}-${suffix}`;
}

describe('packages on Crossplane 1.20', () => {
  let client: KubeClient;
  let registry: PackageRegistry;
  let pods: PodStandIn;
  let tools: AgentTools;
  let provider: string;
  let configuration: string;
  let unresolvable: string;
  let future: string;

  beforeAll(async () => {
    client = new KubeClient(new Transport(accessFromFile(sharedLab().controlPlane.kubeconfig)), 'test');
    tools = new AgentTools({ client });
    await sweep();
    registry = await PackageRegistry.start();
    pods = new PodStandIn(client, prefix);
    const source = `${registry.host}/${prefix}/provider`;
    provider = await registry.push(`${prefix}/provider`, 'v1.0.0', providerFiles(`p.${group}`));
    await registry.push(
      `${prefix}/provider`,
      'v1.1.0',
      providerFiles(`p.${group}`, { kinds: ['Bucket', 'Queue'] }),
    );
    const depending = (version: string): ReturnType<typeof configurationFiles> =>
      configurationFiles(`c.${group}`, { metadata: { dependsOn: { [source]: version } } });
    configuration = await registry.push(`${prefix}/configuration`, 'v1.0.0', depending('>=v1.0.0'));
    unresolvable = await registry.push(`${prefix}/unresolvable`, 'v1.0.0', depending('>=v9.0.0'));
    future = await registry.push(
      `${prefix}/future`,
      'v1.0.0',
      configurationFiles(`f.${group}`, { metadata: { crossplane: '>=v99.0.0' } }),
    );
    await client.create('/apis/pkg.crossplane.io/v1beta1/deploymentruntimeconfigs', {
      apiVersion: 'pkg.crossplane.io/v1beta1',
      kind: 'DeploymentRuntimeConfig',
      metadata: { name: prefix },
      spec: {},
    });
  });
  afterAll(async () => {
    await sweep();
    await pods?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  /** Of this file, of an earlier run too: dependents first, or what they need comes back. */
  async function sweep(): Promise<void> {
    await deleteIfThere(client, `/apis/apiextensions.crossplane.io/v1beta1/usages/${prefix}`);
    for (const plural of ['configurations', 'providers']) {
      const { items } = await client.get<{ items: KubeObject[] }>(`${pkg}/${plural}`);
      const own = items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith(prefix));
      for (const name of own) await deleteIfThere(client, `${pkg}/${plural}/${name}`);
      await eventually(async () => {
        const { items: revisions } = await client.get<{ items: KubeObject[] }>(
          `${pkg}/${plural.slice(0, -1)}revisions`,
        );
        expect(revisions.filter(({ metadata }) => metadata.name.startsWith(prefix))).toEqual([]);
      });
    }
    await deleteIfThere(client, `/apis/pkg.crossplane.io/v1beta1/deploymentruntimeconfigs/${prefix}`);
    await eventually(async () => expect(await kinds()).toEqual([]));
  }

  /** CRDs of this file. */
  async function kinds(): Promise<string[]> {
    const { items } = await client.get<{ items: KubeObject[] }>(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=500',
    );
    return items.map(({ metadata }) => metadata.name).filter((name) => name.endsWith(group));
  }

  function install(text: string, registries?: string[]): Promise<object> {
    return without(tools.refused('install_provider', { package: text }, registries ? { registries } : {}));
  }

  it('refuses, before anything is sent, what is no fixed version of a full reference of an allowed registry [agent.package.version, agent.package.registry]', async () => {
    expect(await install(`${registry.host}/${prefix}/provider`)).toMatchObject({
      code: 'invalid',
      writes: [],
    });
    expect(await install(`${registry.host}/${prefix}/provider:latest`)).toMatchObject({
      code: 'invalid',
      writes: [],
    });
    expect(await install(`${prefix}/provider:v1.0.0`)).toMatchObject({ code: 'invalid', writes: [] });
    expect(await install(provider, ['xpkg.crossplane.io'])).toMatchObject({ code: 'forbidden', writes: [] });
  });

  it('asks the API server in a dry run and stores nothing [agent.package.dryrun]', async () => {
    const { answer } = await tools.run('install_provider', { package: provider, dry_run: true });
    expect(answer.summary).toContain(`Provider ${prefix}-provider would be created`);
    const { items } = await client.get<{ items: KubeObject[] }>(`${pkg}/providers`);
    expect(items.map(({ metadata }) => metadata.name)).not.toContain(`${prefix}-provider`);
  });

  it('installs a provider, tells what it waits for, and answers once it is healthy [agent.package.install]', async () => {
    const missing = { package: provider, name: named('provider'), runtime_config: 'nowhere' };
    expect(await without(tools.refused('install_provider', missing))).toMatchObject({
      code: 'invalid',
      writes: [],
    });
    const input = { package: provider, name: named('provider'), runtime_config: prefix, wait_seconds: 50 };
    const { answer, call } = await tools.run('install_provider', input);
    expect(answer.summary).toBe(`created Provider ${named('provider')}: installed and healthy`);
    expect(call.messages.length).toBeGreaterThan(1);
    expect(call.messages.at(-1)).toBe(`Provider ${named('provider')}: healthy`);
    // Creating asks nobody.
    expect(call.changes).toEqual([]);
    const facts = (await tools.run('get_provider', { name: named('provider') })).object;
    expect(facts).toMatchObject({
      package: provider,
      runtime_config: prefix,
      revision: { state: 'Active', healthy: 'True' },
      crds: [`p.${group}: buckets, providerconfigs`],
    });
    expect(facts).not.toHaveProperty('problem');
    const rows = (await tools.run('list_providers')).items;
    expect(rows.find(({ name }) => name === named('provider'))).toMatchObject({
      version: 'v1.0.0',
      installed: 'True',
      healthy: 'True',
      problem: '',
    });
    const refused = await tools.refused('install_provider', input);
    expect(refused).toMatchObject({
      code: 'already_exists',
      facts: { hint: expect.stringContaining('upgrade_package') },
    });
  });

  it('says why a package does not come: no image, a dependency without a version, another Crossplane [agent.package.problem]', async () => {
    const problem = async (tool: string, input: object): Promise<unknown> =>
      (await tools.run(tool, { ...input, wait_seconds: 40 })).object['problem'];
    const nothing = `${registry.host}/${prefix}/nothing:v1.0.0`;
    expect(await problem('install_provider', { package: nothing, name: named('nothing') })).toMatch(
      /cannot unpack package.*404/,
    );
    expect(await problem('install_configuration', { package: unresolvable, name: named('u') })).toMatch(
      /incompatible dependencies.*>=v9\.0\.0/,
    );
    expect(await problem('install_configuration', { package: future, name: named('f') })).toContain(
      'incompatible Crossplane version',
    );
    const rows = (await tools.run('list_configurations')).items;
    const own = rows.filter(({ name }) => String(name).startsWith(prefix));
    expect(own.map(({ healthy, name }) => [name, healthy])).toEqual([
      [named('f'), 'False'],
      [named('u'), 'Unknown'],
    ]);
    for (const name of [named('u'), named('f')]) await tools.run('uninstall_configuration', { name });
    await tools.run('uninstall_provider', { name: named('nothing') });
  });

  it('warns where the source is installed under another name [agent.package.same]', async () => {
    const { answer } = await tools.run('install_provider', {
      package: provider,
      name: named('twin'),
      dry_run: true,
    });
    expect(answer.warnings).toEqual([
      expect.stringContaining(`Provider ${named('provider')} is installed from the same source`),
    ]);
  });

  it('shows what a configuration brought and needs, and its revisions [agent.package.configuration]', async () => {
    const { answer } = await tools.run('install_configuration', {
      package: configuration,
      name: named('c'),
      wait_seconds: 50,
    });
    expect(answer.summary).toBe(`created Configuration ${named('c')}: installed and healthy`);
    // A revision is healthy for a moment before it says what it brought.
    await eventually(async () =>
      expect((await tools.run('get_configuration', { name: named('c') })).object).toMatchObject({
        xrds: [`xstores.c.${group}`],
        compositions: [`xstores.c.${group}`],
        dependencies: [`${registry.host}/${prefix}/provider >=v1.0.0: v1.0.0`],
        revision: { dependencies: '1 found, 1 installed, 0 invalid' },
      }),
    );
    const rows = (await tools.run('list_configuration_revisions', { configuration: named('c') })).items;
    expect(rows).toEqual([
      expect.objectContaining({
        configuration: named('c'),
        revision: 1,
        state: 'Active',
        image: configuration,
      }),
    ]);
    const refused = await tools.refused('get_configuration', { name: `${named('c')}c` });
    expect(refused).toMatchObject({
      code: 'not_found',
      facts: { details: { nearest: expect.arrayContaining([named('c')]) } },
    });
  });

  it('changes the version once that is confirmed, and names the way back [agent.package.upgrade]', async () => {
    const input = { kind: 'Provider', name: named('provider'), version: 'v1.1.0', wait_seconds: 50 };
    const refused = await tools.refused('upgrade_package', input, { confirms: false });
    expect(refused.code).toBe('confirmation_required');
    expect(refused.call.api.writes).toEqual([]);
    const { answer, call } = await tools.run('upgrade_package', input);
    expect(answer.summary).toContain(
      `changed Provider ${named('provider')} from v1.0.0 to v1.1.0: installed and healthy`,
    );
    expect(call.changes[0]?.effects).toContainEqual(expect.stringContaining('needs it, >=v1.0.0'));
    expect(await kinds()).toContain(`queues.p.${group}`);
    const failed = await tools.run('upgrade_package', { ...input, version: 'v7.0.0' });
    expect(failed.answer.object?.['problem']).toMatch(/cannot unpack package/);
    expect(failed.answer.next).toContain(
      `upgrade_package kind=Provider name=${named('provider')} version=v1.1.0`,
    );
    await tools.run('upgrade_package', input);
    const other = await tools.refused('upgrade_package', { ...input, version: 'r.example.org/a:v1.0.0' });
    expect(other).toMatchObject({ code: 'invalid' });
    expect(other.call.api.writes).toEqual([]);
  });

  it('uninstalls nothing that others need, or whose resources exist, and says in which order [agent.package.uninstall]', async () => {
    const bucket = `/apis/p.${group}/v1/buckets`;
    const store = `/apis/c.${group}/v1/namespaces/default/stores`;
    await client.create(bucket, {
      apiVersion: `p.${group}/v1`,
      kind: 'Bucket',
      metadata: { name: 'kept' },
      spec: {},
    });
    await client.create(store, {
      apiVersion: `c.${group}/v1`,
      kind: 'Store',
      metadata: { name: 'kept' },
      spec: {},
    });
    await eventually(async () => {
      const refused = await tools.refused('uninstall_configuration', { name: named('c') });
      expect(refused).toMatchObject({
        code: 'in_use',
        facts: {
          hint: expect.stringContaining('order:'),
          details: {
            exist: expect.arrayContaining([
              `1 Store.c.${group} (default/kept)`,
              expect.stringContaining(`1 XStore.c.${group} (kept-`),
            ]),
          },
        },
      });
      expect(refused.call.changes).toEqual([]);
      expect(refused.call.api.writes).toEqual([]);
    });
    const needed = await tools.refused('uninstall_provider', { name: named('provider') });
    expect(needed).toMatchObject({
      code: 'in_use',
      message: expect.stringContaining('needed by other packages'),
    });
    expect(needed.call.api.writes).toEqual([]);

    await client.delete(`${store}/kept`);
    await eventually(async () => {
      const { answer } = await tools.run('uninstall_configuration', { name: named('c') });
      expect(answer.object?.['effects']).toContain(
        `deletes 1 CompositeResourceDefinition: xstores.c.${group}`,
      );
    });
    await eventually(async () => {
      const refused = await tools.refused('uninstall_provider', { name: named('provider') });
      expect(refused.facts.details).toEqual({ exist: [`1 Bucket.p.${group} (kept)`] });
    });
    expect(await kinds()).toContain(`buckets.p.${group}`);
    await client.delete(`${bucket}/kept`);
  });

  it('uninstalls nothing that a usage protects, and sends no deletion for the webhook to note [agent.package.protected]', async () => {
    const of = { api_version: 'pkg.crossplane.io/v1', kind: 'Provider', name: named('provider') };
    await tools.run('create_usage', { of, reason: 'under audit', name: prefix });
    const refused = await tools.refused('uninstall_provider', { name: named('provider') });
    expect(refused).toMatchObject({
      code: 'in_use',
      facts: { details: { usages: [`LegacyUsage ${prefix}`] } },
    });
    expect(refused.call.api.writes).toEqual([]);
    await tools.run('delete_usage', { name: prefix });
  });

  it('deletes only what was confirmed, and the kinds go with it [agent.package.uninstall]', async () => {
    // The usage's label goes a moment after the usage.
    await eventually(async () => {
      const refused = await tools.refused(
        'uninstall_provider',
        { name: named('provider') },
        { confirms: false },
      );
      expect(refused.code).toBe('confirmation_required');
      expect(refused.call.api.writes).toEqual([]);
    });
    const dry = await tools.run('uninstall_provider', { name: named('provider'), dry_run: true });
    expect(dry.call.api.writes).toEqual([]);
    const { call } = await tools.run('uninstall_provider', { name: named('provider') });
    expect(call.changes[0]?.effects).toContainEqual(
      `deletes 3 CustomResourceDefinition: buckets.p.${group}, providerconfigs.p.${group}, queues.p.${group}`,
    );
    await eventually(async () => expect(await kinds()).toEqual([]));
  });

  it('reads only in a read-only server, whatever the tool would do [agent.package.readonly]', async () => {
    for (const [name, input] of [
      ['install_provider', { package: provider, name: named('ro') }],
      ['install_configuration', { package: configuration, name: named('ro') }],
    ] as const) {
      const refused = await tools.refused(name, input, { readOnly: true });
      expect(refused.code).toBe('read_only');
      expect(refused.call.api.writes).toEqual([]);
    }
  });
});
