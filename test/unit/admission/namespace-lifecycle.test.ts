import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NamespaceLifecycle } from '../../../src/admission/namespace-lifecycle.ts';
import { StatusError } from '../../../src/apimachinery/status.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { FakeApiServer, failure, type Stored } from '../clusters/fake-api-server.ts';

const path = '/api/v1/namespaces';
const resource = { group: 'k8s.starter.org', resource: 'databases' };

const record = { isRecorded: () => true, add: () => Promise.resolve() };
let app: FakeApiServer;
let lifecycle: NamespaceLifecycle;

beforeEach(async () => {
  app = await FakeApiServer.start();
  app.put(`${path}/shop`, { metadata: { name: 'shop' } });
  lifecycle = new NamespaceLifecycle({ client: app.client(), record, log: silentLogger() });
});
afterEach(async () => {
  await lifecycle.stop();
  await app[Symbol.asyncDispose]();
});

async function follow(): Promise<void> {
  lifecycle.start();
  await until(() => app.watches === 1);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await holds()); turns++) {
    if (turns > 2_000) throw new Error('it never came to that');
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
}

async function refusal(namespace: string): Promise<StatusError | undefined> {
  try {
    await lifecycle.admitCreate(namespace, resource, 'orders');
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

const terminating = { metadata: { name: 'shop', deletionTimestamp: '2026-01-01T00:00:00Z' } };

describe('a claim is created', () => {
  it('in a namespace that the copy holds, without a question [serve.create.namespace]', async () => {
    await follow();
    expect(await refusal('shop')).toBeUndefined();
    expect(app.count('GET', `${path}/shop`)).toBe(0);
  });

  it('in a namespace that the copy does not hold yet', async () => {
    await follow();
    app.objects.set(`${path}/new`, { metadata: { name: 'new' } });
    expect(await refusal('new')).toBeUndefined();
    expect(app.count('GET', `${path}/new`)).toBe(1);
  });

  it('before there is a copy, when the API server knows the namespace', async () => {
    expect(await refusal('shop')).toBeUndefined();
    expect(app.count('GET', `${path}/shop`)).toBe(1);
  });
});

describe('no claim is created', () => {
  it('in a namespace that is missing [serve.create.namespace]', async () => {
    await follow();
    expect((await refusal('nowhere'))?.toStatus()).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'namespaces "nowhere" not found',
      details: { name: 'nowhere', kind: 'namespaces' },
    });
  });

  it('in a namespace that is being deleted [serve.create.namespace]', async () => {
    await follow();
    app.put(`${path}/shop`, terminating);
    await until(async () => (await refusal('shop')) !== undefined);
    expect((await refusal('shop'))?.toStatus()).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'databases.k8s.starter.org "orders" is forbidden: unable to create new content in namespace shop because it is being terminated',
      details: {
        name: 'orders',
        group: 'k8s.starter.org',
        kind: 'databases',
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace shop is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
    app.objects.set(`${path}/other`, { metadata: { ...terminating.metadata, name: 'other' } });
    expect((await refusal('other'))?.code).toBe(403);
  });

  it('when the app cluster cannot be asked', async () => {
    app.intercept = ({ path: asked }) =>
      asked === `${path}/shop` ? failure(503, 'ServiceUnavailable') : undefined;
    expect((await refusal('shop'))?.code).toBe(500);
  });

  it('by a copy whose watch has failed', async () => {
    await follow();
    let broken = false;
    app.intercept = ({ path: asked }) => {
      if (!broken) return undefined;
      return asked === path ? failure(500, 'InternalError') : { status: 200, body: terminating };
    };
    broken = true;
    app.breakWatches();
    await until(async () => (await refusal('shop')) !== undefined);
    expect((await refusal('shop'))?.code).toBe(403);
  });
});

describe('before a claim is sent', () => {
  const added: string[] = [];
  let onAdd: () => void;

  beforeEach(() => {
    added.length = 0;
    onAdd = () => undefined;
    lifecycle = new NamespaceLifecycle({
      client: app.client(),
      record: {
        isRecorded: (namespace, uid) => added.includes(`${namespace} ${uid}`),
        add: async (namespace, uid) => {
          onAdd();
          added.push(`${namespace} ${uid}`);
        },
      },
      log: silentLogger(),
    });
    app.put(`${path}/shop`, { metadata: { name: 'shop', uid: 'one' } as Stored['metadata'] });
  });

  it('its namespace is recorded, once, without a question afterwards [namespaces.record.create]', async () => {
    await follow();
    await lifecycle.recordBeforeCreate('shop', resource, 'orders');
    expect(added).toEqual(['shop one']);
    expect(lifecycle.recordBeforeCreate('shop', resource, 'orders')).toBeUndefined();
  });

  it('a namespace that was made anew is recorded anew', async () => {
    await follow();
    await lifecycle.recordBeforeCreate('shop', resource, 'orders');
    app.put(`${path}/shop`, { metadata: { name: 'shop', uid: 'two' } as Stored['metadata'] });
    await until(() => lifecycle.uidOf('shop') === 'two');
    await lifecycle.recordBeforeCreate('shop', resource, 'orders');
    expect(added).toEqual(['shop one', 'shop two']);
  });

  it('one that begins to go meanwhile is refused: somebody may have taken it for empty', async () => {
    await follow();
    onAdd = () => void app.put(`${path}/shop`, { ...terminating });
    await expect(lifecycle.recordBeforeCreate('shop', resource, 'orders')).rejects.toMatchObject({
      code: 403,
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
  });

  it('nothing is sent where it cannot be recorded', async () => {
    await follow();
    onAdd = () => {
      throw new Error('no answer');
    };
    await expect(lifecycle.recordBeforeCreate('shop', resource, 'orders')).rejects.toMatchObject({
      code: 503,
      details: { retryAfterSeconds: 1 },
    });
  });
});
