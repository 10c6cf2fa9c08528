import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ApiAnswer, askDirectly } from '../support/api-request.ts';
import { type AttackedGround, prepareAttackedGround, secretWord } from '../support/attacked-ground.ts';
import { hiddenLabels } from '../support/claims.ts';
import { type FaultMode, statusAnswer } from '../support/fault-modes.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { eventually, sharedLab } from '../support/lab.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

const token = 'seeded-token-of-the-control-plane';
let dir: string;
let proxy: FaultProxy;
let attacked: AttackedGround;
/** Where redirects lead: whatever comes there is lost. */
let elsewhere: Server;
let caught: { url: string; authorization: string | undefined }[] = [];

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-attacks-control-plane-'));
  elsewhere = createServer((req, res) => {
    caught.push({ url: req.url ?? '', authorization: req.headers.authorization });
    res.end('{}');
  });
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  proxy = await FaultProxy.start({ kubeconfig: sharedLab().controlPlane.kubeconfig, dir });
  attacked = await prepareAttackedGround('attacks-control-plane', {
    controlPlane: { kubeconfig: proxy.kubeconfig },
    flags: ['--log-level=debug'],
  });
});
afterEach(async () => {
  await proxy.use({ kind: 'pass' });
  caught = [];
});
afterAll(async () => {
  await attacked?.ground.remove();
  await proxy?.[Symbol.asyncDispose]();
  elsewhere?.close();
  await rm(dir, { recursive: true, force: true });
});

/** About claims only: the connector's own calls, by which it knows an outage, go on. */
function isAboutClaims({ url }: { url: string }): boolean {
  return url.includes(`/namespaces/${attacked.ground.claimNamespace}/databases`);
}

async function lie(mode: FaultMode): Promise<void> {
  await proxy.use({ ...mode, only: isAboutClaims } as FaultMode);
}

function ask(pathname: string, method = 'GET', body?: unknown): Promise<ApiAnswer> {
  const options = body === undefined ? { method } : { method, body };
  return askDirectly(attacked.connector.url, pathname, { client: attacked.admin, ...options });
}

function answer(status: number, headers: Record<string, string>, body: string): FaultMode {
  return { kind: 'answer', status, headers, body };
}

/** A claim as the control plane would send it, of whomever. */
function stored(labels: { cluster?: string; namespace?: string; name?: string }): string {
  const { mine, api, ground } = attacked;
  const metadata = {
    name: mine.storedName('existing'),
    namespace: ground.claimNamespace,
    uid: '00000000-0000-0000-0000-000000000001',
    resourceVersion: '1',
    labels: {
      [`${hiddenLabels}/app-cluster`]: labels.cluster ?? clusterID,
      [`${hiddenLabels}/app-namespace`]: labels.namespace ?? mine.namespace,
      [`${hiddenLabels}/app-resource-name`]: labels.name ?? 'existing',
    },
  };
  const spec = { parameters: { size: 'small', password: secretWord } };
  return JSON.stringify({ apiVersion: `${api.group}/v1`, kind: 'Database', metadata, spec });
}

let clusterID = '';
beforeAll(async () => {
  clusterID = await attacked.ground.app.uidOfKubeSystem();
});

const json = { 'content-type': 'application/json' };

/** Every kind of request a user may make about claims. */
async function askEverything(): Promise<ApiAnswer[]> {
  const { mine, api } = attacked;
  const claim = JSON.parse(mine.manifest('another')) as unknown;
  return await Promise.all([
    ask(mine.path('existing')),
    ask(mine.path()),
    ask(`${mine.path()}?limit=1`),
    ask(`/apis/${api.group}/v1/databases`),
    ask(`${mine.path()}?watch=true&timeoutSeconds=2`),
    ask(mine.path(), 'POST', claim),
    ask(mine.path('existing'), 'PUT', JSON.parse(mine.manifest('existing'))),
    ask(mine.path('existing'), 'DELETE'),
    ask(mine.path(), 'DELETE'),
  ]);
}

describe('a control plane that answers with', () => {
  it.each([300, 301, 302, 303, 307, 308])(
    'a redirect %i: it is neither followed nor passed on [attack.upstream.redirect]',
    async (status) => {
      const { port } = elsewhere.address() as AddressInfo;
      const location = `http://127.0.0.1:${port}/stolen`;
      await lie(answer(status, { location, ...json }, '{}'));
      for (const { status: code, headers } of await askEverything()) {
        expect([503, 504]).toContain(code);
        expect(headers.location).toBeUndefined();
      }
      expect(caught).toEqual([]);
    },
  );

  it.each([
    ['HTML and 200', 200, 'text/html', '<html><script>steal()</script></html>'],
    ['HTML and 404', 404, 'text/html', '<html>not found</html>'],
    ['HTML and 500', 500, 'text/html', '<html>sorry</html>'],
    ['text and 200', 200, 'text/plain', '{"kind":"Database"}'],
    ['no type and 200', 200, '', '{"kind":"Database"}'],
    ['JSON that breaks off', 200, 'application/json', '{"kind":"DatabaseList","items":['],
    ['no object', 200, 'application/json', '[]'],
    ['JSON of another kind', 200, 'application/json', '{"kind":"Secret","data":{"password":"bm9ib2R5"}}'],
    ['an empty body', 200, 'application/json', ''],
  ])(
    '%s: it is never passed on, and a missing claim is never made of it [attack.upstream.garbage]',
    async (_, status, type, body) => {
      await lie(answer(status, type === '' ? {} : { 'content-type': type }, body));
      expect((await ask(attacked.mine.path('existing'))).status).toBe(503);
      for (const { status: code, text, headers } of await askEverything().catch(() => [])) {
        expect(headers['content-type'] ?? '').not.toContain('html');
        expect(text).not.toMatch(/<html|steal|bm9ib2R5/);
        // A list that is not one must not look like an empty one.
        expect(text).not.toContain('"items":[]');
        expect(code).not.toBe(201);
      }
    },
  );

  it('the claim of another cluster, namespace or name: it is not shown [attack.upstream.foreign]', async () => {
    const { mine, theirs } = attacked;
    for (const labels of [{ cluster: 'another' }, { namespace: theirs.namespace }, { name: 'other' }]) {
      await lie(answer(200, json, stored(labels)));
      expect(await ask(mine.path('existing'))).toMatchObject({
        status: 404,
        text: expect.not.stringContaining(secretWord),
      });
    }
  });

  it.each(['application/json', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'])(
    'a list or watch with a claim of another cluster or namespace: it is not shown, nor a list without it (%s) [attack.upstream.foreignlist]',
    async () => {
      const { mine, theirs } = attacked;
      for (const labels of [{ cluster: 'another' }, { namespace: theirs.namespace }]) {
        await lie(
          answer(
            200,
            json,
            `{"kind":"DatabaseList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[${stored(labels)}]}`,
          ),
        );
        for (const query of ['', '?limit=5']) {
          const list = await ask(mine.path() + query);
          expect(list.status).toBeGreaterThanOrEqual(500);
          expect(list.text).not.toContain(secretWord);
        }
        await lie(answer(200, json, `{"type":"ADDED","object":${stored(labels)}}\n`));
        const watch = await ask(`${mine.path()}?watch=true&resourceVersion=1`).catch(() => ({ text: '' }));
        expect(watch.text).not.toContain(secretWord);
      }
    },
  );

  it('headers for the browser, the connection and the client: they are not passed on [attack.upstream.headers]', async () => {
    const headers = {
      ...json,
      'set-cookie': 'a=b',
      location: 'https://example.org',
      'www-authenticate': 'Basic realm="give me your password"',
      'access-control-allow-origin': '*',
      'content-disposition': 'attachment; filename=x.exe',
      refresh: '0; url=https://example.org',
      'x-remote-user': 'system:admin',
      'audit-id': 'forged',
      'strict-transport-security': 'max-age=1',
      server: 'secret/1.0',
    };
    await lie(answer(200, headers, stored({})));
    const { status, headers: seen } = await ask(attacked.mine.path('existing'));
    expect(status).toBe(200);
    for (const name of Object.keys(headers))
      if (name !== 'content-type') expect({ name, value: seen[name] }).toEqual({ name, value: undefined });
  });

  it('401 and a challenge: users are not asked for their credential [attack.upstream.challenge]', async () => {
    await lie(statusAnswer(401, 'Unauthorized', `no: ${secretWord}`));
    for (const { status, headers, text } of await askEverything()) {
      expect(status).toBe(503);
      expect(headers['www-authenticate']).toBeUndefined();
      expect(text).not.toContain(secretWord);
    }
  });

  it('404 about something else, a secret: it is no missing claim, and is not named [attack.upstream.status]', async () => {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `secrets "${secretWord}" not found`,
      reason: 'NotFound',
      details: { name: secretWord, kind: 'secrets' },
      code: 404,
    };
    await lie(answer(404, json, JSON.stringify(status)));
    for (const method of ['GET', 'DELETE']) {
      const told = await ask(attacked.mine.path('existing'), method);
      expect(told.status).toBe(503);
      expect(told.text).not.toContain(secretWord);
    }
  });

  it('headers without end: the request fails, and nothing else [attack.upstream.endless]', async () => {
    await lie(answer(200, { ...json, 'x-large': 'a'.repeat(200_000) }, stored({})));
    expect((await ask(attacked.mine.path('existing'))).status).toBe(503);
    await proxy.use({ kind: 'pass' });
    await eventually(async () => expect((await ask(attacked.mine.path('existing'))).status).toBe(200));
  });

  it.each([200, 500])(
    'a body without end and %i: memory is bounded [attack.upstream.endless]',
    async (status) => {
      await lie({ kind: 'endless', status });
      for (const target of [
        attacked.mine.path('existing'),
        attacked.mine.path(),
        `${attacked.mine.path()}?watch=true&resourceVersion=1`,
      ])
        await ask(target).then(
          ({ status: code }) => expect([200, 500, 503]).toContain(code),
          // Where a part of the answer was out already, only the connection can say that it is not whole.
          (error: Error) => expect(error.message).toMatch(/aborted|hang up|ECONNRESET/),
        );
      await proxy.use({ kind: 'pass' });
      await eventually(async () => expect((await ask(attacked.mine.path('existing'))).status).toBe(200));
    },
  );
});

describe('tokens:', () => {
  it('none is in a log at the highest verbosity, in an answer, in readiness or in metrics [attack.logs.tokens]', async () => {
    const { mine } = attacked;
    const seeds = {
      user: 'seeded-token-of-a-user',
      query: 'seeded-token-in-a-query',
      body: 'seeded-password-in-a-body',
    };
    const kubeconfig = await proxy.kubeconfigFor('seeded', { token });
    const connector = await attacked.ground.startConnector({
      name: 'attacks-control-plane.seeded',
      controlPlane: { kubeconfig },
      flags: ['--release-name=attacks-seeded', `--deny=*`, '--log-level=debug'],
      ready: false,
    });
    await eventually(async () => expect((await connector.process.probe('/livez')).status).toBe(200));
    const answers = [
      await askDirectly(connector.url, mine.path('existing'), { client: { token: seeds.user } }),
      await askDirectly(connector.url, `${mine.path()}?token=${seeds.query}`, {
        client: { token: seeds.user },
      }),
      await askDirectly(connector.url, '/readyz?verbose'),
      await askDirectly(connector.url, '/metrics', { client: attacked.admin }),
      await askDirectly(attacked.connector.url, mine.path(), {
        method: 'POST',
        body: `{"password":"${seeds.body}`,
        client: attacked.admin,
      }),
      await askDirectly(attacked.connector.url, `${mine.path()}?token=${seeds.query}`, {
        client: attacked.admin,
      }),
    ];
    const logs = [await connector.stderr(), await attacked.connector.stderr()].join('\n');
    expect(logs).toContain('"level":"debug"');
    for (const seed of [token, ...Object.values(seeds)]) {
      expect(logs).not.toContain(seed);
      for (const { text } of answers) expect(text).not.toContain(seed);
    }
  });

  it('what a broken kubeconfig or a credential plugin prints is in no log and no answer [attack.logs.kubeconfig]', async () => {
    const broken = [
      {
        name: 'yaml',
        text: `apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: ${token}\n   : [\n`,
      },
      {
        name: 'exec',
        text: kubeconfigWithPlugin(`echo '{"token":"${token}'; echo "${token}" >&2; exit 0`),
      },
      { name: 'exec-fails', text: kubeconfigWithPlugin(`echo "${token}" >&2; exit 1`) },
    ];
    for (const { name, text } of broken) {
      const secret = `seeded-${name}`;
      await attacked.ground.app.client.create(`/api/v1/namespaces/${attacked.ground.namespace}/secrets`, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: secret, namespace: attacked.ground.namespace },
        stringData: { kubeconfig: text },
      });
      await using connector = await attacked.ground.startConnector({
        name: `attacks-control-plane.${secret}`,
        controlPlane: { kubeconfig: '' },
        flags: [
          `--release-name=${secret}`,
          `--control-plane-secret=${secret}`,
          '--deny=*',
          '--log-level=debug',
        ],
        ready: false,
      });
      let ready = '';
      while (
        !/control-plane|catalog failed: (?!the claim APIs)/.test(ready) ||
        ready.includes('not been reached yet')
      )
        ready = (await connector.process.probe('/readyz').catch(() => ({ body: '' }))).body;
      expect(ready).not.toContain(token);
      expect(await connector.stderr()).not.toContain(token);
    }
  });
});

function kubeconfigWithPlugin(script: string): string {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', script],
    interactiveMode: 'Never',
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'a', cluster: { server: sharedLab().controlPlane.server, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'a', user: { exec } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    'current-context': 'a',
  });
}
