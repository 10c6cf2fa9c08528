import { type Area, area, type World } from '../scenario.ts';

/** The body of a delete. */
export const deleteBody: Area = area('delete-body');
const { scenario } = deleteBody;

const options = (more: object = {}): object => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...more });

function one(world: World, query = ''): string {
  return world.path({ name: 'one', query });
}

scenario('bodies of other kinds', async (world) => {
  await world.givenBucket('one');
  for (const body of [
    { kind: 'Other', apiVersion: 'v1' },
    { kind: 'Bucket', apiVersion: `${world.group}/v1` },
    { kind: 'Status', apiVersion: 'v1' },
    { kind: 'DeleteOptions', apiVersion: 'v9' },
    { kind: 'DeleteOptions', apiVersion: 'policy/v1' },
    { kind: 'DeleteOptions', apiVersion: 'a/b/c' },
    { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    { kind: 5 },
    { apiVersion: 5 },
    'junk',
    '"text"',
    '[]',
    '5',
    'null',
    '{"kind":"DeleteOptions"',
    '{"kind":"DeleteOptions"} trailing',
    '{"dryRun":{}}',
  ])
    await world.ask('DELETE', one(world), { body });
  await world.ask('GET', one(world));
});

const accepted: [string, (world: World) => unknown][] = [
  ['no kind and version', () => ({})],
  ['a kind only', () => ({ kind: 'DeleteOptions' })],
  ['a version only', () => ({ apiVersion: 'v1' })],
  ['meta.k8s.io/v1', () => ({ kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' })],
  ['the group of the resource', ({ group }) => ({ kind: 'DeleteOptions', apiVersion: `${group}/v1` })],
  ['another group', () => ({ kind: 'DeleteOptions', apiVersion: 'apps/v1' })],
  ['unknown fields', () => options({ unknown: 1, deeper: { unknown: true } })],
  [
    'duplicate keys',
    () =>
      '{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"junk","propagationPolicy":"Background"}',
  ],
  [
    'keys in another case',
    () => '{"kind":"DeleteOptions","apiVersion":"v1","DRYRUN":["All"],"PropagationPolicy":"Orphan"}',
  ],
  ['white space', () => ' \n'],
  ['a newline around JSON', () => '\n{"kind":"DeleteOptions","apiVersion":"v1"}\n'],
  [
    'ignoreStoreReadErrorWithClusterBreakingPotential',
    () => options({ ignoreStoreReadErrorWithClusterBreakingPotential: true }),
  ],
  [
    'ignoreStoreReadErrorWithClusterBreakingPotential false',
    () => options({ ignoreStoreReadErrorWithClusterBreakingPotential: false }),
  ],
];
for (const [title, body] of accepted)
  scenario(`a body with ${title}`, async (world) => {
    await world.givenBucket('one', { finalizers: ['example.org/hold'] });
    await world.ask('DELETE', one(world), { body: body(world) });
    await world.ask('GET', one(world));
  });

scenario('ignoreStoreReadErrorWithClusterBreakingPotential in the query', async (world) => {
  await world.givenBucket('one');
  for (const more of [
    '',
    '&dryRun=All',
    '&gracePeriodSeconds=1',
    '&orphanDependents=true',
    '&propagationPolicy=Orphan',
  ])
    await world.ask('DELETE', one(world, `ignoreStoreReadErrorWithClusterBreakingPotential=true${more}`));
});

scenario('content types', async (world) => {
  await world.givenBucket('one', { finalizers: ['example.org/hold'] });
  const body = options({ dryRun: ['All'] });
  for (const type of [
    'application/json; charset=utf-8',
    'text/plain',
    'application/merge-patch+json',
    'application/cbor',
    'application/x-www-form-urlencoded',
    'junk',
    '*/*',
  ])
    await world.ask('DELETE', one(world), { type, body });
  for (const type of ['application/yaml', 'text/plain', 'junk'])
    await world.ask('DELETE', one(world, 'dryRun=All'), { type });
  await world.ask('GET', one(world));
});

scenario('a body in YAML', async (world) => {
  const type = 'application/yaml';
  await world.givenBucket('one', { finalizers: ['example.org/hold'] });
  for (const body of [
    'kind: DeleteOptions\napiVersion: v1\ndryRun: [All]\n',
    '{"kind":"DeleteOptions","apiVersion":"v1","dryRun":["All"]}',
    'kind: DeleteOptions\napiVersion: v1\npropagationPolicy: junk\n',
    'kind: Other\napiVersion: v1\n',
    'dryRun: [All]\npreconditions: {resourceVersion: "1"}\n',
    'just a text',
    '# nothing\n',
  ])
    await world.ask('DELETE', one(world), { type, body });
  await world.ask('GET', one(world));
  await world.givenBucket('two');
  await world.ask('DELETE', world.path({ name: 'two' }), { type, body: 'propagationPolicy: Orphan\n' });
});
