import { area, type OracleObject, type RequestOptions, type World } from '../scenario.ts';

export const status = area('status');
const { scenario } = status;

const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';

const condition = {
  type: 'Ready',
  status: 'True',
  reason: 'Available',
  lastTransitionTime: '2024-01-02T03:04:05Z',
};

function pathOf(world: World, name: string, query: string | Record<string, string> = ''): string {
  return world.path({ name, subresource: 'status', query });
}

function given(world: World, name = 'main'): Promise<OracleObject> {
  return world.givenBucket(name, {
    labels: { team: 'red' },
    annotations: { 'example.org/note': 'mine' },
    finalizers: ['example.org/hold'],
  });
}

scenario('given on create is dropped', async (world) => {
  await world.ask('POST', world.path(), { body: { ...world.bucket('main'), status: { note: 'early' } } });
});

scenario('replaced', async (world) => {
  const created = await given(world);
  await world.ask('PUT', pathOf(world, 'main'), {
    body: { ...created, status: { conditions: [condition] } },
  });
  await world.ask('GET', world.path({ name: 'main' }));
  await world.ask('GET', pathOf(world, 'main'));
});

scenario('replaced, with changes of everything else', async (world) => {
  const created = await given(world);
  await world.ask('PUT', pathOf(world, 'main'), {
    body: {
      ...created,
      metadata: {
        ...created.metadata,
        labels: { team: 'blue', more: 'yes' },
        annotations: { 'example.org/other': 'x' },
        finalizers: ['example.org/another'],
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '11111111-1111-1111-1111-111111111111' },
        ],
      },
      spec: { parameters: { size: 'large' } },
      status: { note: 'written' },
      extra: 1,
    },
  });
  await world.ask('GET', world.path({ name: 'main' }));
});

scenario('replaced with a spec that the schema refuses', async (world) => {
  const created = await given(world);
  await world.ask('PUT', pathOf(world, 'main'), {
    body: { ...created, spec: { parameters: { size: 'huge' } } },
  });
  await world.ask('PUT', pathOf(world, 'main'), {
    body: { ...created, spec: undefined, status: { note: 'x' } },
  });
  await world.ask('PUT', pathOf(world, 'main'), { body: { ...created, status: { note: 5 } } });
  await world.ask('PUT', pathOf(world, 'main'), {
    body: { ...created, status: { conditions: [{ type: 'Ready' }] } },
  });
});

scenario('replaced without a status', async (world) => {
  const created = await given(world);
  await world.given('PUT', pathOf(world, 'main'), { body: { ...created, status: { note: 'x' } } });
  const { status: _, ...rest } = await world.given('GET', world.path({ name: 'main' }));
  await world.ask('PUT', pathOf(world, 'main'), { body: rest });
  await world.ask('GET', world.path({ name: 'main' }));
});

scenario('a change of the object leaves it alone', async (world) => {
  const created = await given(world);
  const updated = await world.given('PUT', pathOf(world, 'main'), {
    body: { ...created, status: { note: 'kept' } },
  });
  await world.ask('PUT', world.path({ name: 'main' }), { body: { ...updated, status: { note: 'lost' } } });
  await world.ask('PATCH', world.path({ name: 'main' }), { type: merge, body: { status: { note: 'lost' } } });
  await world.ask('PATCH', world.path({ name: 'main' }), { type: merge, body: { status: null } });
});

scenario('conflicts', async (world) => {
  const created = await given(world);
  await world.given('PUT', pathOf(world, 'main'), { body: { ...created, status: { note: 'first' } } });
  await world.ask('PUT', pathOf(world, 'main'), { body: { ...created, status: { note: 'second' } } });
  const { metadata, ...rest } = created;
  const { resourceVersion: _, ...unversioned } = metadata;
  await world.ask('PUT', pathOf(world, 'main'), { body: { ...rest, metadata: unversioned } });
  await world.ask('PUT', pathOf(world, 'main'), {
    body: { ...rest, metadata: { ...unversioned, resourceVersion: metadata.resourceVersion, uid: 'other' } },
  });
  await world.ask('PATCH', pathOf(world, 'main'), {
    type: merge,
    body: { metadata: { resourceVersion: '1' }, status: { note: 'third' } },
  });
  await world.ask('PATCH', pathOf(world, 'main'), {
    type: merge,
    body: { metadata: { uid: '11111111-1111-1111-1111-111111111111' }, status: { note: 'third' } },
  });
});

scenario('replaced by a body that is wrong', async (world) => {
  const created = await given(world);
  const bodies: unknown[] = [
    { ...created, metadata: { ...created.metadata, name: 'other' } },
    { ...created, metadata: { ...created.metadata, name: '' } },
    { ...created, metadata: { ...created.metadata, namespace: world.otherNamespace } },
    { ...created, kind: 'Database' },
    { ...created, apiVersion: `${world.group}/v2` },
    { ...created, apiVersion: undefined },
    { ...created, status: 'good' },
    { ...created, status: [] },
    '{',
    '[]',
    '',
  ];
  for (const body of bodies) await world.ask('PUT', pathOf(world, 'main'), { body });
});

scenario('patched', async (world) => {
  await given(world);
  const patches: RequestOptions[] = [
    { type: merge, body: { status: { note: 'one' } } },
    { type: merge, body: { status: { note: 'two' }, spec: { parameters: { size: 'large' } } } },
    { type: merge, body: { status: { unknown: 'x' } } },
    { type: merge, body: { status: { note: null } } },
    { type: merge, body: { status: { conditions: [condition] } } },
    { type: merge, body: { metadata: { labels: { team: 'blue' }, annotations: { a: 'b' } } } },
    { type: merge, body: { metadata: { finalizers: null } } },
    { type: merge, body: { metadata: { labels: null } } },
    { type: merge, body: {} },
    { type: json, body: [{ op: 'add', path: '/status/note', value: 'three' }] },
    { type: json, body: [{ op: 'test', path: '/metadata/name', value: 'main' }] },
    { type: json, body: [{ op: 'remove', path: '/metadata/labels' }] },
    {
      type: json,
      body: [
        { op: 'replace', path: '/status/conditions/0/reason', value: 'Creating' },
        { op: 'replace', path: '/spec/parameters/size', value: 'medium' },
      ],
    },
    { type: json, body: [] },
    { type: merge, body: { status: null } },
  ];
  for (const patch of patches) await world.ask('PATCH', pathOf(world, 'main'), patch);
});

scenario('patched by what is wrong', async (world) => {
  await given(world);
  const patches: RequestOptions[] = [
    { type: merge, body: { status: 'good' } },
    { type: merge, body: { status: { note: 5 } } },
    { type: merge, body: { metadata: { name: 'other' } } },
    { type: merge, body: { metadata: { namespace: world.otherNamespace } } },
    { type: merge, body: '{' },
    { type: json, body: [{ op: 'replace', path: '/status/note', value: 'x' }] },
    { type: json, body: [{ op: 'test', path: '/spec/parameters/size', value: 'large' }] },
    { type: json, body: {} },
    { type: 'application/strategic-merge-patch+json', body: {} },
    { type: 'text/plain', body: 'x' },
  ];
  for (const patch of patches) await world.ask('PATCH', pathOf(world, 'main'), patch);
});

scenario('applied', async (world) => {
  await given(world);
  const applied = (body: object, metadata: object = { name: 'main' }): RequestOptions => ({
    type: apply,
    body: { apiVersion: `${world.group}/v1`, kind: 'Bucket', metadata, ...body },
  });
  const by = (fieldManager: string, more: Record<string, string> = {}): string =>
    pathOf(world, 'main', { fieldManager, ...more });
  await world.ask('PATCH', by('one'), applied({ status: { note: 'mine' } }));
  await world.ask('PATCH', by('two'), applied({ status: { note: 'ours' } }));
  await world.ask('PATCH', by('two', { force: 'true' }), applied({ status: { note: 'ours' } }));
  await world.ask('PATCH', by('one'), applied({ status: { conditions: [condition] } }));
  await world.ask(
    'PATCH',
    by('three'),
    applied({ status: { conditions: [{ ...condition, type: 'Synced' }] } }),
  );
  await world.ask('PATCH', by('one'), applied({ spec: { parameters: { size: 'large' } } }));
  await world.ask('PATCH', by('one'), applied({}, { name: 'main', labels: { team: 'blue' } }));
  await world.ask('PATCH', by('one'), applied({ status: {} }, { name: 'other' }));
  await world.ask('PATCH', pathOf(world, 'main'), applied({ status: {} }));
  await world.ask(
    'PATCH',
    pathOf(world, 'gone', 'fieldManager=one'),
    applied({ status: {} }, { name: 'gone' }),
  );
  await world.ask('GET', world.path({ name: 'main' }));
});

for (const fieldValidation of ['Strict', 'Warn', 'Ignore']) {
  scenario(`with unknown and duplicate fields, ${fieldValidation}`, async (world) => {
    const created = await given(world);
    const query = { fieldValidation };
    await world.ask('PATCH', pathOf(world, 'main', query), {
      type: merge,
      body: '{"status":{"note":"a","note":"b","odd":1}}',
    });
    const body = JSON.stringify({ ...created, status: { note: 'c', odd: { deep: 1 } } });
    await world.ask('PUT', pathOf(world, 'main', query), {
      body: body.replace('"note":"c"', '"note":"c","note":"d"'),
    });
  });
}

scenario('read in every form', async (world) => {
  const created = await given(world);
  await world.given('PUT', pathOf(world, 'main'), {
    body: { ...created, status: { conditions: [condition] } },
  });
  for (const accept of [
    'application/json',
    '*/*',
    table,
    `${table},application/json`,
    partial,
    `${partial},application/json`,
    'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    'text/html',
  ])
    await world.ask('GET', pathOf(world, 'main'), { accept });
  for (const includeObject of ['None', 'Metadata', 'Object'])
    await world.ask('GET', pathOf(world, 'main', { includeObject }), { accept: table });
  await world.ask('HEAD', pathOf(world, 'main'));
  await world.ask('GET', pathOf(world, 'main', 'resourceVersion=0'));
});

scenario('written, and shown in other forms', async (world) => {
  const created = await given(world);
  for (const [at, accept] of [table, partial].entries()) {
    await world.ask('PATCH', pathOf(world, 'main'), {
      type: merge,
      accept,
      body: { status: { note: `n${at}` } },
    });
    const { resourceVersion: _, ...metadata } = created.metadata;
    const { metadata: live } = await world.given('GET', world.path({ name: 'main' }));
    const body = { ...created, metadata: { ...metadata, resourceVersion: live.resourceVersion } };
    await world.ask('PUT', pathOf(world, 'main'), { accept, body: { ...body, status: { note: `m${at}` } } });
  }
});

scenario('of an object that is not there', async (world) => {
  await world.ask('GET', pathOf(world, 'gone'));
  await world.ask('PUT', pathOf(world, 'gone'), { body: { ...world.bucket('gone'), status: {} } });
  await world.ask('PATCH', pathOf(world, 'gone'), { type: merge, body: { status: {} } });
  await world.ask('PATCH', pathOf(world, 'gone'), { type: json, body: [] });
  await world.ask('GET', world.path({ namespace: 'nowhere', name: 'gone', subresource: 'status' }));
});

scenario('with methods that it does not have', async (world) => {
  await given(world);
  await world.ask('POST', pathOf(world, 'main'), { body: world.bucket('main') });
  await world.ask('DELETE', pathOf(world, 'main'));
  await world.ask('DELETE', pathOf(world, 'gone'));
  await world.ask('GET', pathOf(world, 'main', 'watch=true'));
  await world.ask('GET', `/apis/${world.group}/v1/watch/namespaces/${world.namespace}/buckets/main/status`);
  await world.ask('GET', `/apis/${world.group}/v1/buckets/main/status`);
  await world.ask('PUT', `/apis/${world.group}/v1/buckets/main/status`, { body: {} });
});

scenario('dry run', async (world) => {
  const created = await given(world);
  await world.ask('PUT', pathOf(world, 'main', 'dryRun=All'), {
    body: { ...created, status: { note: 'x' } },
  });
  await world.ask('PATCH', pathOf(world, 'main', 'dryRun=All'), {
    type: merge,
    body: { status: { note: 'x' } },
  });
  await world.ask('PATCH', pathOf(world, 'main', 'dryRun=All&fieldManager=me'), {
    type: apply,
    body: {
      apiVersion: `${world.group}/v1`,
      kind: 'Bucket',
      metadata: { name: 'main' },
      status: { note: 'y' },
    },
  });
  await world.ask('GET', world.path({ name: 'main' }));
});

scenario('with a field manager of its own', async (world) => {
  const created = await given(world);
  await world.ask('PUT', pathOf(world, 'main', 'fieldManager=controller'), {
    body: { ...created, status: { note: 'x' } },
  });
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=other'), {
    type: merge,
    body: { status: { note: 'y' } },
  });
  const { metadata } = await world.given('GET', world.path({ name: 'main' }));
  await world.ask('PATCH', pathOf(world, 'main'), {
    type: merge,
    body: { metadata: { managedFields: [{}], resourceVersion: metadata.resourceVersion } },
  });
});

scenario('seen by a watch', async (world) => {
  const created = await given(world);
  const opened = await world.watch(
    world.path({ query: `watch=true&resourceVersion=${created.metadata.resourceVersion}` }),
  );
  await world.given('PUT', pathOf(world, 'main'), { body: { ...created, status: { note: 'x' } } });
  await world.given('PATCH', pathOf(world, 'main'), { type: merge, body: { status: { note: 'y' } } });
  await opened.take(2);
  world.closeWatch(opened);
});

scenario('with a secret reference in the spec', async (world) => {
  const created = await world.given('POST', world.path(), {
    body: {
      ...world.bucket('main'),
      spec: { parameters: { size: 'small' }, writeConnectionSecretToRef: { name: 'my-secret' } },
    },
  });
  await world.ask('PUT', pathOf(world, 'main'), { body: { ...created, status: { note: 'x' } } });
  await world.ask('PATCH', pathOf(world, 'main'), {
    type: merge,
    body: { spec: { writeConnectionSecretToRef: { name: 'another' } }, status: { note: 'y' } },
  });
  await world.ask('GET', world.path({ name: 'main' }));
});
