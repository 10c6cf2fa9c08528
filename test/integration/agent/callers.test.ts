import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { dump } from 'js-yaml';
import { type RunningGateway, startHttpGateway } from '../../../src/agent/gateway.ts';
import type { CallRecord } from '../../../src/agent/audit/call-record.ts';
import type { KubeObject, Secret } from '../../../src/apimachinery/objects.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { secretPath } from '../../../src/clusters/api-paths.ts';
import { freePorts } from '../../../src/demo/free-ports.ts';
import { type Lab, startLab } from '../../../src/demo/lab.ts';
import { applyManifests } from '../../../src/demo/manifests.ts';
import { renderChart } from '../../chart/rendered-chart.ts';
import { AgentClient } from '../../support/agent-clients.ts';
import { AuditTrail } from '../../support/audit-trail.ts';
import { eventually } from '../../support/eventually.ts';
import { GroundCluster } from '../../support/test-ground.ts';
import { OAuthIssuer } from '../../support/oauth-issuer.ts';

jest.setTimeout(240_000);

/**
 * A control plane of this file, since its kube-apiserver has to write an audit log; the gateway with the accounts that the
 * chart makes, and an issuer of tokens.
 */
const namespace = 'agent-callers';
const accounts = ['reader', 'writer', 'acting'] as const;
const staticToken = 'a-static-token-of-at-least-32-characters';

let dir: string;
let lab: Lab;
let cluster: GroundCluster;
let trail: AuditTrail;
let issuer: OAuthIssuer;
let gateway: RunningGateway;
let base: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'agent-callers-'));
  trail = await AuditTrail.prepare(dir);
  const [key, started, [port = 0]] = await Promise.all([
    OAuthIssuer.newKey('ES256', 'first'),
    startLab({
      log: () => undefined,
      clusters: ['control-plane'],
      apiServerFlags: { 'control-plane': trail.flags },
    }),
    freePorts(1),
  ]);
  lab = started;
  cluster = new GroundCluster(lab.controlPlane.kubeconfig);
  issuer = await OAuthIssuer.start([key]);
  base = `http://127.0.0.1:${port}`;
  await makeAccounts();
  await writeFile(path.join(dir, 'ci'), staticToken);
  await writeFile(path.join(dir, 'servers.yaml'), dump({ servers: definitions() }));
  gateway = await startHttpGateway({
    definitionsFile: path.join(dir, 'servers.yaml'),
    listen: { host: '127.0.0.1', port },
    allowedHosts: [],
    shutdownDelayMs: 0,
    confirmationKey: undefined,
    environmentProxy: false,
    log: silentLogger(),
  });
});

afterAll(async () => {
  await gateway?.stop();
  await issuer?.stop();
  await cluster?.close();
  await lab?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** As the chart renders them; Kubernetes writes the tokens. */
async function makeAccounts(): Promise<void> {
  const users = ['agent:alice', 'agent:bob'].join(',');
  const rendered = await renderChart({
    mode: 'agent',
    namespace,
    set: [`agent.accounts[2].impersonate.users={${users}}`],
  });
  const kinds = new Set([
    'ServiceAccount',
    'Secret',
    'ClusterRole',
    'ClusterRoleBinding',
    'Role',
    'RoleBinding',
  ]);
  const manifests = rendered.filter(
    ({ kind, metadata }) => kinds.has(kind) && metadata.name.startsWith('mcp-connector-agent'),
  );
  await cluster.createNamespace(namespace);
  await applyManifests(cluster.client, [...manifests, ...rightsOfAlice()] as unknown as KubeObject[]);
  for (const account of accounts) {
    const secret = await eventually(async () => {
      const read = await cluster.client.get<Secret>(
        secretPath(namespace, `mcp-connector-agent-${account}-token`),
      );
      if (!read.data?.['token']) throw new Error(`${account} has no token yet`);
      return read;
    });
    await mkdir(path.join(dir, 'accounts', account), { recursive: true });
    for (const key of ['token', 'ca.crt'])
      await writeFile(
        path.join(dir, 'accounts', account, key),
        Buffer.from(secret.data?.[key] ?? '', 'base64'),
      );
  }
}

/** Rights of whoever is impersonated: of a user, and of a group. */
function rightsOfAlice(): object[] {
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
  return [
    ...role('alice-reads-xrds', ['compositeresourcedefinitions'], { kind: 'User', name: 'agent:alice' }),
    ...role('platform-reads-compositions', ['compositions', 'compositionrevisions'], {
      kind: 'Group',
      name: 'team:platform',
    }),
  ];
}

const controlPlane = (account: string): object => ({
  server: {
    url: lab.controlPlane.server,
    tokenFile: `accounts/${account}/token`,
    caFile: `accounts/${account}/ca.crt`,
  },
});

function definitions(): object[] {
  const tokens = { tokens: [{ name: 'ci', file: 'ci' }] };
  const audit = { logPath: 'calls.log' };
  return [
    {
      name: 'acting',
      production: true,
      controlPlane: controlPlane('acting'),
      authentication: {
        oauth: { issuer: issuer.url, resource: `${base}/mcp/acting`, groupsClaim: 'groups' },
      },
      impersonation: { userPrefix: 'agent:', groupPrefix: 'team:' },
      audit,
    },
    // Its account may write: nothing but the gateway stands in the way.
    { name: 'reading', readOnly: true, controlPlane: controlPlane('writer'), authentication: tokens, audit },
    { name: 'writing', controlPlane: controlPlane('writer'), authentication: tokens, audit },
    {
      name: 'slow',
      controlPlane: controlPlane('reader'),
      authentication: tokens,
      rateLimits: { read: { perMinute: 1, burst: 2 } },
      audit,
    },
  ];
}

/** Connected as somebody whom the issuer knows. */
async function as(sub: string, groups: string[] = []): Promise<AgentClient> {
  const url = `${base}/mcp/acting`;
  return AgentClient.connect(url, await issuer.token(url, { claims: { sub, groups } }));
}

/** The gateway's own line of a caller's last call. */
async function lastLine(server: string, caller: string): Promise<CallRecord> {
  return await eventually(async () => {
    const text = await readFile(path.join(dir, 'calls.log'), 'utf8');
    const records = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as CallRecord);
    const last = records.findLast((record) => record.server === server && record.caller === caller);
    if (!last) throw new Error(`${caller} has no line yet`);
    return last;
  });
}

const post = (server: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${base}/mcp/${server}`, {
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

const accountName = (name: string): string =>
  `system:serviceaccount:${namespace}:mcp-connector-agent-${name}`;

describe('a caller whom the server acts as', () => {
  it('is let by their own rights, and named in the audit log of the API server [agent.impersonation.rbac, agent.audit.line]', async () => {
    await using alice = await as('alice');
    expect(await alice.call('list_xrds')).toMatchObject({ isError: false });
    const { outcome, auditIds } = await lastLine('acting', 'alice');
    expect([outcome, auditIds.length > 0]).toEqual(['done', true]);
    const requests = await trail.requests(auditIds);
    for (const { user, impersonatedUser, responseStatus } of requests) {
      expect(user.username).toBe(accountName('acting'));
      expect(impersonatedUser).toEqual({ username: 'agent:alice', groups: ['system:authenticated'] });
      expect(responseStatus?.code).toBe(200);
    }
    expect(requests.map(({ requestURI }) => requestURI).join('\n')).toContain('compositeresourcedefinitions');
  });

  it('is refused what they may not, though the server is asked by the same account [agent.impersonation.rbac]', async () => {
    await using bob = await as('bob');
    expect(await bob.call('list_xrds')).toMatchObject({ isError: true, code: 'forbidden' });
    const { auditIds, outcome, code } = await lastLine('acting', 'bob');
    expect([outcome, code]).toEqual(['failed', 'forbidden']);
    const refused = (await trail.requests(auditIds)).filter(
      ({ responseStatus }) => responseStatus?.code === 403,
    );
    expect(refused.map(({ impersonatedUser }) => impersonatedUser?.username)).toEqual(['agent:bob']);
  });

  it('has their groups, behind the prefix [agent.impersonation.rbac]', async () => {
    await using bob = await as('bob', ['platform']);
    expect(await bob.call('list_compositions')).toMatchObject({ isError: false });
    const [request] = await trail.requests((await lastLine('acting', 'bob')).auditIds.slice(-1));
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
    const acting = (await trail.events()).filter(({ user }) => user.username === accountName('acting'));
    expect(acting.length).toBeGreaterThan(0);
    const groups = acting.flatMap(({ impersonatedUser }) => impersonatedUser?.groups ?? []);
    expect(groups).not.toContain('system:masters');
  });

  it('is known to the API server by no token of their own [agent.callers.passthrough]', async () => {
    const events = await trail.events();
    const ours = events.filter(({ userAgent = '' }) => userAgent.startsWith('mcp-connector-agent'));
    expect(ours.length).toBeGreaterThan(0);
    // A token that the API server does not know is in its log as a request of nobody.
    expect(ours.filter(({ user }) => user.username?.startsWith(accountName('')) !== true)).toEqual([]);
  });
});

describe('over HTTP', () => {
  it('a client without a token is led to the issuer by the metadata of the server [agent.oauth.metadata]', async () => {
    const refused = await post('acting');
    expect(refused.status).toBe(401);
    const at = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] ?? '';
    expect(at).toBe(`${base}/.well-known/oauth-protected-resource/mcp/acting`);
    const document = (await (await fetch(at)).json()) as { authorization_servers: string[] };
    expect(document).toMatchObject({ resource: `${base}/mcp/acting`, authorization_servers: [issuer.url] });
  });

  it('a token of one server is none of another [agent.oauth.audience]', async () => {
    const foreign = await issuer.token(`${base}/mcp/other`);
    expect((await post('acting', { authorization: `Bearer ${foreign}` })).status).toBe(401);
    const own = await issuer.token(`${base}/mcp/acting`);
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
    expect(await lastLine('slow', 'ci')).toMatchObject({ outcome: 'refused', code: 'rate_limited' });
    // Others are not kept waiting.
    expect((await post('reading', { authorization })).status).toBe(200);
  });
});
