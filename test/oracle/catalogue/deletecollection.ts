import { area, type World } from '../scenario.ts';

export const deletecollection = area('deletecollection');
const { scenario } = deletecollection;

const options = (more: object = {}): object => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...more });
const uidOfNobody = '8a4f0f0e-0000-4000-8000-000000000001';
const hold = { finalizers: ['example.org/hold'] };

/** Three objects, in no order, one in the other namespace besides. */
async function several(world: World, metadata: object = {}): Promise<void> {
  for (const name of ['c', 'a', 'b']) await world.givenBucket(name, { labels: { tier: name }, ...metadata });
  await world.given('POST', world.path({ namespace: world.otherNamespace }), {
    body: world.bucket('a', { namespace: world.otherNamespace }),
  });
}

/** What is left, everywhere. */
async function left(world: World): Promise<void> {
  await world.ask('GET', world.path({ namespace: null }));
}

scenario('of a namespace, and once more', async (world) => {
  await several(world);
  await world.ask('DELETE', world.path());
  await left(world);
  await world.ask('DELETE', world.path());
});

scenario('of nothing', async (world) => {
  await world.ask('DELETE', world.path());
  await world.ask('DELETE', world.path({ namespace: 'nowhere' }));
  await world.ask('DELETE', world.path({ namespace: 'Not_A_Name' }));
  await world.ask('DELETE', world.path({ plural: 'databases' }));
  await world.ask('DELETE', world.path({ version: 'v9' }));
  await world.ask('DELETE', `/apis/${world.group}/v1/namespaces/${world.namespace}/nothings`);
  for (const propagationPolicy of ['Orphan', 'Foreground'])
    await world.ask('DELETE', world.path({ query: { propagationPolicy } }));
});

scenario('across namespaces', async (world) => {
  await several(world);
  await world.ask('DELETE', world.path({ namespace: null }));
  await world.ask('DELETE', world.path({ namespace: null, query: 'propagationPolicy=Orphan' }));
  await world.ask('DELETE', world.path({ namespace: null, query: 'labelSelector=tier%3Da' }), {
    body: options(),
  });
  await left(world);
});

for (const query of [
  'labelSelector=tier%3Da',
  'labelSelector=tier!%3Da',
  'labelSelector=tier+in+(a,b)',
  'labelSelector=!tier',
  'labelSelector=',
  'labelSelector=a+b',
  'labelSelector=mcp-connector.upbound.io/app-resource-name',
  'fieldSelector=metadata.name%3Da',
  'fieldSelector=metadata.name!%3Da',
  'fieldSelector=metadata.namespace%3Delsewhere',
  'fieldSelector=spec.size%3Dx',
  'fieldSelector=metadata.name%3Da&labelSelector=tier%3Db',
  'fieldSelector=metadata.name%3Da,metadata.name%3Db',
])
  scenario(query, async (world) => {
    await several(world);
    await world.ask('DELETE', world.path({ query }));
    await left(world);
  });

scenario('a selectable field', async (world) => {
  await world.givenDatabase('b', {}, { replicas: 3 });
  await world.givenDatabase('a', {}, { engine: 'mysql', replicas: 3 });
  await world.givenDatabase('c', {}, { engine: 'mysql', replicas: 2 });
  const fieldSelector = 'spec.replicas=3,spec.engine=mysql';
  await world.ask('DELETE', world.path({ plural: 'databases', query: { fieldSelector } }));
  await world.ask(
    'DELETE',
    world.path({ plural: 'databases', version: 'v1beta1', query: { fieldSelector } }),
  );
  await world.ask('DELETE', world.path({ plural: 'databases', version: 'v1beta1' }));
});

for (const query of [
  'limit=2',
  'limit=0',
  'limit=-1',
  'limit=x',
  'continue=abc',
  'limit=2&continue=abc',
  'resourceVersion=0',
  'resourceVersion=1',
  'resourceVersion=x',
  'resourceVersionMatch=Exact',
  'resourceVersion=0&resourceVersionMatch=NotOlderThan',
  'resourceVersion=0&resourceVersionMatch=Exact',
  'resourceVersionMatch=junk',
  'sendInitialEvents=true',
  'watch=true',
  'timeoutSeconds=5',
  'pretty=true',
  'dryRun=All',
  'dryRun=some',
  'gracePeriodSeconds=0',
  'gracePeriodSeconds=x',
  'propagationPolicy=junk',
  'orphanDependents=true&propagationPolicy=Orphan',
  'ignoreStoreReadErrorWithClusterBreakingPotential=true',
])
  scenario(query, async (world) => {
    await several(world);
    await world.ask('DELETE', world.path({ query }));
    await left(world);
  });

scenario('with finalizers', async (world) => {
  await several(world, hold);
  await world.ask('DELETE', world.path());
  await left(world);
  await world.ask('DELETE', world.path());
  for (const name of ['a', 'b', 'c'])
    await world.given('PATCH', world.path({ name }), {
      type: 'application/merge-patch+json',
      body: { metadata: { finalizers: null } },
    });
  await left(world);
});

// What a collector's finalizer is given for is soon done: only the answer of the delete itself is looked at.
for (const propagationPolicy of ['Background', 'Foreground', 'Orphan'])
  scenario(`propagationPolicy ${propagationPolicy}`, async (world) => {
    await several(world, hold);
    await world.ask('DELETE', world.path(), { body: options({ propagationPolicy, dryRun: ['All'] }) });
    await left(world);
    const query = { propagationPolicy, labelSelector: 'tier=a' };
    await world.ask('DELETE', world.path({ query }));
    await world.ask('DELETE', world.path({ query: 'labelSelector=tier%3Db' }), {
      body: options({ propagationPolicy }),
    });
    await world.ask('DELETE', world.path({ query: 'fieldSelector=metadata.name%3Dc' }), {
      body: options({ propagationPolicy }),
    });
    await world.ask('GET', world.path({ namespace: world.otherNamespace }));
  });

for (const orphanDependents of [true, false])
  scenario(`orphanDependents ${orphanDependents}`, async (world) => {
    await several(world, hold);
    await world.ask('DELETE', world.path(), {
      body: options({ orphanDependents, propagationPolicy: 'Orphan' }),
    });
    await world.ask('DELETE', world.path(), { body: options({ orphanDependents }) });
  });

scenario('preconditions', async (world) => {
  await several(world);
  const { metadata } = await world.given('GET', world.path({ name: 'b' }));
  await world.ask('DELETE', world.path(), { body: options({ preconditions: { uid: uidOfNobody } }) });
  await left(world);
  const preconditions = { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
  await world.ask('DELETE', world.path({ query: 'labelSelector=tier%3Db' }), {
    body: options({ preconditions }),
  });
  await left(world);
});

scenario('preconditions of a policy', async (world) => {
  await several(world);
  const query = 'labelSelector=tier%3Db';
  const orphan = options({ preconditions: { uid: uidOfNobody }, propagationPolicy: 'Orphan' });
  await world.ask('DELETE', world.path({ query }), { body: orphan });
  const foreground = options({ preconditions: { resourceVersion: '1' }, propagationPolicy: 'Foreground' });
  await world.ask('DELETE', world.path({ query }), { body: foreground });
  await left(world);
});

scenario('a body in YAML, of another kind, of another type', async (world) => {
  await several(world, hold);
  const yaml = 'kind: DeleteOptions\napiVersion: v1\ndryRun: [All]\n';
  await world.ask('DELETE', world.path(), { type: 'application/yaml', body: yaml });
  for (const body of [
    { kind: 'Other', apiVersion: 'v1' },
    'junk',
    '[]',
    'null',
    { dryRun: ['some'] },
    { propagationPolicy: 5 },
  ])
    await world.ask('DELETE', world.path(), { body });
  await world.ask('DELETE', world.path(), { type: 'text/plain', body: options() });
  await world.ask('DELETE', world.path({ query: 'dryRun=All' }), { type: 'text/plain' });
  await world.ask('DELETE', world.path(), {
    body: options({ ignoreStoreReadErrorWithClusterBreakingPotential: true }),
  });
  await left(world);
});

for (const accept of [
  'application/yaml',
  '*/*',
  'text/html',
  'application/vnd.kubernetes.protobuf',
  'application/vnd.kubernetes.protobuf,application/json',
  'application/json;as=Table;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
])
  scenario(`Accept: ${accept}`, async (world) => {
    await world.ask('DELETE', world.path(), { accept });
    await several(world, hold);
    await world.ask('DELETE', world.path({ query: 'labelSelector=tier%3Da' }), { accept });
    await world.ask('DELETE', world.path({ query: 'propagationPolicy=Orphan&labelSelector=tier%3Dc' }), {
      accept,
    });
    for (const includeObject of ['None', 'Object', 'junk'])
      await world.ask('DELETE', world.path({ query: { includeObject, labelSelector: 'tier=b' } }), {
        accept,
      });
  });

scenario('of the rich kind, as Table', async (world) => {
  for (const name of ['b', 'a']) await world.givenDatabase(name, { labels: { team: 'red' } });
  await world.ask('DELETE', world.path({ plural: 'databases' }), {
    accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
  });
});
