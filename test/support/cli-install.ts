import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { CommandResult } from '../../src/demo/kubectl.ts';
import { ensureTools } from '../../src/demo/tools.ts';
import { mcpConnector } from './command.ts';
import { deleteIfThere } from './platform-api.ts';
import type { TestGround } from './test-ground.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';

/**
 * `mcp-connector install` on a ground, whose name the release has. There is no node: a connector that the test starts stands for the
 * pods, and its Service of type ExternalName for the chart's.
 */
export class CliInstall {
  readonly #ground: TestGround;
  /** The real one. */
  readonly helm: string;
  readonly #helmHere: string;

  private constructor(ground: TestGround, helm: string, helmHere: string) {
    this.#ground = ground;
    this.helm = helm;
    this.#helmHere = helmHere;
  }

  static async prepare(ground: TestGround): Promise<CliInstall> {
    const { helm } = await ensureTools(['helm'], () => undefined);
    return new CliInstall(ground, helm, await writeHelm(helm, path.dirname(ground.app.kubeconfig)));
  }

  /** With an administrator's kubeconfig of the control plane. */
  asAdministrator(...args: string[]): Promise<CommandResult> {
    return this.with('--control-plane-kubeconfig', this.#ground.controlPlane.kubeconfig, ...args);
  }

  with(...args: string[]): Promise<CommandResult> {
    return mcpConnector(...this.command(...args));
  }

  command(...args: string[]): string[] {
    const { name, group, namespace, claimNamespace, app } = this.#ground;
    return [
      'install',
      'cp',
      claimNamespace,
      `--installation-namespace=${namespace}`,
      `--release-name=${name}`,
      `--kubeconfig=${app.kubeconfig}`,
      `--helm=${this.#helmHere}`,
      `--set=fullnameOverride=${name},replicas=0`,
      `--set=connect.allow={*.${group},*.hidden.${group}}`,
      ...args,
    ];
  }

  async run(...args: string[]): Promise<string> {
    const { namespace, app } = this.#ground;
    const where = ['--namespace', namespace, '--kubeconfig', app.kubeconfig];
    return (await promisify(execFile)(this.helm, [...args, ...where])).stdout;
  }

  /** The release, and what an administrator's kubeconfig has made on the control plane outside of the ground's namespaces. */
  async remove(): Promise<void> {
    const { name, claimNamespace, controlPlane } = this.#ground;
    await this.run('uninstall', name, '--no-hooks', '--ignore-not-found');
    for (const kind of ['clusterroles', 'clusterrolebindings'])
      for (const role of ['serve', 'move', 'move-claims'])
        await deleteIfThere(controlPlane.client, `${rbac}/${kind}/mcp-connector:${role}:${claimNamespace}`);
  }
}

/** helm without --wait, since the lab has no controller for Deployments, and without the chart's Service. */
async function writeHelm(helm: string, dir: string): Promise<string> {
  const [file, filter] = [path.join(dir, 'helm'), path.join(dir, 'without-service')];
  const split = `fs.readFileSync(0, 'utf8').split(/^---\\n/m).filter((text) => !/^kind: Service$/m.test(text))`;
  await writeFile(
    filter,
    `#!/bin/bash\nexec ${process.execPath} -p "${split.replaceAll('$', '\\$')}.join('---\\n')"\n`,
    { mode: 0o755 },
  );
  const lines = [
    '#!/bin/bash',
    `filter=(); [ "$1" = upgrade ] && filter=(--post-renderer ${filter})`,
    `exec ${helm} "\${@/#--wait/--hide-notes}" "\${filter[@]}"`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o755 });
  return file;
}
