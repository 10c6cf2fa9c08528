import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StatusError } from '../../../src/apimachinery/status.ts';
import type { UserInfo } from '../../../src/authentication/user-info.ts';
import type { AccessReviewSpec, ResourceAttributes } from '../../../src/authorization/access-question.ts';
import { Authorizer } from '../../../src/authorization/authorizer.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { type Answer, FakeApiServer, failure } from '../clusters/fake-api-server.ts';
import { ManualClock } from '../clusters/manual-clock.ts';

const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const jane: UserInfo = { name: 'jane', uid: 'u-1', groups: ['dev'], extra: { scope: ['a', 'b'] } };
const getDatabase: ResourceAttributes = {
  verb: 'get',
  group: 'k8s.starter.org',
  version: 'v1alpha1',
  resource: 'databases',
  namespace: 'shop',
  name: 'orders',
};

let app: FakeApiServer;
let clock: ManualClock;
let authorizer: Authorizer;
let status: Record<string, unknown>;

beforeEach(async () => {
  app = await FakeApiServer.start();
  status = { allowed: true };
  app.intercept = () => review();
  clock = new ManualClock();
  authorizer = new Authorizer({ client: app.client(), log: silentLogger(), clock });
});
afterEach(() => app[Symbol.asyncDispose]());

function review(): Answer {
  return { status: 201, body: { status } };
}

function asked(): AccessReviewSpec[] {
  return app.received.map(({ body }) => (body as { spec: AccessReviewSpec }).spec);
}

async function refusal(
  attributes: Parameters<Authorizer['authorize']>[1],
  user = jane,
): Promise<StatusError> {
  try {
    await authorizer.authorize(user, attributes);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('it was allowed');
}

describe('the question', () => {
  it('names user and resource as the webhook authorizer does', async () => {
    await authorizer.authorize(jane, { ...getDatabase, subresource: 'status' });
    expect(asked()).toEqual([
      {
        user: 'jane',
        uid: 'u-1',
        groups: ['dev'],
        extra: { scope: ['a', 'b'] },
        resourceAttributes: {
          namespace: 'shop',
          verb: 'get',
          group: 'k8s.starter.org',
          version: 'v1alpha1',
          resource: 'databases',
          subresource: 'status',
          name: 'orders',
        },
      },
    ]);
  });

  it('names the path for anything that is no resource', async () => {
    await authorizer.authorize(jane, { path: '/metrics', verb: 'get' });
    expect(asked()[0]?.nonResourceAttributes).toEqual({ path: '/metrics', verb: 'get' });
    expect(asked()[0]).not.toHaveProperty('resourceAttributes');
  });

  it.each(['list', 'watch', 'deletecollection'])(
    'carries the selectors of %s, and of no other verb',
    async (verb) => {
      const selectors = { fieldSelector: 'metadata.name=orders', labelSelector: 'tier in (a,b)' };
      await authorizer.authorize(jane, { ...getDatabase, ...selectors, verb });
      await authorizer.authorize(jane, { ...getDatabase, ...selectors, verb: 'get' });
      expect(asked()[0]?.resourceAttributes).toMatchObject({
        fieldSelector: { rawSelector: 'metadata.name=orders' },
        labelSelector: { rawSelector: 'tier in (a,b)' },
      });
      expect(Object.keys(asked()[1]?.resourceAttributes ?? {})).not.toEqual(
        expect.arrayContaining(['fieldSelector']),
      );
    },
  );

  it('is not asked for system:masters nor for the health paths', () => {
    const master = { ...jane, groups: ['system:masters'] };
    expect(authorizer.authorize(master, getDatabase)).toBeUndefined();
    for (const open of ['/healthz', '/readyz', '/livez']) {
      expect(authorizer.authorize(jane, { path: open, verb: 'get' })).toBeUndefined();
    }
    expect(app.received).toHaveLength(0);
  });

  it('is asked for what lies below a health path', async () => {
    await authorizer.authorize(jane, { path: '/readyz/etcd', verb: 'get' });
    expect(app.received).toHaveLength(1);
  });
});

describe('the answer', () => {
  it('holds for 10 s, without a promise, also when it is no', async () => {
    await authorizer.authorize(jane, getDatabase);
    clock.stall(9_999);
    expect(authorizer.authorize(jane, getDatabase)).toBeUndefined();
    clock.stall(1);
    status = { allowed: false };
    await refusal(getDatabase);
    expect(() => authorizer.authorize(jane, getDatabase)).toThrow('is forbidden');
    expect(app.count('POST', path)).toBe(2);
  });

  it('is shared by equal questions that are under way, and by no others', async () => {
    const questions = [getDatabase, getDatabase, { ...getDatabase, name: 'other' }];
    await Promise.all(questions.map(async (attributes) => authorizer.authorize(jane, attributes)));
    await authorizer.authorize({ ...jane, extra: {} }, getDatabase);
    await authorizer.authorize({ ...jane, groups: ['dev', 'ops'] }, getDatabase);
    expect(app.count('POST', path)).toBe(4);
  });

  it('is not kept for attributes beyond 10000 bytes, and is kept for users in many groups', async () => {
    const large = { ...getDatabase, verb: 'list', labelSelector: 'x'.repeat(10_000) };
    await authorizer.authorize(jane, large);
    await authorizer.authorize(jane, large);
    expect(app.count('POST', path)).toBe(2);
    const groups = Array.from({ length: 2_000 }, (_, i) => `group-${i}`);
    await authorizer.authorize({ ...jane, groups }, getDatabase);
    expect(authorizer.authorize({ ...jane, groups }, getDatabase)).toBeUndefined();
  });

  it('no, in the words of Kubernetes', async () => {
    status = { allowed: false, reason: 'no RBAC rule' };
    const denied = await refusal(getDatabase);
    expect(denied.toStatus()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'databases.k8s.starter.org "orders" is forbidden: User "jane" cannot get resource "databases" in API group ' +
        '"k8s.starter.org" in the namespace "shop": no RBAC rule',
      reason: 'Forbidden',
      details: { name: 'orders', group: 'k8s.starter.org', kind: 'databases' },
      code: 403,
    });
  });

  it('no, for a cluster-wide list, a subresource, a path, and a name with markup in it', async () => {
    status = { allowed: false };
    const list = { ...getDatabase, verb: 'list', namespace: undefined, name: undefined };
    expect((await refusal(list)).message).toBe(
      'databases.k8s.starter.org is forbidden: User "jane" cannot list resource "databases" in API group "k8s.starter.org" at the cluster scope',
    );
    expect((await refusal({ ...getDatabase, subresource: 'status' })).message).toContain(
      'resource "databases/status" in',
    );
    const onPath = await refusal({ path: '/metrics', verb: 'get' }, { ...jane, name: '<b>"j"&' });
    expect(onPath.message).toBe('forbidden: User "&lt;b&gt;\\"j\\"&amp;" cannot get path "/metrics"');
    expect(onPath.details).toEqual({});
  });

  it('no, when a server says nothing about it', async () => {
    app.intercept = () => ({ status: 201, body: {} });
    expect((await refusal(getDatabase)).code).toBe(403);
  });

  it('is 500 when it contradicts itself', async () => {
    status = { allowed: true, denied: true };
    expect(await refusal(getDatabase)).toMatchObject({ code: 500, reason: 'InternalError' });
  });

  it('is 500 and not remembered when the connector may not ask', async () => {
    app.intercept = () => failure(403, 'Forbidden');
    expect(await refusal(getDatabase)).toMatchObject({ code: 500, reason: 'InternalError' });
    app.intercept = () => review();
    await authorizer.authorize(jane, getDatabase);
    expect(app.count('POST', path)).toBe(2);
  });

  it('is asked for again where the first one was lost on the way', async () => {
    app.intercept = () => (app.received.length === 1 ? 'drop' : review());
    const pending = authorizer.authorize(jane, getDatabase);
    await clock.idle();
    await clock.advance(700, 0);
    await pending;
    expect(app.count('POST', path)).toBe(2);
  });

  it('is 500 after five attempts', async () => {
    app.intercept = () => failure(503, 'ServiceUnavailable');
    const outcome = refusal(getDatabase);
    for (let attempt = 1; attempt < 5; attempt++) {
      await clock.idle();
      await clock.advance(2_100, 0);
    }
    expect((await outcome).code).toBe(500);
    expect(app.count('POST', path)).toBe(5);
  });
});
