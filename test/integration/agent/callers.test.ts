import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../../src/apimachinery/objects.ts';
import { applyManifests } from '../../../src/demo/manifests.ts';
import { AgentClient } from '../../support/agent-clients.ts';
import { AgentGround, staticToken } from '../../support/agent-ground.ts';
import { OAuthIssuer } from '../../support/oauth-issuer.ts';

jest.setTimeout(240_000);

let ground: AgentGround;
let issuer: OAuthIssuer;

beforeAll(async () => {
  issuer = await OAuthIssuer.start([await OAuthIssuer.newKey('ES256', 'first')]);
  ground = await AgentGround.start({ set: ['agent.accounts[2].impersonate.users={agent:alice,agent:bob}'] });
  await applyManifests(ground.cluster.client, rightsOfAlice());
  const tokens = { tokens: [{ name: 'ci', file: 'ci' }] };
  const audit = { logPath: 'calls.log' };
  await ground.serve([
    {
      name: 'acting',
      production: true,
      controlPlane: ground.controlPlane('acting'),
      authentication: {
        oauth: { issuer: issuer.url, resource: ground.urlOf('acting'), groupsClaim: 'groups' },
      },
      impersonation: { userPrefix: 'agent:', groupPrefix: 'team:' },
      audit,
    },
    {
      name: 'slow',
      controlPlane: ground.controlPlane('reader'),
      authentication: tokens,
      rateLimits: { read: { perMinute: 1, burst: 2 } },
      audit,
    },
    { name: 'reading', readOnly: true, controlPlane: ground.controlPlane('reader'), authentication: tokens },
  ]);
});

afterAll(async () => {
  await ground?.[Symbol.asyncDispose]();
  await issuer?.stop();
});

/** Rights of whoever is impersonated: of a user, and of a group. */
function rightsOfAlice(): KubeObject[] {
  const api = 'rbac.authorization.k8s.io';
  const role = (name: string, resources: string[], subject: object): object[] => [
    {
      apiVersion: `${api}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ apiGroups: ['apiextensions.crossplane.io'], resources, verbs: ['get', 'list'] }],
    },
    {
      apiVersion: `${api}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: api, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: api, ...subject }],
    },
  ];
  const roles = [
    ...role('alice-reads-xrds', ['compositeresourcedefinitions'], { kind: 'User', name: 'agent:alice' }),
    ...role('platform-reads-compositions', ['compositions', 'compositionrevisions'], {
      kind: 'Group',
      name: 'team:platform',
    }),
  ];
  return roles as unknown as KubeObject[];
}

/** Connected as somebody whom the issuer knows. */
async function as(sub: string, groups: string[] = []): Promise<AgentClient> {
  const url = ground.urlOf('acting');
  return AgentClient.connect(url, await issuer.token(url, { claims: { sub, groups } }));
}

const post = (server: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(ground.urlOf(server), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'list_xrds', arguments: {} },
    }),
  });

describe('a caller whom the server acts as', () => {
  it('is let by their own rights, and named in the audit log of the API server [agent.impersonation.rbac, agent.audit.line]', async () => {
    await using alice = await as('alice');
    expect(await alice.call('list_xrds')).toMatchObject({ isError: false });
    const { outcome, auditIds } = await ground.lastLine('acting', 'alice');
    expect([outcome, auditIds.length > 0]).toEqual(['done', true]);
    const requests = await ground.trail.requests(auditIds);
    for (const { user, impersonatedUser, responseStatus } of requests) {
      expect(user.username).toBe(ground.userOf('acting'));
      expect(impersonatedUser).toEqual({ username: 'agent:alice', groups: ['system:authenticated'] });
      expect(responseStatus?.code).toBe(200);
    }
    expect(requests.map(({ requestURI }) => requestURI).join('\n')).toContain('compositeresourcedefinitions');
  });

  it('is refused what they may not, though the server is asked by the same account [agent.impersonation.rbac]', async () => {
    await using bob = await as('bob');
    expect(await bob.call('list_xrds')).toMatchObject({ isError: true, code: 'forbidden' });
    const { auditIds, outcome, code } = await ground.lastLine('acting', 'bob');
    expect([outcome, code]).toEqual(['failed', 'forbidden']);
    const refused = (await ground.trail.requests(auditIds)).filter(
      ({ responseStatus }) => responseStatus?.code === 403,
    );
    expect(refused.map(({ impersonatedUser }) => impersonatedUser?.username)).toEqual(['agent:bob']);
  });

  it('has their groups, behind the prefix [agent.impersonation.rbac]', async () => {
    await using bob = await as('bob', ['platform']);
    expect(await bob.call('list_compositions')).toMatchObject({ isError: false });
    const [request] = await ground.trail.requests(
      (await ground.lastLine('acting', 'bob')).auditIds.slice(-1),
    );
    expect(request?.impersonatedUser?.groups).toEqual(['team:platform', 'system:authenticated']);
  });

  it('is nobody whom the account may not act as, whatever the issuer says [agent.impersonation.rbac]', async () => {
    for (const [sub, groups] of [
      ['carol', []],
      ['alice', ['masters']],
    ] as const) {
      await using other = await as(sub, [...groups]);
      expect(await other.call('list_xrds')).toMatchObject({ isError: true, code: 'forbidden' });
    }
  });

  it('is never made a member of a group of Kubernetes, or a line of a header [agent.impersonation.system]', async () => {
    await using sly = await as('alice\r\nImpersonate-Group: system:masters', ['platform']);
    expect(await sly.call('list_xrds')).toMatchObject({ isError: true, code: 'forbidden' });
    const acting = (await ground.trail.events()).filter(
      ({ user }) => user.username === ground.userOf('acting'),
    );
    expect(acting.length).toBeGreaterThan(0);
    const groups = acting.flatMap(({ impersonatedUser }) => impersonatedUser?.groups ?? []);
    expect(groups).not.toContain('system:masters');
  });

  it('is known to the API server by no token of their own [agent.callers.passthrough]', async () => {
    const events = await ground.trail.events();
    const ours = events.filter(({ userAgent = '' }) => userAgent.startsWith('mcp-connector-agent'));
    expect(ours.length).toBeGreaterThan(0);
    // A token that the API server does not know is in its log as a request of nobody.
    expect(ours.filter(({ user }) => user.username?.startsWith(ground.userOf('')) !== true)).toEqual([]);
  });
});

describe('over HTTP', () => {
  it('a client without a token is led to the issuer by the metadata of the server [agent.oauth.metadata]', async () => {
    const refused = await post('acting');
    expect(refused.status).toBe(401);
    const at = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] ?? '';
    expect(at).toBe(`${ground.url}/.well-known/oauth-protected-resource/mcp/acting`);
    const document = (await (await fetch(at)).json()) as { authorization_servers: string[] };
    expect(document).toMatchObject({ resource: ground.urlOf('acting'), authorization_servers: [issuer.url] });
  });

  it('a token of one server is none of another [agent.oauth.audience]', async () => {
    const foreign = await issuer.token(ground.urlOf('other'));
    expect((await post('acting', { authorization: `Bearer ${foreign}` })).status).toBe(401);
    const own = await issuer.token(ground.urlOf('acting'));
    expect((await post('reading', { authorization: `Bearer ${own}` })).status).toBe(401);
    expect((await post('acting', { authorization: `Bearer ${staticToken}` })).status).toBe(401);
  });

  it('a call beyond the limit is answered with 429 and when to come back [agent.limits.answer]', async () => {
    const authorization = `Bearer ${staticToken}`;
    const answers = [];
    for (let count = 0; count < 3; count++) answers.push(await post('slow', { authorization }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    const after = Number(answers[2]?.headers.get('retry-after'));
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThanOrEqual(60);
    expect(await ground.lastLine('slow', 'ci')).toMatchObject({ outcome: 'refused', code: 'rate_limited' });
    // Others are not kept waiting.
    expect((await post('reading', { authorization })).status).toBe(200);
  });
});
