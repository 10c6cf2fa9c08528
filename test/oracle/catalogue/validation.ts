import { area, type OracleObject, type World } from '../scenario.ts';

export const validation = area('validation');
const { scenario } = validation;

const uid = 'b0a7d6c5-0000-4000-8000-00000000000';

/** Creates an object with the metadata, and changes one that is there to the same. */
async function withMetadata(world: World, metadata: object, name = 'judged'): Promise<void> {
  await world.ask('POST', world.path(), { body: world.bucket(name, metadata) });
  const made = await world.givenBucket(`${name}-too`);
  const body = { ...made, metadata: { ...made.metadata, ...metadata } };
  await world.ask('PUT', world.path({ name: `${name}-too` }), { body });
  await world.ask('GET', world.path({ name: `${name}-too` }));
}

async function withSpec(world: World, spec: object): Promise<void> {
  const path = world.path({ plural: 'databases' });
  await world.ask('POST', path, { body: world.database('judged', {}, spec) });
  const made = await world.givenDatabase('judged-too');
  const body: OracleObject = { ...made, spec: { ...made.spec, ...spec } };
  await world.ask('PUT', world.path({ plural: 'databases', name: 'judged-too' }), { body });
}

const labels: Record<string, object> = {
  'a key with a space': { 'not a key': 'x' },
  'an empty key': { '': 'x' },
  'a key of 63 characters': { ['k'.repeat(63)]: 'x' },
  'a key of 64 characters': { ['k'.repeat(64)]: 'x' },
  'a prefix in upper case': { 'Example.org/key': 'x' },
  'a key with two slashes': { 'a/b/c': 'x' },
  'a prefix of 254 characters': { [`${'p'.repeat(254)}/k`]: 'x' },
  'an empty prefix': { '/k': 'x' },
  'a value with a space': { key: 'not a value' },
  'a value of 63 characters': { key: 'v'.repeat(63) },
  'a value of 64 characters': { key: 'v'.repeat(64) },
  'a value that ends in a dash': { key: 'v-' },
  'an empty value': { key: '' },
};
for (const [what, set] of Object.entries(labels)) {
  scenario(`labels with ${what}`, (world) => withMetadata(world, { labels: set }));
  scenario(`annotations with ${what}`, (world) => withMetadata(world, { annotations: set }));
}

scenario('annotations as large as they may be, and larger', async (world) => {
  const limit = 256 * 1024;
  for (const [i, length] of [limit - 1, limit, limit + 1].entries())
    await world.ask('POST', world.path(), {
      body: world.bucket(`annotated-${i}`, { annotations: { k: 'v'.repeat(length - 1) } }),
      headers: { 'accept-encoding': 'gzip' },
    });
});

scenario('annotations as large as they may be, beside owners and a connection secret', async (world) => {
  const body = world.bucket('annotated', {
    annotations: { k: 'v'.repeat(256 * 1024 - 1) },
    ownerReferences: [{ apiVersion: 'teams.example.org/v1', kind: 'Team', name: 'owner', uid: `${uid}1` }],
  });
  body.spec['writeConnectionSecretToRef'] = { name: 'secret' };
  await world.ask('POST', world.path(), { body });
});

scenario("the connector's own labels and annotations", async (world) => {
  await withMetadata(world, {
    labels: { 'mcp-connector.upbound.io/app-resource-name': 'another', team: 'blue' },
    annotations: { 'mcp-connector-k8s.io/connection-secret-name': 'another', note: 'kept' },
  });
});

const finalizers: Record<string, unknown> = {
  'that is no name': ['Not A Name'],
  'without a domain': ['guard'],
  'that is empty': [''],
  'of 64 characters': [`example.org/${'f'.repeat(64)}`],
  'of both kinds of the collector': ['orphan', 'foregroundDeletion'],
  orphan: ['orphan'],
  foregroundDeletion: ['foregroundDeletion'],
  'of kubernetes.io that nobody knows': ['kubernetes.io/unknown'],
  'twice the same': ['example.org/a', 'example.org/a'],
};
for (const [what, list] of Object.entries(finalizers)) {
  scenario(`a finalizer ${what}`, (world) => withMetadata(world, { finalizers: list }));
}

/** Of a kind nobody knows, so that no collector can find that it is not there. */
const owner = { apiVersion: 'teams.example.org/v1', kind: 'Team', name: 'owner', uid: `${uid}1` };
function ownerOf(n: number, flags: object = {}): object {
  return { ...owner, name: `owner-${n}`, uid: `${uid}${n}`, ...flags };
}

const owners: Record<string, unknown[]> = {
  'of one owner': [owner],
  'with every field': [{ ...owner, controller: true, blockOwnerDeletion: true }],
  'with flags of null': [{ ...owner, controller: null, blockOwnerDeletion: null }],
  'in an order of their own': [3, 1, 2].map((n) => ownerOf(n)),
  'with two controllers': [1, 2].map((n) => ownerOf(n, { controller: true })),
  'with one uid twice': [owner, owner],
  'with one uid twice, and other names': [owner, { ...owner, name: 'other' }],
  'without a uid': [{ ...owner, uid: undefined }],
  'without a name': [{ ...owner, name: '' }],
  'without a kind': [{ ...owner, kind: undefined }],
  'without an apiVersion': [{ ...owner, apiVersion: undefined }],
  'with a malformed apiVersion': [{ ...owner, apiVersion: 'a/b/c' }],
  'with a field nobody knows': [{ ...owner, colour: 'blue' }],
  'of an Event': [{ ...owner, apiVersion: 'v1', kind: 'Event' }],
  'of null': [null],
  'with a flag that is a text': [{ ...owner, controller: 'yes' }],
  'with a uid that is a number': [{ ...owner, uid: 7 }],
  'of an empty object': [{}],
};
for (const [what, ownerReferences] of Object.entries(owners)) {
  scenario(`ownerReferences ${what}`, (world) => withMetadata(world, { ownerReferences }));
}

scenario('ownerReferences with a uid that is no uid', (world) =>
  withMetadata(world, { ownerReferences: [{ ...owner, uid: 'not a uid' }] }),
);

scenario('ownerReferences in every representation', async (world) => {
  const list = [2, 1].map((n) => ownerOf(n, { controller: n === 1 }));
  await world.givenDatabase('owned', { ownerReferences: list });
  const path = world.path({ plural: 'databases', name: 'owned' });
  for (const as of ['Table', 'PartialObjectMetadata'])
    await world.ask('GET', path, { accept: `application/json;as=${as};v=v1;g=meta.k8s.io` });
  const { metadata, ...rest } = await world.given('GET', path);
  await world.ask('PUT', path, {
    body: { ...rest, metadata: { ...metadata, ownerReferences: list.toReversed() } },
  });
  await world.ask('PUT', path, {
    body: { ...rest, metadata: { ...metadata, resourceVersion: undefined, ownerReferences: [] } },
  });
  const now = await world.given('GET', path);
  await world.ask('PUT', path, { body: { ...now, metadata: { ...now.metadata, ownerReferences: null } } });
});

const buckets: Record<string, object> = {
  'a required field missing': { size: undefined },
  'a value outside of the enum': { size: 'huge' },
  'a text for a number': { count: 'many' },
  'a number for a text': { size: 1 },
  'a list for an object': { nested: [] },
  'null for a text': { size: null },
  'null for an optional field': { note: null },
  'an unknown field': { colour: 'blue' },
  'unknown fields in free form': { settings: { any: { thing: [1] } } },
};
for (const [what, parameters] of Object.entries(buckets)) {
  scenario(`a bucket with ${what}`, async (world) => {
    await world.ask('POST', world.path(), { body: world.bucket('judged', {}, parameters) });
    const made = await world.givenBucket('judged-too');
    made.spec['parameters'] = { size: 'small', ...parameters };
    await world.ask('PUT', world.path({ name: 'judged-too' }), { body: made });
  });
}

const databases: Record<string, object> = {
  'an engine nobody knows': { engine: 'files' },
  'no engine': { engine: undefined },
  'a rule broken': { engine: 'oracle', replicas: 5 },
  'another engine than before': { engine: 'mysql' },
  'too many replicas': { replicas: 101 },
  'fewer replicas than none': { replicas: -1 },
  'replicas that are no integer': { replicas: 1.5 },
  'a part of an object with defaults': { storage: { class: 'fast' } },
  'null where there is a default': { replicas: null, storage: null },
  'a port as a number': { port: 5432 },
  'a port as a text': { port: 'http' },
  'a port as a list': { port: [1] },
  'a set': { tags: ['a', 'b'] },
  'a set with duplicates': { tags: ['a', 'b', 'a'] },
  'a map of users': { users: [{ name: 'me' }, { name: 'you', role: 'writer' }] },
  'a map with one key twice': { users: [{ name: 'me' }, { name: 'me', role: 'writer' }] },
  'a map without its key': { users: [{ role: 'writer' }] },
  'free form': { free: { a: { b: [null, 1, 'x'] } } },
  'an object with metadata in free form': { free: { metadata: { name: 'inner', labels: { a: 'b' } } } },
  'a secret whose name is missing': { writeConnectionSecretToRef: {} },
  'a secret whose name is a number': { writeConnectionSecretToRef: { name: 1 } },
  'an empty secret name': { writeConnectionSecretToRef: { name: '' } },
};
for (const [what, spec] of Object.entries(databases)) {
  scenario(`a database with ${what}`, (world) => withSpec(world, spec));
}

scenario('messages in another namespace, under a name that a hash could stand for', async (world) => {
  const namespace = world.otherNamespace;
  const path = world.path({ namespace });
  const body = world.bucket('claim-name', { namespace }, { size: 'claim-name' });
  await world.ask('POST', path, { body });
  await world.ask('POST', path, { body: world.bucket('claim-name', { namespace }) });
  await world.ask('POST', path, { body: world.bucket('claim-name', { namespace }) });
  await world.ask('PUT', world.path({ namespace, name: 'claim-name' }), {
    body: world.bucket('claim-name', { namespace, resourceVersion: '1' }),
  });
  await world.ask('DELETE', world.path({ namespace, name: 'claim-other' }));
});
