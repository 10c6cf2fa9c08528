import { describe, expect, it } from '@jest/globals';
import type { APIService } from '../../../src/apimachinery/objects.ts';
import type { ConnectedResource } from '../../../src/catalog/connected-resource.ts';
import { ApiError, type KubeClient } from '../../../src/clusters/kube-client.ts';
import { otherInstallation, retire, sameClaimsCheck } from '../../../src/connecting/take-over.ts';

/** A cluster of these objects by path; what is patched is kept. */
function cluster(objects: Record<string, object>): { client: KubeClient; patched: [string, unknown][] } {
  const patched: [string, unknown][] = [];
  const client = {
    get: async (path: string) => {
      const found = objects[path];
      if (!found) throw new ApiError(404, 'NotFound', path);
      return found;
    },
    patch: async (path: string, body: unknown) => void patched.push([path, body]),
  };
  return { client: client as unknown as KubeClient, patched };
}

function apiService(namespace: string, name: string): APIService {
  return {
    metadata: { name: 'v1.a.example.org' },
    spec: {
      group: 'a.example.org',
      version: 'v1',
      groupPriorityMinimum: 1,
      versionPriority: 1,
      service: { namespace, name },
    },
  };
}

function deployment(name: string, app: string, replicas: number): object {
  return {
    metadata: { name },
    spec: { replicas, template: { metadata: { labels: { app, further: 'x' } } } },
  };
}

function claims(...uids: string[]): object {
  return { metadata: {}, items: uids.length === 0 ? null : uids.map((uid) => ({ metadata: { uid } })) };
}

const servicePath = '/api/v1/namespaces/upbound/services/mcp-connector';
const service = {
  metadata: { name: 'mcp-connector', labels: { 'helm.sh/chart': 'mcp-connector-0.8.0' } },
  spec: { selector: { app: 'connector' } },
};

describe('the other installation', () => {
  it('is the one Service of an mcp-connector that the APIs lead to [install.takeover]', async () => {
    const { client } = cluster({ [servicePath]: service });
    const found = await otherInstallation(client, [apiService('upbound', 'mcp-connector')]);
    expect(found).toMatchObject({
      check: { state: 'ok' },
      service: { namespace: 'upbound', releaseName: 'mcp-connector' },
    });
  });

  it.each([
    ['is of something else', { metadata: { name: 'metrics-server' }, spec: {} }, 'no Service of the APIs'],
    ['is not there', undefined, 'no Service of the APIs'],
  ])('is not taken where the Service %s', async (_title, other, sentence) => {
    const { client } = cluster(other ? { '/api/v1/namespaces/a/services/b': other } : {});
    const found = await otherInstallation(client, [apiService('a', 'b')]);
    expect(found).toMatchObject({ check: { state: 'failed' }, service: undefined });
    expect(found.check.message).toContain(sentence);
  });

  it('is not chosen among several', async () => {
    const { client } = cluster({
      [servicePath]: service,
      '/api/v1/namespaces/b/services/mcp-connector': service,
    });
    const both = [apiService('upbound', 'mcp-connector'), apiService('b', 'mcp-connector')];
    expect((await otherInstallation(client, both)).check).toMatchObject({
      state: 'failed',
      message: 'there are several: upbound/mcp-connector, b/mcp-connector',
    });
  });

  it.each([
    ['all of them', ['1', '2'], ['1', '2', '3'], { state: 'ok', message: 'all 2 are shown by this one too' }],
    ['none, where there are none', [], [], { state: 'ok', message: 'all 0 are shown by this one too' }],
    ['not one of them', ['1', '2'], [], { state: 'failed', message: '2 of 2 would not be shown any more' }],
  ])('may be replaced by one that shows %s [install.takeover]', async (_title, theirs, ours, check) => {
    const app = cluster({ '/apis/a.example.org/v1/buckets': claims(...theirs) });
    const controlPlane = cluster({ '/apis/a.example.org/v1/namespaces/team/buckets': claims(...ours) });
    const connection = { clusterID: 'id', claimNamespace: 'team' };
    const resource = { group: 'a.example.org', version: 'v1', plural: 'buckets' } as ConnectedResource;
    expect(await sameClaimsCheck(app.client, controlPlane.client, connection, [resource])).toMatchObject(
      check,
    );
  });

  it('ends with the Deployments behind its Service, and no others', async () => {
    const deployments = '/apis/apps/v1/namespaces/upbound/deployments';
    const items = [
      deployment('connector', 'connector', 2),
      deployment('retired', 'connector', 0),
      deployment('other', 'other', 1),
    ];
    const { client, patched } = cluster({ [servicePath]: service, [deployments]: { items } });
    const names = await retire(client, { namespace: 'upbound', releaseName: 'mcp-connector' });
    expect(names).toEqual(['deployment.apps/connector in upbound']);
    expect(patched).toEqual([[`${deployments}/connector/scale`, { spec: { replicas: 0 } }]]);
  });
});
