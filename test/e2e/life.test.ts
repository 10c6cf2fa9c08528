import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { APIService } from '../../src/apimachinery/objects.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../src/clusters/kube-client.ts';
import { Transport } from '../../src/clusters/transport.ts';
import { mcpConnector } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { SteadyList } from '../support/steady-list.ts';
import { app, claimNamespace, controlPlane } from './clusters.ts';

// Pods come and go, and the machine may be busy.
jest.setTimeout(300_000);

interface Claim {
  metadata: { name: string; uid: string };
  spec: { resourceRef: { name: string } };
}

const chart = path.resolve(import.meta.dirname, '../../charts/mcp-connector');
const kind = 'kubernetesclusters.k8s.starter.org';
const api = 'v1alpha1.k8s.starter.org';
const namespace = 'e2e-life';
const target = 'e2e-target';
const account = `${claimNamespace}:mcp-connector`;
const next = 'mcp-connector-2';

let client: KubeClient;
let before: Claim;

/** Without `mcp-connector`: helm alone, as its users have it. */
async function helm(...args: string[]): Promise<string> {
  const where = ['--kubeconfig', app.kubeconfig, '--namespace', 'kube-system'];
  return (await promisify(execFile)(process.env['HELM'] || 'helm', [...args, ...where])).stdout;
}

/** Values changed, and the pods waited for. */
async function upgrade(release: string, values: string): Promise<void> {
  await helm('upgrade', release, chart, '--reuse-values', '--set', values, '--wait', '--timeout=180s');
}

async function install(...further: string[]): Promise<string> {
  const server = process.env['CONTROL_PLANE_SERVER'];
  const { code, stdout, stderr } = await mcpConnector(
    'install',
    'my-controlplane',
    claimNamespace,
    `--kubeconfig=${app.kubeconfig}`,
    `--control-plane-kubeconfig=${controlPlane.kubeconfig}`,
    `--helm=${process.env['HELM'] || 'helm'}`,
    ...(server ? ['--control-plane-server', server] : []),
    ...further,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

function list(): SteadyList {
  return new SteadyList(client, `/apis/k8s.starter.org/v1alpha1/namespaces/${namespace}/kubernetesclusters`);
}

/** The flags of the pods. */
async function flags(): Promise<string> {
  const jsonpath = 'jsonpath={.spec.template.spec.containers[0].args}';
  return await app.run(`get deployment mcp-connector --namespace=kube-system --output=${jsonpath}`);
}

async function revisions(): Promise<string[]> {
  const history = JSON.parse(await helm('history', 'mcp-connector', '--output', 'json')) as {
    revision: number;
    status: string;
    description: string;
  }[];
  return history.map(({ revision, status, description }) => `${revision} ${status}: ${description}`);
}

/** Until nothing in the app cluster has the connector's name, whatever its kind, and namespaces come and go. */
async function nothingIsLeft(): Promise<void> {
  await eventually(
    async () => {
      const resources = await app.run('api-resources --verbs=list --output=name');
      const looked = resources.split('\n').filter((name) => !/^(events|componentstatuses)\b/.test(name));
      const names = await app.run(`get ${looked.join()} --all-namespaces --output=name`);
      expect(looked).not.toContain(kind);
      expect(names.split('\n').length).toBeGreaterThan(50);
      expect(names.split('\n').filter((name) => name.includes('mcp-connector'))).toEqual([]);
    },
    { timeoutMs: 120_000, everyMs: 1_000 },
  );
  expect(await app.run('get apiservices --output=name')).not.toContain('starter');
  await app.run('create namespace e2e-afterwards');
  await app.run('delete namespace e2e-afterwards --timeout=60s');
}

/** As deploy/control-plane.yaml tells it. */
async function mayMove(): Promise<void> {
  const name = `mcp-connector:move:${claimNamespace}`;
  await controlPlane.run(
    `create clusterrolebinding ${name} --clusterrole=${name} --serviceaccount=${account}`,
  );
  for (const place of [claimNamespace, target])
    await controlPlane.run(
      `create rolebinding ${name} --namespace=${place} --clusterrole=mcp-connector:move-claims:${claimNamespace} --serviceaccount=${account}`,
    );
}

/** What is behind a claim: its composite resource, and that claim in it. */
async function behind(claim: Claim): Promise<{ uid: string; claim: string; composed: string[] }> {
  const { metadata, spec } = await controlPlane.read<{
    metadata: { uid: string };
    spec: { claimRef: { namespace: string; name: string }; resourceRefs: { name: string }[] };
  }>(`get xkubernetesclusters.k8s.starter.org ${claim.spec.resourceRef.name}`);
  const composed = spec.resourceRefs.map(async ({ name }) => {
    const fake = await controlPlane.read<{ metadata: { uid: string; generation: number } }>(
      `get fakes ${name}`,
    );
    return `${fake.metadata.uid} ${fake.metadata.generation}`;
  });
  return {
    uid: metadata.uid,
    claim: `${spec.claimRef.namespace}/${spec.claimRef.name}`,
    composed: await Promise.all(composed),
  };
}

beforeAll(async () => {
  client = new KubeClient(new Transport(accessFromFile(app.kubeconfig)), 'e2e');
  await app.run(`create namespace ${namespace}`);
  const manifest = {
    apiVersion: 'k8s.starter.org/v1alpha1',
    kind: 'KubernetesCluster',
    metadata: { name: 'stays', namespace },
    spec: {
      id: 'stays',
      parameters: { nodes: { count: 1, size: 'small' } },
      writeConnectionSecretToRef: { name: 'stays-connection' },
    },
  };
  await app.run('apply --filename=-', JSON.stringify(manifest));
  await app.run(`wait ${kind} stays --namespace=${namespace} --for=condition=Ready --timeout=120s`);
  await app.run(`wait secret stays-connection --namespace=${namespace} --for=create --timeout=60s`);
  before = await app.read<Claim>(`get ${kind} stays --namespace=${namespace}`);
});
afterAll(async () => {
  await client?.transport[Symbol.asyncDispose]();
});

// Each goes on from where the one before it has ended.
describe('an installation', () => {
  it('is upgraded and rolled back by Helm, and claims are listed all the time [gitops.upgrade.node]', async () => {
    await using steady = list();
    const first = await flags();
    await upgrade('mcp-connector', 'logLevel=debug,limits.maxWatches=1500');
    expect(await flags()).toContain('--log-level=debug');
    expect(await flags()).toContain('--max-watches=1500');
    await helm('rollback', 'mcp-connector', '--wait', '--timeout=180s');
    expect(await flags()).toBe(first);
    expect(await revisions()).toEqual([
      expect.stringMatching(/^1 superseded: /),
      '2 superseded: Upgrade complete',
      '3 deployed: Rollback to 1',
    ]);
    await steady.further(20);
    expect(await steady.stop()).toEqual([`stays ${before.metadata.uid}`]);
    process.stdout.write(`upgrade and rollback: ${steady.count} lists, all alike\n`);
  });

  it('goes with helm uninstall, its claims stay, and nothing else of it [uninstall.hook, uninstall.credentials]', async () => {
    process.stdout.write(await helm('uninstall', 'mcp-connector', '--wait', '--timeout=180s'));
    await nothingIsLeft();
    const stored = await controlPlane.run(
      `get ${kind} --namespace=${claimNamespace} --output=jsonpath={.items[*].metadata.uid}`,
    );
    expect(stored).toBe(before.metadata.uid);
    const owners = 'jsonpath={.metadata.ownerReferences}';
    expect(await app.run(`get secret stays-connection --namespace=${namespace} --output=${owners}`)).toBe('');
  });

  it('that is installed again shows the claims it had [gitops.upgrade.reinstall]', async () => {
    expect(await install()).toContain('secret/mcp-connector-kubeconfig in kube-system created');
    const again = await app.read<Claim>(`get ${kind} stays --namespace=${namespace}`);
    expect(again.metadata.uid).toBe(before.metadata.uid);
    // And the Secret that stayed belongs to its claim again.
    const owners = 'jsonpath={.metadata.ownerReferences[*].uid}';
    await eventually(async () =>
      expect(await app.run(`get secret stays-connection --namespace=${namespace} --output=${owners}`)).toBe(
        before.metadata.uid,
      ),
    );
  });

  it('is taken over by another, and claims are listed all the time, also when it is removed [install.takeover.whole]', async () => {
    // As another product's, which has no label of ours.
    await app.run(`label apiservice ${api} mcp-connector-k8s.io/release-`);
    const { metadata } = await app.read<APIService>(`get apiservice ${api}`);
    await using steady = list();

    const said = await install('--take-over', `--release-name=${next}`);

    expect(said).toContain('deployment.apps/mcp-connector in kube-system scaled to 0');
    expect(await install('--take-over', `--release-name=${next}`)).toContain('Nothing had to be changed.');
    await helm('uninstall', 'mcp-connector', '--no-hooks', '--wait', '--timeout=180s');
    // What a product of that name had besides, and what its people removed by hand.
    const kept =
      'configmap/mcp-connector-state,configmap/mcp-connector-claims,secret/mcp-connector-serving-cert';
    for (const name of [...kept.split(','), 'secret/mcp-connector-kubeconfig', 'lease/mcp-connector'])
      await app.run(`delete ${name} --namespace=kube-system`);
    await steady.further(100);
    expect(await steady.stop()).toEqual([`stays ${before.metadata.uid}`]);
    const taken = await app.read<APIService>(`get apiservice ${api}`);
    expect(taken.metadata.uid).toBe(metadata.uid);
    expect(taken.spec.service?.name).toBe(next);
    process.stdout.write(`take-over: ${steady.count} lists, all alike\n`);
  });

  it('goes with helm uninstall, and its hook moves the claims where the values say so [uninstall.hook.moves]', async () => {
    await controlPlane.run(`create namespace ${target}`);
    await mayMove();
    await upgrade(next, `uninstall.moveClaimsTo=${target}`);
    const [old] = (await controlPlane.read<{ items: Claim[] }>(`get ${kind} --namespace=${claimNamespace}`))
      .items;
    const infrastructure = await behind(old as Claim);
    expect(infrastructure.composed).toHaveLength(1);

    process.stdout.write(await helm('uninstall', next, '--wait', '--timeout=240s'));

    await nothingIsLeft();
    expect(await controlPlane.run(`get ${kind} --namespace=${claimNamespace} --output=name`)).toBe('');
    await controlPlane.run(`wait ${kind} stays --namespace=${target} --for=condition=Ready --timeout=60s`);
    const moved = await controlPlane.read<Claim>(`get ${kind} stays --namespace=${target}`);
    expect(await behind(moved)).toEqual({ ...infrastructure, claim: `${target}/stays` });
    await controlPlane.run(`get secret stays-connection --namespace=${target}`);
    const composites = await controlPlane.run('get xkubernetesclusters.k8s.starter.org --output=name');
    expect(composites.split('\n')).toHaveLength(1);
  });
});
