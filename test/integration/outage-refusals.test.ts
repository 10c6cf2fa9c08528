import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { namespacePath } from '../../src/clusters/api-paths.ts';
import type { ApiAnswer } from '../support/api-request.ts';
import { statusAnswer } from '../support/fault-modes.ts';
import { eventually } from '../support/lab.ts';
import { OutageGround } from '../support/outage-ground.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import type { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

const admission = '/apis/admissionregistration.k8s.io/v1';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const account = 'connector';
const allVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
let outage: OutageGround;
let kubeconfig: string;

beforeAll(async () => {
  outage = await OutageGround.prepare('outage-refusals', async (ground, proxy) => {
    await makeAccount(ground);
    await bind(ground, allVerbs);
    kubeconfig = await proxy.kubeconfigFor('account', { token: await tokenOf(ground) });
    return { controlPlane: { kubeconfig } };
  });
});
afterAll(async () => {
  if (!outage) return;
  const { ground } = outage;
  const { client } = ground.controlPlane;
  for (const path of [
    `${rbac}/clusterrolebindings/${ground.name}`,
    `${rbac}/clusterroles/${ground.name}`,
    `${admission}/validatingadmissionpolicybindings/${ground.name}`,
    `${admission}/validatingadmissionpolicies/${ground.name}`,
  ])
    await deleteIfThere(client, path);
  await outage.remove();
});
afterEach(() => outage?.proxy.use({ kind: 'pass' }));

function accountsPath(ground: TestGround): string {
  return `${namespacePath(ground.claimNamespace)}/serviceaccounts`;
}

async function makeAccount(ground: TestGround): Promise<void> {
  const metadata = { name: account, namespace: ground.claimNamespace };
  await ground.controlPlane.client.create(accountsPath(ground), {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata,
  });
}

async function tokenOf(ground: TestGround): Promise<string> {
  const path = `${accountsPath(ground)}/${account}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } };
  const { status } = await ground.controlPlane.client.create<{ status: { token: string } }>(path, body);
  return status.token;
}

/** What deploy/control-plane.yaml gives, with these verbs for the claims. */
async function bind(ground: TestGround, verbs: readonly string[]): Promise<void> {
  const { client } = ground.controlPlane;
  const read = ['get', 'list', 'watch'];
  const metadata = { name: ground.name };
  await client.apply(`${rbac}/clusterroles/${ground.name}`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata,
    rules: [
      { apiGroups: [ground.group], resources: ['databases'], verbs },
      { apiGroups: [''], resources: ['namespaces', 'secrets', 'events'], verbs: read },
      { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: read },
    ],
  });
  await client.apply(`${rbac}/clusterrolebindings/${ground.name}`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ground.name },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: ground.claimNamespace }],
  });
}

/** Large databases are refused, with 403. */
async function makePolicy(): Promise<void> {
  const { ground } = outage;
  const { client } = ground.controlPlane;
  const metadata = { name: ground.name };
  const kind = 'ValidatingAdmissionPolicy';
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const rule = {
    apiGroups: [ground.group],
    apiVersions: ['*'],
    resources: ['databases'],
    operations: ['CREATE'],
  };
  await client.create(`${admission}/validatingadmissionpolicies`, {
    apiVersion,
    kind,
    metadata,
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [rule] },
      validations: [
        {
          expression: "object.spec.parameters.size != 'large'",
          message: 'large databases are not for sale',
          reason: 'Forbidden',
        },
      ],
    },
  });
  await client.create(`${admission}/validatingadmissionpolicybindings`, {
    apiVersion,
    kind: `${kind}Binding`,
    metadata,
    spec: { policyName: ground.name, validationActions: ['Deny'] },
  });
}

function create(name: string, parameters: object = {}): Promise<ApiAnswer> {
  const { claims, ground } = outage;
  return ground.app.ask(claims.path(), { method: 'POST', body: claims.manifest(name, parameters) });
}

function expectUnavailable({ status, headers, text }: ApiAnswer, sentence: RegExp): void {
  expect({ status, retryAfter: headers['retry-after'], text }).toEqual({
    status: 503,
    retryAfter: expect.stringMatching(/^[123]$/),
    text: expect.stringMatching(sentence),
  });
}

describe('a refusal of the control plane', () => {
  it("by an admission policy is the user's, in the user's names [outage.refusal.admission]", async () => {
    await makePolicy();
    // Policies are compiled some time after they were made.
    const answer = await eventually(async () => {
      const refused = await create(`big-${Date.now()}`, { size: 'large' });
      expect(refused.status).toBe(403);
      return refused;
    });
    expect(answer.json()).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringMatching(/"big-\d+" is forbidden: .*large databases are not for sale/),
      details: { name: expect.stringMatching(/^big-\d+$/), kind: 'databases' },
    });
    expect(answer.headers['retry-after']).toBeUndefined();
  });

  it('whose origin cannot be found out is passed to nobody [outage.refusal.review]', async () => {
    const { proxy } = outage;
    const failure = statusAnswer(500, 'InternalError', 'no');
    await proxy.use({
      ...failure,
      only: ({ url }) => url.includes('selfsubjectaccessreviews'),
    } as typeof failure);
    expectUnavailable(await create('big', { size: 'large' }), /cannot be found out: no/);
  });

  it("by a quota is the user's [outage.refusal.quota]", async () => {
    const { ground } = outage;
    const path = `${namespacePath(ground.claimNamespace)}/resourcequotas`;
    const resource = `count/databases.${ground.group}`;
    await ground.controlPlane.client.create(path, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none' },
      spec: { hard: { [resource]: '0' } },
    });
    try {
      const answer = await eventually(async () => {
        const refused = await create(`more-${Date.now()}`);
        expect(refused.status).toBe(403);
        return refused;
      });
      // Before the quota controller has counted, admission says that it does not know; either is the quota's word.
      expect((answer.json() as { message: string }).message).toMatch(
        /"more-\d+" is forbidden: (exceeded quota|status unknown for quota): none/,
      );
    } finally {
      await ground.controlPlane.client.delete(`${path}/none`);
    }
  });

  it("for want of the connector's right is nobody's 403 [outage.refusal.right]", async () => {
    const { ground } = outage;
    await bind(
      ground,
      allVerbs.filter((verb) => verb !== 'create'),
    );
    await eventually(async () =>
      expectUnavailable(
        await create(`no-right-${Date.now()}`),
        /the connector has no right to create databases/,
      ),
    );
    await outage.servesData();
    await bind(ground, allVerbs);
    await eventually(async () => expect((await create(`right-${Date.now()}`)).status).toBe(201));
  });

  it('of a token that was revoked is 503, until the kubeconfig has another [outage.refusal.token]', async () => {
    const { ground, proxy } = outage;
    const { pid } = outage.connector.process;
    await using watch = await outage.rawWatch();
    const { client } = ground.controlPlane;
    await client.delete<KubeObject>(`${accountsPath(ground)}/${account}`);
    await outage.refusesData(/does not accept the credential of the kubeconfig; renew it/);
    await outage.expectCleanEnd(watch);
    await outage.keepsDiscovery();

    await makeAccount(ground);
    await proxy.writeKubeconfig(kubeconfig, { token: await tokenOf(ground) });
    await outage.servesData();
    expect(outage.connector.process.pid).toBe(pid);
    outage.expectAlwaysAvailable();
  });
});
