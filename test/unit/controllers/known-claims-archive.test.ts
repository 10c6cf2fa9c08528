import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../src/base/logger.ts';
import { KnownClaimsArchive } from '../../../src/controllers/namespaces/known-claims-archive.ts';
import type { FollowedList } from '../../../src/controllers/claims/followed-claims.ts';
import { appClusterLabel, appNameLabel, appNamespaceLabel } from '../../../src/mapping/identity.ts';
import { followedClaimOf, type FollowedClaim } from '../../../src/mapping/followed-claim.ts';
import { ManualClock } from '../clusters/manual-clock.ts';
import { buckets, claimNamespace, connection } from './fake-claims.ts';

let clock: ManualClock;
let archive: KnownClaimsArchive;
let wake: () => void;
let lists: FollowedList[] | undefined;
let written: Record<string, unknown>[];
let fault: Error | undefined;

beforeEach(() => {
  clock = new ManualClock();
  written = [];
  lists = undefined;
  fault = undefined;
  const claims = {
    get lists() {
      return lists;
    },
    onChange: () => undefined,
    onList: (listener: () => void) => void (wake = listener),
  };
  const saved = {
    write: (texts: Map<string, string>) => {
      if (fault) return Promise.reject(fault);
      written.push(Object.fromEntries([...texts].map(([key, text]) => [key, JSON.parse(text) as unknown])));
      return Promise.resolve([]);
    },
  };
  archive = new KnownClaimsArchive({
    claims,
    saved: saved as never,
    state: { readBinding: () => Promise.resolve({}) } as never,
    log: silentLogger(),
    clock,
  });
  archive.start();
});
afterEach(() => archive.stop());

function claim(name: string, version: string, label = 'a'): FollowedClaim {
  const own = { [appClusterLabel]: 'red', [appNamespaceLabel]: 'team', [appNameLabel]: name };
  const metadata = {
    name: `claim-${name}`,
    namespace: claimNamespace,
    resourceVersion: version,
    labels: { ...own, label },
  };
  return followedClaimOf({ metadata }, buckets, connection) as FollowedClaim;
}

/** A claim as it is saved. */
function item(name: string, resourceVersion: string): object {
  const metadata = { name, namespace: 'team', resourceVersion, labels: { label: 'a' } };
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

/** What is followed from now on; the archive is told. */
function follow(version: string, ...claims: FollowedClaim[]): void {
  lists = [{ resource: 'buckets.example.org', path: '', resourceVersion: version, claims }];
  wake();
}

/** Time goes by, and the archive does what it can before and after. */
async function pass(ms: number): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn();
  await clock.advance(ms, 0);
  for (let turns = 0; turns < 20; turns++) await turn();
}

describe('the archive of known claims', () => {
  it('saves nothing before everything is known, and then all claims by namespace and name as the app cluster sees them', async () => {
    await pass(500);
    expect(written).toEqual([]);
    follow('9', claim('two', '8'), claim('one', '7'));
    await pass(500);
    const items = [item('one', '7'), item('two', '8')];
    const savedAt = new Date(clock.now()).toISOString();
    expect(written).toEqual([{ 'buckets.example.org': { resourceVersion: '9', savedAt, items } }]);
  });

  it('saves no more than once a minute, and not where nothing but versions has changed', async () => {
    follow('1', claim('one', '1'));
    await pass(500);
    follow('2', claim('one', '2', 'b'));
    await pass(500);
    expect(written).toHaveLength(1);
    await pass(60_000);
    await pass(500);
    expect(written).toHaveLength(2);
    follow('3', claim('one', '3', 'b'));
    await pass(60_000);
    await pass(500);
    expect(written).toHaveLength(2);
    follow('4', claim('one', '4', 'c'));
    await pass(10_000);
    await pass(500);
    expect(written).toHaveLength(3);
  });

  it('tries again a minute after a failure', async () => {
    fault = new Error('no room');
    follow('1', claim('one', '1'));
    await pass(500);
    fault = undefined;
    wake();
    await pass(59_000);
    expect(written).toEqual([]);
    await pass(1_000);
    await pass(500);
    expect(written).toHaveLength(1);
  });
});
