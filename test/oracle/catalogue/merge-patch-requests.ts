import { area } from '../scenario.ts';
import { givenRich, type } from './merge-patch.ts';

export const mergePatchRequests = area('merge patch');
const { scenario } = mergePatchRequests;

scenario('a secret taken on and given up', async (world) => {
  await world.givenBucket('bare');
  const path = world.path({ name: 'bare' });
  const patches = [
    { spec: { writeConnectionSecretToRef: null } },
    { spec: { writeConnectionSecretToRef: { name: 'one' } } },
    { spec: { writeConnectionSecretToRef: { name: 'two' } } },
    { spec: { writeConnectionSecretToRef: null } },
    { metadata: { labels: { a: 'b' } } },
    { metadata: { labels: null } },
    { metadata: { annotations: { a: 'b' } } },
    { metadata: { annotations: null } },
  ];
  for (const body of patches) {
    await world.ask('PATCH', path, { type, body });
    await world.ask('GET', path);
  }
});

scenario('bodies that are no patch', async (world) => {
  await givenRich(world);
  const bodies = [
    '{}',
    'null',
    '[]',
    '[{}]',
    '"x"',
    '1',
    'true',
    '',
    ' ',
    '{',
    '{"spec":}',
    '{}{}',
    'spec: {}',
    'metadata:\n  labels: {a: b}\n',
    '{"metadata":{"labels":{"a":"b",}}}',
    "{'spec':{}}",
    '{"spec":{"parameters":{"note":"\u0001"}}}',
    '\ufeff{}',
  ];
  for (const body of bodies) await world.ask('PATCH', world.path({ name: 'rich' }), { type, body });
  for (const body of bodies.slice(1, 5))
    await world.ask('PATCH', world.path({ name: 'rich', query: 'fieldValidation=Ignore' }), { type, body });
  await world.ask('GET', world.path({ name: 'rich' }));
});

for (const fieldValidation of ['Strict', 'Warn', 'Ignore', 'Sometimes']) {
  scenario(`fieldValidation ${fieldValidation}`, async (world) => {
    await givenRich(world);
    const path = world.path({ name: 'rich', query: { fieldValidation } });
    const bodies = [
      '{"spec":{"parameters":{"note":"fine"}}}',
      '{"spec":{"parameters":{"unknown":1}}}',
      '{"spec":{"unknown":1,"other":{"deep":1}},"more":1}',
      '{"spec":{"parameters":{"note":"a","note":"b"}}}',
      '{"metadata":{"labels":{"a":"1","a":"2"}}}',
      '{"metadata":{"labels":null,"labels":{"a":"3"}}}',
      '{"metadata":{"labels":{"a":"3"},"labels":null}}',
      '{"metadata":{"unknown":1}}',
      '{"metadata":{"annotations":{"a":"1","a":"2"},"ownerReferences":null}}',
      '{"metadata":{"ownerReferences":[{"apiVersion":"example.org/v1","kind":"Team","name":"a","uid":"u","uid":"v","more":1}]}}',
      '{"spec":{},"spec":{"parameters":{"size":"large"}}}',
      '{"metadata":{},"metadata":{"labels":{"dup":"yes"}}}',
      '{"spec":{"parameters":{"settings":{"a":1,"a":2}}}}',
      '{"spec":{"parameters":{"size":"huge","unknown":1}},"metadata":{"labels":null}}',
    ];
    for (const body of bodies) await world.ask('PATCH', path, { type, body });
    await world.ask('GET', path);
  });
}

scenario('resourceVersions', async (world) => {
  const made = await world.givenBucket('versioned', { labels: { a: 'b' } });
  const { resourceVersion } = made.metadata;
  const path = world.path({ name: 'versioned' });
  const bodies = [
    { metadata: { resourceVersion }, spec: { parameters: { size: 'large' } } },
    { metadata: { resourceVersion }, spec: { parameters: { size: 'medium' } } },
    { metadata: { resourceVersion, labels: null } },
    { metadata: { labels: null } },
    { metadata: { labels: null } },
    { metadata: { uid: made.metadata.uid, labels: { c: 'd' } } },
  ];
  for (const body of bodies) await world.ask('PATCH', path, { type, body });
});

scenario('objects that are not there, or on their way out', async (world) => {
  await world.ask('PATCH', world.path({ name: 'none' }), { type, body: { spec: {} } });
  await world.ask('PATCH', world.path({ name: 'none' }), { type, body: 'no json' });
  await world.ask('PATCH', world.path({ name: 'none', query: 'dryRun=Some' }), { type, body: {} });
  await world.ask('PATCH', world.path({ name: 'Not_A_Name' }), { type, body: {} });
  await world.ask('PATCH', world.path({ name: 'none', namespace: 'nowhere' }), { type, body: {} });
  await givenRich(world);
  await world.given('DELETE', world.path({ name: 'rich' }));
  const bodies = [
    { metadata: { labels: { late: 'yes' } } },
    { metadata: { labels: null } },
    { spec: { parameters: { size: 'large' } } },
    { metadata: { finalizers: ['example.org/first', 'example.org/late'] } },
    { metadata: { deletionTimestamp: null } },
    { metadata: { ownerReferences: null } },
    { metadata: { finalizers: [] } },
  ];
  for (const body of bodies) await world.ask('PATCH', world.path({ name: 'rich' }), { type, body });
  await world.ask('GET', world.path({ name: 'rich' }));
});

scenario('the status subresource', async (world) => {
  await givenRich(world);
  const path = world.path({ name: 'rich', subresource: 'status' });
  const bodies = [
    { status: { note: 'made' } },
    { status: { note: 'made' } },
    { status: { note: 5 } },
    { status: { unknown: 5 } },
    { spec: { parameters: { size: 'large' } } },
    { spec: { writeConnectionSecretToRef: null } },
    { metadata: { labels: { ignored: 'yes' } } },
    { metadata: { annotations: { ignored: 'yes' } } },
    { metadata: { ownerReferences: null } },
    { metadata: { finalizers: null } },
    { metadata: { name: 'poor' } },
    { metadata: { resourceVersion: '1' }, status: { note: 'late' } },
    { status: null },
    { status: null },
  ];
  for (const body of bodies) await world.ask('PATCH', path, { type, body });
  await world.ask('GET', world.path({ name: 'rich' }));
  await world.ask('PATCH', world.path({ name: 'none', subresource: 'status' }), {
    type,
    body: { status: {} },
  });
  await world.ask('PATCH', world.path({ name: 'rich', subresource: 'nothing' }), { type, body: {} });
});

scenario('options', async (world) => {
  await givenRich(world);
  const queries = [
    'dryRun=All',
    'dryRun=Some',
    'dryRun=All&dryRun=All',
    'force=true',
    'force=false',
    'force=junk',
    'fieldManager=zoe',
    `fieldManager=${'m'.repeat(129)}`,
    'fieldManager=zo%0Ae',
    'resourceVersion=1',
    'timeout=junk',
  ];
  for (const query of queries) {
    for (const body of [{ metadata: { labels: null } }, { spec: { parameters: { size: 'large' } } }])
      await world.ask('PATCH', world.path({ name: 'rich', query }), { type, body });
  }
  await world.ask('GET', world.path({ name: 'rich' }));
});

scenario('media types', async (world) => {
  await givenRich(world);
  const types = [
    'application/strategic-merge-patch+json',
    'application/json',
    'application/yaml',
    'application/apply-patch+cbor',
    'application/vnd.kubernetes.protobuf',
    'application/merge-patch+yaml',
    'text/plain',
    '*/*',
    '',
    'application/merge-patch+json; charset=utf-8',
    'application/merge-patch+json;charset=latin1;x=y',
    'application/merge-patch+json ; charset=utf-8',
    'Application/Merge-Patch+JSON',
    ';application/merge-patch+json',
    'application/merge-patch+json, application/json',
    'application/json-patch+json; charset=utf-8',
  ];
  for (const sent of types) {
    const body = sent.startsWith('application/json-patch') ? [] : { metadata: { labels: { type: 'x' } } };
    await world.ask('PATCH', world.path({ name: 'rich' }), { type: sent, body });
    await world.ask('PATCH', world.path({ name: 'none' }), { type: sent, body });
  }
  await world.ask('PATCH', world.path({ name: 'rich', subresource: 'status' }), {
    type: 'application/strategic-merge-patch+json',
    body: {},
  });
  await world.ask('PATCH', world.path(), { type, body: {} });
  await world.ask('PATCH', world.path({ namespace: null }), { type, body: {} });
});

function note(length: number): object {
  return { spec: { parameters: { note: 'x'.repeat(length) } } };
}

scenario('bodies that are too large', async (world) => {
  await givenRich(world);
  await world.ask('PATCH', world.path({ name: 'rich' }), { type, body: note(3 * 1024 * 1024) });
  await world.ask('PATCH', world.path({ name: 'none' }), { type, body: note(3 * 1024 * 1024) });
  await world.ask('PATCH', world.path({ name: 'rich' }), {
    type,
    body: ' '.repeat(3 * 1024 * 1024 - 2) + '{}',
  });
  await world.ask('PATCH', world.path({ name: 'rich' }), {
    type,
    body: ' '.repeat(3 * 1024 * 1024 - 1) + '{}',
  });
});

scenario('several versions', async (world) => {
  await world.givenDatabase('two', { labels: { a: 'b' } }, { tags: ['x'] });
  const path = world.path({ plural: 'databases', version: 'v1beta1', name: 'two' });
  const bodies = [
    { spec: { replicas: 2 } },
    { metadata: { labels: null }, spec: { tags: ['y', 'x'] } },
    { apiVersion: `${world.group}/v1`, spec: { replicas: 3 } },
    { apiVersion: `${world.group}/v1`, metadata: { labels: null } },
    { apiVersion: `${world.group}/v1beta1`, metadata: { labels: { c: 'd' } } },
    { spec: { tags: ['y', 'y'] } },
    { spec: { replicas: 101 } },
    { spec: { engine: 'mysql' } },
    { spec: { engine: 'oracle', replicas: 4 }, metadata: { labels: null } },
  ];
  for (const body of bodies) await world.ask('PATCH', path, { type, body });
  await world.ask('GET', world.path({ plural: 'databases', name: 'two' }));
});
