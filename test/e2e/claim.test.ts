import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { app, claimNamespace, controlPlane } from './clusters.ts';

interface Claim {
  metadata: { name: string; uid: string; labels?: Record<string, string> };
  spec: { parameters: { nodes: { count: number } }; writeConnectionSecretToRef?: { name: string } };
}

interface Secret {
  data: Record<string, string>;
}

const kind = 'kubernetesclusters.k8s.starter.org';
const namespace = 'e2e-claims';
const label = 'mcp-connector.upbound.io';

function claim(name: string, count: number): string {
  return JSON.stringify({
    apiVersion: 'k8s.starter.org/v1alpha1',
    kind: 'KubernetesCluster',
    metadata: { name, namespace },
    spec: {
      id: name,
      parameters: { nodes: { count, size: 'small' } },
      writeConnectionSecretToRef: { name: `${name}-connection` },
    },
  });
}

let clusterID: string;

function identity(name: string): string {
  return `claim-${createHash('sha256').update(`${name}-x-${namespace}-x-${clusterID}`).digest('hex').slice(0, 16)}`;
}

beforeAll(async () => {
  await app.run(`delete namespace ${namespace} --ignore-not-found --timeout=120s`);
  await app.run(`create namespace ${namespace}`);
  clusterID = await app.run('get namespace kube-system --output=jsonpath={.metadata.uid}');
}, 180_000);

afterAll(async () => {
  await app.run(`delete namespace ${namespace} --ignore-not-found --timeout=120s`);
}, 180_000);

describe('the APIs of the control plane', () => {
  it('are listed and explained in the app cluster', async () => {
    expect(await app.run('api-resources --api-group=k8s.starter.org')).toContain('KubernetesCluster');
    expect(await app.run(`explain ${kind}.spec.parameters.nodes.count`)).toContain('Desired node count');
  });

  it('are Available there', async () => {
    const api = await app.read<{ status: { conditions: { type: string; status: string }[] } }>(
      'get apiservice v1alpha1.k8s.starter.org',
    );
    expect(api.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Available', status: 'True' }),
    );
  });

  it('obey the roles of the app cluster', async () => {
    await app.run(`create rolebinding editor --clusterrole=edit --user=editor --namespace=${namespace}`);
    await app.run(`create rolebinding viewer --clusterrole=view --user=viewer --namespace=${namespace}`);
    expect(await app.failure('apply --as=viewer --filename=-', claim('refused', 1))).toContain('viewer');
    await app.run('apply --as=editor --filename=-', claim('by-editor', 1));
    expect(await app.run(`get ${kind} --as=viewer --namespace=${namespace} --output=name`)).toBe(
      `kubernetescluster.k8s.starter.org/by-editor`,
    );
    expect(await app.failure(`get ${kind} --as=viewer --namespace=default`)).toContain('forbidden');
    await app.run(`delete ${kind} by-editor --as=editor --namespace=${namespace}`);
  }, 120_000);
});

describe('a claim', () => {
  it('is refused by the schema of the control plane', async () => {
    expect(await app.failure('apply --filename=-', claim('too-large', 1_000))).toContain(
      'less than or equal to 100',
    );
  });

  it('becomes ready', async () => {
    await app.run('apply --filename=-', claim('my-cluster', 3));
    await app.run(`wait ${kind} my-cluster --namespace=${namespace} --for=condition=Ready --timeout=120s`);
    const seen = await app.read<Claim>(`get ${kind} my-cluster --namespace=${namespace}`);
    expect(seen.spec.writeConnectionSecretToRef).toEqual({ name: 'my-cluster-connection' });
    expect(JSON.stringify(seen.metadata.labels ?? {})).not.toContain(label);
  }, 150_000);

  it('lives on the control plane under the hash of its name', async () => {
    const stored = await controlPlane.read<Claim>(
      `get ${kind} ${identity('my-cluster')} --namespace=${claimNamespace}`,
    );
    const seen = await app.read<Claim>(`get ${kind} my-cluster --namespace=${namespace}`);
    expect(stored.metadata.uid).toBe(seen.metadata.uid);
    expect(stored.metadata.labels).toMatchObject({
      [`${label}/app-cluster`]: clusterID,
      [`${label}/app-namespace`]: namespace,
      [`${label}/app-resource-name`]: 'my-cluster',
    });
  });

  it('delivers its connection Secret beside itself', async () => {
    await app.run(`wait secret my-cluster-connection --namespace=${namespace} --for=create --timeout=60s`);
    const secret = await app.read<Secret>(`get secret my-cluster-connection --namespace=${namespace}`);
    expect(Buffer.from(secret.data['kubeconfig'] ?? '', 'base64').toString()).toContain('kind: Config');
  }, 90_000);

  it('is changed by apply', async () => {
    await app.run('apply --filename=-', claim('my-cluster', 5));
    const stored = await controlPlane.read<Claim>(
      `get ${kind} ${identity('my-cluster')} --namespace=${claimNamespace}`,
    );
    expect(stored.spec.parameters.nodes.count).toBe(5);
  });

  it('stays reachable while the connector is replaced', async () => {
    await app.run('rollout restart deployment mcp-connector --namespace=kube-system');
    await app.run('rollout status deployment mcp-connector --namespace=kube-system --timeout=120s');
    expect(await app.run(`get ${kind} my-cluster --namespace=${namespace} --output=name`)).toBe(
      'kubernetescluster.k8s.starter.org/my-cluster',
    );
  }, 150_000);

  it('goes from both clusters with its namespace', async () => {
    await app.run(`delete namespace ${namespace} --timeout=120s`);
    const left = await controlPlane.run(
      `get ${kind} --namespace=${claimNamespace} --selector=${label}/app-namespace=${namespace} --output=name`,
    );
    expect(left).toBe('');
  }, 150_000);
});
