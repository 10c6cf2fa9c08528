import { area, type World } from '../scenario.ts';

export const owners = area('owners');
const { scenario } = owners;

const merge = 'application/merge-patch+json';
const as = (what: string): string => `application/json;as=${what};g=meta.k8s.io;v=v1`;

/** Owners of a kind that no cluster has: the collector leaves what it cannot look up alone. */
function owner(n: number, more: object = {}): object {
  const uid = `${String(n).repeat(8)}-2222-4222-8222-222222222222`;
  return { apiVersion: 'example.org/v1', kind: 'Team', name: `team-${n}`, uid, ...more };
}

async function everywhere(
  world: World,
  name: string,
  plural: 'buckets' | 'databases' = 'buckets',
): Promise<void> {
  const object = world.path({ plural, name });
  const list = world.path({ plural });
  for (const accept of [undefined, as('PartialObjectMetadata'), as('Table')])
    await world.ask('GET', object, accept ? { accept } : {});
  for (const accept of [undefined, as('PartialObjectMetadataList'), as('Table')])
    await world.ask('GET', list, accept ? { accept } : {});
  for (const includeObject of ['None', 'Metadata', 'Object'])
    await world.ask('GET', world.path({ plural, query: { includeObject } }), { accept: as('Table') });
  for (const accept of [undefined, as('PartialObjectMetadata'), as('Table')])
    await world.watchFor(1, world.path({ plural, query: 'watch=true' }), accept ? { accept } : {});
}

for (const [what, ownerReferences] of Object.entries({
  one: [owner(1)],
  'several, in an order of their own': [
    owner(3),
    owner(1, { controller: true }),
    owner(2, { blockOwnerDeletion: false }),
  ],
  'in order': [owner(1), owner(2), owner(3)],
  'with members in another order': [
    { uid: 'u-1', name: 'n', kind: 'Team', apiVersion: 'example.org/v1', controller: false },
  ],
  none: [],
})) {
  scenario(`shown everywhere: ${what}`, async (world) => {
    await world.ask('POST', world.path(), {
      body: world.bucket('owned', { ownerReferences, labels: { a: 'b' } }),
    });
    await everywhere(world, 'owned');
    await world.ask('POST', world.path({ plural: 'databases' }), {
      body: world.database('owned', { ownerReferences, annotations: { 'example.org/note': 'n' } }),
    });
    await everywhere(world, 'owned', 'databases');
  });
}

for (const [what, ownerReferences] of Object.entries({
  'two controllers': [owner(1, { controller: true }), owner(2, { controller: true })],
  'no uid': [{ ...owner(1), uid: '' }],
  'no name': [{ ...owner(1), name: '' }],
  'no kind': [{ ...owner(1), kind: '' }],
  'no apiVersion': [{ ...owner(1), apiVersion: '' }],
  'an apiVersion that is none': [{ ...owner(1), apiVersion: 'a/b/c' }],
  'an apiVersion without a version': [{ ...owner(1), apiVersion: 'example.org/' }],
  'an event': [{ ...owner(1), apiVersion: 'v1', kind: 'Event' }],
  'a word': 'x',
  null: null,
  words: ['x'],
  nulls: [null],
  'empty ones': [{}],
  'a number for a name': [{ ...owner(1), name: 5 }],
  'a word for the controller': [owner(1, { controller: 'yes' })],
  'a field that no owner has': [owner(1, { more: 1 })],
  'the same twice': [owner(1), owner(1)],
  'a null controller': [owner(1, { controller: null })],
})) {
  scenario(`written: ${what}`, async (world) => {
    await world.ask('POST', world.path(), { body: world.bucket('new', { ownerReferences }) });
    await world.ask('POST', world.path({ query: 'fieldValidation=Strict' }), {
      body: world.bucket('strict', { ownerReferences }),
    });
    const made = await world.givenBucket('old', { ownerReferences: [owner(3)] });
    await world.ask('PUT', world.path({ name: 'old' }), {
      body: { ...made, metadata: { ...made.metadata, ownerReferences } },
    });
    const again = await world.given('GET', world.path({ name: 'old' }));
    await world.ask('PATCH', world.path({ name: 'old' }), {
      type: merge,
      body: { metadata: { ownerReferences } },
    });
    await world.ask('PATCH', world.path({ name: 'old' }), {
      type: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/metadata/name', value: again.metadata.name },
        { op: 'add', path: '/metadata/ownerReferences', value: ownerReferences },
      ],
    });
    await world.ask('GET', world.path({ name: 'old' }));
  });
}

scenario('changed, reordered, dropped', async (world) => {
  await world.givenBucket('owned', { ownerReferences: [owner(1), owner(2)] });
  const put = async (ownerReferences: object[] | undefined): Promise<void> => {
    const object = await world.given('GET', world.path({ name: 'owned' }));
    const { ownerReferences: _, ...metadata } = object.metadata;
    await world.ask('PUT', world.path({ name: 'owned' }), {
      body: { ...object, metadata: { ...metadata, ...(ownerReferences ? { ownerReferences } : {}) } },
    });
  };
  await put([owner(1), owner(2)]);
  await put([owner(2), owner(1)]);
  await put([owner(2, { controller: true })]);
  await put([owner(2, { controller: true }), owner(3)]);
  await put(undefined);
  await put([owner(3)]);
  await put([]);
});

scenario('seen by a watch', async (world) => {
  const watch = await world.watch(world.path({ query: 'watch=true' }));
  await world.givenBucket('owned', { ownerReferences: [owner(2), owner(1)] });
  await world.given('PATCH', world.path({ name: 'owned' }), {
    type: merge,
    body: { metadata: { ownerReferences: [owner(3)] } },
  });
  await world.given('PATCH', world.path({ name: 'owned' }), {
    type: merge,
    body: { metadata: { ownerReferences: null } },
  });
  await world.given('DELETE', world.path({ name: 'owned' }));
  await watch.take(4);
  world.closeWatch(watch);
});

scenario('every kind of metadata, in its order', async (world) => {
  await world.ask('POST', world.path(), {
    body: world.bucket('full', {
      generateName: 'fu',
      finalizers: ['example.org/keep'],
      ownerReferences: [owner(1)],
      annotations: { b: '1', a: '2' },
      labels: { b: '1', a: '2' },
    }),
  });
  await world.ask('DELETE', world.path({ name: 'full' }));
  await everywhere(world, 'full');
});
