import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterApi } from '../../../src/agent/cluster/cluster-api.ts';
import { DiscoveryCache } from '../../../src/agent/cluster/discovery-cache.ts';
import { type Answer, FakeApiServer, failure } from '../clusters/fake-api-server.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

const xrds = 'compositeresourcedefinitions';

/** As kube-apiserver answers /apis in aggregated form. */
function aggregated(groups: Record<string, Record<string, string[]>>): Answer {
  const items = Object.entries(groups).map(([name, versions]) => ({
    metadata: { name },
    versions: Object.entries(versions).map(([version, kinds]) => ({
      version,
      resources: kinds.map((kind) => ({
        resource: `${kind.toLowerCase()}s`,
        responseKind: { group: '', version: '', kind },
        scope: 'Cluster',
        verbs: ['get', 'list'],
        categories: ['crossplane'],
      })),
    })),
  }));
  return {
    status: 200,
    body: { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items },
  };
}

const crossplane2 = {
  'apiextensions.crossplane.io': {
    v2: ['CompositeResourceDefinition'],
    v1: ['CompositeResourceDefinition', 'Composition'],
    v1beta1: ['EnvironmentConfig'],
  },
  'pkg.crossplane.io': { v1: ['Function'], v1beta1: ['Function', 'Lock'] },
};

let fake: FakeApiServer;
let clock: ManualClock;

beforeAll(async () => {
  fake = await FakeApiServer.start();
});
afterAll(() => fake[Symbol.asyncDispose]());
beforeEach(() => {
  clock = new ManualClock();
  fake.received.length = 0;
});

function asked(): number {
  return fake.count('GET', '/apis');
}

function serve(groups: Record<string, Record<string, string[]>>): void {
  fake.intercept = ({ path }) =>
    path === '/apis' ? aggregated(groups) : aggregated({ '': { v1: ['Secret'] } });
}

function api(signal: AbortSignal = new AbortController().signal): ClusterApi {
  return new ClusterApi({ client: fake.client(), readOnly: true, signal });
}

describe('the kinds of a control plane', () => {
  it('are taken in the first version that is served, in the order of preference [agent.discovery.version]', async () => {
    serve(crossplane2);
    const kinds = new DiscoveryCache(clock).directory('me', api());
    expect(await kinds.find('CompositeResourceDefinition')).toMatchObject({ version: 'v2', plural: xrds });
    expect(await kinds.find('Function')).toMatchObject({ version: 'v1' });
    expect(await kinds.findVersion('CompositeResourceDefinition', 'v1')).toMatchObject({ version: 'v1' });
    expect(await kinds.findVersion('CompositeResourceDefinition', 'v3')).toBeUndefined();
    expect(await kinds.resourceOf('v1', 'Secret')).toMatchObject({ group: '', plural: 'secrets' });
    expect(await kinds.resourceOf('example.org/v1', 'Secret')).toBeUndefined();

    serve({
      'apiextensions.crossplane.io': { v1: ['CompositeResourceDefinition'], v1alpha1: ['EnvironmentConfig'] },
    });
    const older = new DiscoveryCache(clock).directory('me', api());
    expect(await older.find('CompositeResourceDefinition')).toMatchObject({ version: 'v1' });
    expect(await older.find('EnvironmentConfig')).toMatchObject({ version: 'v1alpha1' });
    expect((await older.all()).filter(({ plural }) => plural === xrds)).toHaveLength(1);
  });

  it('say what to check where Crossplane, a kind or a later release is missing [agent.discovery.missing]', async () => {
    serve({ apps: { v1: ['Deployment'] } });
    const none = new DiscoveryCache(clock).directory('me', api());
    await expect(none.find('Composition')).rejects.toMatchObject({
      code: 'not_installed',
      message: 'this control plane does not serve apiextensions.crossplane.io',
      facts: { hint: expect.stringMatching(/not installed here.*discovery/) },
    });
    serve({ 'apiextensions.crossplane.io': { v1: ['Composition'] } });
    const kinds = new DiscoveryCache(clock).directory('me', api());
    await expect(kinds.find('CompositeResourceDefinition')).rejects.toMatchObject({
      code: 'not_installed',
      facts: { hint: expect.stringContaining(`the CRD ${xrds}.apiextensions.crossplane.io`) },
    });
    await expect(kinds.find('Operation')).rejects.toThrow('it is part of Crossplane 2.0 and later');
    expect(await kinds.findServed('Operation')).toBeUndefined();
  });

  it('are asked for once in 5 minutes for each identity, and again after a 404 [agent.discovery.cached]', async () => {
    serve(crossplane2);
    const cache = new DiscoveryCache(clock);
    await Promise.all([
      cache.directory('a', api()).find('Composition'),
      cache.directory('a', api()).find('Lock'),
    ]);
    expect(asked()).toBe(1);
    await cache.directory('b', api()).find('Composition');
    expect(asked()).toBe(2);
    cache.directory('a', api()).forget();
    await cache.directory('a', api()).find('Composition');
    expect(asked()).toBe(3);
    clock.stall(5 * 60_000);
    await cache.directory('a', api()).find('Composition');
    expect(asked()).toBe(4);
  });

  it('do not fail because the call that asked first has ended [agent.discovery.cached]', async () => {
    const cache = new DiscoveryCache(clock);
    const asking = Promise.withResolvers<void>();
    const ended = new AbortController();
    fake.intercept = async ({ path }) => {
      if (path !== '/apis') return aggregated({});
      if (fake.count('GET', '/apis') > 1) return aggregated(crossplane2);
      asking.resolve();
      return await new Promise<'drop'>((resolve) =>
        ended.signal.addEventListener('abort', () => resolve('drop')),
      );
    };
    const first = cache.directory('a', api(ended.signal)).find('Composition');
    await asking.promise;
    const second = cache.directory('a', api()).find('Composition');
    ended.abort();
    await expect(first).rejects.toMatchObject({ code: 'timeout' });
    expect(await second).toMatchObject({ plural: 'compositions' });
  });

  it('are found one group after the other where the API server aggregates nothing [agent.discovery.plain]', async () => {
    fake.intercept = ({ path }) => {
      if (path === '/api') return { status: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
      if (path === '/apis')
        return {
          status: 200,
          body: {
            kind: 'APIGroupList',
            groups: [
              { name: 'apiextensions.crossplane.io', versions: [{ version: 'v1' }] },
              { name: 'broken.example.org', versions: [{ version: 'v1' }] },
            ],
          },
        };
      if (path.includes('broken')) return failure(503, 'ServiceUnavailable');
      const resources = path.includes('crossplane')
        ? [
            { name: 'compositions', kind: 'Composition', namespaced: false, verbs: ['list'] },
            { name: 'compositions/status', kind: 'Composition', namespaced: false, verbs: ['get'] },
          ]
        : [{ name: 'secrets', kind: 'Secret', namespaced: true, verbs: ['list'] }];
      return { status: 200, body: { kind: 'APIResourceList', resources } };
    };
    const kinds = new DiscoveryCache(clock).directory('me', api());
    expect(await kinds.find('Composition')).toMatchObject({ version: 'v1', namespaced: false });
    expect((await kinds.all()).map(({ plural }) => plural)).toEqual(['secrets', 'compositions']);
  });
});
