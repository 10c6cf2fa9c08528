import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { applyManifests } from '../../src/demo/manifests.ts';
import type { AuditEvent } from '../../src/filters/audit-event.ts';
import { askDirectly, certificateOf, type ClientMaterial } from '../support/api-request.ts';
import { Claims } from '../support/claims.ts';
import { eventually } from '../support/eventually.ts';
import type { TestConnector } from '../support/lab.ts';
import { GroundCluster, TestGround } from '../support/test-ground.ts';
import { type ReceivedSpan, TraceReceiver } from '../support/trace-receiver.ts';

// Generous: a control plane of its own starts.
jest.setTimeout(120_000);

const user = 'observed@example.org';
const secretWord = 'kept-out-of-every-record';

let lab: Lab;
let dir: string;
let ground: TestGround;
let controlPlane: GroundCluster;
let receiver: TraceReceiver;
let connector: TestConnector;
let admin: ClientMaterial;
let claims: Claims;

/**
 * The app cluster is the shared one. The control plane is one of this file, since its kube-apiserver has to write an audit
 * log and spans. No Crossplane runs there: a CRD that is one of an XRD's is enough.
 */
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-observed-'));
  receiver = await TraceReceiver.start();
  ground = await TestGround.prepare('observability');
  lab = await startControlPlane();
  controlPlane = new GroundCluster(lab.controlPlane.kubeconfig);
  await controlPlane.createNamespace(ground.claimNamespace);
  const api = { group: ground.group, kind: 'Database', plural: 'databases' };
  await applyManifests(controlPlane.client, [claimCrd(ground.group)]);
  connector = await ground.startConnector({
    controlPlane,
    flags: [
      `--allow=*.${ground.group}`,
      `--audit-log-path=${path.join(dir, 'connector.audit.log')}`,
      `--tracing-endpoint=${receiver.url}`,
    ],
  });
  await ground.available(api);
  admin = await certificateOf(ground.app);
  claims = new Claims(ground, api, await ground.createAppNamespace('a'), await ground.app.uidOfKubeSystem());
  await applyManifests(ground.app.client, rightsOf(user, claims.namespace, ground.group));
  await eventually(async () => expect((await ground.app.ask(claims.path(), { as: user })).status).toBe(200));
});
afterAll(async () => {
  await ground?.remove();
  await controlPlane?.close();
  await lab?.stop();
  await receiver?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

async function startControlPlane(): Promise<Lab> {
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] };
  const tracing = {
    apiVersion: 'apiserver.config.k8s.io/v1beta1',
    kind: 'TracingConfiguration',
    endpoint: receiver.grpcEndpoint,
    samplingRatePerMillion: 0,
  };
  await writeFile(path.join(dir, 'policy.json'), JSON.stringify(policy));
  await writeFile(path.join(dir, 'tracing.json'), JSON.stringify(tracing));
  return startLab({
    log: () => undefined,
    clusters: ['control-plane'],
    crossplane: false,
    apiServerFlags: {
      'control-plane': [
        `--audit-policy-file=${path.join(dir, 'policy.json')}`,
        `--audit-log-path=${path.join(dir, 'control-plane.audit.log')}`,
        `--tracing-config-file=${path.join(dir, 'tracing.json')}`,
      ],
    },
  });
}

function claimCrd(group: string): KubeObject {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const owner = {
    apiVersion: 'apiextensions.crossplane.io/v1',
    kind: 'CompositeResourceDefinition',
    name: `xdatabases.${group}`,
    uid: randomUUID(),
    controller: true,
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `databases.${group}`, ownerReferences: [owner] },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Database', plural: 'databases', singular: 'database', categories: ['claim'] },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  } as KubeObject;
}

function rightsOf(name: string, namespace: string, group: string): KubeObject[] {
  const metadata = { name: 'observed', namespace };
  const api = 'rbac.authorization.k8s.io';
  return [
    {
      apiVersion: `${api}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [group], resources: ['databases'], verbs: ['get', 'list', 'watch', 'create'] }],
    },
    {
      apiVersion: `${api}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: api, kind: 'Role', name: 'observed' },
      subjects: [{ apiGroup: api, kind: 'User', name }],
    },
  ] as unknown as KubeObject[];
}

async function linesOf(file: string): Promise<AuditEvent[]> {
  const text = await readFile(path.join(dir, file), 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n'));
  return whole.split('\n').map((line) => JSON.parse(line) as AuditEvent);
}

/** The line of a request, as soon as it is there. */
async function lineOf(file: string, auditID: string): Promise<AuditEvent> {
  return eventually(async () => {
    const found = (await linesOf(file)).filter(
      (line) => line.auditID === auditID && line.stage === 'ResponseComplete',
    );
    expect(found).toHaveLength(1);
    return found[0] as AuditEvent;
  });
}

const ask = (pathname: string, headers: Record<string, string> = {}): ReturnType<typeof askDirectly> =>
  askDirectly(connector.url, pathname, { client: admin, headers });

/** Samples of one metric: its labels as text, with the value. */
async function samples(name: string): Promise<string[]> {
  const { text } = await ask('/metrics');
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

/** A sample of the counter of requests, but for its value. */
function label(verb: string, of: string, code: number, reason: string): string {
  return `mcp_connector_requests_total{verb="${verb}",resource="${of}",code="${code}",reason="${reason}"}`;
}

describe('metrics', () => {
  it('count requests by verb, resource, code and reason [observe.metrics.requests]', async () => {
    await claims.create('counted');
    await ground.app.ask(claims.path('counted'));
    await ground.app.ask(claims.path('not-there'));
    await ask(`/apis/${ground.group}/v1/namespaces/x/made-up-${randomUUID()}`);
    await ask(claims.path('counted'), { accept: 'application/xml' });
    const resource = `databases.${ground.group}`;
    const counted = await eventually(async () => {
      const lines = await samples('mcp_connector_requests_total');
      expect(lines.join('\n')).toContain('code="406"');
      return lines;
    });
    expect(counted).toEqual(
      expect.arrayContaining([
        expect.stringContaining(label('create', resource, 201, '')),
        expect.stringContaining(label('get', resource, 200, '')),
        expect.stringContaining(label('get', resource, 404, 'passed')),
        expect.stringContaining(label('get', resource, 406, 'refused')),
        expect.stringContaining(label('list', 'unknown', 404, 'refused')),
      ]),
    );
    expect(counted.filter((line) => line.includes('made-up'))).toEqual([]);
  });

  it('say how old the catalog is, who leads, what is ready and what runs [observe.metrics.state]', async () => {
    const valueOf = async (name: string): Promise<number> =>
      Number((await samples(name))[0]?.split(' ').at(-1));
    const now = Date.now() / 1000;
    for (const name of ['change', 'refresh'].map((word) => `mcp_connector_catalog_last_${word}`)) {
      const at = await valueOf(`${name}_timestamp_seconds`);
      expect(at).toBeGreaterThan(now - 3_600);
      expect(at).toBeLessThanOrEqual(now + 1);
    }
    await eventually(async () => expect(await valueOf('mcp_connector_leader')).toBe(1));
    expect(await samples('mcp_connector_readiness_check')).toEqual(
      expect.arrayContaining(
        ['catalog', 'binding', 'front-proxy'].map(
          (check) => `mcp_connector_readiness_check{check="${check}"} 1`,
        ),
      ),
    );
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await samples('mcp_connector_build_info')).toEqual([
      `mcp_connector_build_info{version="${version}",node_version="${process.version}"} 1`,
    ]);
  });
});

describe('the audit log', () => {
  it('joins both clusters by the Audit-ID that the user sees [observe.audit.joined]', async () => {
    const answer = await ground.app.ask(claims.path(), {
      method: 'POST',
      body: claims.manifest('audited', { password: secretWord }),
      as: user,
      headers: { 'user-agent': 'observer/1.0' },
    });
    expect(answer.status).toBe(201);
    const auditID = answer.headers['audit-id'] as string;
    const line = await lineOf('connector.audit.log', auditID);
    expect(line).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      requestURI: claims.path(),
      verb: 'create',
      user: { username: user, groups: ['system:authenticated'] },
      userAgent: 'observer/1.0',
      objectRef: {
        resource: 'databases',
        namespace: claims.namespace,
        name: 'audited',
        apiGroup: ground.group,
        apiVersion: 'v1',
      },
      responseStatus: { metadata: {}, code: 201 },
      annotations: {
        'authorization.k8s.io/decision': 'allow',
        'mcp-connector-k8s.io/control-plane-name': claims.storedName('audited'),
      },
    });
    expect(line.sourceIPs).toContain('127.0.0.1');
    expect(
      Number.parseFloat(line.annotations['mcp-connector-k8s.io/upstream-latency'] ?? ''),
    ).toBeGreaterThan(0);
    expect(line.stageTimestamp > line.requestReceivedTimestamp).toBe(true);
    expect(line.stageTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

    const there = await lineOf('control-plane.audit.log', auditID);
    expect(there).toMatchObject({
      verb: 'create',
      objectRef: {
        resource: 'databases',
        namespace: ground.claimNamespace,
        name: claims.storedName('audited'),
      },
    });
  });

  it('has a line for what was refused, with the reason [observe.audit.refused]', async () => {
    const answer = await ground.app.ask(claims.path('not-there'), { as: user });
    expect(answer.status).toBe(404);
    const line = await lineOf('connector.audit.log', answer.headers['audit-id'] as string);
    expect(line.responseStatus).toMatchObject({ status: 'Failure', reason: 'NotFound', code: 404 });
    expect(line.annotations).toMatchObject({ 'mcp-connector-k8s.io/reason': 'passed' });
    const auditID = randomUUID();
    const stranger = await askDirectly(connector.url, claims.path(), { headers: { 'audit-id': auditID } });
    expect(stranger.status).toBe(403);
    const refused = await lineOf('connector.audit.log', auditID);
    expect(refused.user.username).toBe('system:anonymous');
    expect(refused.annotations).toEqual({
      'authorization.k8s.io/decision': 'forbid',
      'mcp-connector-k8s.io/reason': 'forbidden',
    });
  });

  it('holds no body, no credential and no health check [observe.audit.bounded]', async () => {
    await ask('/readyz');
    const token = randomBytes(16).toString('hex');
    const auditID = randomUUID();
    await askDirectly(connector.url, claims.path(), { client: { token }, headers: { 'audit-id': auditID } });
    expect((await lineOf('connector.audit.log', auditID)).responseStatus.code).toBe(401);
    const text = await readFile(path.join(dir, 'connector.audit.log'), 'utf8');
    expect(text).toContain('"name":"audited"');
    expect(text).not.toContain(secretWord);
    expect(text).not.toContain(token);
    expect(text).not.toContain('/readyz');
    expect(await samples('mcp_connector_audit_events_dropped_total')).toEqual([
      'mcp_connector_audit_events_dropped_total 0',
    ]);
  });
});

/** A new trace, as a user's client begins it. */
function traceparent(): { traceId: string; parent: string; text: string } {
  const [traceId, parent] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, parent, text: `00-${traceId}-${parent}-01` };
}

function oneOf(spans: ReceivedSpan[], isIt: (span: ReceivedSpan) => boolean): ReceivedSpan {
  const found = spans.find(isIt);
  if (!found)
    throw new Error(`not among ${spans.map(({ service, name }) => `${service}: ${name}`).join(', ')}`);
  return found;
}

function traceHeaders(trace: string): Record<string, string> {
  return { traceparent: trace, tracestate: 'vendor=seen' };
}

describe('a trace', () => {
  it('of a user goes through both API servers and the connector [observe.trace.joined]', async () => {
    const { traceId, text } = traceparent();
    const answer = await ground.app.ask(claims.path('counted'), { headers: { traceparent: text } });
    expect(answer.status).toBe(200);
    const [server, client, there] = await eventually(() => {
      const spans = receiver.of(traceId);
      return [
        oneOf(spans, ({ service, kind }) => service === 'mcp-connector' && kind === 2),
        oneOf(spans, ({ name }) => name === 'control plane'),
        oneOf(spans, ({ service, kind }) => service === 'apiserver' && kind === 2),
      ];
    });
    expect(server).toMatchObject({
      name: `get databases.${ground.group}`,
      attributes: {
        'audit-id': answer.headers['audit-id'],
        verb: 'get',
        resource: `databases.${ground.group}`,
        'http.response.status_code': 200,
      },
    });
    expect(client?.parentSpanId).toBe(server?.spanId);
    expect(client?.attributes['http.response.status_code']).toBe(200);
    expect(there?.parentSpanId).toBe(client?.spanId);
    expect(receiver.mediaTypes).toEqual(new Set(['application/x-protobuf']));
  });

  it('has a span for the question whether the user may [observe.trace.review]', async () => {
    const { traceId, text } = traceparent();
    // Asked of nobody before, so that no answer is remembered.
    const selector = `?labelSelector=a%3D${traceId.slice(0, 8)}`;
    const answer = await ground.app.ask(`${claims.path()}${selector}`, {
      as: user,
      headers: { traceparent: text },
    });
    expect(answer.status).toBe(200);
    await eventually(() => {
      const names = receiver.of(traceId).map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['SubjectAccessReview', 'control plane']));
    });
  });

  it('that is malformed or not sampled records nothing, and goes no further when malformed [observe.trace.malformed]', async () => {
    const broken = traceparent();
    const unsampled = traceparent();
    const good = traceparent();
    await ask(claims.path('counted'), { traceparent: broken.text.toUpperCase().replace('00-', '0-') });
    await ask(claims.path('counted'), { traceparent: `00-${unsampled.traceId}-${unsampled.parent}-00` });
    await ask(claims.path('counted'), { traceparent: good.text });
    await eventually(() => expect(receiver.of(good.traceId).length).toBeGreaterThanOrEqual(3));
    expect(receiver.of(broken.traceId)).toEqual([]);
    expect(receiver.of(unsampled.traceId)).toEqual([]);
  });

  it('passes as it came where nobody records spans [observe.trace.passed]', async () => {
    const plain = await ground.startConnector({ name: 'plain', controlPlane });
    const [{ traceId, parent, text }, broken] = [traceparent(), traceparent()];
    for (const trace of [`${broken.text}-more`, text]) {
      const answer = await askDirectly(plain.url, claims.path('counted'), {
        client: admin,
        headers: traceHeaders(trace),
      });
      expect(answer.status).toBe(200);
    }
    const there = await eventually(() => oneOf(receiver.of(traceId), ({ kind }) => kind === 2));
    expect(there).toMatchObject({ service: 'apiserver', parentSpanId: parent, state: 'vendor=seen' });
    expect(receiver.of(traceId).filter(({ service }) => service !== 'apiserver')).toEqual([]);
    expect(receiver.of(broken.traceId)).toEqual([]);
  });
});
