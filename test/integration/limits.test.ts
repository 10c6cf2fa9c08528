import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ApiAnswer, askDirectly } from '../support/api-request.ts';
import { type AttackedGround, prepareAttackedGround } from '../support/attacked-ground.ts';
import { eventually } from '../support/lab.ts';
import { RawConnection } from '../support/raw-client.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

const group = 'limited';
const controller = 'system:serviceaccount:kube-system:generic-garbage-collector';
let attacked: AttackedGround;
let open: RawConnection[] = [];

beforeAll(async () => {
  attacked = await prepareAttackedGround('limits', {
    flags: [
      '--max-requests-inflight=10',
      '--max-requests-inflight-per-user=4',
      '--max-watches=10',
      '--max-watches-per-user=4',
      '--watch-write-timeout=2s',
    ],
  });
  await allowGroup();
});
afterEach(async () => {
  for (const connection of open) connection.socket.destroy();
  open = [];
  await eventually(async () => expect(await metric('mcp_connector_requests_inflight')).toBe(0));
});
afterAll(() => attacked?.ground.remove());

async function allowGroup(): Promise<void> {
  const { ground, mine, api } = attacked;
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const base = `/apis/${apiVersion}/namespaces/${mine.namespace}`;
  const metadata = { name: group, namespace: mine.namespace };
  const rules = [{ apiGroups: [api.group], resources: ['databases'], verbs: ['*'] }];
  await ground.app.client.create(`${base}/roles`, { apiVersion, kind: 'Role', metadata, rules });
  await ground.app.client.create(`${base}/rolebindings`, {
    apiVersion,
    kind: 'RoleBinding',
    metadata,
    subjects: [{ apiGroup, kind: 'Group', name: group }],
    roleRef: { apiGroup, kind: 'Role', name: group },
  });
}

function ask(user: string, path = attacked.mine.path('existing')): Promise<ApiAnswer> {
  return askDirectly(attacked.connector.url, path, {
    client: attacked.frontProxy,
    headers: { 'x-remote-user': user, 'x-remote-group': group },
  });
}

async function metric(name: string): Promise<number> {
  const { text } = await askDirectly(attacked.connector.url, '/metrics', { client: attacked.admin });
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? 0);
}

/** Writes whose bodies do not come: each is under way as long as its connection, unless it is refused. */
async function hold(user: string, count: number): Promise<void> {
  const header = [
    `POST ${attacked.mine.path()} HTTP/1.1`,
    'Host: a',
    `X-Remote-User: ${user}`,
    `X-Remote-Group: ${group}`,
    'Content-Type: application/json',
    'Content-Length: 100',
    '',
    '{',
  ];
  for (let i = 0; i < count; i++) {
    const connection = await RawConnection.open(attacked.connector.url, attacked.frontProxy);
    connection.write(header.join('\r\n'));
    open.push(connection);
  }
}

async function watch(user: string): Promise<RawConnection> {
  const connection = await RawConnection.open(attacked.connector.url, attacked.frontProxy);
  const target = `${attacked.mine.path()}?watch=true`;
  connection.write(
    `GET ${target} HTTP/1.1\r\nHost: a\r\nX-Remote-User: ${user}\r\nX-Remote-Group: ${group}\r\n\r\n`,
  );
  open.push(connection);
  await connection.answer({ until: (text) => text.includes('\r\n\r\n') });
  return connection;
}

/** More than there is room for; the controllers of the lab ask and watch too. */
async function fill(): Promise<void> {
  for (const user of ['first', 'second', 'third']) await hold(user, 4);
  await expectTooMany('fourth');
}

/** What was sent before is on its way. */
async function expectTooMany(user: string): Promise<void> {
  const answer = await eventually(async () => {
    const candidate = await ask(user);
    expect(candidate.status).toBe(429);
    return candidate;
  });
  expect(answer.json()).toMatchObject({
    kind: 'Status',
    code: 429,
    reason: 'TooManyRequests',
    message: 'Too many requests, please try again later.',
  });
  expect(['1', '2']).toContain(answer.headers['retry-after']);
}

describe('requests', () => {
  it('of one user beyond the limit are answered with 429, others and later ones are not [limits.requests.user]', async () => {
    await hold('busy', 4);
    await expectTooMany('busy');
    expect((await ask('other')).status).toBe(200);
    const rejected = 'mcp_connector_requests_rejected_total{reason="max_requests_inflight_per_user"}';
    expect(await metric(rejected)).toBeGreaterThan(0);
    for (const connection of open) connection.socket.destroy();
    await eventually(async () => expect((await ask('busy')).status).toBe(200));
  });

  it('of many users beyond the limit are answered with 429, and the controllers of the cluster are not [limits.requests.total, limits.requests.controllers]', async () => {
    await fill();
    expect((await ask(controller)).status).toBe(200);
    expect((await ask('system:kube-controller-manager')).status).toBe(200);
    await hold(controller, 4);
    await expectTooMany(controller);
  });

  it('for health, discovery, OpenAPI and metrics are never limited [limits.requests.discovery]', async () => {
    await fill();
    const { group: apiGroup } = attacked.api;
    for (const path of ['/apis', `/apis/${apiGroup}/v1`, '/openapi/v2', '/openapi/v3', '/readyz', '/livez']) {
      const answer = await askDirectly(attacked.connector.url, path, { client: attacked.admin });
      expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    }
    expect(await attacked.ground.app.discovered(apiGroup, 'v1')).toContain('databases');
  });
});

describe('watches', () => {
  it('of one user beyond the limit are answered with 429, and do not count as requests [limits.watches.user]', async () => {
    for (let i = 0; i < 4; i++) expect((await watch('watcher')).text).toMatch(/^HTTP\/1\.1 200 /);
    const refused = await watch('watcher');
    expect(refused.text).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused.text).toMatch(/^Retry-After: [12]\r$/im);
    expect((await ask('watcher')).status).toBe(200);
    for (const connection of open) connection.socket.destroy();
    await eventually(async () => expect((await watch('watcher')).text).toMatch(/^HTTP\/1\.1 200 /));
  });

  it('of many users beyond the limit are answered with 429, and those of controllers are not [limits.watches.total]', async () => {
    const started: boolean[] = [];
    for (const user of ['a', 'b', 'c'])
      for (let i = 0; i < 4; i++) started.push((await watch(user)).text.startsWith('HTTP/1.1 200 '));
    expect(started.filter(Boolean).length).toBeGreaterThan(4);
    expect(started.filter(Boolean).length).toBeLessThan(10);
    expect((await watch('d')).text).toMatch(/^HTTP\/1\.1 429 /);
    expect((await watch(controller)).text).toMatch(/^HTTP\/1\.1 200 /);
    expect((await watch(controller)).text).toMatch(/^HTTP\/1\.1 429 /);
  });

  it('whose reader takes nothing are ended in order, and those who read get every event [limits.watches.stalled]', async () => {
    const { mine } = attacked;
    const stalledBefore = await metric('mcp_connector_watches_stalled_total');
    const stalled = await watch('asleep');
    stalled.socket.pause();
    const reader = await watch('awake');
    await mine.create('growing');
    const text = 'x'.repeat(250_000);
    let writes = 0;
    // Until what the kernel holds for the reader is full.
    while ((await metric('mcp_connector_watches_stalled_total')) === stalledBefore && writes < 200) {
      writes++;
      await attacked.ground.app.client.patch(mine.path('growing'), {
        spec: { parameters: { settings: { text, writes } } },
      });
    }
    expect(await metric('mcp_connector_watches_stalled_total')).toBe(stalledBefore + 1);
    await reader.answer({ until: (seen) => seen.includes(`"writes":${writes}`) });
    const seen = new Set([...reader.text.matchAll(/"writes":(\d+)/g)].map(([, number]) => Number(number)));
    expect(seen.size).toBe(writes);
    // The reader that comes back finds whole events, and the end of the answer.
    stalled.socket.resume();
    await stalled.answer({ until: (received) => received.endsWith('\r\n0\r\n\r\n') });
    expect(stalled.text.slice(-20)).toMatch(/\}\n\r\n0\r\n\r\n$/);
  });
});
