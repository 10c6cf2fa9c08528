import { area } from '../scenario.ts';

export const create = area('create');
const { scenario } = create;

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json';

scenario('a plain object, and the same again', async (world) => {
  await world.ask('POST', world.path(), { body: world.bucket('plain') });
  await world.ask('GET', world.path({ name: 'plain' }));
  await world.ask('POST', world.path(), { body: world.bucket('plain') });
  await world.ask('POST', world.path(), { body: world.bucket('plain', { generateName: 'made-' }) });
});

for (const accept of [table, partial, 'application/yaml', 'application/json;pretty=1', 'text/plain']) {
  scenario(`an answer in ${accept}`, async (world) => {
    await world.ask('POST', world.path(), { body: world.bucket('shown'), accept });
    await world.ask('POST', world.path(), { body: world.bucket('shown'), accept });
    await world.ask('POST', world.path(), { body: world.bucket('Un_seen'), accept });
  });
}

scenario('every field of an object', async (world) => {
  const metadata = {
    labels: { team: 'blue', 'example.org/tier': 'front' },
    annotations: {
      'example.org/note': 'as "it" is\n',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    },
    finalizers: ['example.org/guard'],
  };
  const parameters = {
    count: 3,
    ratio: 0.5,
    note: 'ünïcode \u2028 "quoted"',
    settings: { any: [1, 'two', { three: null }], '': 'empty key', 'a.b/c': true },
    nested: { deeper: { leaf: 'x' } },
  };
  await world.ask('POST', world.path(), {
    body: { ...world.bucket('whole', metadata, parameters), status: { note: 'not from here' } },
  });
  await world.ask('GET', world.path({ name: 'whole' }));
});

scenario('an object whose connection secret is named', async (world) => {
  const body = world.bucket('keeper');
  body.spec['writeConnectionSecretToRef'] = { name: 'keeper-secret' };
  await world.ask('POST', world.path(), { body });
  await world.ask('POST', world.path(), { body, accept: table });
  await world.ask('GET', world.path(), { accept: table });
});

scenario('generateName', async (world) => {
  const { metadata, ...rest } = world.bucket('');
  const asking = { ...rest, metadata: { ...metadata, generateName: 'made-' } };
  for (const accept of ['application/json', table, partial])
    await world.ask('POST', world.path(), { body: asking, accept });
  await world.ask('POST', world.path({ query: 'dryRun=All' }), { body: asking });
});

const bases: [what: string, base: string][] = [
  ['of 58 characters', `${'b'.repeat(53)}made-`],
  ['of 63 characters', `${'b'.repeat(53)}made-${'c'.repeat(5)}`],
  ['of 80 characters', `${'b'.repeat(53)}made-${'c'.repeat(22)}`],
  ['of 260 characters', `${'b'.repeat(53)}made-${'c'.repeat(202)}`],
  ['with upper case and an underscore', 'Made_made-'],
  ['with a slash', 'a/made-'],
  ['that ends in a dot', 'made.made.'],
  ['that is empty', ''],
];
for (const [what, generateName] of bases) {
  scenario(`generateName ${what}`, async (world) => {
    const { metadata, ...rest } = world.bucket('');
    await world.ask('POST', world.path(), { body: { ...rest, metadata: { ...metadata, generateName } } });
    await world.ask('POST', world.path(), {
      body: { ...rest, metadata: { ...metadata, name: 'given', generateName } },
    });
  });
}

scenario('generateName that is no text', async (world) => {
  const { metadata, ...rest } = world.bucket('');
  for (const generateName of [1, null, ['made-'], {}])
    await world.ask('POST', world.path(), { body: { ...rest, metadata: { ...metadata, generateName } } });
});

const names: [what: string, name: string][] = [
  ['in upper case', 'Upper'],
  ['with an underscore', 'a_b'],
  ['with dots', 'a.b.c'],
  ['with a dot at the end', 'a.'],
  ['with two dots', 'a..b'],
  ['with a slash', 'a/b'],
  ['with a percent sign', 'a%b'],
  ['with a space', 'a b'],
  ['with an umlaut', 'ä'],
  ['with a quote', 'a"b'],
  ['with a newline', 'a\nb'],
  ['that is a dot', '.'],
  ['that is two dots', '..'],
  ['that begins with a dash', '-a'],
  ['of one character', 'a'],
  ['of digits', '007'],
  ['of 63 characters', 'n'.repeat(63)],
  ['of 64 characters', 'n'.repeat(64)],
  ['of 253 characters', 'n'.repeat(253)],
  ['of 254 characters', 'n'.repeat(254)],
  ['of 300 characters in upper case', 'N'.repeat(300)],
  ['with labels of 64 characters', `${'n'.repeat(64)}.${'n'.repeat(10)}`],
  ['like one of the control plane', 'claim-0123456789abcdef'],
  ['with -x- in it', 'a-x-b-x-c'],
];
for (const [what, name] of names) {
  scenario(`a name ${what}`, async (world) => {
    await world.ask('POST', world.path(), { body: world.bucket(name) });
    await world.ask('POST', world.path(), {
      body: world.bucket(name, { labels: { 'not a key': 'not a value!' } }),
    });
  });
}

scenario('a name where the CRD has no limit of its own', async (world) => {
  const path = world.path({ plural: 'databases' });
  await world.ask('POST', path, { body: world.database('Upper') });
  await world.ask('POST', path, { body: world.database('n'.repeat(63)) });
  await world.ask('POST', path, { body: world.database('n'.repeat(254)) });
});

scenario('a name of 64 characters where the CRD has no limit', async (world) => {
  await world.ask('POST', world.path({ plural: 'databases' }), { body: world.database('n'.repeat(64)) });
});

scenario('no name', async (world) => {
  const { metadata: _, ...rest } = world.bucket('');
  await world.ask('POST', world.path(), { body: world.bucket('') });
  await world.ask('POST', world.path(), { body: rest });
  for (const metadata of [null, {}, [], 'text', 1, { name: null }, { name: 1 }, { name: {} }])
    await world.ask('POST', world.path(), { body: { ...rest, metadata } });
});

scenario('a namespace that is not that of the URL', async (world) => {
  await world.ask('POST', world.path(), {
    body: world.bucket('astray', { namespace: world.otherNamespace }),
  });
  await world.ask('POST', world.path(), { body: world.bucket('Bad_Name', { namespace: 'nowhere' }) });
  for (const namespace of ['', null, 1, ['x'], 'Not A Namespace'])
    await world.ask('POST', world.path(), { body: world.bucket('astray', { namespace }) });
  const { namespace: _, ...metadata } = world.bucket('plain').metadata;
  await world.ask('POST', world.path(), { body: { ...world.bucket('plain'), metadata } });
});

scenario('a missing namespace', async (world) => {
  const path = world.path({ namespace: 'nowhere' });
  await world.ask('POST', path, { body: world.bucket('lost', { namespace: 'nowhere' }) });
  await world.ask('POST', path, { body: world.bucket('Lost_', { namespace: 'nowhere' }, { size: 'huge' }) });
  await world.ask('POST', path, { body: world.bucket('', { namespace: 'nowhere', generateName: 'made-' }) });
  await world.ask('POST', path, { body: world.bucket('lost') });
  await world.ask('POST', path, { body: '{' });
  await world.ask('POST', `${path}?dryRun=All`, { body: world.bucket('lost', { namespace: 'nowhere' }) });
  await world.ask('POST', world.path({ namespace: 'No_Where' }), {
    body: world.bucket('lost', { namespace: 'No_Where' }),
  });
});

scenario('a namespace that is being deleted', async (world) => {
  const namespace = `${world.namespace}-going`;
  await world.given('POST', '/api/v1/namespaces', {
    body: { metadata: { name: namespace, finalizers: ['example.org/stay'] } },
  });
  const query = `watch=true&fieldSelector=metadata.name=${namespace}`;
  const deletion = await world.side.watch({ method: 'GET', path: `/api/v1/namespaces?${query}` });
  await world.given('DELETE', `/api/v1/namespaces/${namespace}`);
  await deletion.until((frames) => frames.some((frame) => frame.includes('deletionTimestamp')));
  deletion.close();
  const path = world.path({ namespace });
  await world.ask('POST', path, { body: world.bucket('after', { namespace }) });
  await world.ask('POST', path, { body: world.bucket('', { namespace, generateName: 'made-' }) });
  await world.ask('POST', path, { body: world.bucket('After_', { namespace }) });
  await world.ask('POST', path, { body: { ...world.bucket('after', { namespace }), kind: 'Pail' } });
  await world.ask('PATCH', world.path({ namespace, name: 'applied', query: 'fieldManager=me' }), {
    type: 'application/apply-patch+yaml',
    body: world.bucket('applied', { namespace }),
  });
  const release = { method: 'PUT', path: `/api/v1/namespaces/${namespace}` };
  await world.side.ask({ ...release, body: { metadata: { name: namespace } } });
  const body = { metadata: { name: namespace }, spec: { finalizers: [] } };
  await world.side.ask({ ...release, path: `${release.path}/finalize`, body });
});

const systemFields: Record<string, unknown> = {
  resourceVersion: '7',
  uid: 'b0a7d6c5-0000-4000-8000-000000000000',
  creationTimestamp: '2001-01-01T00:00:00Z',
  deletionTimestamp: '2001-01-01T00:00:00Z',
  deletionGracePeriodSeconds: 30,
  selfLink: '/apis/here',
  generation: 7,
  managedFields: [],
};
for (const [field, value] of Object.entries(systemFields)) {
  scenario(`${field} given`, async (world) => {
    await world.ask('POST', world.path(), { body: world.bucket('system', { [field]: value }) });
    await world.ask('POST', world.path(), { body: world.bucket('emptied', { [field]: null }) });
    await world.ask('POST', world.path(), { body: world.bucket('emptied-too', { [field]: '' }) });
    await world.ask('POST', world.path(), { body: world.bucket('odd', { [field]: { a: 1 } }) });
  });
}

scenario('managedFields given', async (world) => {
  const entry = {
    manager: 'me',
    operation: 'Update',
    apiVersion: `${world.group}/v1`,
    time: '2001-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:parameters': { 'f:size': {} } } },
  };
  for (const [i, managedFields] of [
    [entry],
    [{}],
    [{ ...entry, operation: 'Guess' }],
    [{ ...entry, fieldsV1: 1 }],
  ].entries())
    await world.ask('POST', world.path(), { body: world.bucket(`managed-${i}`, { managedFields }) });
});

scenario('a POST to the path of an object', async (world) => {
  await world.ask('POST', world.path({ name: 'one' }), { body: world.bucket('one') });
  await world.ask('POST', world.path({ name: 'one' }), { body: world.bucket('other') });
  await world.ask('POST', world.path({ name: 'one', subresource: 'status' }), { body: world.bucket('one') });
  await world.ask('POST', world.path({ name: 'one', subresource: 'scale' }), { body: world.bucket('one') });
  await world.ask('GET', world.path());
});

scenario('where none can be created', async (world) => {
  await world.ask('POST', world.path({ namespace: null }), { body: world.bucket('nobody') });
  await world.ask('POST', world.path({ version: 'v9' }), { body: world.bucket('nobody') });
  await world.ask('PUT', world.path(), { body: world.bucket('nobody') });
  await world.ask('PATCH', world.path(), { body: {}, type: 'application/merge-patch+json' });
});

const options: [what: string, query: string][] = [
  ['dryRun=All', 'dryRun=All'],
  ['dryRun=All twice', 'dryRun=All&dryRun=All'],
  ['an unknown dryRun', 'dryRun=Some'],
  ['an unknown dryRun beside All', 'dryRun=All&dryRun=Some'],
  ['an empty dryRun', 'dryRun='],
  ['fieldManager', 'fieldManager=my-manager'],
  ['a fieldManager of 128 characters', `fieldManager=${'m'.repeat(128)}`],
  ['a fieldManager of 129 characters', `fieldManager=${'m'.repeat(129)}`],
  ['a fieldManager that cannot be printed', 'fieldManager=a%00b%0A'],
  ['an unknown fieldValidation', 'fieldValidation=Sloppy'],
  ['force', 'force=true'],
  ['parameters nobody knows', 'unknown=1&colour=blue'],
  ['pretty', 'pretty=true'],
  ['pretty switched off', 'pretty=false'],
  ['a timeout', 'timeout=10s'],
  ['a timeout that is none', 'timeout=soon'],
  ['several faults at once', `dryRun=Some&fieldValidation=Sloppy&fieldManager=${'m'.repeat(129)}`],
];
for (const [what, query] of options) {
  scenario(`with ${what}`, async (world) => {
    await world.ask('POST', world.path({ query }), { body: world.bucket('optional') });
    await world.ask('POST', world.path({ query }), { body: '{"half":' });
    await world.ask('GET', world.path({ name: 'optional' }));
  });
}

scenario('a dry run, and the object after it', async (world) => {
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  const body = world.bucket('dry');
  body.spec['writeConnectionSecretToRef'] = { name: 'dry-secret' };
  await world.ask('POST', world.path({ query: 'dryRun=All' }), { body });
  await world.ask('GET', world.path({ name: 'dry' }));
  await world.ask('GET', `/api/v1/namespaces/${world.namespace}/secrets/dry-secret`);
  await world.givenBucket('wet');
  await world.ask('POST', world.path({ query: 'dryRun=All' }), { body: world.bucket('wet') });
  await opened.take(1);
  world.closeWatch(opened);
});

scenario('an object whose name is being deleted', async (world) => {
  await world.givenBucket('going', { finalizers: ['example.org/guard'] });
  await world.ask('DELETE', world.path({ name: 'going' }));
  await world.ask('POST', world.path(), { body: world.bucket('going') });
});

scenario('the same name in two namespaces', async (world) => {
  await world.ask('POST', world.path(), { body: world.bucket('twin') });
  await world.ask('POST', world.path({ namespace: world.otherNamespace }), {
    body: world.bucket('twin', { namespace: world.otherNamespace }),
  });
  await world.ask('GET', world.path({ namespace: null }));
});

scenario('in an old version', async (world) => {
  const path = world.path({ plural: 'databases', version: 'v1beta1' });
  const body = { ...world.database('old'), apiVersion: `${world.group}/v1beta1` };
  await world.ask('POST', path, { body });
  await world.ask('POST', path, { body: world.database('new') });
  await world.ask('POST', path, { body: { ...body, metadata: { name: 'Old_' } } });
  await world.ask('GET', world.path({ plural: 'databases', name: 'old' }));
});
