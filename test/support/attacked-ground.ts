import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Claims } from './claims.ts';
import { expect } from '@jest/globals';
import { askDirectly, certificateOf, type ClientMaterial } from './api-request.ts';
import { sharedLab, type TestConnector } from './lab.ts';
import type { ClaimApi } from './platform-api.ts';
import { type RawAnswer, requestText, sendRaw } from './raw-client.ts';
import { TestGround } from './test-ground.ts';

/** Stands in the claim that the attacker has no right to read. */
export const secretWord = 'nobody-else-may-read-this';

/** A ground with two namespaces of the app cluster and a claim `existing` in each. */
export interface AttackedGround {
  ground: TestGround;
  api: ClaimApi;
  connector: TestConnector;
  /** Where the attacker may do everything with claims, as user `attacker`. */
  mine: Claims;
  /** Where the attacker has no right. */
  theirs: Claims;
  admin: ClientMaterial;
  /** The certificate of the app cluster's kube-apiserver: with it, headers say who asks. */
  frontProxy: ClientMaterial;
  /** What the attacker is after. */
  target: string;
}

/** One attack, and what comes of it. */
export interface Attack {
  name: string;
  id: string;
  send: () => Promise<RawAnswer>;
  /** What the answers may be, in order. */
  codes: readonly (number | readonly number[])[];
  /** The server may close on what it has not read, and its answer is lost then. */
  mayBeReset?: boolean;
}

export const attacker = 'attacker';

/** What `flags` says goes to the connector beside `--allow`. */
export async function prepareAttackedGround(
  name: string,
  options: Parameters<TestGround['startConnector']>[0] = {},
): Promise<AttackedGround> {
  const ground = await TestGround.prepare(name);
  const api = await ground.offer({ kind: 'Database', plural: 'databases' });
  const clusterID = await ground.app.uidOfKubeSystem();
  const inNamespace = async (suffix: string): Promise<Claims> =>
    new Claims(ground, api, await ground.createAppNamespace(suffix), clusterID);
  const [mine, theirs] = await Promise.all([inNamespace('mine'), inNamespace('theirs')]);
  const connector = await ground.startConnector({
    ...options,
    flags: [`--allow=*.${ground.group}`, ...(options.flags ?? [])],
  });
  await ground.available(api);
  await Promise.all([mine.create('existing'), theirs.create('existing', { password: secretWord })]);
  await allowEverythingIn(ground, api, mine.namespace);
  const [admin, frontProxy] = await Promise.all([
    certificateOf(ground.app),
    appClusterKeyPair('front-proxy-client'),
  ]);
  return { ground, api, connector, mine, theirs, admin, frontProxy, target: theirs.path('existing') };
}

/** Bytes straight to the connector. */
export function direct(
  { connector }: AttackedGround,
  text: string,
  client?: ClientMaterial,
): Promise<RawAnswer> {
  return sendRaw(connector.url, text, client ? { client } : {});
}

/** A request through kube-apiserver, as the attacker. */
export function proxied(
  { admin }: AttackedGround,
  target: string,
  headers: readonly string[] = [],
): Promise<RawAnswer> {
  const text = requestText(target, [`Impersonate-User: ${attacker}`, ...headers]);
  return sendRaw(sharedLab().app.server, text, { client: admin });
}

/** The attacker has got nothing, and the connector goes on serving others. */
export async function expectRepelled(
  { connector, target, admin }: AttackedGround,
  { send, codes, mayBeReset }: Omit<Attack, 'name' | 'id'>,
): Promise<void> {
  const answer = await send();
  const told = answer.codes.map((code, at) => ([codes[at]].flat().includes(code) ? 'as expected' : code));
  const wanted = codes.map(() => 'as expected');
  const isLost = mayBeReset === true && answer.isClosed && answer.codes.length === 0;
  expect({ told: isLost ? wanted : told, text: answer.text.slice(0, 400) }).toMatchObject({ told: wanted });
  expect(answer.text).not.toContain(secretWord);
  const other = await askDirectly(connector.url, target, { client: admin });
  expect(other.status).toBe(200);
}

async function allowEverythingIn({ app }: TestGround, api: ClaimApi, namespace: string): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name: attacker, namespace };
  const base = `/apis/${apiVersion}/namespaces/${namespace}`;
  const rules = [{ apiGroups: [api.group], resources: ['*'], verbs: ['*'] }];
  await app.client.create(`${base}/roles`, { apiVersion, kind: 'Role', metadata, rules });
  await app.client.create(`${base}/rolebindings`, {
    apiVersion,
    kind: 'RoleBinding',
    metadata,
    subjects: [{ apiGroup, kind: 'User', name: attacker }],
    roleRef: { apiGroup, kind: 'Role', name: attacker },
  });
}

/** A key pair that the lab keeps for its app cluster: `ca`, `front-proxy-ca` or `front-proxy-client`. */
export async function appClusterKeyPair(name: string): Promise<{ cert: string; key: string }> {
  const base = path.join(sharedLab().app.kubeconfig.replace(/\.kubeconfig$/, ''), name);
  const [cert, key] = await Promise.all([readFile(`${base}.crt`, 'utf8'), readFile(`${base}.key`, 'utf8')]);
  return { cert, key };
}
