import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Secret } from '../../src/apimachinery/objects.ts';
import { namespacePath, secretPath } from '../../src/clusters/api-paths.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { freePort } from '../../src/demo/free-ports.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

/** What is wrong when the connector starts, the sentence that says so, and what mends it. */
interface Fault {
  name: string;
  id: string;
  claimNamespace?: string;
  arrange: () => Promise<void>;
  sentence: RegExp;
  mend: () => Promise<void>;
}

const rbac = 'rbac.authorization.k8s.io';
const lateNamespace = 'control-plane-faults-late';
let ground: TestGround;
let admin: string;
let limited: string;

beforeAll(async () => {
  ground = await TestGround.prepare('control-plane-faults');
  admin = await readFile(ground.controlPlane.kubeconfig, 'utf8');
  limited = await kubeconfigOfServiceAccount('limited');
});
afterAll(async () => {
  if (!ground) return;
  await Promise.all([revoke('namespaces'), revoke('customresourcedefinitions')]);
  await ground.remove();
});

/** A kubeconfig of the control plane for an account without rights. */
async function kubeconfigOfServiceAccount(name: string): Promise<string> {
  const { client, kubeconfig } = ground.controlPlane;
  const base = `${namespacePath(ground.claimNamespace)}/serviceaccounts`;
  const metadata = { name, namespace: ground.claimNamespace };
  await client.create(base, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  const { status } = await client.create<{ status: { token: string } }>(`${base}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [] },
  });
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as { users: { user: unknown }[] };
  for (const entry of config.users) entry.user = { token: status.token };
  return JSON.stringify(config);
}

function grantName(resource: string): string {
  return `${ground.name}-${resource}`;
}

/** Lets the limited account read one kind of the control plane. */
async function grant(resource: string, apiGroup: string): Promise<void> {
  const metadata = { name: grantName(resource) };
  const { client } = ground.controlPlane;
  const rules = [{ apiGroups: [apiGroup], resources: [resource], verbs: ['get', 'list', 'watch'] }];
  const base = `/apis/${rbac}/v1`;
  await client.create(`${base}/clusterroles`, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata,
    rules,
  });
  await client.create(`${base}/clusterrolebindings`, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    subjects: [{ kind: 'ServiceAccount', name: 'limited', namespace: ground.claimNamespace }],
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name },
  });
}

async function revoke(resource: string): Promise<void> {
  for (const kind of ['clusterroles', 'clusterrolebindings'])
    await deleteIfThere(ground.controlPlane.client, `/apis/${rbac}/v1/${kind}/${grantName(resource)}`);
}

/** Writes the Secret of the running fault, with these keys and no others. */
async function writeSecret(name: string, content: Record<string, string>): Promise<void> {
  const path = secretPath(ground.namespace);
  await deleteIfThere(ground.app.client, `${path}/${name}`);
  const metadata = { name, namespace: ground.namespace };
  await ground.app.client.create<Secret>(path, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData: content,
  });
}

const faults: Fault[] = [
  {
    name: 'no Secret',
    id: 'serve.fault.secret',
    arrange: async () => undefined,
    sentence: /Secret control-plane-faults-connector\/no-secret does not exist; create it with/,
    mend: () => writeSecret('no-secret', { kubeconfig: admin }),
  },
  {
    name: 'another key in the Secret',
    id: 'serve.fault.key',
    arrange: () => writeSecret('another-key-in-the-secret', { config: admin, note: 'text' }),
    sentence: /has no key "kubeconfig"; its keys are: config, note;/,
    mend: () => writeSecret('another-key-in-the-secret', { kubeconfig: admin }),
  },
  {
    name: 'a text that is no kubeconfig',
    id: 'serve.fault.kubeconfig',
    arrange: () =>
      writeSecret('a-text-that-is-no-kubeconfig', { kubeconfig: 'apiVersion: v1\nkind: Config\n' }),
    sentence: /key "kubeconfig" of Secret [^ ]+ is not a kubeconfig/,
    mend: () => writeSecret('a-text-that-is-no-kubeconfig', { kubeconfig: admin }),
  },
  {
    name: 'a control plane that cannot be reached',
    id: 'serve.fault.unreachable',
    arrange: async () => {
      const { host } = accessFromFile(ground.controlPlane.kubeconfig).server;
      const closed = admin.replace(host, `127.0.0.1:${await freePort()}`);
      await writeSecret('a-control-plane-that-cannot-be-reached', { kubeconfig: closed });
    },
    sentence: /127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/,
    mend: () => writeSecret('a-control-plane-that-cannot-be-reached', { kubeconfig: admin }),
  },
  {
    name: 'no claim namespace',
    id: 'serve.fault.namespace',
    claimNamespace: lateNamespace,
    arrange: () => writeSecret('no-claim-namespace', { kubeconfig: admin }),
    sentence:
      /the namespace "control-plane-faults-late" does not exist on the control plane [^ ]+; create it there/,
    mend: async () => void (await ground.controlPlane.createNamespace(lateNamespace)),
  },
  {
    name: 'no right to read the claim namespace',
    id: 'serve.fault.right',
    arrange: () => writeSecret('no-right-to-read-the-claim-namespace', { kubeconfig: limited }),
    sentence:
      /the connector may not read the namespace "control-plane-faults-claims" .*deploy\/control-plane\.yaml/,
    mend: async () => {
      await grant('namespaces', '');
      await grant('customresourcedefinitions', 'apiextensions.k8s.io');
    },
  },
  {
    name: 'no right to read the CRDs',
    id: 'serve.fault.crds',
    arrange: async () => {
      await revoke('customresourcedefinitions');
      await writeSecret('no-right-to-read-the-crds', { kubeconfig: limited });
    },
    sentence: /the connector may not read the CRDs of the control plane: .*deploy\/control-plane\.yaml/,
    mend: () => grant('customresourcedefinitions', 'apiextensions.k8s.io'),
  },
  {
    name: 'a credential that is not accepted',
    id: 'serve.fault.credential',
    arrange: async () => {
      const config = JSON.parse(admin) as { users: { user: unknown }[] };
      for (const entry of config.users) entry.user = { token: 'not-a-token' };
      await writeSecret('a-credential-that-is-not-accepted', { kubeconfig: JSON.stringify(config) });
    },
    sentence: /does not accept the credential of the kubeconfig; renew it/,
    mend: () => writeSecret('a-credential-that-is-not-accepted', { kubeconfig: admin }),
  },
];

/** Each has a release of its own, which has never been connected; no API is allowed, so that none is registered. */
function start({ name, claimNamespace = ground.claimNamespace }: Fault): Promise<TestConnector> {
  const release = name.toLowerCase().replaceAll(' ', '-');
  return ground.startConnector({
    claimNamespace,
    controlPlane: { kubeconfig: '' },
    ready: false,
    name: `control-plane-faults.${release}`,
    flags: [`--release-name=${release.slice(0, 50)}`, `--control-plane-secret=${release}`, '--deny=*'],
  });
}

describe('a connector that starts with', () => {
  it.each(faults)('$name says so in one sentence, and recovers without a restart [$id]', async (fault) => {
    await fault.arrange();
    await using connector = await start(fault);
    const { pid } = connector.process;
    const sentences = await eventually(async () => {
      const found = await logged(connector, fault.sentence);
      expect(found.length).toBeGreaterThan(0);
      const ready = await connector.process.probe('/readyz');
      expect(ready.status).toBe(503);
      expect(ready.body).toMatch(fault.sentence);
      return found;
    });
    expect(sentences.every((sentence) => !sentence.includes('\n'))).toBe(true);

    await fault.mend();

    await connector.process.ready(30_000);
    expect(connector.process.pid).toBe(pid);
    expect(await logged(connector, fault.sentence)).toHaveLength(1);
  });
});

/** Messages of the log that say it; every line of the log is one JSON object. */
async function logged(connector: TestConnector, sentence: RegExp): Promise<string[]> {
  return (await connector.stderr())
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { msg: string })
    .map(({ msg }) => msg)
    .filter((msg) => sentence.test(msg));
}
