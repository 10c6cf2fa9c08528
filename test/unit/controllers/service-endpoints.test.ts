import { describe, expect, it } from '@jest/globals';
import type { KubeClient } from '../../../src/clusters/kube-client.ts';
import { ServiceEndpoints } from '../../../src/controllers/registry/service-endpoints.ts';

const release = { releaseName: 'mcp-connector-2', namespace: 'kube-system' };

/** A cluster with these EndpointSlices, and a clock that stands still until it is set. */
function cluster(): { endpoints: ServiceEndpoints; at: (ms: number, slices: object[]) => Promise<boolean> } {
  let now = 0;
  let items: object[] = [];
  const asked: unknown[] = [];
  const client = {
    get: async (path: string, options: object) => {
      asked.push([path, options]);
      return { metadata: {}, items };
    },
  } as unknown as KubeClient;
  const endpoints = new ServiceEndpoints(client, release, { now: () => now, sleep: async () => undefined });
  return {
    endpoints,
    at: async (ms, slices) => {
      now = ms;
      items = slices;
      const answer = await endpoints.areSettled();
      expect(asked.at(-1)).toEqual([
        '/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices',
        { query: { labelSelector: 'kubernetes.io/service-name=mcp-connector-2' } },
      ]);
      return answer;
    },
  };
}

const ready = { endpoints: [{ conditions: { ready: false } }, { conditions: { ready: true } }] };
const unready = { endpoints: [{ conditions: { ready: false } }] };

describe('the Service of a release that takes over', () => {
  it('is led to only when it has had a ready pod for five seconds without a break [install.takeover.whole]', async () => {
    const { at } = cluster();
    expect(await at(0, [])).toBe(false);
    expect(await at(10_000, [{ endpoints: null }, unready])).toBe(false);
    expect(await at(20_000, [unready, ready])).toBe(false);
    expect(await at(24_999, [ready])).toBe(false);
    expect(await at(25_000, [ready])).toBe(true);
    expect(await at(26_000, [unready])).toBe(false);
    expect(await at(30_000, [ready])).toBe(false);
    expect(await at(35_000, [{ endpoints: [{}] }])).toBe(true);
  });
});
