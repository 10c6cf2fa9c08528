import { area, type World } from '../scenario.ts';

export const apply = area('apply');
const { scenario } = apply;

export const type = 'application/apply-patch+yaml';

export type Config = Record<string, unknown>;

/** An apply configuration of a bucket. */
export function bucket(world: World, name: string, metadata: object = {}, spec?: object): Config {
  return {
    apiVersion: `${world.group}/v1`,
    kind: 'Bucket',
    metadata: { name, ...metadata },
    ...(spec === undefined ? {} : { spec }),
  };
}

export const small = { parameters: { size: 'small' } };

/** Applies to the bucket `name` and records the answer. */
export async function applies(world: World, name: string, query: string, body: unknown): Promise<void> {
  await world.ask('PATCH', world.path({ name, query }), { type, body });
}

scenario('create, no change, change, give up', async (world) => {
  const query = 'fieldManager=amy';
  const first = bucket(world, 'one', { labels: { a: 'b' }, annotations: { c: 'd' } }, small);
  await applies(world, 'one', query, first);
  await applies(world, 'one', query, first);
  await applies(world, 'one', query, bucket(world, 'one', { labels: { a: 'c' } }, small));
  await applies(world, 'one', query, bucket(world, 'one', {}, { parameters: { size: 'large', note: 'x' } }));
  await applies(world, 'one', query, bucket(world, 'one', {}, { parameters: { size: 'large' } }));
  await applies(world, 'one', query, bucket(world, 'one', {}, {}));
  await applies(world, 'one', query, bucket(world, 'one'));
  await world.ask('GET', world.path({ name: 'one' }));
});

scenario('create without labels and without metadata to own', async (world) => {
  await applies(world, 'bare', 'fieldManager=amy', bucket(world, 'bare', {}, small));
  await applies(world, 'bare', 'fieldManager=amy', bucket(world, 'bare', {}, small));
  await applies(world, 'bare', 'fieldManager=bob', bucket(world, 'bare', { labels: { a: 'b' } }));
  await applies(world, 'bare', 'fieldManager=bob', bucket(world, 'bare'));
  await world.ask('GET', world.path({ name: 'bare' }));
});

scenario('an apply that sets nothing', async (world) => {
  await applies(world, 'bare', 'fieldManager=amy', bucket(world, 'bare', {}, small));
  await applies(world, 'bare', 'fieldManager=bob', bucket(world, 'bare'));
  await applies(world, 'bare', 'fieldManager=bob', bucket(world, 'bare'));
  await world.ask('GET', world.path({ name: 'bare' }));
});

scenario('conflicts, force and shared fields', async (world) => {
  await applies(
    world,
    'shared',
    'fieldManager=amy',
    bucket(world, 'shared', { labels: { a: '1', b: '1' } }, small),
  );
  const theirs = bucket(world, 'shared', { labels: { a: '2', b: '2' } }, { parameters: { size: 'large' } });
  await applies(world, 'shared', 'fieldManager=bob', theirs);
  await applies(world, 'shared', 'fieldManager=bob&force=false', theirs);
  await applies(world, 'shared', 'fieldManager=bob&force=true&dryRun=All', theirs);
  await applies(world, 'shared', 'fieldManager=bob&force=true', theirs);
  // Before there are two to quarrel with: those come in no order.
  await applies(world, 'shared', 'fieldManager=amy', bucket(world, 'shared', { labels: { a: '1' } }));
  await applies(world, 'shared', 'fieldManager=cat', bucket(world, 'shared', { labels: { a: '2' } }));
  await applies(
    world,
    'shared',
    'fieldManager=bob',
    bucket(world, 'shared', {}, { parameters: { size: 'large' } }),
  );
  await applies(world, 'shared', 'fieldManager=cat', bucket(world, 'shared'));
  await world.ask('GET', world.path({ name: 'shared' }));
});

scenario('conflicts with an update', async (world) => {
  await world.givenBucket('updated', { labels: { a: '1' }, annotations: { n: '1' } }, { note: 'first' });
  const theirs = bucket(
    world,
    'updated',
    { labels: { a: '2' }, annotations: { n: '2' } },
    { parameters: { note: 'second' } },
  );
  await applies(world, 'updated', 'fieldManager=bob', theirs);
  await applies(world, 'updated', 'fieldManager=oracle', theirs);
  await applies(world, 'updated', 'fieldManager=bob&force=1', theirs);
  await applies(world, 'updated', 'fieldManager=bob&force=0', theirs);
  await world.ask('PATCH', world.path({ name: 'updated' }), {
    type: 'application/merge-patch+json',
    body: { spec: { parameters: { note: 'third' } } },
  });
  await applies(world, 'updated', 'fieldManager=bob', theirs);
  await applies(world, 'updated', 'fieldManager=bob&force=true', theirs);
});

function specWith(name?: string): object {
  return { ...small, ...(name === undefined ? {} : { writeConnectionSecretToRef: { name } }) };
}

scenario('the connection secret', async (world) => {
  await applies(world, 'secret', 'fieldManager=amy', bucket(world, 'secret', {}, specWith('one')));
  await applies(world, 'secret', 'fieldManager=amy', bucket(world, 'secret', {}, specWith('one')));
  await applies(world, 'secret', 'fieldManager=bob', bucket(world, 'secret', {}, specWith('one')));
  await applies(world, 'secret', 'fieldManager=bob', bucket(world, 'secret', {}, specWith('two')));
  await applies(world, 'secret', 'fieldManager=bob&force=true', bucket(world, 'secret', {}, specWith('two')));
  await applies(world, 'secret', 'fieldManager=bob', bucket(world, 'secret', {}, specWith()));
  await applies(world, 'secret', 'fieldManager=amy', bucket(world, 'secret', {}, specWith('')));
  await applies(world, 'secret', 'fieldManager=amy', bucket(world, 'secret', {}, specWith()));
  await world.ask('GET', world.path({ name: 'secret' }));
});

scenario('names and namespaces that differ', async (world) => {
  const query = 'fieldManager=amy';
  for (const name of ['mine', 'other']) {
    await applies(world, 'mine', query, bucket(world, name, {}, small));
    await applies(world, 'mine', query, bucket(world, name, { namespace: world.namespace }, small));
    await applies(world, 'mine', query, bucket(world, name, { namespace: world.otherNamespace }, small));
    await applies(world, 'mine', query, bucket(world, name, { namespace: '' }, small));
  }
  const { metadata: _, ...bare } = bucket(world, '', {}, small);
  for (const metadata of [
    undefined,
    null,
    {},
    { name: '' },
    { name: null },
    { name: 5 },
    'x',
    [],
    { generateName: 'mine-' },
  ]) {
    await applies(world, 'mine', query, metadata === undefined ? bare : { ...bare, metadata });
    await applies(world, 'fresh', query, metadata === undefined ? bare : { ...bare, metadata });
  }
  await applies(world, 'Not_A_Name', query, bucket(world, 'Not_A_Name', {}, small));
  await applies(world, 'x'.repeat(64), query, bucket(world, 'x'.repeat(64), {}, small));
  await world.ask('PATCH', world.path({ name: 'lost', namespace: 'nowhere', query }), {
    type,
    body: bucket(world, 'lost', {}, small),
  });
});

scenario('metadata of the server', async (world) => {
  const query = 'fieldManager=amy';
  const fields: object[] = [
    { uid: '99999999-9999-4999-8999-999999999999' },
    { uid: '' },
    { resourceVersion: '1' },
    { resourceVersion: '' },
    { resourceVersion: 'x' },
    { resourceVersion: '0' },
    { generation: 9 },
    { creationTimestamp: '2001-01-01T00:00:00Z' },
    { creationTimestamp: null },
    { creationTimestamp: 'today' },
    { deletionTimestamp: '2001-01-01T00:00:00Z' },
    { selfLink: '/there' },
    { managedFields: [] },
    { managedFields: null },
    { managedFields: [{}] },
    { managedFields: [{ manager: 'x', operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1: {} }] },
    { managedFields: 'x' },
    { unknown: 'x' },
    { labels: 'x' },
    { labels: { a: 5 } },
    { labels: { 'not a key': 'x' } },
    { annotations: { a: true } },
  ];
  for (const metadata of fields) {
    await applies(world, 'new', `${query}&dryRun=All`, bucket(world, 'new', metadata, small));
  }
  await applies(world, 'old', query, bucket(world, 'old', { labels: { a: 'b' } }, small));
  // A selfLink is written again with every second that has passed, so the version depends on the clock.
  for (const metadata of fields.filter((field) => !('selfLink' in field)))
    await applies(world, 'old', query, bucket(world, 'old', metadata, small));
  await world.ask('GET', world.path({ name: 'old' }));
});

scenario('labels that are null', async (world) => {
  await applies(world, 'new', 'fieldManager=amy&dryRun=All', bucket(world, 'new', { labels: null }, small));
  await applies(world, 'old', 'fieldManager=amy', bucket(world, 'old', { labels: { a: 'b' } }, small));
  await applies(world, 'old', 'fieldManager=amy', bucket(world, 'old', { labels: null }, small));
  await applies(world, 'old', 'fieldManager=amy', bucket(world, 'old', { labels: { a: null } }, small));
});

scenario('resourceVersion and uid that fit', async (world) => {
  const made = await world.given('PATCH', world.path({ name: 'fits', query: 'fieldManager=amy' }), {
    type,
    body: bucket(world, 'fits', {}, small),
  });
  const { uid, resourceVersion } = made.metadata;
  const large = { parameters: { size: 'large' } };
  await applies(world, 'fits', 'fieldManager=amy', bucket(world, 'fits', { uid, resourceVersion }, large));
  await applies(world, 'fits', 'fieldManager=amy', bucket(world, 'fits', { uid, resourceVersion }, small));
  await applies(world, 'fits', 'fieldManager=amy', bucket(world, 'fits', { uid }, small));
});

scenario('options', async (world) => {
  await applies(world, 'there', 'fieldManager=amy', bucket(world, 'there', {}, small));
  const queries = [
    '',
    'fieldManager=',
    'force=true',
    'fieldManager=amy&force=junk',
    'fieldManager=amy&force=',
    `fieldManager=${'m'.repeat(128)}`,
    `fieldManager=${'m'.repeat(129)}`,
    'fieldManager=a%00b',
    'fieldManager=amy&dryRun=Some',
    'fieldManager=amy&dryRun=All',
    'fieldManager=amy&fieldValidation=Sometimes',
    'fieldManager=amy&fieldManager=bob',
  ];
  for (const query of queries) {
    await applies(world, 'there', query, bucket(world, 'there', { labels: { q: 'x' } }, small));
    await applies(
      world,
      'missing',
      query === '' ? 'dryRun=All' : `${query}&dryRun=All`,
      bucket(world, 'missing', {}, small),
    );
  }
  await world.ask('GET', world.path({ name: 'there' }));
});

scenario('bodies', async (world) => {
  const query = 'fieldManager=amy';
  const text = (body: string): string => body.replaceAll('GROUP', world.group);
  await applies(
    world,
    'yaml',
    query,
    text(
      'apiVersion: GROUP/v1\nkind: Bucket\nmetadata:\n  name: yaml\n  labels: {on: "yes"}\nspec:\n  parameters:\n    size: small\n    count: 9007199254740993\n    ratio: 1.0\n    settings: {mode: 0777, when: 2001-01-01, off: off, none: ~, hex: 0x1F}\n',
    ),
  );
  const bodies = [
    '',
    ' ',
    'null',
    '{}',
    '[]',
    'x',
    '1',
    '"x"',
    '{',
    '{"a":}',
    'a: [',
    '\ta: b',
    '%YAML 1.2\n---\na: b',
    '--- \n',
    '{"apiVersion":"GROUP/v1"}',
    '{"kind":"Bucket"}',
    '{"apiVersion":"GROUP/v1","kind":"Pail","metadata":{"name":"yaml"}}',
    '{"apiVersion":"v1","kind":"Bucket","metadata":{"name":"yaml"}}',
    '{"apiVersion":"GROUP/v2","kind":"Bucket","metadata":{"name":"yaml"}}',
    '{"apiVersion":"a/b/c","kind":"Bucket","metadata":{"name":"yaml"}}',
    '{"apiVersion":5,"kind":"Bucket","metadata":{"name":"yaml"}}',
    'apiVersion: GROUP/v1\nkind: Bucket\nmetadata:\n  name: yaml\n---\napiVersion: GROUP/v1\nkind: Bucket\nmetadata:\n  name: second\n',
    'apiVersion: GROUP/v1\nkind: Bucket\nmetadata: &m\n  name: yaml\nspec: {parameters: {size: small, settings: *m}}\n',
    'apiVersion: GROUP/v1\nkind: Bucket\nmetadata:\n  name: yaml\n  name: yaml\n',
    '{"apiVersion":"GROUP/v1","kind":"Bucket","metadata":{"name":"yaml"},"spec":null}',
    '{"apiVersion":"GROUP/v1","kind":"Bucket","metadata":{"name":"yaml"},"spec":"x"}',
    '{"apiVersion":"GROUP/v1","kind":"Bucket","metadata":{"name":"yaml"},"spec":{"parameters":{"size":"huge"}}}',
    '{"apiVersion":"GROUP/v1","kind":"Bucket","metadata":{"name":"yaml"},"spec":{"parameters":{"size":5}}}',
    '{"apiVersion":"GROUP/v1","kind":"Bucket","metadata":{"name":"yaml"},"spec":{"unknown":5}}',
    '{"apiVersion":"GROUP/v1","kind":"Bucket","metadata":{"name":"yaml"},"unknown":5}',
    '{"apiVersion":"GROUP/v1","kind":"Bucket","metadata":{"name":"yaml"},"status":{"note":"ignored"}}',
  ].map(text);
  for (const body of bodies) {
    await applies(world, 'yaml', query, body);
    await applies(world, 'none', `${query}&dryRun=All`, body);
  }
  await world.ask('GET', world.path({ name: 'yaml' }));
});

for (const fieldValidation of ['Strict', 'Warn', 'Ignore']) {
  scenario(`fieldValidation ${fieldValidation}`, async (world) => {
    const query = `fieldManager=amy&fieldValidation=${fieldValidation}`;
    const start = `{"apiVersion":"${world.group}/v1","kind":"Bucket","metadata":{"name":"valid"`;
    const bodies = [
      `${start}},"spec":{"parameters":{"size":"small"}}}`,
      `${start}},"spec":{"parameters":{"size":"small","unknown":1}}}`,
      `${start},"unknown":1},"spec":{"parameters":{"size":"small"}}}`,
      `${start}},"spec":{"parameters":{"size":"small","size":"large"}}}`,
      `${start},"labels":{"a":"1","a":"2"}},"spec":{"parameters":{"size":"small"}}}`,
      `${start}},"spec":{"parameters":{"size":"small"}},"more":{}}`,
      `${start}},"spec":{"parameters":{"size":"small"}},"status":{"unknown":1}}`,
      `apiVersion: ${world.group}/v1\nkind: Bucket\nmetadata: {name: valid}\nspec:\n  parameters:\n    size: small\n    size: large\n`,
    ];
    for (const body of bodies) await applies(world, 'valid', query, body);
    for (const body of bodies)
      await applies(world, 'none', `${query}&dryRun=All`, body.replaceAll('valid', 'none'));
  });
}
