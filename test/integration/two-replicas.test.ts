import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { leasePath } from '../../src/clusters/api-paths.ts';
import { freePort } from '../../src/demo/free-ports.ts';
import { type ApiAnswer, askDirectly, certificateOf, type ClientMaterial } from '../support/api-request.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: a Lease alone takes 15 s to expire.
jest.setTimeout(120_000);

interface LeaseObject extends KubeObject {
  spec: { holderIdentity?: string; leaseTransitions?: number };
}

let ground: TestGround;
let api: ClaimApi;
let admin: ClientMaterial;
let first: TestConnector;
let second: TestConnector;

/** Both replicas name the second's port to the app cluster, as one Service in front of both would. */
beforeAll(async () => {
  ground = await TestGround.prepare('two-replicas');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  admin = await certificateOf(ground.app);
  const port = await freePort();
  const start = (name: string, options: { port?: number } = {}): Promise<TestConnector> =>
    ground.startConnector({
      name: `two-replicas.${name}`,
      env: { POD_NAME: name },
      flags: [`--external-port=${port}`, `--allow=*.${ground.group}`, `--allow=*.late.${ground.group}`],
      ...options,
    });
  first = await start('first');
  await eventually(async () => expect(await holder()).toMatch(/^first_/));
  second = await start('second', { port });
  await ground.available(api);
});
afterAll(() => ground?.remove());

async function lease(): Promise<LeaseObject> {
  return await ground.app.client.get<LeaseObject>(leasePath(ground.namespace, ground.name));
}

async function holder(): Promise<string | undefined> {
  return (await lease()).spec.holderIdentity;
}

function ask(replica: TestConnector, path: string, headers: Record<string, string> = {}): Promise<ApiAnswer> {
  return askDirectly(replica.url, path, { client: admin, headers });
}

describe('two replicas', () => {
  const discovery = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

  it('answer discovery with the same document and ETag [serve.replicas.discovery]', async () => {
    const [a, b] = await Promise.all([first, second].map((one) => ask(one, '/apis', { accept: discovery })));
    expect(a?.headers.etag).toMatch(/^"[^"]+"$/);
    expect(b?.headers.etag).toBe(a?.headers.etag);
    expect(b?.text).toBe(a?.text);
    expect(a?.text).toContain('databases');
    const again = await ask(second, '/apis', {
      accept: discovery,
      'if-none-match': a?.headers.etag as string,
    });
    expect(again.status).toBe(304);
  });

  it('name the same hash for each OpenAPI document [serve.replicas.openapi]', async () => {
    interface Root {
      paths: Record<string, { serverRelativeURL: string }>;
    }
    const [a, b] = await Promise.all([first, second].map((one) => ask(one, '/openapi/v3')));
    expect(b?.json()).toEqual(a?.json());
    const url = (a?.json() as Root | undefined)?.paths[`apis/${ground.group}/v1`]?.serverRelativeURL;
    expect(url).toMatch(/\?hash=[0-9A-Fa-f]+$/);
    const documents = await Promise.all([first, second].map((one) => ask(one, url as string)));
    expect(documents[0]?.status).toBe(200);
    expect(documents[1]?.text).toBe(documents[0]?.text);
    const old = await Promise.all([first, second].map((one) => ask(one, '/openapi/v2')));
    expect(old[0]?.status).toBe(200);
    expect(old[1]?.headers.etag).toBe(old[0]?.headers.etag);
  });

  it('serve the same claims [serve.replicas.data]', async () => {
    const namespace = await ground.createAppNamespace('a');
    const path = `/apis/${ground.group}/v1/namespaces/${namespace}/databases`;
    const body = {
      apiVersion: `${ground.group}/v1`,
      kind: 'Database',
      metadata: { name: 'shared' },
      spec: { parameters: { size: 'small' } },
    };
    const created = await askDirectly(first.url, path, { method: 'POST', body, client: admin });
    expect(created.status).toBe(201);
    const seen = await ask(second, `${path}/shared`);
    expect((seen.json() as KubeObject).metadata.uid).toBe((created.json() as KubeObject).metadata.uid);
    expect((await ground.app.ask(`${path}/shared`)).status).toBe(200);
  });

  it('have one holder of the Lease, and the other takes over when it is killed [serve.replicas.failover]', async () => {
    expect(await second.stderr()).not.toContain('lease acquired');
    const { spec } = await lease();
    expect(spec.holderIdentity).toBe(`first_${first.process.pid}`);

    await first.process.kill();

    // The kind is new: only a replica that registers can make its APIService.
    const late = await ground.offer({ group: `late.${ground.group}`, kind: 'Report', plural: 'reports' });
    await ground.available(late);
    expect(await holder()).toBe(`second_${second.process.pid}`);
    expect((await lease()).spec.leaseTransitions).toBe((spec.leaseTransitions ?? 0) + 1);
    const names = (await ground.apiServices()).map(({ metadata }) => metadata.name);
    expect(names.toSorted()).toEqual([`v1.${late.group}`, `v1.${ground.group}`]);
    expect((await ground.app.ask(`/apis/${ground.group}/v1/databases`)).status).toBe(200);
  });

  it('a leader that was stopped and goes on writes nothing more [replicas.lease.fence]', async () => {
    const third = await ground.startConnector({
      name: 'two-replicas.third',
      env: { POD_NAME: 'third' },
      flags: [`--external-port=${second.port}`, `--allow=*.${ground.group}`],
    });
    second.process.pause();
    await eventually(async () => expect(await holder()).toBe(`third_${third.process.pid}`));
    const query = `/apis/apiregistration.k8s.io/v1/apiservices/v1.${ground.group}`;
    // The new leader decides otherwise than the old one would.
    const decided = await ground.app.client.patch<KubeObject>(query, {
      metadata: { annotations: { 'test.example.org/decided-by': 'third' } },
    });

    second.process.resume();

    await eventually(async () => expect(await second.stderr()).toContain('lease lost'));
    expect(await holder()).toBe(`third_${third.process.pid}`);
    const { metadata } = await ground.app.client.get<KubeObject>(query);
    expect(metadata.annotations).toMatchObject(decided.metadata.annotations ?? {});
    await ground.available(api);
  });
});
