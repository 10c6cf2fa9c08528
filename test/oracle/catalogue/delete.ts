import { area, type OracleObject, type World } from '../scenario.ts';

/** `delete` alone is a word of the language. */
export const deletion = area('delete');
const { scenario } = deletion;

const merge = 'application/merge-patch+json';
const options = (more: object = {}): object => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...more });
const uidOfNobody = '8a4f0f0e-0000-4000-8000-000000000001';

async function finalizers(world: World, name: string, value: string[] | null): Promise<void> {
  await world.ask('PATCH', world.path({ name }), { type: merge, body: { metadata: { finalizers: value } } });
}

function one(world: World, query = ''): string {
  return world.path({ name: 'one', query });
}

scenario('a plain delete, and once more', async (world) => {
  await world.givenBucket('one');
  await world.ask('DELETE', one(world));
  await world.ask('DELETE', one(world));
  await world.ask('GET', one(world));
});

scenario('of what is not there', async (world) => {
  await world.ask('DELETE', world.path({ name: 'none' }));
  await world.ask('DELETE', world.path({ namespace: 'nowhere', name: 'none' }));
  await world.ask('DELETE', world.path({ name: 'Not_A_Name' }));
  await world.ask('DELETE', world.path({ name: 'none', version: 'v9' }));
  await world.ask('DELETE', `/apis/${world.group}/v1/namespaces/${world.namespace}/nothings/none`);
  await world.ask('DELETE', world.path({ namespace: null, name: 'none' }));
  await world.ask('DELETE', world.path({ name: 'none' }), {
    body: options({ preconditions: { uid: uidOfNobody } }),
  });
  await world.ask('DELETE', world.path({ name: 'none', query: 'propagationPolicy=Orphan' }));
  await world.ask('DELETE', world.path({ name: 'none', query: 'dryRun=All' }));
  await world.givenBucket('one');
  await world.ask('DELETE', world.path({ plural: 'databases', name: 'one' }));
  await world.ask('DELETE', world.path({ namespace: world.otherNamespace, name: 'one' }));
  await world.ask('GET', one(world));
});

scenario('preconditions on the uid', async (world) => {
  const { metadata } = await world.givenBucket('one');
  for (const preconditions of [{ uid: uidOfNobody }, { uid: '' }, { uid: 'junk' }])
    await world.ask('DELETE', one(world), { body: options({ preconditions }) });
  await world.givenBucket('two');
  await world.ask('DELETE', world.path({ name: 'two' }), {
    body: options({ preconditions: { uid: uidOfNobody } }),
  });
  await world.ask('GET', world.path({ name: 'two' }));
  await world.givenBucket('three', { finalizers: ['example.org/hold'] });
  const three = world.path({ name: 'three' });
  const { uid } = (await world.given('GET', three)).metadata;
  await world.ask('DELETE', three, { body: options({ preconditions: { uid: metadata.uid } }) });
  await world.ask('DELETE', three, { body: options({ preconditions: { uid } }) });
  await world.ask('DELETE', three, { body: options({ preconditions: { uid: metadata.uid } }) });
});

scenario('preconditions on the resourceVersion', async (world) => {
  const first = await world.givenBucket('one');
  const path = one(world);
  const second = await world.given('PATCH', path, {
    type: merge,
    body: { metadata: { labels: { a: 'b' } } },
  });
  const ask = (preconditions: unknown): Promise<unknown> =>
    world.ask('DELETE', path, { body: options({ preconditions }) });
  await ask({ resourceVersion: first.metadata.resourceVersion });
  await ask({ resourceVersion: '1' });
  await ask({ resourceVersion: 'junk' });
  await ask({ uid: uidOfNobody, resourceVersion: second.metadata.resourceVersion });
  await ask({ uid: second.metadata.uid, resourceVersion: first.metadata.resourceVersion });
  await ask({ uid: second.metadata.uid, resourceVersion: second.metadata.resourceVersion });
  await ask({ uid: second.metadata.uid });
});

scenario('preconditions that are empty', async (world) => {
  for (const preconditions of [{}, null, { uid: null }, { resourceVersion: null }, { resourceVersion: '' }]) {
    await world.givenBucket('one');
    await world.ask('DELETE', one(world), { body: options({ preconditions }) });
    await world.ask('DELETE', one(world));
  }
});

scenario('preconditions of another type, or in the query', async (world) => {
  await world.givenBucket('one');
  for (const preconditions of ['x', [], { uid: 5 }, { resourceVersion: 5 }, { other: 'x' }]) {
    await world.ask('DELETE', one(world, 'dryRun=All'), {
      body: options({ preconditions, dryRun: ['All'] }),
    });
  }
  await world.ask('DELETE', one(world, `preconditions.uid=${uidOfNobody}&dryRun=All`));
  await world.ask('DELETE', one(world, `uid=${uidOfNobody}&dryRun=All`));
});

for (const seconds of [0, 5, -1, 1.5, '5', null])
  scenario(`gracePeriodSeconds ${JSON.stringify(seconds)}`, async (world) => {
    await world.givenBucket('one');
    await world.ask('DELETE', one(world), { body: options({ gracePeriodSeconds: seconds }) });
    await world.givenBucket('two', { finalizers: ['example.org/hold'] });
    const two = world.path({ name: 'two' });
    await world.ask('DELETE', two, { body: options({ gracePeriodSeconds: seconds }) });
    await world.ask('DELETE', world.path({ name: 'two', query: { gracePeriodSeconds: String(seconds) } }));
    await finalizers(world, 'two', null);
  });

// What a collector's finalizer is given for is soon done: only the answer of the delete itself is looked at.
for (const policy of ['Background', 'Foreground', 'Orphan', 'junk', '', 'background'])
  scenario(`propagationPolicy ${policy === '' ? 'empty' : policy}`, async (world) => {
    for (const name of ['one', 'two', 'three'])
      await world.givenBucket(name, { finalizers: ['example.org/hold'] });
    await world.ask('DELETE', one(world), { body: options({ propagationPolicy: policy }) });
    await world.ask('DELETE', world.path({ name: 'two', query: { propagationPolicy: policy } }));
    // Where there is a body, the query counts for nothing.
    await world.ask('DELETE', world.path({ name: 'three', query: { propagationPolicy: policy } }), {
      body: options({ propagationPolicy: 'Background' }),
    });
    await world.ask('DELETE', world.path({ name: 'none', query: { propagationPolicy: policy } }));
  });

scenario('propagationPolicy without other finalizers', async (world) => {
  for (const policy of ['Background', 'Foreground', 'Orphan']) {
    await world.givenBucket(policy.toLowerCase());
    await world.ask('DELETE', world.path({ name: policy.toLowerCase() }), {
      body: options({ propagationPolicy: policy }),
    });
  }
});

scenario('propagationPolicy with preconditions', async (world) => {
  for (const policy of ['Foreground', 'Orphan']) {
    const name = policy.toLowerCase();
    const { metadata } = await world.givenBucket(name);
    const { uid, resourceVersion } = metadata;
    for (const preconditions of [{ uid: uidOfNobody }, { resourceVersion: '1' }, { uid, resourceVersion }])
      await world.ask('DELETE', world.path({ name }), {
        body: options({ propagationPolicy: policy, preconditions }),
      });
  }
});

scenario('a policy for what is on its way out', async (world) => {
  for (const policy of ['Foreground', 'Orphan']) {
    await world.givenBucket(policy.toLowerCase(), { finalizers: ['example.org/hold'] });
    await world.given('DELETE', world.path({ name: policy.toLowerCase() }));
    await world.ask(
      'DELETE',
      world.path({ name: policy.toLowerCase(), query: { propagationPolicy: policy } }),
    );
  }
});

scenario('finalizers of a policy that stand there already', async (world) => {
  for (const held of ['orphan', 'foregroundDeletion'])
    for (const policy of ['', 'Background', 'Foreground', 'Orphan']) {
      const name = `${held}-${policy === '' ? 'none' : policy}`.toLowerCase();
      await world.givenBucket(name, { finalizers: ['example.org/hold', held, 'example.org/more'] });
      await world.ask('DELETE', world.path({ name }), {
        body: options(policy === '' ? {} : { propagationPolicy: policy }),
      });
    }
});

scenario('both finalizers of the collector at once', async (world) => {
  const both = ['orphan', 'foregroundDeletion'];
  await world.ask('POST', world.path(), {
    body: world.bucket('one', { finalizers: ['example.org/hold', ...both] }),
  });
  await world.givenBucket('one');
  await finalizers(world, 'one', both);
  await world.ask('PATCH', one(world, 'fieldManager=anna'), {
    type: 'application/apply-patch+yaml',
    body: world.bucket('one', { finalizers: both }),
  });
});

for (const value of [true, false, null, 'true', 1])
  scenario(`orphanDependents ${JSON.stringify(value)}`, async (world) => {
    for (const name of ['one', 'two']) await world.givenBucket(name, { finalizers: ['example.org/hold'] });
    await world.ask('DELETE', one(world), { body: options({ orphanDependents: value }) });
    await world.ask('DELETE', world.path({ name: 'two', query: { orphanDependents: String(value) } }));
    await world.givenBucket('three');
    await world.ask('DELETE', world.path({ name: 'three' }), {
      body: options({ orphanDependents: value, dryRun: ['All'] }),
    });
  });

scenario('orphanDependents with propagationPolicy', async (world) => {
  await world.givenBucket('one');
  for (const orphanDependents of [true, false])
    for (const propagationPolicy of ['Background', 'Foreground', 'Orphan', 'junk', ''])
      await world.ask('DELETE', one(world), { body: options({ orphanDependents, propagationPolicy }) });
  await world.ask('DELETE', one(world, 'orphanDependents=true&propagationPolicy=Orphan'));
  await world.ask('DELETE', one(world, 'orphanDependents=false&propagationPolicy=junk&dryRun=some'));
  await world.ask('GET', one(world));
});

scenario('parameters of the query', async (world) => {
  await world.givenBucket('one', { finalizers: ['example.org/hold'] });
  for (const query of [
    'gracePeriodSeconds=x',
    'gracePeriodSeconds=',
    'orphanDependents=x&dryRun=All',
    'orphanDependents=&dryRun=All',
    'orphanDependents=0&dryRun=All',
    'propagationPolicy=Orphan&propagationPolicy=Background&dryRun=All',
    'dryRun=All&dryRun=All',
    'dryRun=All&dryRun=some',
    'pretty=true&dryRun=All',
    'unknown=1&dryRun=All',
    'timeout=5s&dryRun=All',
    'fieldValidation=Strict&dryRun=All',
  ])
    await world.ask('DELETE', one(world, query));
  await world.ask('GET', one(world));
});

scenario('a dry run stores nothing', async (world) => {
  await world.givenBucket('one', { finalizers: ['example.org/hold'] });
  await world.givenBucket('two');
  for (const name of ['one', 'two', 'none']) {
    const path = world.path({ name });
    await world.ask('DELETE', world.path({ name, query: 'dryRun=All' }));
    await world.ask('DELETE', path, { body: options({ dryRun: ['All'] }) });
    for (const propagationPolicy of ['Background', 'Foreground', 'Orphan'])
      await world.ask('DELETE', path, { body: options({ dryRun: ['All'], propagationPolicy }) });
    await world.ask('GET', path);
  }
  const preconditions = { uid: uidOfNobody };
  await world.ask('DELETE', one(world), { body: options({ dryRun: ['All'], preconditions }) });
});

scenario('dryRun of other values', async (world) => {
  await world.givenBucket('one');
  for (const dryRun of [['all'], ['some'], ['All', 'some'], [''], 'All', [5]])
    await world.ask('DELETE', one(world), { body: options({ dryRun }) });
  for (const dryRun of ['all', 'some', ''])
    await world.ask('DELETE', one(world, `dryRun=${dryRun}&propagationPolicy=junk`));
  await world.ask('DELETE', one(world, 'dryRun=some'));
  await world.ask('GET', one(world));
  await world.ask('DELETE', one(world, 'dryRun=All'), { body: options() });
  await world.ask('GET', one(world));
});

scenario('dryRun left empty', async (world) => {
  for (const dryRun of [[], null]) {
    await world.givenBucket('one');
    await world.ask('DELETE', one(world), { body: options({ dryRun }) });
  }
});

scenario('finalizers hold an object', async (world) => {
  await world.givenBucket('one', { finalizers: ['example.org/hold', 'example.org/other'] });
  await world.ask('DELETE', one(world));
  await world.ask('GET', one(world));
  await world.ask('DELETE', one(world));
  await finalizers(world, 'one', ['example.org/hold', 'example.org/other', 'example.org/late']);
  await finalizers(world, 'one', ['example.org/other']);
  await finalizers(world, 'one', ['example.org/hold']);
  await world.ask('PATCH', one(world), { type: merge, body: { spec: { parameters: { size: 'large' } } } });
  const held: OracleObject = await world.given('GET', one(world));
  await world.ask('PUT', one(world), {
    body: { ...held, metadata: { ...held.metadata, finalizers: ['example.org/other', 'example.org/late'] } },
  });
  await world.ask('POST', world.path(), { body: world.bucket('one') });
  await finalizers(world, 'one', []);
  await world.ask('GET', one(world));
});

scenario('the collector’s finalizers written by hand', async (world) => {
  for (const finalizer of [
    'orphan',
    'foregroundDeletion',
    'kubernetes',
    'no-domain',
    'foo/bar/baz',
    'Upper Case',
  ]) {
    await world.ask('POST', world.path(), {
      body: world.bucket(`with-${finalizer.toLowerCase().replaceAll(/[^a-z]/g, '-')}`, {
        finalizers: [finalizer],
      }),
    });
  }
  await world.givenBucket('one');
  await finalizers(world, 'one', ['orphan']);
  await finalizers(world, 'one', ['foregroundDeletion', 'orphan']);
  await finalizers(world, 'one', ['foregroundDeletion']);
  await finalizers(world, 'one', null);
  await finalizers(world, 'one', ['orphan', 'orphan']);
});

scenario('a finalizer of the collector added while deleting', async (world) => {
  await world.givenBucket('one', { finalizers: ['example.org/hold'] });
  await world.given('DELETE', one(world));
  await finalizers(world, 'one', ['example.org/hold', 'orphan']);
  await finalizers(world, 'one', ['example.org/hold', 'foregroundDeletion']);
});

scenario('deletionTimestamp written by hand', async (world) => {
  await world.ask('POST', world.path(), {
    body: world.bucket('one', { deletionTimestamp: '2020-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 }),
  });
  await world.ask('PATCH', one(world), {
    type: merge,
    body: { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } },
  });
});

const representations = [
  'application/json',
  'application/yaml',
  '*/*',
  'text/html',
  'application/vnd.kubernetes.protobuf',
  'application/vnd.kubernetes.protobuf,application/json',
  'application/json;as=Table;g=meta.k8s.io;v=v1',
  'application/json;as=Table;g=meta.k8s.io;v=v1,application/json',
  'application/json;as=Table;g=meta.k8s.io;v=v1beta1',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
];
for (const accept of representations)
  scenario(`Accept: ${accept}`, async (world) => {
    await world.givenBucket('one');
    await world.givenBucket('held', { finalizers: ['example.org/hold'] });
    await world.ask('DELETE', one(world), { accept });
    await world.ask('DELETE', world.path({ name: 'held' }), { accept });
    await world.ask('DELETE', world.path({ name: 'none' }), { accept });
    await world.ask('DELETE', world.path({ name: 'held' }), {
      accept,
      body: { kind: 'Other', apiVersion: 'v1' },
    });
    for (const query of ['includeObject=None', 'includeObject=Object', 'includeObject=junk', 'pretty=true'])
      await world.ask('DELETE', world.path({ name: 'held', query }), { accept });
  });

scenario('of a subresource', async (world) => {
  await world.givenBucket('one');
  await world.given('POST', world.path({ plural: 'databases' }), { body: world.database('one') });
  for (const subresource of ['status', 'scale', 'nothing'])
    for (const plural of ['buckets', 'databases'] as const)
      await world.ask('DELETE', world.path({ plural, name: 'one', subresource }));
  await world.ask('DELETE', world.path({ name: 'none', subresource: 'status' }));
  await world.ask('DELETE', world.path({ name: 'one', subresource: 'status/more' }));
  await world.ask('GET', one(world));
});

scenario('other methods', async (world) => {
  await world.givenBucket('one');
  for (const path of [one(world), world.path()])
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'PURGE']) await world.ask(method, path);
  await world.ask('DELETE', `${one(world)}/`);
  await world.ask('GET', one(world));
});

scenario('of the rich kind, in both versions', async (world) => {
  for (const name of ['one', 'two', 'three'])
    await world.givenDatabase(name, name === 'three' ? {} : { finalizers: ['example.org/hold'] });
  await world.ask('DELETE', world.path({ plural: 'databases', name: 'one' }));
  await world.ask('DELETE', world.path({ plural: 'databases', version: 'v1beta1', name: 'two' }));
  await world.ask('DELETE', world.path({ plural: 'databases', version: 'v1beta1', name: 'three' }));
});

scenario('of an object with an owner, a secret and a large number', async (world) => {
  const { apiVersion, metadata } = await world.givenBucket('up');
  const ownerReferences = [{ apiVersion, kind: 'Bucket', name: 'up', uid: metadata.uid }];
  const spec = { writeConnectionSecretToRef: { name: 'mine' } };
  for (const [name, query, accept] of [
    ['one', 'propagationPolicy=Foreground', 'application/json'],
    ['two', '', 'application/json;as=Table;g=meta.k8s.io;v=v1'],
    ['three', '', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'],
  ] as const) {
    const body = world.bucket(name, { ownerReferences, finalizers: ['example.org/hold'] }, { count: 1 });
    const text = JSON.stringify({ ...body, spec: { ...body.spec, ...spec } }).replace(
      '"count":1',
      '"count":9007199254740993',
    );
    await world.given('POST', world.path(), { body: text });
    await world.ask('DELETE', world.path({ name, query }), { accept });
  }
});
