import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { load } from 'js-yaml';
import type { KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { crdPath, namespacePath, secretPath } from '../../src/clusters/api-paths.ts';
import type { Check } from '../../src/connecting/check.ts';
import type { Status } from '../../src/connecting/status.ts';
import type { CommandResult } from '../../src/demo/kubectl.ts';
import { CliInstall } from '../support/cli-install.ts';
import { mcpConnector } from '../support/command.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(240_000);

interface Role extends KubeObject {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const secretName = 'install-kubeconfig';
let ground: TestGround;
let cli: CliInstall;
let connector: TestConnector;

beforeAll(async () => {
  ground = await TestGround.prepare('install');
  await ground.offer({ kind: 'Database', plural: 'databases' });
  cli = await CliInstall.prepare(ground);
  // It waits for the Secret that is made for them.
  connector = await ground.startConnector({
    ready: false,
    controlPlane: { kubeconfig: '' },
    flags: [
      `--control-plane-secret=${secretName}`,
      `--allow=*.${ground.group}`,
      `--allow=*.hidden.${ground.group}`,
    ],
  });
});
afterAll(async () => {
  await connector?.stop();
  if (!ground) return;
  await cli?.remove();
  await deleteIfThere(ground.app.client, crdPath(`locals.hidden.${ground.group}`));
  await ground.remove();
});

/** A command about what is there. */
function inspect(name: string, ...args: string[]): Promise<CommandResult> {
  const where = [
    `--namespace=${ground.namespace}`,
    '--release-name=install',
    `--kubeconfig=${ground.app.kubeconfig}`,
  ];
  return mcpConnector(name, ...where, ...args);
}

async function localCrd(group: string): Promise<void> {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  await ground.app.client.create(crdPath(), {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `locals.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Local', plural: 'locals', singular: 'local', listKind: 'LocalList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
}

interface HelmRelease {
  version: number;
  config: { rbac: { groups: unknown }; spaces: unknown };
}

async function release(): Promise<HelmRelease> {
  return JSON.parse(await cli.run('status', 'install', '--output', 'json')) as HelmRelease;
}

describe('install', () => {
  it('says with --dry-run what it would do, and does nothing [install.dryrun]', async () => {
    const { code, stdout } = await cli.asAdministrator('--dry-run');
    expect(stdout).toContain('secret/install-kubeconfig in install-connector created or kept (dry run)');
    expect(stdout).toContain('release/install in install-connector installed (dry run)');
    expect(stdout).toMatch(/Nothing was done, this was a dry run\.\n$/);
    expect(code).toBe(0);
    const secrets = await ground.app.client.get<{ items: KubeObject[] }>(secretPath(ground.namespace));
    expect(
      secrets.items.map(({ metadata }) => metadata.name).filter((name) => !name.endsWith('serving-cert')),
    ).toEqual([]);
    const accounts = `/api/v1/namespaces/${ground.claimNamespace}/serviceaccounts`;
    const { items } = await ground.controlPlane.client.get<{ items: KubeObject[] }>(accounts);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['default']);
  });

  it('makes everything, on both sides, and waits until the APIs are Available [install.whole]', async () => {
    const { code, stdout, stderr } = await cli.asAdministrator();
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      new RegExp(`API +RESOURCES +AVAILABLE\\nv1\\.${ground.group} +databases +true\\n$`),
    );
    expect(code).toBe(0);
    await ground.app.run(`get databases.${ground.group} --all-namespaces`);
    const role = await ground.controlPlane.client.get<Role>(
      `${rbac}/namespaces/${ground.claimNamespace}/roles/mcp-connector:serve`,
    );
    expect(role.rules[0]).toMatchObject({ apiGroups: [ground.group], resources: ['databases'] });
    // One word for the credential of the connector: it is not the administrator's.
    const { data } = await ground.app.client.get<Secret>(secretPath(ground.namespace, secretName));
    const kubeconfig = load(Buffer.from(data?.['kubeconfig'] ?? '', 'base64').toString()) as {
      users: { user: object }[];
    };
    expect(Object.keys(kubeconfig.users[0]?.user ?? {})).toEqual(['token']);
    expect((await release()).config.rbac.groups).toEqual([{ group: ground.group, resources: ['databases'] }]);
  });

  it('says that nothing had to be changed when it is run again [install.again]', async () => {
    const { version } = await release();
    const { code, stdout } = await cli.asAdministrator();
    expect(stdout).not.toMatch(/ (created|configured|removed)\n/);
    expect(stdout).toContain('Nothing had to be changed.');
    expect(code).toBe(0);
    expect((await release()).version).toBe(version);
  });

  it('connects what is new when it is run again, and says what it has changed [install.again]', async () => {
    await ground.offer({ kind: 'Bucket', plural: 'buckets' });
    await eventually(async () => {
      await ground.controlPlane.run(`get buckets.${ground.group} --all-namespaces`);
    });
    const { code, stdout, stderr } = await cli.asAdministrator('--no-wait');
    expect(stderr).toBe('');
    expect(stdout).toContain(
      `mcp-connector:serve in ${ground.claimNamespace} on the control plane configured`,
    );
    expect(stdout).toContain('clusterrole/install-view configured');
    expect(stdout).toContain('release/install in install-connector upgraded to revision 2');
    expect(stdout).not.toContain('deployment');
    expect(code).toBe(0);
    expect((await release()).config.rbac.groups).toEqual([
      { group: ground.group, resources: ['buckets', 'databases'] },
    ]);
  });

  it('leaves the groups that somebody has chosen [install.groups]', async () => {
    const chosen = [{ group: ground.group, resources: ['buckets'] }];
    const file = path.join(path.dirname(ground.app.kubeconfig), 'groups.json');
    await writeFile(file, JSON.stringify({ rbac: { groups: chosen } }));
    expect(await cli.asAdministrator('--no-wait', '--file', file)).toMatchObject({ code: 0, stderr: '' });
    expect((await release()).config.rbac.groups).toEqual(chosen);
    expect((await cli.asAdministrator('--no-wait')).stdout).toContain(
      'release/install in install-connector unchanged',
    );
    expect((await release()).config.rbac.groups).toEqual(chosen);
  });
});

describe('install does nothing and says why', () => {
  const label = 'nothing was done, because of: ';

  it('where the cluster is bound to other claims [install.preflight]', async () => {
    const other = `${ground.name}-other`;
    const { code, stdout, stderr } = await mcpConnector(
      ...cli
        .command('--control-plane-kubeconfig', ground.controlPlane.kubeconfig)
        .map((word) => (word === ground.claimNamespace ? other : word)),
    );
    expect(stderr).toContain(`${label}binding`);
    expect(stdout).toMatch(/failed +binding: this cluster is bound to .* -> .*--set rebind=true/);
    expect(code).toBe(1);
    expect(await isGone(ground.controlPlane.client, namespacePath(other))).toBe(true);
  });

  it('where the user lacks rights on either side [install.preflight]', async () => {
    const file = path.join(path.dirname(ground.app.kubeconfig), 'nobody.json');
    const { clusters, contexts, ...rest } = JSON.parse(await readFile(ground.app.kubeconfig, 'utf8')) as {
      clusters: object[];
      contexts: [{ context: { user: string } }];
    };
    const token = (await ground.app.run(`create token default -n ${ground.namespace}`)).trim();
    const { user } = contexts[0].context;
    await writeFile(
      file,
      JSON.stringify({ ...rest, clusters, contexts, users: [{ name: user, user: { token } }] }),
    );
    const { code, stdout, stderr } = await cli.with('--kubeconfig', file);
    expect(stderr).toContain(label);
    expect(stdout).toMatch(
      /failed +app cluster rights: missing: create deployments\.apps in install-connector, .* -> /,
    );
    expect(code).toBe(1);
  });

  it.each([
    ['helm is not there', ['--helm=/nowhere/helm'], /^error: \/nowhere\/helm is not there; install Helm/],
    [
      'the namespace is not there',
      ['--installation-namespace=nowhere'],
      /because of: installation namespace$/m,
    ],
    ['a value is wrong', ['--set=replicas=many'], /^error: helm upgrade failed: .*replicas/],
    ['a value is unknown', ['--set=replica=2'], /^error: helm upgrade failed: .*replica/],
    ['the control plane does not answer', ['--control-plane-server=http://x'], /no https address/],
    ['a token would be seen', ['--set=upbound.token=x'], /give it with --token-file/],
    ['two ways are given', ['--token=x'], /exclude each other/],
  ])('where %s [install.preflight]', async (_title, args, sentence) => {
    const { version } = await release();
    const { code, stderr } = await cli.asAdministrator(...args);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
    expect((await release()).version).toBe(version);
  });
});

describe('install with a Secret that is there', () => {
  it('takes the one key it has, and tells of a group that somebody else has [install.secret]', async () => {
    await localCrd(`hidden.${ground.group}`);
    await ground.offer({ kind: 'Hidden', plural: 'hiddens', group: `hidden.${ground.group}` });
    await ground.app.client.create(secretPath(ground.namespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'by-hand', namespace: ground.namespace },
      stringData: { 'context.yaml': await readFile(ground.controlPlane.kubeconfig, 'utf8') },
    });
    const { code, stdout, stderr } = await cli.with('--control-plane-secret=by-hand', '--dry-run');
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /warning +API groups: v1\.hidden\..* will not be connected: it belongs to the CustomResourceDefinition locals\./,
    );
    expect(stdout).toContain('role/install in install-connector configured (dry run)');
    expect(code).toBe(0);
  });
});

describe('status', () => {
  it('tells what is connected, since when, and when credentials end [install.status]', async () => {
    const { code, stdout, stderr } = await inspect('status', '-o', 'json');
    expect(stderr).toBe('');
    const status = JSON.parse(stdout) as Status;
    expect(status).toMatchObject({
      claimNamespace: ground.claimNamespace,
      clusterID: await ground.app.uidOfKubeSystem(),
    });
    expect(status.apis.find(({ resource }) => resource === `databases.${ground.group}`)).toMatchObject({
      versions: ['v1'],
      available: true,
      claims: 0,
    });
    expect(Date.parse(status.connectedSince ?? '')).toBeLessThanOrEqual(Date.now());
    expect(status.versions).toMatchObject({ appCluster: 'v1.34.4', controlPlane: 'v1.34.4' });
    expect(status.credentials.map(({ name }) => name)).toContain('serving certificate');
    expect(code).toBe(0);
    const table = await inspect('status');
    expect(table.stdout).toMatch(new RegExp(`^databases\\.${ground.group} +v1 +True +\\S+ +0$`, 'm'));
    // The same as the connector uses, without a flag: read from the Deployment.
    expect(table.stdout).toContain(`Claim namespace:   ${ground.claimNamespace}\n`);
  });
});

describe('doctor', () => {
  it('names each fault with its remedy, by the checks of the installation [install.doctor]', async () => {
    const { code, stdout, stderr } = await inspect('doctor', '-o', 'json');
    expect(stderr).toBe('');
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    const bySubject = new Map(checks.map((check) => [check.subject, check]));
    expect(bySubject.get('control plane')?.state).toBe('ok');
    expect(bySubject.get(`API v1.${ground.group}`)?.state).toBe('ok');
    // What was offered after the last installation.
    expect(bySubject.get('control plane rights')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining(`create hiddens.hidden.${ground.group} in ${ground.claimNamespace}`),
    });
    // Only buckets were chosen.
    expect(bySubject.get('rights of the people')).toMatchObject({
      state: 'warning',
      message: expect.stringContaining(`databases.${ground.group}`),
    });
    expect(code).toBe(1);
    await connector.stop();
    await eventually(async () => {
      const table = await inspect('doctor');
      expect(table.stdout).toMatch(
        new RegExp(`failed +API v1\\.${ground.group}: is not Available: .* -> .*logs deploy/install`),
      );
      expect(table.code).toBe(1);
    });
  });
});
