import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { secretPath } from '../../src/clusters/api-paths.ts';
import type { KeyPair } from '../../src/controllers/certificates/certificate-authority.ts';
import { LabAuthority } from '../../src/demo/certificates.ts';
import { freePort } from '../../src/demo/free-ports.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { type ApiAnswer, askDirectly, certificateOf } from '../support/api-request.ts';
import type { ClaimLoad, LoadReport } from '../support/claim-load.ts';
import { Claims } from '../support/claims.ts';
import { mcpConnector } from '../support/command.ts';
import { FrontProxy } from '../support/front-proxy.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { MountedAccount } from '../support/mounted-account.ts';
import { OpenClient } from '../support/open-request.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';
import { more, reportOfLoad } from '../support/under-load.ts';
import { WatchClient } from '../support/watch-client.ts';

// Generous: two clusters are started, and no timing is a test here.
const startTimeoutMs = 10 * 60_000;
jest.setTimeout(240_000);

const xrds = '/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions';
const clientCertificateMs = 45_000;
const asAdmin = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' };

let dir: string;
let lab: Lab;
let ground: TestGround;
let api: ClaimApi;
let clusterID: string;
let port: number;
let namespaces = 0;

/** Its front proxy, its accounts and the certificates of its control plane are changed: a lab of its own. */
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-rotation-clusters-'));
  // Says when kube-apiserver has taken another certificate.
  lab = await startLab({ dir, log: () => undefined, apiServerFlags: { app: ['--v=2'] } });
  // Crossplane's own kinds are new there.
  await eventually(() => lab.controlPlane.client.get(`${xrds}?limit=1`));
  ground = await TestGround.prepare('rotation-clusters', lab);
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  clusterID = await ground.app.uidOfKubeSystem();
  port = await freePort();
}, startTimeoutMs);
afterAll(async () => {
  await ground?.remove();
  await lab?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function underLoad(change: (load: ClaimLoad) => Promise<void>): Promise<LoadReport> {
  await ground.available(api);
  const claims = new Claims(ground, api, await ground.createAppNamespace(`n${++namespaces}`), clusterID);
  const report = await reportOfLoad(ground, claims, api, change);
  expect(report).toMatchObject({ lost: [], surplus: [], falselyDeleted: [], unseen: [] });
  return report;
}

async function metrics(connector: TestConnector, pattern: RegExp): Promise<string[]> {
  const { text } = await askDirectly(connector.url, '/metrics', { client: await certificateOf(ground.app) });
  return text.split('\n').filter((line) => pattern.test(line));
}

/** Requests that the connector has answered with 401 or 403. */
function refusals(connector: TestConnector): Promise<string[]> {
  return metrics(connector, /^mcp_connector_requests_total.*code="40[13]"/);
}

function databasesPath(): string {
  return `/apis/${api.group}/v1/databases?limit=1`;
}

/** On a connection that may have been open for long. */
async function onOpen(client: OpenClient): Promise<number> {
  return (await client.get(databasesPath(), asAdmin)).status;
}

describe('the front proxy of the app cluster', () => {
  let connector: TestConnector;
  let proxy: FrontProxy;
  let current: LabAuthority;

  beforeAll(async () => {
    connector = await ground.startConnector({ port });
    proxy = new FrontProxy(lab.app);
  });
  afterAll(() => connector?.stop());

  /** So many CAs: what the connector has said last. */
  async function trusts(cas: number): Promise<void> {
    await eventually(async () => {
      const said = (await connector.stderr()).matchAll(
        /"cas":(\d+),"msg":"front-proxy configuration loaded"/g,
      );
      expect([...said].at(-1)?.[1]).toBe(String(cas));
    });
  }

  async function asFrontProxy(client: KeyPair): Promise<number> {
    return (await askDirectly(connector.url, databasesPath(), { client, headers: asAdmin })).status;
  }

  it('has another CA: the old one and the new one count together, then the new one alone [rotation.frontproxy.cluster]', async () => {
    const { pid } = connector.process;
    const old = await proxy.client();
    await using open = new OpenClient(connector.url, old);
    expect(await onOpen(open)).toBe(200);
    current = await LabAuthority.create('second-front-proxy-ca');
    const next = await current.issue({ commonName: 'front-proxy-client' });
    const report = await underLoad(async (load) => {
      await proxy.useCas((await proxy.cas()) + current.cert);
      await trusts(2);
      await proxy.useClient(next);
      await more(load, 100);
      expect(await onOpen(open)).toBe(200);
      await proxy.useCas(current.cert);
      await proxy.forgetOld({ cas: 1, names: ['front-proxy-client'] });
      await trusts(1);
      await more(load, 100);
      expect(await refusals(connector)).toEqual([]);
    });
    expect(report).toMatchObject({ refused: {}, unanswered: 0 });
    expect(await onOpen(open)).toBe(401);
    expect(await asFrontProxy(old)).toBe(401);
    expect(await asFrontProxy(next)).toBe(200);
    expect(connector.process.pid).toBe(pid);
  });

  it('is restarted with another CA and another name, one after the other [rotation.frontproxy.cluster]', async () => {
    const { pid } = connector.process;
    const old = await proxy.client();
    await using open = new OpenClient(connector.url, old);
    expect(await onOpen(open)).toBe(200);
    const refusedBefore = await refusals(connector);
    const third = await LabAuthority.create('third-front-proxy-ca');
    const next = await third.issue({ commonName: 'other-front-proxy' });
    const report = await underLoad(async (load) => {
      await proxy.restart(
        `--requestheader-client-ca-file=${await proxy.write('both-ca.crt', current.cert + third.cert)}`,
        '--requestheader-allowed-names=front-proxy-client,other-front-proxy',
      );
      await trusts(2);
      await more(load, 100);
      expect(await onOpen(open)).toBe(200);
      await proxy.restart(
        `--requestheader-client-ca-file=${await proxy.write('third-ca.crt', third.cert)}`,
        '--requestheader-allowed-names=other-front-proxy',
        `--proxy-client-cert-file=${await proxy.write('other.crt', next.cert)}`,
        `--proxy-client-key-file=${await proxy.write('other.key', next.key)}`,
      );
      await more(load, 100);
      await proxy.forgetOld({ cas: 1, names: ['other-front-proxy'] });
      await trusts(1);
      await more(load, 100);
      expect(await refusals(connector)).toEqual(refusedBefore);
    });
    // What kube-apiserver says itself while it starts is something else.
    expect(Object.keys(report.refused).filter((code) => /^40[13]$/.test(code))).toEqual([]);
    expect(await onOpen(open)).toBe(401);
    expect(await asFrontProxy(old)).toBe(401);
    expect(await asFrontProxy(await third.issue({ commonName: 'front-proxy-client' }))).toBe(401);
    expect(await asFrontProxy(next)).toBe(200);
    expect(connector.process.pid).toBe(pid);
  });
});

describe("the pod's own service account", () => {
  it('has another token in its files, and the one before ends [rotation.token.pod]', async () => {
    const account = new MountedAccount(ground.app, ground.namespace, path.join(dir, 'run'));
    const first = await account.create();
    await using connector = await ground.startConnector({
      port,
      app: { kubeconfig: undefined },
      launcher: account.launcher,
      env: account.environment,
    });
    /** Its rights are reviewed by the connector, with its own token: nobody has asked about this user before. */
    const ask = async (user: string): Promise<ApiAnswer> =>
      ground.app.ask(databasesPath(), {
        as: user,
        headers: { 'impersonate-group': 'system:masters' },
      });
    expect((await ask('before')).status).toBe(200);
    const { pid } = connector.process;
    const report = await underLoad(async (load) => {
      await account.rotate();
      await account.revoke(1, first);
      expect((await ask('after')).status).toBe(200);
      await more(load, 100);
    });
    expect(report).toMatchObject({ refused: {}, unanswered: 0 });
    expect(connector.process.pid).toBe(pid);
  });
});

/** Of the control plane, with a client certificate that its own CA has signed. */
async function kubeconfigOf(lifetimeMs: number): Promise<{ text: string; notAfter: number }> {
  const target = path.join(dir, 'client-certificate.kubeconfig');
  await lab.controlPlane.writeKubeconfig(target, {
    commonName: 'connector',
    organizations: ['system:masters'],
    lifetimeMs,
  });
  const text = await readFile(target, 'utf8');
  const { users } = JSON.parse(text) as { users: { user: { 'client-certificate-data': string } }[] };
  const pem = Buffer.from(users[0]?.user['client-certificate-data'] ?? '', 'base64');
  return { text, notAfter: new X509Certificate(pem).validToDate.getTime() };
}

describe('a client certificate towards the control plane that has expired', () => {
  const secretName = 'control-plane';
  const sentence =
    /the client certificate of the kubeconfig expired at \d{4}-\S+Z, and the control plane 127\.0\.0\.1:\d+ does not accept it; renew it/;
  let claims: Claims;

  /** As users send them; dry runs, since the first ones are carried out. */
  function requests(): (() => Promise<ApiAnswer>)[] {
    const { app } = ground;
    return [
      () => app.ask(claims.path()),
      () => app.ask(claims.path('kept')),
      () => app.ask(`${claims.path()}?watch=true&timeoutSeconds=1`),
      () => app.ask(`${claims.path()}?dryRun=All`, { method: 'POST', body: claims.manifest('refused') }),
      () => app.ask(`${claims.path('kept')}?dryRun=All`, { method: 'DELETE' }),
    ];
  }

  it('is 503 with that reason to users, and is named by log, /readyz and doctor, until the Secret has another [outage.kind.clientcertificate]', async () => {
    const metadata = { name: secretName, namespace: ground.namespace };
    const put = (text: string): Promise<unknown> =>
      ground.app.client.patch(secretPath(ground.namespace, secretName), { stringData: { kubeconfig: text } });
    await ground.app.client.create(secretPath(ground.namespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: { kubeconfig: (await kubeconfigOf(3_600_000)).text },
    });
    await using connector = await ground.startConnector({
      port,
      controlPlane: { kubeconfig: '' },
      flags: [`--allow=*.${ground.group}`, `--control-plane-secret=${secretName}`],
    });
    await ground.available(api);
    claims = new Claims(ground, api, await ground.createAppNamespace('expired'), clusterID);
    await claims.create('kept');
    const { text, notAfter } = await kubeconfigOf(clientCertificateMs);
    await put(text);
    const inUse = `mcp_connector_certificate_expiration_timestamp_seconds{certificate="control-plane-client"} ${notAfter / 1_000}`;
    await eventually(async () => expect(await metrics(connector, /control-plane-client/)).toEqual([inUse]));
    const watch = await WatchClient.open(ground.app, `${claims.path()}?watch=true`);
    await watch.started;

    const seen = new Set<string>();
    await eventually(async () => {
      const answers = await Promise.all(requests().map((request) => request()));
      for (const { status, headers } of answers)
        seen.add(status < 300 ? 'done' : `${status} ${headers['retry-after'] === undefined ? '' : 'later'}`);
      for (const answer of answers) expect(answer.text).toMatch(sentence);
    });
    // Nothing else on the way there, a 401 least of all.
    expect([...seen].toSorted()).toEqual(['503 later', 'done']);
    expect(Date.now()).toBeGreaterThan(notAfter);
    expect(await watch.ended).toBe('clean');
    expect(await connector.process.probe('/readyz')).toEqual({
      status: 200,
      body: expect.stringMatching(new RegExp(`\\[!\\]control-plane warns: ${sentence.source}`)),
    });
    const records = (await connector.stderr())
      .split('\n')
      .filter((line) => line.includes('"credential-refused"'));
    expect(records.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      expect.stringMatching(sentence),
    ]);
    const doctor = await mcpConnector(
      'doctor',
      `--kubeconfig=${ground.app.kubeconfig}`,
      `--control-plane-secret=${secretName}`,
      `--claim-namespace=${ground.claimNamespace}`,
      `--namespace=${ground.namespace}`,
      `--release-name=${ground.name}`,
    );
    expect(doctor).toMatchObject({ code: 2, stdout: '' });
    expect(doctor.stderr).toMatch(new RegExp(`^error: ${sentence.source}\n$`));
    process.stdout.write(doctor.stderr);

    const { pid } = connector.process;
    await put((await kubeconfigOf(3_600_000)).text);
    await eventually(async () => expect(await claims.names()).toEqual(['kept']));
    expect(connector.process.pid).toBe(pid);
    expect((await connector.process.probe('/readyz')).body).toContain('[+]control-plane ok');
  });
});
