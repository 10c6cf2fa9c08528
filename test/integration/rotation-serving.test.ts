import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Secret } from '../../src/apimachinery/objects.ts';
import { parseBundle } from '../../src/authentication/client-trust.ts';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { createServingCertificate } from '../../src/controllers/certificates/certificate-authority.ts';
import { ClaimLoad } from '../support/claim-load.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(240_000);

let ground: TestGround;
let api: ClaimApi;
let connector: TestConnector;
let load: ClaimLoad;
let path: string;

beforeAll(async () => {
  ground = await TestGround.prepare('rotation-serving');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  connector = await ground.startConnector();
  await ground.available(api);
  path = secretPath(ground.namespace, `${ground.name}-serving-cert`);
  const namespace = await ground.createAppNamespace('a');
  load = new ClaimLoad(ground.app, new Claims(ground, api, namespace, await ground.app.uidOfKubeSystem()));
  await load.start();
});
afterAll(() => ground?.remove());

async function secret(): Promise<Record<string, string>> {
  const { data = {} } = await ground.app.client.get<Secret>(path);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decoded(value)]));
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

/** The CAs by which kube-apiserver verifies the connector. */
async function trusted(): Promise<string[]> {
  const [service] = await ground.apiServices();
  return parseBundle(decoded(service?.spec.caBundle ?? '')).map(String);
}

/** What a new connection is shown. */
function served(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: connector.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerX509Certificate()));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

async function more(): Promise<void> {
  const from = load.requests;
  await eventually(() => expect(load.requests - from).toBeGreaterThan(20));
}

describe('under load', () => {
  it('a deleted certificate Secret comes back with the same content [rotation.serving.secret]', async () => {
    const before = await secret();
    await ground.app.client.delete(path);
    await eventually(async () => expect(await secret()).toEqual(before));
    await more();
  });

  it('a new CA is trusted beside the old one before it is served, and then alone [rotation.serving.ca]', async () => {
    const [old] = await trusted();
    const first = await served();

    // How an administrator asks for a new CA.
    await ground.app.client.patch(path, { data: { 'ca.key': null } });
    await eventually(async () => expect(await trusted()).toEqual([expect.not.stringMatching('^$'), old]));
    const [next] = await trusted();
    expect(await served()).toBe(first);
    await more();

    // What the connector does when an hour has passed.
    const authority = { cert: next as string, key: (await secret())['ca.key'] as string };
    const names = [`${ground.name}.${ground.namespace}.svc`, 'localhost'];
    const serving = await createServingCertificate(authority, names, Date.now());
    await ground.app.client.patch(path, { stringData: { 'tls.crt': serving.cert, 'tls.key': serving.key } });
    await eventually(async () => expect((await served()).trim()).not.toBe(first.trim()));
    await more();

    await ground.app.client.patch(path, { stringData: { 'ca.crt': next } });
    await eventually(async () => expect(await trusted()).toEqual([next]));
    await more();

    const collection = `/apis/${api.group}/v1/namespaces/${ground.claimNamespace}/${api.plural}`;
    const report = await load.finish(ground.controlPlane.client, collection);
    process.stdout.write(`serving certificate, its Secret and its CA: ${JSON.stringify(report)}\n`);
    expect(report).toMatchObject({ refused: {}, unanswered: 0, lost: [], surplus: [], falselyDeleted: [] });
  });
});
