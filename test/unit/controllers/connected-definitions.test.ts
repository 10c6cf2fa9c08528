import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CustomResourceDefinition, KubeObject } from '../../../src/apimachinery/objects.ts';
import { connectedResourcesOf } from '../../../src/catalog/connected-resource.ts';
import { crdPath } from '../../../src/clusters/api-paths.ts';
import { ConnectedDefinitions } from '../../../src/controllers/catalog/connected-definitions.ts';
import { type Answer, FakeApiServer, failure } from '../clusters/fake-api-server.ts';

const group = 'example.org';
const xrd = {
  apiVersion: 'apiextensions.crossplane.io/v1',
  kind: 'CompositeResourceDefinition',
  name: 'xbuckets',
  uid: '1',
};
let controlPlane: FakeApiServer;
let abort: AbortController;

beforeEach(async () => {
  controlPlane = await FakeApiServer.start();
  controlPlane.intercept = ({ method, path }) =>
    method === 'GET' && !controlPlane.objects.has(path) ? notFound(path) : undefined;
  abort = new AbortController();
});
afterEach(async () => {
  abort.abort();
  await controlPlane[Symbol.asyncDispose]();
});

/** As kube-apiserver says it of an object, and without a Status of a path that is not there. */
function notFound(path: string): Answer {
  const name = path.split('/').at(-1);
  if (!path.startsWith(`${crdPath()}/`)) return { status: 404, body: '404 page not found' };
  const answer = failure(404, 'NotFound');
  const details = { name, group: 'apiextensions.k8s.io', kind: 'customresourcedefinitions' };
  return { ...answer, body: { ...(answer.body as object), details } };
}

function store(plural: string, owners: object[] = [{ ...xrd, controller: true }]): CustomResourceDefinition {
  const crd = {
    metadata: { name: `${plural}.${group}`, ownerReferences: owners },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind: plural, categories: ['claim'] },
      versions: [{ name: 'v1', served: true, storage: true }],
    },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  };
  return controlPlane.put(crdPath(crd.metadata.name), crd) as unknown as CustomResourceDefinition;
}

function newDefinitions(registered: { group: string; version: string }[] = []): ConnectedDefinitions {
  return new ConnectedDefinitions({
    client: controlPlane.client(),
    signal: abort.signal,
    registered: () => Promise.resolve(registered),
  });
}

async function names(
  definitions: ConnectedDefinitions,
  listed: KubeObject[],
  connected: Parameters<ConnectedDefinitions['refresh']>[1] = [],
): Promise<string[]> {
  return (await definitions.refresh(listed, connected)).map(({ metadata }) => metadata.name);
}

describe('ConnectedDefinitions', () => {
  it('reads what an XRD owns, once for each version', async () => {
    const definitions = newDefinitions();
    const bucket = store('buckets');
    expect(await names(definitions, [bucket, store('others', [])])).toEqual(['buckets.example.org']);
    await definitions.refresh([bucket], []);
    expect(controlPlane.received).toHaveLength(1);
    await definitions.refresh([store('buckets')], []);
    expect(controlPlane.received).toHaveLength(2);
  });

  it('keeps what the list lacks until the API server says that it does not exist', async () => {
    const definitions = newDefinitions();
    await definitions.refresh([store('buckets')], []);
    expect(await names(definitions, [])).toEqual(['buckets.example.org']);
    controlPlane.remove(crdPath('buckets.example.org'));
    expect(await names(definitions, [])).toEqual([]);
  });

  it.each([
    ['no right', failure(403, 'Forbidden')],
    ['a 404 without a Status', { status: 404, body: '404 page not found' }],
    ['a 404 about something else', failure(404, 'NotFound')],
    ['a 503', failure(503, 'ServiceUnavailable')],
  ])('gives no answer rather than a shorter one after %s', async (_, answer) => {
    const definitions = newDefinitions();
    await definitions.refresh([store('buckets')], []);
    controlPlane.intercept = () => answer;
    await expect(definitions.refresh([], [])).rejects.toMatchObject({ code: 'api-error' });
  });

  it('asks for what an earlier process has connected', async () => {
    const crd = store('buckets');
    const connected = connectedResourcesOf(crd, 'claim');
    expect(await names(newDefinitions(), [], connected)).toEqual(['buckets.example.org']);
    // Its owner is away for a moment, as after `kubectl replace`.
    store('buckets', []);
    expect(await names(newDefinitions(), [], connected)).toEqual(['buckets.example.org']);
    controlPlane.remove(crdPath('buckets.example.org'));
    expect(await names(newDefinitions(), [], connected)).toEqual([]);
  });

  it('looks behind what is registered when no catalog tells of it', async () => {
    store('buckets');
    store('others', []);
    const resources = [
      { name: 'buckets', namespaced: true },
      { name: 'buckets/status', namespaced: true },
      { name: 'others', namespaced: true },
      { name: 'xbuckets', namespaced: false },
    ];
    const list = { metadata: { name: 'v1' }, resources };
    controlPlane.objects.set(`/apis/${group}/v1`, list);
    const definitions = newDefinitions([
      { group, version: 'v1' },
      { group: 'gone.example.org', version: 'v1' },
    ]);
    expect(await names(definitions, [])).toEqual(['buckets.example.org']);
  });
});
