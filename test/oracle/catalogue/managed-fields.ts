import { area, type OracleObject, type World } from '../scenario.ts';

export const managedFields = area('managed fields');
const { scenario } = managedFields;

const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';
const applyType = 'application/apply-patch+yaml';

async function read(world: World, name: string): Promise<OracleObject> {
  await world.ask('GET', world.path({ name }));
  return world.given('GET', world.path({ name }));
}

async function replace(world: World, object: OracleObject, query = ''): Promise<void> {
  await world.ask('PUT', world.path({ name: object.metadata.name, query }), { body: object });
}

/** Labels one after the other, by managers whose names stand in that order. */
async function label(world: World, name: string, manager: string, labels: object): Promise<void> {
  await world.ask('PATCH', world.path({ name, query: `fieldManager=${manager}` }), {
    type: merge,
    body: { metadata: { labels } },
  });
}

async function annotate(world: World, name: string, manager: string, annotations: object): Promise<void> {
  await world.ask('PATCH', world.path({ name, query: `fieldManager=${manager}` }), {
    type: merge,
    body: { metadata: { annotations } },
  });
}

scenario('a PUT of what was read changes nothing', async (world) => {
  await world.givenBucket('plain');
  await world.given('POST', world.path(), {
    body: {
      ...world.bucket('rich', {
        labels: { a: 'b' },
        annotations: { c: 'd' },
        ownerReferences: [{ apiVersion: 'example.org/v1', kind: 'Team', name: 'one', uid: 'uid-of-one' }],
      }),
      spec: { parameters: { size: 'small' }, writeConnectionSecretToRef: { name: 'secret' } },
    },
  });
  for (const name of ['plain', 'rich']) {
    await replace(world, await read(world, name));
    await replace(world, await read(world, name), 'fieldManager=zoe');
    const { managedFields: _, ...metadata } = (await read(world, name)).metadata;
    await replace(world, { ...(await read(world, name)), metadata });
    await read(world, name);
  }
});

for (const [what, value] of Object.entries({
  'an empty list': [],
  'a list of nothing': [{}],
  'two of nothing': [{}, {}],
  null: null,
  'a word': 'x',
  'a number': [5],
  'no operation': [{ manager: 'm', fieldsType: 'FieldsV1', fieldsV1: {} }],
  'an unknown operation': [{ manager: 'm', operation: 'Paint', fieldsType: 'FieldsV1', fieldsV1: {} }],
  'an unknown type': [
    { manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV2', fieldsV1: {} },
  ],
  'another manager': [
    {
      manager: 'zoe',
      operation: 'Update',
      apiVersion: 'example.org/v1',
      fieldsType: 'FieldsV1',
      time: '2001-01-01T00:00:00Z',
      fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } } },
    },
  ],
  'fields that are none': [
    { manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { x: {} } },
  ],
  'a manager that is too long': [
    { manager: 'm'.repeat(129), operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} },
  ],
})) {
  scenario(`written: ${what}`, async (world) => {
    await world.givenBucket('written', { labels: { a: 'b' } });
    const object = await read(world, 'written');
    await replace(world, { ...object, metadata: { ...object.metadata, managedFields: value } });
    await label(world, 'written', 'zoe', { c: 'd' });
    await world.ask('PATCH', world.path({ name: 'written' }), {
      type: merge,
      body: { metadata: { managedFields: value } },
    });
    await world.ask('PATCH', world.path({ name: 'written' }), {
      type: json,
      body: [{ op: 'replace', path: '/metadata/managedFields', value }],
    });
    await world.ask('POST', world.path(), { body: world.bucket('made', { managedFields: value }) });
    await read(world, 'written');
  });
}

scenario('an entry given to another manager, and one taken away', async (world) => {
  await world.givenBucket('given', { labels: { a: 'b' } });
  await label(world, 'given', 'zoe', { c: 'd' });
  const object = await read(world, 'given');
  const entries = object.metadata['managedFields'] as { manager: string }[];
  await replace(world, {
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: entries.map(({ manager, ...entry }) =>
        Object.assign(entry, { manager: `${manager}-2` }),
      ),
    },
  });
  const again = await read(world, 'given');
  const kept = (again.metadata['managedFields'] as { manager: string }[]).filter(
    ({ manager }) => manager !== 'zoe-2',
  );
  await replace(world, { ...again, metadata: { ...again.metadata, managedFields: kept } });
  await read(world, 'given');
});

scenario('the map of labels, by who made it', async (world) => {
  await world.givenBucket('bare');
  await label(world, 'bare', 'pat', { a: '1' });
  await read(world, 'bare');
  await label(world, 'bare', 'sue', { b: '1' });
  await label(world, 'bare', 'sue', { b: null });
  await label(world, 'bare', 'pat', { a: null });
  await label(world, 'bare', 'sue', { b: '2' });
  await label(world, 'bare', 'sue', { b: null });
  await world.givenBucket('labelled', { labels: { x: '1' } });
  await label(world, 'labelled', 'pat', { a: '1' });
  await label(world, 'labelled', 'pat', { a: null });
  await label(world, 'labelled', 'oracle', { x: null });
  await label(world, 'labelled', 'pat', { a: '1' });
});

scenario('the map of annotations, by who made it', async (world) => {
  await world.given('POST', world.path(), {
    body: {
      ...world.bucket('secret'),
      spec: { parameters: { size: 'small' }, writeConnectionSecretToRef: { name: 'one' } },
    },
  });
  await annotate(world, 'secret', 'pat', { a: '1' });
  await annotate(world, 'secret', 'sue', { b: '1' });
  await annotate(world, 'secret', 'sue', { b: null });
  await annotate(world, 'secret', 'pat', { a: null });
});

scenario('the map of annotations, around a secret', async (world) => {
  await world.givenBucket('bare');
  await annotate(world, 'bare', 'pat', { a: '1' });
  await world.ask('PATCH', world.path({ name: 'bare', query: 'fieldManager=sue' }), {
    type: merge,
    body: { spec: { writeConnectionSecretToRef: { name: 'one' } } },
  });
  await annotate(world, 'bare', 'pat', { a: null });
  await world.ask('PATCH', world.path({ name: 'bare', query: 'fieldManager=sue' }), {
    type: merge,
    body: { spec: { writeConnectionSecretToRef: null } },
  });
});

scenario('labels by apply on what an update made, and the other way round', async (world) => {
  const config = (name: string, labels?: object): object => ({
    apiVersion: `${world.group}/v1`,
    kind: 'Bucket',
    metadata: { name, ...(labels ? { labels } : {}) },
    spec: { parameters: { size: 'small' } },
  });
  const applies = (name: string, labels?: object): Promise<unknown> =>
    world.ask('PATCH', world.path({ name, query: 'fieldManager=amy' }), {
      type: applyType,
      body: config(name, labels),
    });
  await world.givenBucket('updated');
  await applies('updated', { a: '1' });
  await label(world, 'updated', 'pat', { b: '1' });
  await applies('applied');
  await label(world, 'applied', 'pat', { b: '1' });
  await label(world, 'applied', 'pat', { b: null });
  await applies('both', { a: '1' });
  await label(world, 'both', 'pat', { b: '1' });
  await read(world, 'both');
});

scenario("kubectl's move from client-side to server-side apply", async (world) => {
  const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
  const path = world.path({ name: 'moved' });
  const client = { 'user-agent': 'kubectl/v1.34.4 (linux/amd64) kubernetes/none' };
  const query = 'fieldManager=kubectl-client-side-apply';
  await world.ask('POST', world.path({ query }), {
    body: world.bucket('moved', { annotations: { [lastApplied]: '{}\n' }, labels: { a: 'b' } }),
    headers: client,
  });
  const config = {
    apiVersion: `${world.group}/v1`,
    kind: 'Bucket',
    metadata: { name: 'moved', annotations: { [lastApplied]: '{}\n' }, labels: { a: 'b' } },
    spec: { parameters: { size: 'small' } },
  };
  await world.ask('PATCH', world.path({ name: 'moved', query: 'fieldManager=kubectl&force=false' }), {
    type: applyType,
    body: config,
  });
  const object = await world.given('GET', path);
  const { managedFields: entries, resourceVersion } = object.metadata as unknown as {
    managedFields: { manager: string; operation: string }[];
    resourceVersion: string;
  };
  const merged = entries
    .filter(({ manager }) => manager !== 'kubectl-client-side-apply')
    .map((entry) => Object.assign(entry, { manager: 'kubectl', operation: 'Apply' }));
  for (const version of ['1', resourceVersion, resourceVersion]) {
    await world.ask('PATCH', path, {
      type: json,
      headers: client,
      body: [
        { op: 'replace', path: '/metadata/managedFields', value: merged },
        { op: 'replace', path: '/metadata/resourceVersion', value: version },
      ],
    });
  }
  await world.ask('PATCH', world.path({ name: 'moved', query: 'fieldManager=kubectl' }), {
    type: applyType,
    body: { ...config, metadata: { name: 'moved' } },
  });
  await world.ask('GET', path);
});

scenario('entries of several versions and of subresources', async (world) => {
  const path = (version: string, subresource?: string): string =>
    world.path({ plural: 'databases', version, name: 'db', ...(subresource ? { subresource } : {}) });
  await world.givenDatabase('db', { labels: { a: 'b' } });
  await world.ask('PATCH', path('v1', 'status'), { type: merge, body: { status: { replicas: 1 } } });
  await world.ask('PATCH', path('v1beta1'), { type: merge, body: { spec: { replicas: 2 } } });
  await world.ask('PATCH', path('v1beta1', 'status'), { type: merge, body: { status: { note: 'x' } } });
  await world.ask('PATCH', path('v1'), { type: merge, body: { metadata: { labels: { a: 'c' } } } });
  const object = await world.given('GET', path('v1'));
  await world.ask('PUT', path('v1'), { body: object });
  await world.ask('PUT', path('v1', 'status'), { body: object });
  await world.ask('GET', path('v1beta1'));
});

scenario('who wrote, by the user agent', async (world) => {
  for (const agent of [
    'kubectl/v1.30.0 (linux/amd64) kubernetes/none',
    'tool',
    'a b/c',
    '/x',
    'm'.repeat(200),
  ]) {
    const name = `by-${agent.length}`;
    await world.ask('POST', world.path(), { body: world.bucket(name), headers: { 'user-agent': agent } });
    await world.ask('PATCH', world.path({ name }), {
      type: merge,
      headers: { 'user-agent': `x${agent}` },
      body: { metadata: { labels: null, annotations: { a: 'b' } }, spec: { parameters: { note: 'x' } } },
    });
  }
});
