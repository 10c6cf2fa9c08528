import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { APIService, CustomResourceDefinition } from '../../src/apimachinery/objects.ts';
import { apiServicePath, crdPath, servicePath } from '../../src/clusters/api-paths.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { type ClaimApi, claimCrdName, withdrawApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy. What is promised in seconds is measured.
jest.setTimeout(90_000);
/** The product's promise, from the change of the CRD on the control plane to the discovery of the app cluster. */
const promisedMs = 5_000;
const patienceMs = 15_000;
const goneGroup = 'gone.catalog.test.example.org';
const foreignGroup = 'foreign.catalog.test.example.org';
const localGroup = 'local.catalog.test.example.org';

let ground: TestGround;
let connector: TestConnector;
let databases: ClaimApi;

beforeAll(async () => {
  ground = await TestGround.prepare('catalog');
  databases = await ground.offer({ kind: 'Database', plural: 'databases' });
  connector = await ground.startConnector({
    flags: [ground.group, goneGroup, foreignGroup, localGroup].map((group) => `--allow=*.${group}`),
  });
  await ground.available(databases);
});
afterAll(async () => {
  if (!ground) return;
  const { client } = ground.app;
  for (const path of [crdPath(`locals.${localGroup}`), apiServicePath(`v1.${foreignGroup}`)])
    await client.delete(path).catch(() => undefined);
  await ground.remove();
});

/**
 * Waits until the control plane shows a change, then until the app cluster does, and asserts the promise. Both have
 * to throw while they do not see it.
 */
async function expectFollowed(
  inControlPlane: () => Promise<unknown>,
  inAppCluster: () => Promise<unknown>,
): Promise<void> {
  await eventually(inControlPlane, { everyMs: 20 });
  const since = performance.now();
  await eventually(inAppCluster, { timeoutMs: patienceMs, everyMs: 50 });
  const ms = Math.round(performance.now() - since);
  if (ms > promisedMs)
    throw new Error(`the app cluster followed after ${ms} ms, ${promisedMs} ms are promised`);
}

function resourcesOf(
  cluster: 'app' | 'controlPlane',
  group: string,
  version: string,
): Promise<string[] | undefined> {
  return ground[cluster].discovered(group, version);
}

/** Text of the OpenAPI v3 document by which kubectl explains a group and version; throws while there is none. */
function openApi(group: string, version: string): Promise<string> {
  return ground.app.client.getText(`/openapi/v3/apis/${group}/${version}`);
}

describe('the APIs of the app cluster', () => {
  it('have a new kind within 5 s, also a second one in a known group and version [serve.catalog.added]', async () => {
    const offered = ground.offer({ kind: 'Cache', plural: 'caches' });
    await expectFollowed(
      async () => expect(await resourcesOf('controlPlane', ground.group, 'v1')).toContain('caches'),
      async () => expect(await resourcesOf('app', ground.group, 'v1')).toContain('caches'),
    );
    await offered;
    expect(await resourcesOf('app', ground.group, 'v1')).toContain('databases');
    for (const plural of ['caches', 'databases'])
      expect((await ground.app.ask(`/apis/${ground.group}/v1/${plural}`)).status).toBe(200);
    expect((await ground.apiServices()).map(({ metadata }) => metadata.name)).toEqual([`v1.${ground.group}`]);
  });

  it('have no kind of a composite resource, neither in discovery nor in OpenAPI [serve.catalog.xr]', async () => {
    expect(await resourcesOf('controlPlane', ground.group, 'v1')).toContain('xdatabases');
    const known = await resourcesOf('app', ground.group, 'v1');
    expect(known).toContain('databases');
    expect(known?.filter((plural) => plural.startsWith('x'))).toEqual([]);
    const { resources } = await ground.app.client.get<{ resources: { name: string; kind: string }[] }>(
      `/apis/${ground.group}/v1`,
    );
    expect(resources.filter(({ kind }) => kind.startsWith('X'))).toEqual([]);
    // The aggregator fetches the list of documents on its own time.
    const document = await eventually(() => openApi(ground.group, 'v1'));
    expect(document).toContain('"Database"');
    expect(document).not.toMatch(/XDatabase|xdatabases/);
    expect((await ground.app.ask(`/apis/${ground.group}/v1/xdatabases`)).status).toBe(404);
  });

  it('explain a new field of the schema within 5 s [serve.catalog.schema]', async () => {
    const parameters = { colour: { type: 'string', description: 'Which colour it has.' } };
    const offered = ground.offer({ ...databases, parameters });
    await expectFollowed(
      async () => {
        const crd = await ground.controlPlane.client.get<CustomResourceDefinition>(
          crdPath(claimCrdName(databases)),
        );
        expect(JSON.stringify(crd.spec)).toContain('Which colour it has.');
      },
      async () => expect(await openApi(ground.group, 'v1')).toContain('Which colour it has.'),
    );
    await offered;
    await eventually(async () => {
      const text = await ground.app.run(`explain databases.${ground.group}.spec.parameters.colour`);
      expect(text).toContain('Which colour it has.');
    });
  });

  it('have a new version within 5 s [serve.catalog.version]', async () => {
    const grown: ClaimApi = { ...databases, versions: ['v1', 'v1beta1'] };
    const offered = ground.offer(grown);
    await expectFollowed(
      async () => expect(await resourcesOf('controlPlane', ground.group, 'v1beta1')).toContain('databases'),
      async () => expect(await resourcesOf('app', ground.group, 'v1beta1')).toContain('databases'),
    );
    await offered;
    await ground.available(grown);
    const { items } = await ground.app.client.get<{
      items: { metadata: { name: string }; versions: { version: string }[] }[];
    }>('/apis', { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' });
    const versions = items.find(({ metadata }) => metadata.name === ground.group)?.versions;
    expect(versions?.map(({ version }) => version)).toEqual(['v1', 'v1beta1']);
  });

  it('lose a kind within 5 s after its definition went, and its APIService with it [serve.catalog.removed]', async () => {
    const api = await ground.offer({ group: goneGroup, kind: 'Topic', plural: 'topics' });
    await ground.available(api);

    await withdrawApi(ground.controlPlane.client, api);

    await expectFollowed(
      async () => {
        const gone = await isGone(ground.controlPlane.client, crdPath(claimCrdName(api)));
        expect(gone).toBe(true);
      },
      async () => {
        expect(await resourcesOf('app', goneGroup, 'v1')).toBeUndefined();
        expect(await isGone(ground.app.client, apiServicePath(`v1.${goneGroup}`))).toBe(true);
      },
    );
    expect(await resourcesOf('app', ground.group, 'v1')).toContain('databases');
  });
});

/** Resolves when the log of the connector says it. */
async function reported(sentence: string): Promise<void> {
  await eventually(async () => expect(await connector.stderr()).toContain(sentence));
}

describe('what belongs to somebody else', () => {
  it('keeps the group and version of a CRD of the app cluster, and is reported [serve.catalog.localcrd]', async () => {
    const local = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `locals.${localGroup}` },
      spec: {
        group: localGroup,
        scope: 'Namespaced',
        names: { kind: 'Local', plural: 'locals', singular: 'local', listKind: 'LocalList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    };
    await ground.app.client.create(crdPath(), local);
    await eventually(async () => expect(await resourcesOf('app', localGroup, 'v1')).toEqual(['locals']));
    const path = apiServicePath(`v1.${localGroup}`);
    const before = await ground.app.client.get<APIService>(path);

    await ground.offer({ group: localGroup, kind: 'Remote', plural: 'remotes' });

    await reported(
      `APIService v1.${localGroup} is not connected: it belongs to the CustomResourceDefinition locals.${localGroup}`,
    );
    const after = await ground.app.client.get<APIService>(path);
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata).toEqual(before.metadata);
    expect(await resourcesOf('app', localGroup, 'v1')).toEqual(['locals']);
    const object = { apiVersion: `${localGroup}/v1`, kind: 'Local', metadata: { name: 'mine' } };
    const objects = `/apis/${localGroup}/v1/namespaces/${ground.namespace}/locals`;
    await ground.app.client.create(objects, object);
    expect(await ground.app.run(`get locals.${localGroup} -n ${ground.namespace} --output=name`)).toBe(
      `local.${localGroup}/mine`,
    );
  });

  it('keeps an APIService of another Service, and is reported [serve.catalog.foreign]', async () => {
    // Another Service that leads to something alive: a dead APIService would hold up every namespace of the cluster.
    await ground.app.client.create(servicePath(ground.namespace), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'foreign', namespace: ground.namespace },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: connector.port }] },
    });
    const path = apiServicePath(`v1.${foreignGroup}`);
    const service = { namespace: ground.namespace, name: 'foreign', port: connector.port };
    const spec = {
      group: foreignGroup,
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 10,
      service,
    };
    await ground.app.client.create(apiServicePath(), {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1.${foreignGroup}`, labels: { owner: 'somebody' } },
      spec: { ...spec, insecureSkipTLSVerify: true },
    });

    await ground.offer({ group: foreignGroup, kind: 'Stranger', plural: 'strangers' });

    await reported(
      `APIService v1.${foreignGroup} is not connected: it belongs to the Service ${ground.namespace}/foreign`,
    );
    const after = await ground.app.client.get<APIService>(path);
    expect(after.spec).toEqual({ ...spec, insecureSkipTLSVerify: true });
    expect(after.metadata.labels).toEqual({ owner: 'somebody' });
    expect(after.metadata.annotations).toBeUndefined();
  });
});
