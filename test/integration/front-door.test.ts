import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { LabAuthority } from '../../src/demo/certificates.ts';
import { askDirectly, certificateOf, type ClientMaterial } from '../support/api-request.ts';
import type { TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

interface Status {
  kind: string;
  code: number;
  reason: string;
  message: string;
}

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);
const secretWord = 'nobody-else-may-read-this';
let ground: TestGround;
let api: ClaimApi;
let connector: TestConnector;
let mine: string;
let theirs: string;
let admin: ClientMaterial;
let robotToken: string;

beforeAll(async () => {
  ground = await TestGround.prepare('front-door');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  mine = await ground.createAppNamespace('mine');
  theirs = await ground.createAppNamespace('theirs');
  admin = await certificateOf(ground.app);
  robotToken = await serviceAccountToken('robot');
  connector = await ground.startConnector();
  await ground.available(api);
  for (const namespace of [mine, theirs])
    await ground.app.client.create(path(namespace), claim('existing', secretWord));
});
afterAll(() => ground?.remove());

function path(namespace: string, name?: string): string {
  return `/apis/${api.group}/v1/namespaces/${namespace}/databases${name === undefined ? '' : `/${name}`}`;
}

function claim(name: string, password = 'any'): object {
  return {
    apiVersion: `${api.group}/v1`,
    kind: 'Database',
    metadata: { name },
    spec: { parameters: { size: 'small', password } },
  };
}

async function serviceAccountToken(name: string): Promise<string> {
  const base = `/api/v1/namespaces/${mine}/serviceaccounts`;
  const metadata = { name, namespace: mine };
  await ground.app.client.create(base, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  const answer = await ground.app.client.create<{ status: { token: string } }>(`${base}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [] },
  });
  return answer.status.token;
}

/** A Role of the test's namespace for one user of the app cluster, who has no other rights. */
async function allow(user: string, verbs: string[]): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io';
  const base = `/apis/${rbac}/v1/namespaces/${mine}`;
  const metadata = { name: user, namespace: mine };
  const rules = [{ apiGroups: [api.group], resources: ['databases'], verbs }];
  await ground.app.client.create(`${base}/roles`, {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata,
    rules,
  });
  await ground.app.client.create(`${base}/rolebindings`, {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata,
    subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
    roleRef: { apiGroup: rbac, kind: 'Role', name: user },
  });
}

const forged = {
  'x-remote-user': 'system:admin',
  'x-remote-group': ['system:masters', 'system:authenticated'],
};

describe('a direct connection to the connector', () => {
  it('is served for an administrator with a certificate of the app cluster [serve.authn.certificate]', async () => {
    const answer = await askDirectly(connector.url, path(mine, 'existing'), { client: admin });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(secretWord);
  });

  it('is anonymous with forged X-Remote headers and no certificate [serve.authn.forged]', async () => {
    for (const target of [path(mine, 'existing'), path(mine), `/apis/${api.group}/v1/databases`]) {
      const answer = await askDirectly(connector.url, target, { headers: forged });
      expect(answer.json()).toMatchObject({ kind: 'Status', code: 403, reason: 'Forbidden' });
      expect((answer.json() as Status).message).toContain('User "system:anonymous" cannot');
      expect(answer.text).not.toContain(secretWord);
    }
  });

  it('is refused with a certificate that no authority of the app cluster signed [serve.authn.selfsigned]', async () => {
    const authority = await LabAuthority.create('front-proxy-ca');
    const certificates = [
      await authority.issue({ commonName: 'front-proxy-client', organizations: ['system:masters'] }),
      { cert: authority.cert, key: authority.key },
    ];
    for (const client of certificates) {
      for (const headers of [forged, {}]) {
        const answer = await askDirectly(connector.url, path(mine, 'existing'), { headers, client });
        expect(answer.json()).toMatchObject({ kind: 'Status', code: 401, reason: 'Unauthorized' });
        expect(answer.text).not.toContain(secretWord);
      }
    }
  });

  it('does not take X-Remote headers from a user who is no front proxy [serve.authn.impostor]', async () => {
    const answer = await askDirectly(connector.url, path(mine, 'existing'), {
      headers: forged,
      client: { token: robotToken },
    });
    expect(answer.json()).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect((answer.json() as Status).message).toContain(
      `User "system:serviceaccount:${mine}:robot" cannot get`,
    );
  });

  it('is refused with a token that the app cluster did not issue [serve.authn.token]', async () => {
    const answer = await askDirectly(connector.url, path(mine, 'existing'), {
      client: { token: `${robotToken.slice(0, -8)}AAAAAAAA` },
    });
    expect(answer.json()).toMatchObject({ kind: 'Status', code: 401, reason: 'Unauthorized' });
  });

  it('answers health without a credential, and metrics only with the right [serve.authn.health]', async () => {
    for (const target of ['/livez', '/healthz', '/readyz'])
      expect((await askDirectly(connector.url, target)).status).toBe(200);
    expect((await askDirectly(connector.url, '/metrics')).status).toBe(403);
    expect((await askDirectly(connector.url, '/metrics', { client: { token: robotToken } })).status).toBe(
      403,
    );
    const metrics = await askDirectly(connector.url, '/metrics', { client: admin });
    expect(metrics.status).toBe(200);
    expect(metrics.text).toMatch(/^# HELP /m);
  });
});

describe('a path that two readers could read differently', () => {
  const tricks: [string, (mine: string, theirs: string) => string][] = [
    ['dot segments', (a, b) => `${a}/existing/../../../${b}/databases/existing`],
    ['dot segments behind the collection', (a, b) => `${a}/../../${b}/databases/existing`],
    ['a dot segment', (a) => `${a}/./existing`],
    ['encoded dots', (a, b) => `${a}/existing/%2e%2e/%2E%2e/%2e%2e/${b}/databases/existing`],
    ['half-encoded dots', (a, b) => `${a}/.%2e/%2e./${b}/databases/existing`],
    ['an encoded slash', (a, b) => `${a}%2f..%2f..%2f${b}%2fdatabases%2fexisting`],
    ['an encoded slash in upper case', (a) => `${a}%2Fexisting`],
    ['an empty segment', (a) => `${a}//existing`],
    ['an empty segment in front', (a) => `/${a}/existing`],
    ['a twice encoded dot', (a, b) => `${a}/%252e%252e/%252e%252e/${b}/databases/existing`],
    ['a NUL', (a) => `${a}/existing%00`],
    ['a malformed escape', (a) => `${a}/existing%zz`],
  ];

  it.each(tricks)(
    'with %s is refused before anything is decided by it [serve.path.tricks]',
    async (_, target) => {
      for (const client of [admin, {}]) {
        const answer = await askDirectly(connector.url, target(path(mine), theirs), { client });
        expect(answer.json()).toMatchObject({ kind: 'Status', code: 400, reason: 'BadRequest' });
        expect(answer.text).not.toContain(secretWord);
      }
    },
  );

  it('does not lead through kube-apiserver into another namespace [serve.path.proxied]', async () => {
    await allow('wildcard', ['*']);
    for (const trick of ['..', '%2e%2e']) {
      const target = `${path(mine)}/${trick}/${trick}/${theirs}/databases/existing`;
      const answer = await ground.app.ask(target, { as: 'wildcard' });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).not.toContain(secretWord);
    }
  });
});

describe('a user of the app cluster', () => {
  it("without rights is refused in Kubernetes' words [serve.authz.forbidden]", async () => {
    const through = await ground.app.ask(path(mine, 'existing'), { as: 'nobody' });
    const direct = await askDirectly(connector.url, path(mine, 'existing'), {
      client: { token: robotToken },
    });
    const text = (user: string): string =>
      `databases.${api.group} "existing" is forbidden: User "${user}" cannot get resource "databases" in API group "${api.group}" in the namespace "${mine}"`;
    expect(through.json()).toMatchObject({ code: 403, reason: 'Forbidden', message: text('nobody') });
    expect(direct.json()).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: text(`system:serviceaccount:${mine}:robot`),
    });
  });

  it('with a Role for get reads one claim and lists none [serve.authz.role]', async () => {
    await allow('getter', ['get']);
    expect((await ground.app.ask(path(mine, 'existing'), { as: 'getter' })).status).toBe(200);
    expect((await ground.app.ask(path(mine), { as: 'getter' })).status).toBe(403);
    expect((await ground.app.ask(path(theirs, 'existing'), { as: 'getter' })).status).toBe(403);
    const canI = (verb: string): Promise<string> =>
      ground.app
        .kubectl(`auth can-i ${verb} databases.${api.group} --namespace=${mine} --as=getter`)
        .then(({ stdout }) => stdout.trim());
    expect(await canI('get')).toBe('yes');
    expect(await canI('list')).toBe('no');
  });

  it('who may patch but not create cannot create by server-side apply [serve.authz.applycreate]', async () => {
    await allow('patcher', ['get', 'patch']);
    const apply = (name: string) =>
      ground.app.ask(`${path(mine, name)}?fieldManager=patcher&force=true`, {
        method: 'PATCH',
        as: 'patcher',
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: claim(name),
      });
    const refused = await apply('missing');
    expect(refused.json()).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect((refused.json() as Status).message).toContain('User "patcher" cannot create resource "databases"');
    expect((await ground.app.ask(path(mine, 'missing'))).status).toBe(404);
    expect((await apply('existing')).status).toBe(200);
  });
});
