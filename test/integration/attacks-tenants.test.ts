import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Secret } from '../../src/apimachinery/objects.ts';
import { secretPath } from '../../src/clusters/api-paths.ts';
import type { ApiAnswer } from '../support/api-request.ts';
import {
  type AttackedGround,
  attacker,
  prepareAttackedGround,
  secretWord,
} from '../support/attacked-ground.ts';
import { hiddenLabels } from '../support/claims.ts';
import { eventually } from '../support/lab.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

const annotations = 'mcp-connector-k8s.io';
let attacked: AttackedGround;

beforeAll(async () => {
  attacked = await prepareAttackedGround('attacks-tenants');
});
afterAll(() => attacked?.ground.remove());

function asAttacker(
  path: string,
  method = 'GET',
  body?: unknown,
  type = 'application/json',
): Promise<ApiAnswer> {
  return attacked.ground.app.ask(path, {
    method,
    as: attacker,
    ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
  });
}

function manifest(name: string, metadata: object, spec: object = {}): object {
  return {
    apiVersion: `${attacked.api.group}/v1`,
    kind: 'Database',
    metadata: { name, ...metadata },
    spec: { parameters: { size: 'small' }, ...spec },
  };
}

/** What would make a claim of the attacker's one of the other namespace. */
function foreignLabels(): Record<string, string> {
  return {
    [`${hiddenLabels}/app-cluster`]: 'another-cluster',
    [`${hiddenLabels}/app-namespace`]: attacked.theirs.namespace,
    [`${hiddenLabels}/app-resource-name`]: 'existing',
  };
}

const foreignAnnotations = {
  [`${annotations}/connection-secret-name`]: 'database-of-somebody',
  [`${annotations}/owner.00000000-0000-0000-0000-000000000000`]:
    '{"apiVersion":"v1","kind":"Namespace","name":"x","uid":"00000000-0000-0000-0000-000000000000"}',
  [`${annotations}/owner-order`]: '["00000000-0000-0000-0000-000000000000"]',
};

async function expectStillMine(name: string): Promise<void> {
  const { mine, theirs } = attacked;
  const { metadata } = await mine.stored(name);
  expect(metadata.labels).toMatchObject({
    [`${hiddenLabels}/app-namespace`]: mine.namespace,
    [`${hiddenLabels}/app-resource-name`]: name,
  });
  expect(Object.values(metadata.labels ?? {})).not.toContain('another-cluster');
  for (const [key, value] of Object.entries(foreignAnnotations))
    expect(metadata.annotations?.[key]).not.toBe(value);
  expect(await theirs.names()).toEqual(['existing']);
}

function foreignMetadata(): object {
  return { labels: foreignLabels(), annotations: foreignAnnotations };
}

describe('labels and annotations of the connector, set by a user:', () => {
  const ways: [string, (path: string, name: string) => Promise<ApiAnswer>][] = [
    ['PUT', (path, name) => asAttacker(path, 'PUT', manifest(name, foreignMetadata()))],
    [
      'PUT of the status',
      (path, name) => asAttacker(`${path}/status`, 'PUT', manifest(name, foreignMetadata())),
    ],
    [
      'a merge patch',
      (path) => asAttacker(path, 'PATCH', { metadata: foreignMetadata() }, 'application/merge-patch+json'),
    ],
    [
      'a merge patch that removes all labels',
      (path) =>
        asAttacker(
          path,
          'PATCH',
          { metadata: { labels: null, annotations: null } },
          'application/merge-patch+json',
        ),
    ],
    [
      'a merge patch that removes them one by one',
      (path) =>
        asAttacker(
          path,
          'PATCH',
          {
            metadata: { labels: Object.fromEntries(Object.keys(foreignLabels()).map((key) => [key, null])) },
          },
          'application/merge-patch+json',
        ),
    ],
    [
      'a merge patch of the status',
      (path) =>
        asAttacker(
          `${path}/status`,
          'PATCH',
          { metadata: foreignMetadata() },
          'application/merge-patch+json',
        ),
    ],
    [
      'a JSON Patch',
      (path) =>
        asAttacker(
          path,
          'PATCH',
          [{ op: 'add', path: '/metadata/labels', value: foreignLabels() }],
          'application/json-patch+json',
        ),
    ],
    [
      'a JSON Patch on one label',
      (path) =>
        asAttacker(
          path,
          'PATCH',
          [
            { op: 'add', path: '/metadata/labels', value: {} },
            {
              op: 'add',
              path: `/metadata/labels/${hiddenLabels}~1app-namespace`,
              value: 'attacks-tenants-theirs',
            },
          ],
          'application/json-patch+json',
        ),
    ],
    [
      'a JSON Patch that moves metadata',
      (path) =>
        asAttacker(
          path,
          'PATCH',
          [{ op: 'move', from: '/metadata/labels', path: '/spec/parameters/settings' }],
          'application/json-patch+json',
        ),
    ],
    [
      'server-side apply',
      (path, name) =>
        asAttacker(
          `${path}?fieldManager=attacker&force=true`,
          'PATCH',
          manifest(name, foreignMetadata()),
          'application/apply-patch+yaml',
        ),
    ],
    [
      'server-side apply of the status',
      (path, name) =>
        asAttacker(
          `${path}/status?fieldManager=attacker&force=true`,
          'PATCH',
          manifest(name, foreignMetadata()),
          'application/apply-patch+yaml',
        ),
    ],
    ['a dry run', (path, name) => asAttacker(`${path}?dryRun=All`, 'PUT', manifest(name, foreignMetadata()))],
  ];

  it('a create is stored as its own [attack.tenants.labels]', async () => {
    const answer = await asAttacker(attacked.mine.path(), 'POST', manifest('imitator', foreignMetadata()));
    expect(answer.status).toBe(201);
    expect(answer.text).not.toContain(hiddenLabels);
    await expectStillMine('imitator');
  });

  it.each(ways)('%s changes nothing of them [attack.tenants.labels]', async (_, send) => {
    const answer = await send(attacked.mine.path('imitator'), 'imitator');
    expect([200, 400, 409, 422]).toContain(answer.status);
    expect(answer.text).not.toContain('another-cluster');
    await expectStillMine('imitator');
  });

  it('finalizers of the connector hold nobody else [attack.tenants.finalizers]', async () => {
    const finalizers = [`${annotations}/orphan`, `${annotations}/foreground-deletion`];
    const answer = await asAttacker(attacked.mine.path(), 'POST', manifest('held', { finalizers }));
    expect([201, 400, 403, 422]).toContain(answer.status);
    expect((await attacked.theirs.read('existing')).metadata.finalizers ?? []).not.toContain(finalizers[0]);
    const none = { metadata: { finalizers: null } };
    await asAttacker(attacked.mine.path('held'), 'PATCH', none, 'application/merge-patch+json');
  });
});

function label(name: string): string {
  return `${hiddenLabels}/${name}`;
}

describe('query:', () => {
  const queries: [string, () => string][] = [
    [
      'a selector on a hidden label',
      () => `labelSelector=${label('app-namespace')}%3D${attacked.theirs.namespace}`,
    ],
    [
      'a selector that denies a hidden label',
      () => `labelSelector=${label('app-namespace')}!%3D${attacked.mine.namespace}`,
    ],
    [
      'a set of hidden values',
      () =>
        `labelSelector=${label('app-namespace')}+in+(${attacked.theirs.namespace},${attacked.mine.namespace})`,
    ],
    ['an absent hidden label', () => `labelSelector=!${label('app-cluster')}`],
    ['a selector that opens a parenthesis', () => 'labelSelector=a+in+(b,c'],
    ['a selector that closes one', () => 'labelSelector=),a'],
    ['a selector that begins with a comma', () => 'labelSelector=,a%3Db'],
    ['a selector of operators', () => 'labelSelector=%3D%3D,!%3D,in,notin'],
    [
      'a selector with line breaks',
      () => `labelSelector=a%3Db%0A,${label('app-namespace')}%3D${attacked.theirs.namespace}`,
    ],
    [
      'two selectors',
      () => `labelSelector=a%3Db&labelSelector=${label('app-namespace')}%3D${attacked.theirs.namespace}`,
    ],
    [
      'an encoded name of the selector',
      () => `label%53elector=${label('app-namespace')}%3D${attacked.theirs.namespace}`,
    ],
    [
      'a semicolon between parameters',
      () => `limit=1;labelSelector=${label('app-namespace')}%3D${attacked.theirs.namespace}`,
    ],
    [
      'a field selector for another namespace',
      () => `fieldSelector=metadata.namespace%3D${attacked.theirs.namespace}`,
    ],
    [
      'a field selector for a stored name',
      () => `fieldSelector=metadata.name%3D${attacked.theirs.storedName('existing')}`,
    ],
    [
      'a field selector with an escape',
      () => `fieldSelector=metadata.namespace%3Da%5C%2Cmetadata.namespace%3D${attacked.theirs.namespace}`,
    ],
    ['a negative limit', () => 'limit=-1'],
    ['a huge limit', () => 'limit=9223372036854775807'],
    [
      'a forged continue token',
      () => `limit=1&continue=${continueToken(`../${attacked.theirs.namespace}/`)}`,
    ],
    [
      'a continue token into another namespace',
      () => `limit=10&continue=${continueToken(`/${attacked.theirs.namespace}/a\0`)}`,
    ],
    ['a continue token that is none', () => 'limit=1&continue=%00%ff'],
    ['a watch from the beginning', () => 'watch=1&timeoutSeconds=1&resourceVersion=0'],
    [
      'a watch with a hidden label',
      () =>
        `watch=true&timeoutSeconds=1&labelSelector=${label('app-namespace')}%3D${attacked.theirs.namespace}`,
    ],
    ['two values of watch', () => 'watch=false&watch=true&timeoutSeconds=1'],
    ['a namespace in the query', () => `namespace=${attacked.theirs.namespace}&allNamespaces=true`],
  ];
  it.each(queries)('%s shows no claim of another namespace [attack.tenants.query]', async (_, query) => {
    for (const accept of ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io']) {
      const answer = await attacked.ground.app.ask(`${attacked.mine.path()}?${query()}`, {
        as: attacker,
        headers: { accept },
      });
      expect(answer.text).not.toContain(secretWord);
      expect(answer.text).not.toContain(attacked.theirs.storedName('existing'));
      expect(answer.status).toBeLessThan(500);
    }
  });

  it.each(queries)(
    'deletecollection with %s deletes none [attack.tenants.deletecollection]',
    async (_, query) => {
      await asAttacker(`${attacked.mine.path()}?dryRun=All&${query()}`, 'DELETE');
      await asAttacker(`${attacked.mine.path()}?${query()}&labelSelector=none%3Dhere`, 'DELETE', {
        dryRun: ['All'],
      });
      const claim = await attacked.theirs.read('existing');
      expect(claim.metadata.deletionTimestamp).toBeUndefined();
    },
  );
});

function continueToken(start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 0, start })).toString('base64url');
}

describe('secrets:', () => {
  const other = 'database-of-somebody';

  it('one of somebody else in the namespace is never overwritten [attack.secrets.foreign]', async () => {
    const { ground, mine } = attacked;
    const path = secretPath(mine.namespace);
    const kinds = [
      { name: other, type: 'Opaque', annotations: {} },
      {
        name: 'robot-token',
        type: 'kubernetes.io/service-account-token',
        annotations: { 'kubernetes.io/service-account.name': 'default' },
      },
    ];
    for (const { name, type, annotations: given } of kinds) {
      await ground.app.client.create(path, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace: mine.namespace, annotations: given },
        type,
        ...(type === 'Opaque' ? { stringData: { password: 'kept' } } : {}),
      });
      const before = await ground.app.client.get<Secret>(`${path}/${name}`);
      const spec = { writeConnectionSecretToRef: { name } };
      expect((await asAttacker(mine.path(), 'POST', manifest(`takes-${name}`, {}, spec))).status).toBe(201);
      await eventually(async () => expect(await attacked.connector.stderr()).toContain(`takes-${name}`));
      const after = await ground.app.client.get<Secret>(`${path}/${name}`);
      expect(after.type).toBe(before.type);
      expect(after.data?.['endpoint']).toBeUndefined();
      expect(after.metadata.ownerReferences).toEqual(before.metadata.ownerReferences);
    }
  });

  it('the stored name of the secret of another claim leads nowhere [attack.secrets.stored]', async () => {
    const { mine, theirs } = attacked;
    const name = theirs.storedName(other);
    const spec = { writeConnectionSecretToRef: { name } };
    expect((await asAttacker(mine.path(), 'POST', manifest('thief', {}, spec))).status).toBe(201);
    const stored = await mine.stored('thief');
    const reference = (stored.spec as { writeConnectionSecretToRef?: { name: string } })
      .writeConnectionSecretToRef;
    expect(reference).toEqual({ name: mine.storedName(name) });
  });

  it('a namespace in the reference leads nowhere [attack.secrets.stored]', async () => {
    const { mine, theirs } = attacked;
    const spec = { writeConnectionSecretToRef: { name: other, namespace: theirs.namespace } };
    const answer = await asAttacker(mine.path(), 'POST', manifest('elsewhere', {}, spec));
    expect([201, 400, 422]).toContain(answer.status);
    const { code } = await attacked.ground.app.kubectl(`get secret ${other} --namespace=${theirs.namespace}`);
    expect(code).not.toBe(0);
  });

  it('the composite resource of another tenant cannot be named [attack.tenants.resourceref]', async () => {
    const { mine, theirs } = attacked;
    const theirXr = await eventually(async () => {
      const { spec } = await theirs.read('existing');
      expect(spec.resourceRef).toBeDefined();
      return spec.resourceRef;
    });
    const resourceRef = { ...theirXr, apiVersion: `${attacked.api.group}/v1` };
    const answers = [
      await asAttacker(mine.path(), 'POST', manifest('claims-xr', {}, { resourceRef })),
      await asAttacker(
        mine.path('existing'),
        'PATCH',
        { spec: { resourceRef } },
        'application/merge-patch+json',
      ),
      await asAttacker(
        mine.path('existing'),
        'PATCH',
        [{ op: 'add', path: '/spec/resourceRef', value: resourceRef }],
        'application/json-patch+json',
      ),
      await asAttacker(
        `${mine.path('applied-xr')}?fieldManager=attacker`,
        'PATCH',
        manifest('applied-xr', {}, { resourceRef }),
        'application/apply-patch+yaml',
      ),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  });
});
