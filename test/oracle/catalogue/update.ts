import { area, type OracleObject, type World } from '../scenario.ts';

export const update = area('update');
const { scenario } = update;

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json';
const uid = 'b0a7d6c5-0000-4000-8000-000000000000';

/** The object as it is, with other metadata. */
function withMetadata(object: OracleObject, metadata: object): OracleObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

async function put(world: World, name: string, body: unknown, query = ''): Promise<void> {
  await world.ask('PUT', world.path({ name, query }), { body });
}

scenario('a change, and none', async (world) => {
  const object = await world.givenBucket('changed');
  object.spec['parameters'] = { size: 'large', note: 'new' };
  await put(world, 'changed', object);
  await put(world, 'changed', object);
  const now = await world.given('GET', world.path({ name: 'changed' }));
  await put(world, 'changed', now);
  await put(world, 'changed', withMetadata(now, { managedFields: undefined }));
  await world.ask('GET', world.path({ name: 'changed' }));
});

scenario('no change of an object with everything', async (world) => {
  const object = await world.givenBucket('whole', {
    labels: { team: 'blue' },
    annotations: { note: 'kept' },
    finalizers: ['example.org/guard', 'orphan'],
    ownerReferences: [{ apiVersion: 'teams.example.org/v1', kind: 'Team', name: 'owner', uid }],
  });
  await put(world, 'whole', object);
  await put(world, 'whole', object);
  await world.ask('GET', world.path({ name: 'whole' }));
});

for (const accept of [table, partial]) {
  scenario(`an answer in ${accept}`, async (world) => {
    const object = await world.givenBucket('shown');
    object.spec['parameters'] = { size: 'medium' };
    await world.ask('PUT', world.path({ name: 'shown' }), { body: object, accept });
    await world.ask('PUT', world.path({ name: 'shown' }), { body: world.bucket('shown'), accept });
  });
}

scenario('an object that is missing', async (world) => {
  await put(world, 'missing', world.bucket('missing'));
  await put(world, 'missing', world.bucket('missing', { resourceVersion: '1' }));
  await put(world, 'missing', world.bucket('missing', { uid, resourceVersion: '1' }));
  await put(world, 'missing', world.bucket('missing', {}, { size: 'huge' }));
  await put(world, 'missing', world.bucket('Other'));
  await put(world, 'missing', { ...world.bucket('missing'), kind: 'Pail' });
  await put(world, 'missing', '{');
  await put(world, 'missing', world.bucket('missing'), 'dryRun=Some');
  await put(world, 'missing', world.bucket('missing'), 'fieldValidation=Strict');
  await put(world, 'Missing_', world.bucket('Missing_'));
  await world.ask('PUT', world.path({ name: 'missing', namespace: 'nowhere' }), {
    body: world.bucket('missing', { namespace: 'nowhere' }),
  });
  await world.ask('GET', world.path());
});

scenario('a resourceVersion', async (world) => {
  const object = await world.givenBucket('versioned');
  await put(world, 'versioned', withMetadata(object, { labels: { is: 'second' } }));
  for (const resourceVersion of [
    object.metadata.resourceVersion,
    '',
    '0',
    '1',
    'junk',
    '-1',
    null,
    7,
    undefined,
  ])
    await put(world, 'versioned', withMetadata(object, { resourceVersion }));
  await world.ask('GET', world.path({ name: 'versioned' }));
});

scenario('a name or namespace of another', async (world) => {
  const object = await world.givenBucket('named');
  await world.givenBucket('other');
  for (const name of ['other', 'Upper', '', null, 1])
    await put(world, 'named', withMetadata(object, { name, labels: { to: String(name) } }));
  for (const namespace of [world.otherNamespace, '', null, 1])
    await put(world, 'named', withMetadata(object, { namespace }));
  await put(world, 'named', { ...object, metadata: { resourceVersion: object.metadata.resourceVersion } });
  await put(world, 'named', { ...object, metadata: null });
  await put(world, 'named', { ...object, metadata: {} });
  await put(world, 'named', { ...object, metadata: [] });
  await put(world, 'named', { apiVersion: object.apiVersion, kind: object.kind, spec: object.spec });
});

const immutable: Record<string, unknown[]> = {
  uid: [uid, '', null],
  creationTimestamp: ['2001-01-01T00:00:00Z', '', null, 'yesterday'],
  deletionTimestamp: ['2001-01-01T00:00:00Z', null],
  deletionGracePeriodSeconds: [30, null],
  generation: [7, 0, null, 'one'],
  selfLink: ['/apis/here', null],
  generateName: ['made-', null],
};
for (const [field, values] of Object.entries(immutable)) {
  scenario(`another ${field}`, async (world) => {
    const object = await world.givenBucket('fixed');
    for (const value of values) {
      const { metadata } = await world.given('GET', world.path({ name: 'fixed' }));
      await put(world, 'fixed', { ...object, metadata: { ...metadata, [field]: value } });
    }
    await world.ask('GET', world.path({ name: 'fixed' }));
  });
}

scenario('labels and annotations replaced, emptied and left out', async (world) => {
  const first = { labels: { a: '1', b: '2' }, annotations: { c: '3', d: '4' } };
  let { metadata, ...rest } = await world.givenBucket('labelled', first);
  for (const next of [
    { labels: { b: '3' }, annotations: { e: '5' } },
    { labels: {}, annotations: {} },
    { labels: { f: '6' }, annotations: { g: '' } },
    { labels: null, annotations: null },
    { labels: { h: '7' }, annotations: { i: '8' } },
    { labels: undefined, annotations: undefined },
    { labels: [], annotations: 'text' },
    { labels: { j: 1 }, annotations: { k: null } },
  ]) {
    await put(world, 'labelled', { ...rest, metadata: { ...metadata, ...next } });
    ({ metadata } = await world.given('GET', world.path({ name: 'labelled' })));
  }
});

scenario('finalizers', async (world) => {
  let object = await world.givenBucket('guarded');
  for (const finalizers of [
    ['example.org/a'],
    ['example.org/b', 'example.org/a'],
    ['orphan'],
    [],
    ['Not One'],
    null,
  ]) {
    await put(world, 'guarded', withMetadata(object, { finalizers }));
    object = await world.given('GET', world.path({ name: 'guarded' }));
  }
});

scenario('an object that is being deleted', async (world) => {
  await world.givenBucket('going', { finalizers: ['example.org/a', 'example.org/b'] });
  await world.given('DELETE', world.path({ name: 'going' }));
  const read = (): Promise<OracleObject> => world.given('GET', world.path({ name: 'going' }));
  await put(world, 'going', withMetadata(await read(), { labels: { late: 'yes' } }));
  await put(world, 'going', withMetadata(await read(), { finalizers: ['example.org/a', 'example.org/c'] }));
  await put(world, 'going', withMetadata(await read(), { deletionTimestamp: undefined }));
  const object = await read();
  object.spec['parameters'] = { size: 'medium' };
  await put(world, 'going', object);
  await put(world, 'going', withMetadata(await read(), { finalizers: ['example.org/b'] }));
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  await put(world, 'going', withMetadata(await read(), { finalizers: [] }));
  await world.ask('GET', world.path({ name: 'going' }));
  await opened.take(2);
  world.closeWatch(opened);
});

scenario('a dry run', async (world) => {
  const object = await world.givenBucket('dry');
  object.spec['parameters'] = { size: 'large' };
  await put(world, 'dry', object, 'dryRun=All');
  await put(world, 'dry', withMetadata(object, { finalizers: ['Not One'] }), 'dryRun=All');
  await world.ask('GET', world.path({ name: 'dry' }));
});

const options: [what: string, query: string][] = [
  ['an unknown dryRun', 'dryRun=Some'],
  ['a fieldManager', 'fieldManager=my-manager'],
  ['a fieldManager of 129 characters', `fieldManager=${'m'.repeat(129)}`],
  ['a fieldManager that cannot be printed', 'fieldManager=a%00b'],
  ['an unknown fieldValidation', 'fieldValidation=Sloppy'],
  ['force', 'force=true'],
  ['pretty', 'pretty=true'],
  ['parameters nobody knows', 'unknown=1'],
];
for (const [what, query] of options) {
  scenario(`with ${what}`, async (world) => {
    const object = await world.givenBucket('optional');
    await put(world, 'optional', withMetadata(object, { labels: { a: 'b' } }), query);
    await put(world, 'optional', '{"half":', query);
    await world.ask('GET', world.path({ name: 'optional' }));
  });
}

scenario('a status beside the spec, and a spec beside the status', async (world) => {
  const object = await world.givenBucket('both');
  object.spec['parameters'] = { size: 'large' };
  await put(world, 'both', { ...object, status: { note: 'not from here' } });
  const now = await world.given('GET', world.path({ name: 'both' }));
  const path = world.path({ name: 'both', subresource: 'status' });
  const other = { ...now, spec: { parameters: { size: 'small' } }, status: { note: 'from here' } };
  await world.ask('PUT', path, { body: other });
  await world.ask('PUT', path, { body: world.bucket('both') });
  await world.ask('PUT', path, { body: world.bucket('other') });
  await world.ask('PUT', world.path({ name: 'none', subresource: 'status' }), { body: world.bucket('none') });
  await put(world, 'both', {
    ...(await world.given('GET', world.path({ name: 'both' }))),
    status: undefined,
  });
});

scenario('managedFields', async (world) => {
  const object = await world.givenBucket('managed', { labels: { a: 'b' } });
  await put(world, 'managed', withMetadata(object, { managedFields: [{}] }));
  const now = await world.given('GET', world.path({ name: 'managed' }));
  await put(world, 'managed', withMetadata(now, { managedFields: [], labels: { c: 'd' } }));
  await put(world, 'managed', withMetadata(now, { managedFields: null, resourceVersion: undefined }));
  await put(world, 'managed', withMetadata(now, { managedFields: [{ manager: 'x' }] }));
});

scenario('a connection secret named, renamed and dropped', async (world) => {
  let object = await world.givenBucket('keeper');
  for (const reference of [{ name: 'first' }, { name: 'second' }, { name: 'second' }, null, undefined]) {
    object.spec['writeConnectionSecretToRef'] = reference;
    await put(world, 'keeper', object);
    object = await world.given('GET', world.path({ name: 'keeper' }));
  }
  object.spec['writeConnectionSecretToRef'] = { name: 1 };
  await put(world, 'keeper', object);
  object.spec['writeConnectionSecretToRef'] = {};
  await put(world, 'keeper', object);
  object.spec['writeConnectionSecretToRef'] = 'keeper';
  await put(world, 'keeper', object);
});

scenario('without a path of its own', async (world) => {
  await world.ask('PUT', world.path(), { body: world.bucket('nobody') });
  await world.ask('PUT', world.path({ namespace: null }), { body: world.bucket('nobody') });
  await world.ask('PUT', world.path({ name: 'nobody', subresource: 'nothing' }), {
    body: world.bucket('nobody'),
  });
});

scenario('in two versions', async (world) => {
  const object = await world.givenDatabase('old');
  const path = world.path({ plural: 'databases', version: 'v1beta1', name: 'old' });
  await world.ask('PUT', path, { body: object });
  const beta = await world.given('GET', path);
  await world.ask('PUT', path, { body: withMetadata(beta, { labels: { from: 'v1beta1' } }) });
  await world.ask('PUT', world.path({ plural: 'databases', name: 'old' }), { body: beta });
});
