import { beforeAll, describe, expect, it } from '@jest/globals';
import { createProgram } from '../../src/cli/program.ts';
import { find, helm, type Manifest, renderChart } from './rendered-chart.ts';

interface Job extends Manifest {
  spec: { template: { metadata: { labels: Record<string, string> }; spec: PodSpec } };
}

interface PodSpec {
  serviceAccountName: string;
  containers: [{ image: string; args: string[]; env?: { name: string }[] }];
}

beforeAll(helm, 600_000);

async function hook(set: string[]): Promise<Job> {
  return find(await renderChart({ set }), 'Job', 'mcp-connector-uninstall') as Job;
}

describe('the uninstall hook', () => {
  it('is not among manifests that are only rendered: applied, it would uninstall at once [uninstall.hook.plain]', async () => {
    for (const set of [[], ['uninstall.hook=auto'], ['uninstall.hook=never']])
      expect((await renderChart({ set })).filter(({ kind }) => kind === 'Job')).toEqual([]);
  });

  it('runs before anything is removed, with the account and the image of the connector', async () => {
    const job = await hook(['uninstall.hook=always']);
    expect(job.metadata.annotations).toEqual({
      'helm.sh/hook': 'pre-delete',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
    });
    const { serviceAccountName, containers } = job.spec.template.spec;
    expect(serviceAccountName).toBe('mcp-connector');
    expect(containers[0].image).toBe('localhost/mcp-connector:0.1.0');
    // No pod of the Service, and none that an uninstall would wait for.
    expect(job.spec.template.metadata.labels).not.toHaveProperty('app.kubernetes.io/name');
  });

  it('leaves claims and Secrets where they are, unless values say otherwise', async () => {
    const common = [
      '--yes',
      '--installation-namespace=kube-system',
      '--release-name=mcp-connector',
      '--keep-chart=mcp-connector',
    ];
    const kept = await hook(['uninstall.hook=always']);
    expect(kept.spec.template.spec.containers[0].args).toEqual(['uninstall', '--keep-in-place', ...common]);
    const set = ['uninstall.hook=always', 'uninstall.moveClaimsTo=shop', 'uninstall.deleteSecrets=true'];
    const moved = await hook(set);
    expect(moved.spec.template.spec.containers[0].args).toEqual([
      'uninstall',
      'shop',
      ...common,
      '--delete-secrets',
    ]);
  });

  it('passes flags that the command knows', async () => {
    const { args } = (await hook(['uninstall.hook=always', 'uninstall.deleteSecrets=true'])).spec.template
      .spec.containers[0];
    const command = createProgram('mcp-connector').commands.find((one) => one.name() === args[0]);
    const known = command?.options.map(({ long }) => long) ?? [];
    const flags = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=')[0]);
    expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
  });
});
