import { area, type World } from '../scenario.ts';

export const table = area('table');
const { scenario } = table;

const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const includes = [
  '',
  'includeObject=None',
  'includeObject=Metadata',
  'includeObject=Object',
  'includeObject=',
  'includeObject=none',
  'includeObject=All',
];

const uid = '11111111-2222-3333-4444-555555555555';

async function givenDatabases(world: World): Promise<void> {
  await world.givenDatabase('plain');
  await world.givenDatabase(
    'rich',
    {
      labels: { team: 'red', 'example.org/tier': 'one' },
      annotations: { 'example.org/note': 'a "note"', 'example.org/other': 'b' },
      ownerReferences: [
        { apiVersion: 'example.org/v1', kind: 'Nothing', name: 'owner-b', uid },
        {
          apiVersion: 'example.org/v1',
          kind: 'Nothing',
          name: 'owner-a',
          uid: uid.replace('1', '0'),
          controller: true,
        },
      ],
      finalizers: ['example.org/hold'],
    },
    { replicas: 3, writeConnectionSecretToRef: { name: 'credentials' } },
  );
}

for (const include of includes) {
  scenario(include === '' ? 'without includeObject' : include, async (world) => {
    await givenDatabases(world);
    await world.givenBucket('small', {}, {});
    for (const plural of ['databases', 'buckets'] as const) {
      await world.ask('GET', world.path({ plural, query: include }), { accept });
      await world.ask('GET', world.path({ plural, namespace: null, query: include }), { accept });
    }
    await world.ask('GET', world.path({ plural: 'databases', name: 'rich', query: include }), { accept });
    await world.ask('GET', world.path({ plural: 'databases', query: `limit=1&${include}` }), { accept });
    await world.ask('GET', world.path({ plural: 'databases', name: 'missing', query: include }), { accept });
    await world.ask('POST', world.path({ query: include }), { body: world.bucket('made'), accept });
    await world.ask('GET', world.path({ query: include }));
  });
}

scenario('cells that show secrets, conditions and nothing', async (world) => {
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'Available', lastTransitionTime: '2024-01-01T00:00:00Z' },
    { type: 'Synced', status: 'False', reason: 'Error', lastTransitionTime: '2024-01-01T00:00:00Z' },
  ];
  const bucket = await world.givenBucket('ready');
  await world.given('PATCH', world.path({ name: 'ready' }), {
    type: 'application/merge-patch+json',
    body: { spec: { writeConnectionSecretToRef: { name: 'its-secret' } } },
  });
  await world.given('PATCH', world.path({ name: bucket.metadata.name, subresource: 'status' }), {
    type: 'application/merge-patch+json',
    body: { status: { conditions } },
  });
  await world.ask('GET', world.path(), { accept });
  await world.ask('GET', world.path({ name: 'ready' }), { accept });
  await world.ask('GET', world.path({ name: 'ready', subresource: 'status' }), { accept });
});

scenario('the older version has a column of its own', async (world) => {
  await givenDatabases(world);
  await world.ask('GET', world.path({ plural: 'databases', version: 'v1beta1' }), { accept });
  await world.ask('GET', world.path({ plural: 'databases', version: 'v1beta1', name: 'rich' }), { accept });
});

scenario('a Table of an older version', async (world) => {
  await givenDatabases(world);
  const older = 'application/json;as=Table;g=meta.k8s.io;v=v1beta1';
  for (const include of ['', 'includeObject=None', 'includeObject=Object'])
    await world.ask('GET', world.path({ plural: 'databases', query: include }), { accept: older });
});

scenario('cells after changes', async (world) => {
  await givenDatabases(world);
  const path = world.path({ plural: 'databases', name: 'rich' });
  const type = 'application/merge-patch+json';
  for (const body of [
    { metadata: { labels: null } },
    { metadata: { labels: { team: 'blue' } } },
    { metadata: { annotations: null } },
    { metadata: { ownerReferences: null } },
    { metadata: { finalizers: null } },
  ]) {
    await world.ask('PATCH', path, { type, body, accept });
    await world.ask('GET', world.path({ plural: 'databases' }), { accept });
  }
});
