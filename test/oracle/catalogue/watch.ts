import { area, type World } from '../scenario.ts';

export const watch = area('watch');
const { scenario } = watch;

const merge = 'application/merge-patch+json';
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

function change(world: World, name: string, body: object, subresource?: string): Promise<unknown> {
  const path = world.path({ name, ...(subresource === undefined ? {} : { subresource }) });
  return world.given('PATCH', path, { type: merge, body });
}

async function remove(world: World, name: string): Promise<void> {
  await world.given('DELETE', world.path({ name }));
}

scenario('creation, change and deletion', async (world) => {
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  await world.givenBucket('seen');
  await change(world, 'seen', { spec: { parameters: { size: 'large' } } });
  await remove(world, 'seen');
  await opened.take(3);
  world.closeWatch(opened);
});

scenario('every kind of change', async (world) => {
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  await world.givenBucket('all');
  await change(world, 'all', { metadata: { labels: { tier: 'gold' } } });
  await change(world, 'all', { metadata: { annotations: { 'example.org/note': 'n' } } });
  await change(world, 'all', { metadata: { labels: null } });
  await change(world, 'all', { status: { note: 'up' } }, 'status');
  await change(world, 'all', { metadata: { finalizers: ['example.org/hold'] } });
  await remove(world, 'all');
  await change(world, 'all', { metadata: { labels: { late: 'yes' } } });
  await change(world, 'all', { metadata: { finalizers: null } });
  await opened.take(9);
  world.closeWatch(opened);
});

scenario('a write that changes nothing, and a dry run', async (world) => {
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  await world.givenBucket('same');
  await change(world, 'same', { spec: { parameters: { size: 'small' } } });
  await world.given('PATCH', world.path({ name: 'same', query: 'dryRun=All' }), {
    type: merge,
    body: { spec: { parameters: { size: 'large' } } },
  });
  await world.given('DELETE', world.path({ name: 'same', query: 'dryRun=All' }));
  await change(world, 'same', { spec: { parameters: { size: 'medium' } } });
  await opened.take(2);
  world.closeWatch(opened);
});

scenario('writes of other kinds', async (world) => {
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  const first = await world.givenBucket('written');
  const replaced = { ...first, spec: { parameters: { size: 'large' } } };
  await world.given('PUT', world.path({ name: 'written' }), { body: replaced });
  await world.given('PATCH', world.path({ name: 'written' }), {
    type: 'application/json-patch+json',
    body: [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }],
  });
  await world.given('PATCH', world.path({ name: 'written', query: 'fieldManager=anna&force=true' }), {
    type: 'application/apply-patch+yaml',
    body: world.bucket('written', {}, { size: 'medium' }),
  });
  await opened.take(4);
  world.closeWatch(opened);
});

scenario('another namespace, and all', async (world) => {
  const here = await world.watch(world.path({ query: 'watch=true' }));
  const everywhere = await world.watch(world.path({ namespace: null, query: 'watch=true' }));
  await world.given('POST', world.path({ namespace: world.otherNamespace }), {
    body: world.bucket('there', { namespace: world.otherNamespace }),
  });
  await world.givenBucket('here');
  await here.take(1);
  await everywhere.take(2);
  world.closeWatch(here);
  world.closeWatch(everywhere);
});

scenario('labels that come into and leave a selector', async (world) => {
  const gold = await world.watch(world.path({ query: 'watch=true&labelSelector=tier%3Dgold' }));
  const not = await world.watch(world.path({ query: 'watch=true&labelSelector=tier!%3Dgold' }));
  const set = await world.watch(world.path({ query: 'watch=true&labelSelector=tier+in+(gold,silver)' }));
  const exists = await world.watch(world.path({ query: 'watch=true&labelSelector=tier' }));
  const absent = await world.watch(world.path({ query: 'watch=true&labelSelector=!tier' }));
  await world.givenBucket('mover');
  await change(world, 'mover', { metadata: { labels: { tier: 'gold' } } });
  await change(world, 'mover', { metadata: { labels: { tier: 'silver' } } });
  await change(world, 'mover', { metadata: { labels: null } });
  await change(world, 'mover', { metadata: { labels: { tier: 'gold' } } });
  await remove(world, 'mover');
  for (const [opened, count] of [
    [gold, 4],
    [not, 4],
    [set, 5],
    [exists, 5],
    [absent, 4],
  ] as const) {
    await opened.take(count);
    world.closeWatch(opened);
  }
});

scenario('events under a field selector', async (world) => {
  const opened = await world.watch(world.path({ query: 'watch=true&fieldSelector=metadata.name%3Done' }));
  for (const name of ['two', 'one']) await world.givenBucket(name);
  await change(world, 'two', { spec: { parameters: { size: 'large' } } });
  await change(world, 'one', { spec: { parameters: { size: 'large' } } });
  await remove(world, 'two');
  await remove(world, 'one');
  await opened.take(3);
  world.closeWatch(opened);
});

scenario('selectable fields', async (world) => {
  const path = (selector: string): string =>
    world.path({ plural: 'databases', query: { watch: 'true', fieldSelector: selector } });
  const three = await world.watch(path('spec.replicas=3'));
  const mysql = await world.watch(path('spec.engine=mysql'));
  const both = await world.watch(path('spec.engine=postgres,spec.replicas!=3'));
  await world.givenDatabase('db', {}, { replicas: 3 });
  await world.givenDatabase('my', {}, { engine: 'mysql' });
  for (const replicas of [5, 3])
    await world.given('PATCH', world.path({ plural: 'databases', name: 'db' }), {
      type: merge,
      body: { spec: { replicas } },
    });
  await world.given('DELETE', world.path({ plural: 'databases', name: 'db' }));
  await three.take(4);
  await mysql.take(1);
  await both.take(2);
  for (const opened of [three, mysql, both]) world.closeWatch(opened);
  const query = { watch: 'true', timeoutSeconds: '1', fieldSelector: 'spec.port=1' };
  await world.watchToEnd(world.path({ plural: 'databases', query }));
  const unknown = { watch: 'true', timeoutSeconds: '1', fieldSelector: 'spec.engine=mysql' };
  await world.watchToEnd(world.path({ plural: 'databases', version: 'v1beta1', query: unknown }));
});

for (const includeObject of ['', 'None', 'Metadata', 'Object', 'junk', 'none'])
  scenario(`a Table with includeObject ${includeObject || 'left out'}`, async (world) => {
    await world.givenBucket('first');
    const query = `watch=true${includeObject === '' ? '' : `&includeObject=${includeObject}`}`;
    const opened = await world.watch(world.path({ query }), { accept: table });
    if (opened.status === 200) {
      await world.givenBucket('second', { labels: { a: 'b' } });
      await change(world, 'first', { status: { note: 'seen' } }, 'status');
      await remove(world, 'second');
      await opened.take(4);
    }
    world.closeWatch(opened);
  });

scenario('a Table of the rich kind', async (world) => {
  const path = world.path({ plural: 'databases', query: 'watch=true' });
  await world.givenDatabase('one', { labels: { team: 'red' }, annotations: { 'example.org/note': 'n' } });
  const opened = await world.watch(path, { accept: table });
  await world.given('PATCH', world.path({ plural: 'databases', name: 'one' }), {
    type: merge,
    body: { spec: { replicas: 4, writeConnectionSecretToRef: { name: 'mine' } } },
  });
  await world.given('DELETE', world.path({ plural: 'databases', name: 'one' }));
  await opened.take(3);
  world.closeWatch(opened);
  await world.givenDatabase('two');
  await world.watchFor(1, world.path({ plural: 'databases', version: 'v1beta1', query: 'watch=true' }));
  await world.watchFor(1, world.path({ plural: 'databases', version: 'v1beta1', query: 'watch=true' }), {
    accept: table,
  });
});

scenario('metadata only', async (world) => {
  await world.givenBucket('first', { labels: { a: 'b' } });
  const opened = await world.watch(world.path({ query: 'watch=true' }), { accept: metadataOnly });
  await change(world, 'first', { spec: { parameters: { size: 'large' } } });
  await remove(world, 'first');
  await opened.take(3);
  world.closeWatch(opened);
});

const accepts = [
  '*/*',
  'application/*',
  'text/html',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  'application/cbor-seq',
  'application/json;stream=watch',
  'application/json;q=0.5,application/yaml',
  'application/vnd.kubernetes.protobuf,application/json',
  'application/yaml,application/json',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
  'application/json;as=Table;g=meta.k8s.io;v=v1beta1',
  'application/json;as=Table;g=meta.k8s.io;v=v1,application/json',
  'application/json;as=Table;g=meta.k8s.io;v=v2',
  'application/json;as=Table;g=meta.k8s.io;v=v2,application/json',
  'application/json;as=Junk;g=meta.k8s.io;v=v1',
  'application/yaml;as=Table;g=meta.k8s.io;v=v1',
  'application/yaml;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
];
for (const accept of accepts)
  scenario(`Accept: ${accept}`, async (world) => {
    await world.givenBucket('one');
    await world.watchFor(1, world.path({ query: 'watch=true&timeoutSeconds=1' }), { accept });
  });

scenario('gzip is not for streams', async (world) => {
  await world.givenBucket('one');
  const headers = { 'accept-encoding': 'gzip' };
  await world.watchFor(1, world.path({ query: 'watch=true' }), { headers });
});

scenario('HEAD and a body', async (world) => {
  await world.givenBucket('one');
  await world.ask('HEAD', world.path({ query: 'watch=true&timeoutSeconds=1' }));
  await world.watchToEnd(world.path({ query: 'watch=true&timeoutSeconds=1' }), { body: '{"a":1}' });
});

scenario('an object on its way out', async (world) => {
  await world.givenBucket('held', { finalizers: ['example.org/hold', 'example.org/other'] });
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  await opened.take(1);
  await world.given('DELETE', world.path({ name: 'held' }));
  await world.given('DELETE', world.path({ name: 'held' }));
  await change(world, 'held', { status: { note: 'going' } }, 'status');
  await change(world, 'held', { metadata: { finalizers: ['example.org/other'] } });
  await change(world, 'held', { metadata: { finalizers: [] } });
  await opened.take(5);
  world.closeWatch(opened);
});

scenario('two objects of one name after each other', async (world) => {
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  for (const size of ['small', 'large']) {
    await world.givenBucket('again', {}, { size });
    await remove(world, 'again');
  }
  await opened.take(4);
  world.closeWatch(opened);
});

scenario('owners, secrets and numbers', async (world) => {
  const owner = await world.givenBucket('up');
  const { uid, resourceVersion } = owner.metadata;
  const ownerReferences = [{ apiVersion: owner.apiVersion, kind: 'Bucket', name: 'up', uid }];
  const opened = await world.watch(world.path({ query: `watch=true&resourceVersion=${resourceVersion}` }));
  const body = world.bucket('rich', { ownerReferences }, { count: 1, ratio: 1 });
  const text = JSON.stringify(body)
    .replace('"count":1', '"count":9007199254740993')
    .replace('"ratio":1', '"ratio":1.0');
  await world.given('POST', world.path(), { body: text });
  await change(world, 'rich', { spec: { writeConnectionSecretToRef: { name: 'mine' } } });
  await change(world, 'rich', {
    metadata: { ownerReferences: null },
    spec: { writeConnectionSecretToRef: null },
  });
  await remove(world, 'rich');
  await opened.take(4);
  world.closeWatch(opened);
});

scenario('a collection that is deleted', async (world) => {
  // So many that the order of their hashes is never that of the names.
  const names = ['b', 'h', 'a', 'g', 'd', 'f', 'e'];
  for (const name of names) await world.givenBucket(name);
  const { metadata } = await world.givenBucket('c');
  const query = `watch=true&resourceVersion=${metadata.resourceVersion}`;
  const opened = await world.watch(world.path({ query }));
  await world.given('DELETE', world.path());
  await opened.take(names.length + 1);
  world.closeWatch(opened);
});
