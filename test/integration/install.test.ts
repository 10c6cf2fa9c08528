import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { load } from 'js-yaml';
import type { KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { crdPath, secretPath } from '../../src/clusters/api-paths.ts';
import type { CommandResult } from '../../src/demo/kubectl.ts';
import { ensureTools } from '../../src/demo/tools.ts';
import { mcpConnector } from '../support/cli.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(240_000);

interface Role extends KubeObject {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const secretName = 'install-kubeconfig';
let ground: TestGround;
let helm: string;
/** helm without --wait: the lab has no controller for Deployments. */
let helmHere: string;
let connector: TestConnector;

beforeAll(async () => {
  ({ helm } = await ensureTools(['helm'], () => undefined));
  await removeGrants();
  ground = await TestGround.prepare('install');
  await ground.offer({ kind: 'Database', plural: 'databases' });
  helmHere = path.join(path.dirname(ground.app.kubeconfig), 'helm');
  await writeFile(helmHere, `#!/bin/bash\nexec ${helm} "\${@/#--wait/--hide-notes}"\n`, { mode: 0o755 });
  // There is no node: this one stands for the pods, and waits for the Secret that is made for them.
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
  await run(helm, 'uninstall install');
  await deleteIfThere(ground.app.client, crdPath(`locals.hidden.${ground.group}`));
  await removeGrants();
  await ground.remove();
});

/** Of the control plane, and in no namespace of the ground. */
async function removeGrants(): Promise<void> {
  if (!ground) return;
  for (const kind of ['clusterroles', 'clusterrolebindings'])
    for (const role of ['serve', 'move'])
      await deleteIfThere(
        ground.controlPlane.client,
        `${rbac}/${kind}/mcp-connector:${role}:${ground.claimNamespace}`,
      );
}

async function run(program: string, args: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [
    ...args.split(' '),
    '--namespace',
    ground.namespace,
    '--kubeconfig',
    ground.app.kubeconfig,
  ]);
  return stdout;
}

/** `install` of this ground, with an administrator's kubeconfig of the control plane. */
function install(...args: string[]): Promise<CommandResult> {
  return installWith('--control-plane-kubeconfig', ground.controlPlane.kubeconfig, ...args);
}

function installWith(...args: string[]): Promise<CommandResult> {
  return mcpConnector([
    'install',
    'cp',
    ground.claimNamespace,
    `--installation-namespace=${ground.namespace}`,
    '--release-name=install',
    `--kubeconfig=${ground.app.kubeconfig}`,
    `--helm=${helmHere}`,
    // As the connector on this machine is called, which stands for the pods.
    '--set=fullnameOverride=install,replicas=0',
    `--set=connect.allow={*.${ground.group},*.hidden.${ground.group}}`,
    ...args,
  ]);
}

interface HelmRelease {
  version: number;
  config: { rbac: { groups: unknown }; spaces: unknown };
}

async function release(): Promise<HelmRelease> {
  return JSON.parse(await run(helm, 'status install --output json')) as HelmRelease;
}

describe('install', () => {
  it('says with --dry-run what it would do, and does nothing [install.dryrun]', async () => {
    const { code, stdout } = await install('--dry-run');
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
    const { code, stdout, stderr } = await install();
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
    const { code, stdout } = await install();
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
    const { code, stdout } = await install('--no-wait');
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
    expect((await install('--no-wait', '--file', file)).code).toBe(0);
    expect((await release()).config.rbac.groups).toEqual(chosen);
    expect((await install('--no-wait')).stdout).toContain('release/install in install-connector unchanged');
    expect((await release()).config.rbac.groups).toEqual(chosen);
  });
});
