import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { namespacePath, secretPath } from '../../src/clusters/api-paths.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

interface Status {
  kind: string;
  code: number;
  reason: string;
  message: string;
}

const otherClaimNamespace = 'binding-other-claims';
const secretName = 'control-plane';
let ground: TestGround;
let api: ClaimApi;
let namespace: string;
let connector: TestConnector;

beforeAll(async () => {
  ground = await TestGround.prepare('binding');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  namespace = await ground.createAppNamespace('a');
  await ground.controlPlane.createNamespace(otherClaimNamespace);
  // The app cluster stands in for another control plane, which has a namespace of the same name.
  await ground.app.createNamespace(ground.claimNamespace);
  await ground.app.client.create(secretPath(ground.namespace), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace: ground.namespace },
    stringData: { kubeconfig: await readFile(ground.controlPlane.kubeconfig, 'utf8') },
  });
  connector = await start(ground.claimNamespace);
  await ground.available(api);
  await ground.app.client.create(claimsPath(), {
    apiVersion: `${api.group}/v1`,
    kind: 'Database',
    metadata: { name: 'kept' },
    spec: { parameters: { size: 'small' } },
  });
});
afterAll(() => ground?.remove());

/** The kubeconfig comes from the Secret; an empty flag is none. */
function start(claimNamespace: string, ...flags: string[]): Promise<TestConnector> {
  return ground.startConnector({
    claimNamespace,
    controlPlane: { kubeconfig: '' },
    ready: false,
    flags: [`--control-plane-secret=${secretName}`, `--allow=*.${ground.group}`, ...flags],
  });
}

async function useKubeconfigOf(cluster: { kubeconfig: string }): Promise<void> {
  const kubeconfig = await readFile(cluster.kubeconfig, 'utf8');
  await ground.app.client.patch(secretPath(ground.namespace, secretName), { stringData: { kubeconfig } });
}

function claimsPath(name?: string): string {
  return `/apis/${api.group}/v1/namespaces/${namespace}/databases${name === undefined ? '' : `/${name}`}`;
}

/** Every read and write is refused with the reason; what is answered from memory goes on. A process that served before stays ready. */
async function refusesData(sentence: RegExp, readiness: 200 | 503): Promise<void> {
  await eventually(async () => {
    const body = {
      apiVersion: `${api.group}/v1`,
      kind: 'Database',
      metadata: { name: 'new' },
      spec: { parameters: { size: 'small' } },
    };
    const requests: [string, object][] = [
      [claimsPath(), {}],
      [`/apis/${api.group}/v1/databases`, {}],
      [`/apis/${api.group}/v1/databases?watch=true&timeoutSeconds=1`, {}],
      [claimsPath('kept'), {}],
      [claimsPath('kept'), { method: 'DELETE' }],
      [claimsPath(), { method: 'DELETE' }],
      [claimsPath(), { method: 'POST', body }],
    ];
    for (const [path, request] of requests) {
      const answer = await ground.app.ask(path, request);
      expect({ path, ...request, status: answer.status }).toEqual({ path, ...request, status: 503 });
      expect(answer.json()).toMatchObject({ kind: 'Status', reason: 'ServiceUnavailable' });
      expect((answer.json() as Status).message).toMatch(sentence);
    }
  });
  const ready = await connector.process.probe('/readyz');
  expect(ready.status).toBe(readiness);
  expect(ready.body).toMatch(sentence);
  expect((await ground.app.ask(`/apis/${api.group}/v1`)).status).toBe(200);
}

async function servesData(): Promise<void> {
  await eventually(async () => {
    expect(await connector.process.probe('/readyz')).toMatchObject({ status: 200 });
    const { items } = (await ground.app.ask(claimsPath())).json() as {
      items: { metadata: { name: string } }[];
    };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['kept']);
  });
}

describe('the binding of an app cluster', () => {
  it('holds against the kubeconfig of another control plane, and lets the first back in [serve.binding.controlplane]', async () => {
    await servesData();
    const { pid } = connector.process;

    await useKubeconfigOf(ground.app);
    await refusesData(/is bound to namespace binding-claims with UID [0-9a-f-]+, now [0-9a-f-]+/, 200);

    await useKubeconfigOf(ground.controlPlane);
    await servesData();
    expect(connector.process.pid).toBe(pid);
  });

  it('refuses another claim namespace after a restart until --rebind accepts it [serve.binding.rebind]', async () => {
    await connector.stop();
    connector = await start(otherClaimNamespace);
    await refusesData(/is bound to claim namespace binding-claims, now binding-other-claims/, 503);
    expect(await connector.stderr()).toContain('--rebind');
    await connector.stop();

    connector = await start(otherClaimNamespace, '--rebind');
    await eventually(async () => {
      const answer = await ground.app.ask(claimsPath());
      expect({ status: answer.status, items: (answer.json() as { items?: unknown[] }).items }).toEqual({
        status: 200,
        items: [],
      });
    });
    // Accepted once, it is the binding from now on.
    await connector.stop();
    connector = await start(otherClaimNamespace);
    await eventually(async () => expect((await ground.app.ask(claimsPath())).status).toBe(200));
  });

  it('holds against a claim namespace that was deleted and made anew [serve.binding.namespace]', async () => {
    const path = namespacePath(otherClaimNamespace);
    await ground.controlPlane.client.delete(path);
    await eventually(async () => expect(await isGone(ground.controlPlane.client, path)).toBe(true));
    await ground.controlPlane.createNamespace(otherClaimNamespace);
    await refusesData(
      /namespace binding-other-claims with UID [0-9a-f-]+, now [0-9a-f-]+ \(another control plane, or/,
      200,
    );
  });
});
