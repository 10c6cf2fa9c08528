import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClaimNamespaces } from '../../../src/clusters/claim-namespaces.ts';
import { ConnectionState } from '../../../src/clusters/connection-state.ts';
import { FakeApiServer } from './fake-api-server.ts';

const binding = { clusterID: 'id', claimNamespace: 'claims', claimNamespaceUID: 'u1' };
const databases = 'databases.example.org';
let app: FakeApiServer;
let state: ConnectionState;
let record: ClaimNamespaces;

beforeEach(async () => {
  app = await FakeApiServer.start();
  state = new ConnectionState(app.client(), 'kube-system', 'release-state');
  record = new ClaimNamespaces(state, binding);
  await state.writeBinding(binding);
});
afterEach(() => app[Symbol.asyncDispose]());

function writes(): number {
  const path = '/api/v1/namespaces/kube-system/configmaps';
  return app.count('PUT', `${path}/release-state`) + app.count('POST', path);
}

describe('a namespace', () => {
  it('is recorded once, and again when it was made anew', async () => {
    await record.add('shop', 'uid-1');
    expect(record.isRecorded('shop', 'uid-1')).toBe(true);
    expect(record.isRecorded('shop', 'uid-2')).toBe(false);
    await record.add('shop', 'uid-2');
    expect((await state.readNamespaces())?.record.namespaces).toEqual({ shop: 'uid-2' });
  });

  it('goes together with others that come meanwhile, in one write', async () => {
    const before = writes();
    await Promise.all(Array.from({ length: 20 }, (_, at) => record.add(`shop-${at}`, `uid-${at}`)));
    expect(Object.keys((await state.readNamespaces())?.record.namespaces ?? {})).toHaveLength(20);
    expect(writes() - before).toBeLessThanOrEqual(2);
  });

  it('is not taken for recorded when the write fails, and is with the next', async () => {
    app.intercept = ({ method }) => (method === 'PUT' ? 'drop' : undefined);
    await expect(record.add('shop', 'uid')).rejects.toThrow('cannot be reached');
    expect(record.isRecorded('shop', 'uid')).toBe(false);
    app.intercept = undefined;
    await record.add('shop', 'uid');
    expect(record.isRecorded('shop', 'uid')).toBe(true);
  });

  it('is kept with what another replica has recorded', async () => {
    const other = new ClaimNamespaces(state, binding);
    await Promise.all([record.add('a', '1'), other.add('b', '2')]);
    expect((await state.readNamespaces())?.record.namespaces).toEqual({ a: '1', b: '2' });
  });
});

describe('absence', () => {
  it('is known of resources that were seeded, and of names that are not recorded', async () => {
    expect(await record.isAbsent('empty', databases)).toBe(false);
    await record.change((old) => ({ ...old, seeded: [databases] }));
    await record.add('shop', 'uid');
    expect(await record.isAbsent('empty', databases)).toBe(true);
    expect(await record.isAbsent('empty', 'buckets.example.org')).toBe(false);
    expect(await record.isAbsent('shop', databases)).toBe(false);
  });

  it.each([{ clusterID: 'another' }, { claimNamespace: 'another' }])(
    'is not known where the record is about other claims: %j',
    async (change) => {
      await record.change((old) => ({ ...old, seeded: [databases] }));
      const other = new ClaimNamespaces(state, { ...binding, ...change });
      expect(await other.isAbsent('empty', databases)).toBe(false);
      expect(await other.binding()).toBeUndefined();
    },
  );

  it('is forgotten with the binding', async () => {
    await record.change((old) => ({ ...old, seeded: [databases] }));
    await state.writeBinding(binding);
    expect(await record.isAbsent('empty', databases)).toBe(true);
    await state.writeBinding({ ...binding, claimNamespaceUID: 'u2' });
    expect(await record.isAbsent('empty', databases)).toBe(false);
  });

  it('is never known once there are more namespaces than can be kept', async () => {
    await record.change((old) => ({
      ...old,
      seeded: [databases],
      namespaces: Object.fromEntries(
        Array.from({ length: 8_000 }, (_, at) => [`namespace-${at}-${'x'.repeat(40)}`, 'uid']),
      ),
    }));
    expect((await state.readNamespaces())?.record).toEqual({ seeded: [], namespaces: {}, isFull: true });
    await record.add('shop', 'uid');
    expect(record.isRecorded('shop', 'uid')).toBe(true);
    await record.change((old) => ({ ...old, seeded: [databases] }));
    expect(await record.isAbsent('empty', databases)).toBe(false);
  });
});
