import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { secretPath } from '../../src/clusters/api-paths.ts';
import type { KeyPair } from '../../src/controllers/certificates/certificate-authority.ts';
import { LabAuthority } from '../../src/demo/certificates.ts';
import { freePort } from '../../src/demo/free-ports.ts';
import type { ClaimLoad } from '../support/claim-load.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { more, reportOfLoad, secondsOfLinks } from '../support/under-load.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TerminatingServer } from '../support/terminating-server.ts';
import { TestAccount } from '../support/test-account.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and API servers remember a token for 10 s.
jest.setTimeout(240_000);

interface Kubeconfig {
  clusters: { cluster: Record<string, unknown> }[];
  users: { user: Record<string, unknown> }[];
}

let ground: TestGround;
let api: ClaimApi;
let dir: string;
let clusterID: string;
let admin: Kubeconfig;
let namespaces = 0;
let port: number;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-rotation-'));
  ground = await TestGround.prepare('rotation');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  clusterID = await ground.app.uidOfKubeSystem();
  // The same for all, as behind one Service.
  port = await freePort();
  admin = JSON.parse(await readFile(ground.controlPlane.kubeconfig, 'utf8')) as Kubeconfig;
});
afterAll(async () => {
  await ground?.remove();
  await rm(dir, { recursive: true, force: true });
});

/** The administrator's kubeconfig with another user, or another way to the same control plane. */
function kubeconfig(user: object | undefined, cluster: object = {}, base = admin): string {
  const config = structuredClone(base);
  for (const entry of config.users) if (user) entry.user = { ...user };
  for (const entry of config.clusters) Object.assign(entry.cluster, cluster);
  return JSON.stringify(config);
}

/** At once whole, as Kubernetes changes what it mounts. */
async function write(name: string, content: string, mode = 0o600): Promise<string> {
  const file = path.join(dir, name);
  await writeFile(`${file}.new`, content, { mode });
  await rename(`${file}.new`, file);
  return file;
}

async function underLoad(rotate: (load: ClaimLoad) => Promise<void>): Promise<void> {
  await ground.available(api);
  const claims = new Claims(ground, api, await ground.createAppNamespace(`n${++namespaces}`), clusterID);
  const report = await reportOfLoad(ground, claims, api, rotate);
  expect(report).toMatchObject({ refused: {}, unanswered: 0, lost: [], surplus: [], falselyDeleted: [] });
}

function connect(file: string, ready = true): Promise<TestConnector> {
  return ground.startConnector({ controlPlane: { kubeconfig: file }, ready, port });
}

function secretOf(text: string): object {
  return { stringData: { kubeconfig: text } };
}

/** What a credential plugin prints. */
function printedBy(token: string, expirationTimestamp?: string): string {
  const status = { token, ...(expirationTimestamp ? { expirationTimestamp } : {}) };
  return JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });
}

function issue(authority: LabAuthority): Promise<KeyPair> {
  return authority.issue({ commonName: 'control-plane', hosts: ['127.0.0.1'] });
}

describe('without a restart and without a request that fails', () => {
  it('another token, a client certificate and another address of the kubeconfig Secret are used [rotation.secret.kubeconfig]', async () => {
    const [first, second] = [
      await TestAccount.create(ground.controlPlane, ground.claimNamespace, 'secret-first'),
      await TestAccount.create(ground.controlPlane, ground.claimNamespace, 'secret-second'),
    ];
    const secret = secretPath(ground.namespace, 'control-plane');
    const metadata = { name: 'control-plane', namespace: ground.namespace };
    await ground.app.client.create(secretPath(ground.namespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      ...secretOf(kubeconfig({ token: first.token })),
    });
    const authority = await LabAuthority.create('other-way-ca');
    const other = await TerminatingServer.start(
      ground.controlPlane.kubeconfig,
      await authority.issue({ commonName: 'other-way', hosts: ['127.0.0.1'] }),
      () => (requests += 1),
    );
    let requests = 0;
    await using connector = await ground.startConnector({
      port,
      controlPlane: { kubeconfig: '' },
      flags: [`--allow=*.${ground.group}`, '--control-plane-secret=control-plane'],
    });
    await underLoad(async (load) => {
      await ground.app.client.patch(secret, secretOf(kubeconfig({ token: second.token })));
      await secondsOfLinks(load);
      await first.revoke();
      await more(load);
      await ground.app.client.patch(secret, secretOf(kubeconfig(undefined)));
      await secondsOfLinks(load);
      await second.revoke();
      await more(load);
      const ca = Buffer.from(authority.cert).toString('base64');
      const cluster = { server: `https://127.0.0.1:${other.port}`, 'certificate-authority-data': ca };
      await ground.app.client.patch(secret, secretOf(kubeconfig({}, cluster)));
      await eventually(() => expect(requests).toBeGreaterThan(20));
    });
    expect(connector.process.isRunning).toBe(true);
    await other.close();
  });

  it('rotated token files of both clusters are used, where the old tokens end [rotation.token.file]', async () => {
    const both = [ground.controlPlane, ground.app] as const;
    const spaces = [ground.claimNamespace, ground.namespace];
    const first = await Promise.all(
      both.map((one, i) => TestAccount.create(one, spaces[i] as string, 'file-first')),
    );
    const second = await Promise.all(
      both.map((one, i) => TestAccount.create(one, spaces[i] as string, 'file-second')),
    );
    const files: string[] = [];
    for (const [i, { kubeconfig: original }] of both.entries()) {
      const base = JSON.parse(await readFile(original, 'utf8')) as Kubeconfig;
      await write(`token-${i}`, `${first[i]?.token}\n`);
      files.push(
        await write(`token-file-${i}.kubeconfig`, kubeconfig({ tokenFile: `token-${i}` }, {}, base)),
      );
    }
    await using connector = await ground.startConnector({
      port,
      controlPlane: { kubeconfig: files[0] as string },
      app: { kubeconfig: files[1] },
    });
    await underLoad(async () => {
      for (const [i, account] of second.entries()) await write(`token-${i}`, `${account.token}\n`);
      await Promise.all(first.map((account) => account.revoke()));
    });
    expect(connector.process.isRunning).toBe(true);
    await Promise.all(second.map((account) => account.revoke()));
  });

  it('a plugin is run again when its credential ends, and when it is refused [rotation.exec.plugin]', async () => {
    const first = await TestAccount.create(ground.controlPlane, ground.claimNamespace, 'exec-first');
    const second = await TestAccount.create(ground.controlPlane, ground.claimNamespace, 'exec-second');
    const third = await TestAccount.create(ground.controlPlane, ground.claimNamespace, 'exec-third');
    const printed = path.join(dir, 'printed');
    await writeFile(printed, '');
    const command = await write(
      'plugin',
      `#!/bin/sh\n[ -n "$KUBERNETES_EXEC_INFO" ] || exit 3\ncat ${dir}/credential | tee -a ${printed}\n`,
      0o700,
    );
    /** How often the plugin has printed it. */
    const runsWith = async ({ token }: TestAccount): Promise<number> =>
      (await readFile(printed, 'utf8')).split(token).length - 1;
    await write('credential', printedBy(first.token, new Date(Date.now() + 20_000).toISOString()));
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
    await using connector = await connect(await write('exec.kubeconfig', kubeconfig({ exec })));
    await underLoad(async (load) => {
      // The next says nothing of its end: only a refusal can tell.
      await write('credential', printedBy(second.token));
      await eventually(async () => expect(await runsWith(second)).toBe(1));
      await first.revoke();
      await more(load);
      expect(await runsWith(second)).toBe(1);
      await write('credential', printedBy(third.token));
      await second.revoke();
      await more(load);
      expect(await runsWith(third)).toBe(1);
    });
    expect(connector.process.isRunning).toBe(true);
    await third.revoke();
  });

  it('a control plane whose serving certificate comes from another CA is trusted by both, then by the new one [rotation.controlplane.ca]', async () => {
    const [old, next] = await Promise.all([LabAuthority.create('old-ca'), LabAuthority.create('new-ca')]);
    const server = await TerminatingServer.start(
      ground.controlPlane.kubeconfig,
      await issue(old),
      () => undefined,
    );
    const trusting = (...cas: LabAuthority[]): Promise<string> =>
      write(
        'ca.kubeconfig',
        kubeconfig(
          {},
          {
            server: `https://127.0.0.1:${server.port}`,
            'certificate-authority-data': Buffer.from(cas.map(({ cert }) => cert).join('')).toString(
              'base64',
            ),
          },
        ),
      );
    await using connector = await connect(await trusting(old));
    const expiryOf = async (certificate: string): Promise<string> =>
      (await metricsOf(connector)).find((line) => line.includes(`{certificate="${certificate}"}`)) ?? '';
    await underLoad(async (load) => {
      await trusting(old, next);
      await secondsOfLinks(load);
      server.useCertificate(await issue(next));
      await more(load);
      await trusting(next);
      await secondsOfLinks(load);
    });
    await eventually(async () => {
      expect(await expiryOf('control-plane-ca')).toMatch(/ \d{10}/);
      expect(await expiryOf('control-plane-serving')).toMatch(/ \d{10}/);
    });
    await connector.stop();
    await server.close();
  });

  it('client certificate files are read again [rotation.certificate.files]', async () => {
    const stranger = await (await LabAuthority.create('stranger')).issue({ commonName: 'stranger' });
    await write('client.crt', stranger.cert);
    await write('client.key', stranger.key);
    const files = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    await using connector = await connect(await write('files.kubeconfig', kubeconfig(files)), false);
    await eventually(async () =>
      expect(await connector.stderr()).toContain('does not accept the credential'),
    );
    const user = admin.users[0]?.user as Record<string, string>;
    const decoded = (key: string): string => Buffer.from(user[key] ?? '', 'base64').toString();
    await write('client.crt', decoded('client-certificate-data'));
    await write('client.key', decoded('client-key-data'));
    await connector.process.ready(30_000);
    await underLoad(async (load) => {
      // Half a rotation: a certificate without its key is not used.
      await write('client.crt', stranger.cert);
      await secondsOfLinks(load);
      await write('client.crt', decoded('client-certificate-data'));
    });
  });
});

async function metricsOf(connector: TestConnector): Promise<string[]> {
  const { askDirectly, certificateOf } = await import('../support/api-request.ts');
  const { text } = await askDirectly(connector.url, '/metrics', { client: await certificateOf(ground.app) });
  return text.split('\n').filter((line) => line.startsWith('mcp_connector_'));
}
