import { describe, expect, it } from '@jest/globals';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import type { CallOptions } from '../../../src/clusters/kube-client.ts';
import { blockingClaims } from '../../../src/controllers/namespaces/blocking-claims.ts';
import type { Link } from '../../../src/upstream/link.ts';

const resource = { group: 'example.org', version: 'v1', plural: 'buckets' };
const catalog = { source: { resources: [resource] } } as unknown as Catalog;

type Get = (path: string, options: CallOptions) => Promise<unknown>;

const fails: Get = () => Promise.reject(new Error('no answer'));

function ask(get: Get, absent: boolean, outage?: { reason: string }): ReturnType<typeof blockingClaims> {
  const link = {
    client: { get },
    connection: { clusterID: 'app', claimNamespace: 'claims' },
  } as unknown as Link;
  return blockingClaims('shop', {
    rules: [{ pattern: '*', policy: 'block' }],
    catalog: () => catalog,
    link: () => link,
    outage: () => outage,
    isAbsent: () => Promise.resolve(absent),
  });
}

describe('the claims that keep a namespace', () => {
  it('are counted over all pages, within the time that the API server waits', async () => {
    const signals = new Set<AbortSignal | undefined>();
    const result = await ask((_, { query, signal }) => {
      signals.add(signal);
      const metadata = query?.['continue'] === undefined ? { continue: 'more' } : {};
      return Promise.resolve({ metadata, items: [{}, {}] });
    }, false);
    expect(result).toEqual({ counts: new Map([['buckets.example.org', 4]]) });
    expect([...signals]).toEqual([expect.any(AbortSignal)]);
  });

  it('are none where they cannot be counted and the record has none [namespaces.block.outage]', async () => {
    expect(await ask(fails, true)).toEqual({ counts: new Map() });
    expect(await ask(fails, true, { reason: 'away' })).toEqual({ counts: new Map() });
  });

  it('are unknown where they cannot be counted and the record may have some [namespaces.block.outage]', async () => {
    await expect(ask(fails, false)).rejects.toThrow('no answer');
    expect(await ask(fails, false, { reason: 'away' })).toEqual({ unknown: 'away' });
  });
});
