import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../src/base/logger.ts';
import { Catalog, CatalogStore } from '../../../src/catalog/catalog.ts';
import type { ConnectedResource } from '../../../src/catalog/connected-resource.ts';
import { FollowedClaims } from '../../../src/controllers/claims/followed-claims.ts';
import { appClusterLabel, appNameLabel, appNamespaceLabel } from '../../../src/mapping/identity.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeApiServer, failure } from '../clusters/fake-api-server.ts';
import { buckets, claimNamespace, connection } from './fake-claims.ts';

const resource: ConnectedResource = {
  ...buckets,
  singular: 'bucket',
  listKind: 'BucketList',
  shortNames: [],
  categories: ['claim'],
  subresources: { status: true, scale: false },
  selectableFields: [],
  terminating: false,
  printerColumns: [],
};
const queues: ConnectedResource = { ...resource, plural: 'queues', singular: 'queue', kind: 'Queue' };

let controlPlane: FakeApiServer;
let store: CatalogStore;
let claims: FollowedClaims;
let told: string[];
let lists: number;

beforeEach(async () => {
  controlPlane = await FakeApiServer.start();
  store = new CatalogStore();
  told = [];
  lists = 0;
  claims = new FollowedClaims({
    link: { client: controlPlane.client(), connection } as never,
    store,
    log: silentLogger(),
  });
  claims.onChange(({ app }) => void told.push(app.name));
  claims.onList(() => lists++);
});
afterEach(async () => {
  await claims.stop();
  await controlPlane[Symbol.asyncDispose]();
});

function publish(...resources: ConnectedResource[]): void {
  store.publish(new Catalog({ resources, openApi: [] }));
}

function collection({ version, plural }: ConnectedResource): string {
  return `/apis/example.org/${version}/namespaces/${claimNamespace}/${plural}`;
}

function put(name: string, of = resource, labels: object = {}): string {
  const path = `${collection(of)}/claim-${name}`;
  const own = { [appClusterLabel]: 'red', [appNamespaceLabel]: 'team', [appNameLabel]: name, ...labels };
  const metadata = { name: `claim-${name}`, namespace: claimNamespace, uid: `uid-${name}`, labels: own };
  controlPlane.put(path, { metadata });
  return path;
}

function known(): Record<string, string[]> | undefined {
  const found = claims.lists?.map(({ resource: kind, claims: all }) => [
    kind,
    all.map(({ app }) => app.name),
  ]);
  return found && Object.fromEntries(found);
}

describe('followed claims', () => {
  it('come in one list and one watch of each kind, and are known by list and by uid', async () => {
    put('one');
    publish(resource, queues);
    claims.start();
    await eventually(() => expect(controlPlane.watches).toBe(2));
    expect(known()).toEqual({ 'buckets.example.org': ['one'], 'queues.example.org': [] });
    const two = put('two', queues);
    await eventually(() => expect(claims.get('uid-two')).toBeDefined());
    expect(known()).toEqual({ 'buckets.example.org': ['one'], 'queues.example.org': ['two'] });
    controlPlane.remove(two);
    await eventually(() => expect(claims.get('uid-two')).toBeUndefined());
    expect(claims.find('uid-two')?.app.name).toBe('two');
    expect(told).toEqual(['one', 'two', 'two']);
    expect(controlPlane.received).toHaveLength(4);
  });

  it('are not known to be absent before every kind was read whole', async () => {
    claims.start();
    expect(claims.lists).toBeUndefined();
    let answers = false;
    controlPlane.intercept = ({ path }) =>
      path === collection(queues) && !answers ? failure(503, 'ServiceUnavailable') : undefined;
    publish(resource, queues);
    await eventually(() => expect(controlPlane.watches).toBe(1));
    expect(claims.lists).toBeUndefined();
    const before = lists;
    answers = true;
    await eventually(() => expect(known()).toEqual({ 'buckets.example.org': [], 'queues.example.org': [] }));
    expect(lists).toBe(before + 1);
  });

  it('are unknown again, and not gone, while another version of their kind is read', async () => {
    put('one');
    publish(resource);
    claims.start();
    await eventually(() => expect(controlPlane.watches).toBe(1));
    const v2 = { ...resource, version: 'v2' };
    const held = Promise.withResolvers<undefined>();
    controlPlane.intercept = ({ path }) => (path === collection(v2) ? held.promise : undefined);
    publish(v2, resource);
    expect(claims.lists).toBeUndefined();
    expect(claims.get('uid-one')?.resource.version).toBe('v1');
    put('one', v2);
    held.resolve(undefined);
    await eventually(() => expect(claims.get('uid-one')?.resource.version).toBe('v2'));
    expect(claims.find('uid-one')).toBe(claims.get('uid-one'));
    expect(known()).toEqual({ 'buckets.example.org': ['one'] });
  });

  it('go with their kind, and those without a place in the app cluster are none', async () => {
    put('one');
    put('nobodys', resource, { [appNameLabel]: '' });
    publish(resource, queues);
    claims.start();
    await eventually(() => expect(known()?.['buckets.example.org']).toEqual(['one']));
    publish(queues);
    await eventually(() => expect(known()).toEqual({ 'queues.example.org': [] }));
    expect(claims.list()).toEqual([]);
    expect(told).toEqual(['one', 'one']);
  });
});
