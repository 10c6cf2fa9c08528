import { area } from '../scenario.ts';
import { givenRich, settings, type } from './json-patch.ts';

export const jsonPatchRequests = area('json patch');
const { scenario } = jsonPatchRequests;

scenario('the whole object replaced by itself', async (world) => {
  const version = await givenRich(world);
  const object = await world.given('GET', world.path({ name: 'rich' }));
  await world.ask('PATCH', world.path({ name: 'rich' }), {
    type,
    body: [
      { op: 'test', path: '/metadata/resourceVersion', value: version },
      { op: 'replace', path: '', value: { ...object, spec: { parameters: { size: 'large' } } } },
    ],
  });
  await world.ask('PATCH', world.path({ name: 'rich' }), {
    type,
    body: [{ op: 'test', path: '/metadata/resourceVersion', value: version }],
  });
});

scenario('bodies that are no patch', async (world) => {
  await givenRich(world);
  const bodies = [
    'null',
    '[null]',
    '{}',
    '[]',
    '"patch"',
    '17',
    '[[]]',
    '["x"]',
    '[{}]',
    '[{"op":"add"}]',
    '[{"path":"/spec"}]',
    '[{"op":null,"path":"/spec"}]',
    '[{"op":0,"path":"/spec","value":{}}]',
    '[{"op":"ADD","path":"/spec/parameters/note","value":"x"}]',
    '[{"op":"merge","path":"/spec/parameters/note","value":"x"}]',
    '[{"op":"add","path":null,"value":"x"}]',
    '[{"op":"add","path":5,"value":"x"}]',
    '[{"op":"add","path":"/spec/parameters/note"}]',
    '[{"op":"replace","path":"/spec/parameters/note"}]',
    '[{"op":"test","path":"/spec/parameters/size"}]',
    '[{"op":"copy","path":"/spec/parameters/note"}]',
    '[{"op":"move","path":"/spec/parameters/note"}]',
    '[{"op":"copy","from":1,"path":"/spec/parameters/note"}]',
    '[{"op":"add","path":"/metadata/labels/x"}]',
    '[{"op":"test","path":"/metadata/labels/team"}]',
    '[{"op":"copy","path":"/metadata/labels/x"}]',
    '[{"op":"add","path":"/metadata/labels/x","value":"1","more":true}]',
    '[{"op":"remove","op":"add","path":"/metadata/labels/x","value":"1"}]',
    '[{"op":"add","path":"/spec/parameters/note","value":"1","more":true}]',
    '[{"op":"remove","op":"add","path":"/spec/parameters/note","value":"2"}]',
    '[{"op":"add","path":"/spec/parameters/note","value":"1","value":"2"}]',
    '[{"op":"add","path":"/spec/parameters/settings/x","value":{"a":1,"a":2}}]',
    '',
    ' ',
    '[',
    '[{"op":"add",}]',
    '[] []',
    'op: add',
    '[{"op":"add","path":"/spec/parameters/note","value":"\u0001"}]',
  ];
  for (const body of bodies) await world.ask('PATCH', world.path({ name: 'rich' }), { type, body });
  await world.ask('GET', world.path({ name: 'rich' }));
});

for (const fieldValidation of ['Strict', 'Warn', 'Ignore', 'Sometimes', '']) {
  scenario(`fieldValidation "${fieldValidation}"`, async (world) => {
    await givenRich(world);
    const path = world.path({ name: 'rich', query: { fieldValidation } });
    const bodies = [
      '[{"op":"add","path":"/spec/parameters/note","value":"fine"}]',
      '[{"op":"add","path":"/spec/parameters/note","value":"1","more":true}]',
      '[{"op":"add","path":"/spec/parameters/note","value":"1","value":"2"}]',
      '[{"op":"add","path":"/spec/parameters/unknown","value":"1"}]',
      '[{"op":"add","path":"/spec/parameters/settings/any","value":{"a":1,"a":2}}]',
      '[{"op":"add","path":"/unknown","value":"1"}]',
      '[{"op":"add","path":"/metadata/unknown","value":"1"}]',
      '[{"op":"add","path":"/metadata/labels/a","value":"1","more":true},{"op":"add","path":"/spec/unknown","value":1}]',
      '[{"op":"add","path":"/metadata/labels","value":{"a":"1","a":"2"}}]',
      '[{"op":"add","path":"/spec/unknown","value":1},{"op":"add","path":"/spec/other","value":1}]',
    ];
    for (const body of bodies) await world.ask('PATCH', path, { type, body });
    await world.ask('GET', world.path({ name: 'rich' }));
  });
}

function many(count: number, path: string): unknown[] {
  return Array.from({ length: count }, (_, at) => ({ op: 'add', path, value: `n${at}` }));
}

scenario('as many operations as may be, and one more', async (world) => {
  await givenRich(world);
  for (const path of ['/spec/parameters/note', '/metadata/labels/count'])
    for (const count of [10_000, 10_001])
      await world.ask('PATCH', world.path({ name: 'rich' }), { type, body: many(count, path) });
});

scenario('copies of copies', async (world) => {
  await givenRich(world);
  const base = { op: 'add', path: '/metadata/annotations', value: { a: 'x'.repeat(1000) } };
  const copies = Array.from({ length: 20 }, (_, at) => ({
    op: 'copy',
    from: '/metadata/annotations',
    path: `/metadata/annotations/a${at}`,
  }));
  await world.ask('PATCH', world.path({ name: 'rich' }), { type, body: [base, ...copies] });
  const inSpec = copies.map(({ op }, at) => ({ op, from: settings, path: `${settings}/a${at}` }));
  await world.ask('PATCH', world.path({ name: 'rich' }), { type, body: inSpec });
  await world.ask('GET', world.path({ name: 'rich' }));
});

scenario('objects that are not there, or on their way out', async (world) => {
  const body = [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }];
  const spec = [{ op: 'replace', path: '/spec/parameters/size', value: 'large' }];
  await world.ask('PATCH', world.path({ name: 'none' }), { type, body });
  await world.ask('PATCH', world.path({ name: 'none' }), { type, body: 'no json' });
  await world.ask('PATCH', world.path({ name: 'none', namespace: 'nowhere' }), { type, body: spec });
  await givenRich(world);
  await world.ask('PATCH', world.path({ name: 'rich', namespace: world.otherNamespace }), {
    type,
    body: spec,
  });
  await world.given('DELETE', world.path({ name: 'rich' }));
  await world.ask('PATCH', world.path({ name: 'rich' }), { type, body });
  await world.ask('PATCH', world.path({ name: 'rich' }), { type, body: spec });
  await world.ask('PATCH', world.path({ name: 'rich' }), {
    type,
    body: [{ op: 'add', path: '/metadata/finalizers/-', value: 'example.org/late' }],
  });
  await world.ask('PATCH', world.path({ name: 'rich' }), {
    type,
    body: [{ op: 'remove', path: '/metadata/deletionTimestamp' }],
  });
  await world.ask('PATCH', world.path({ name: 'rich' }), {
    type,
    body: [{ op: 'remove', path: '/metadata/finalizers' }],
  });
  await world.ask('GET', world.path({ name: 'rich' }));
});

scenario('the status subresource', async (world) => {
  await givenRich(world);
  const path = world.path({ name: 'rich', subresource: 'status' });
  const bodies = [
    [{ op: 'add', path: '/status', value: { note: 'made' } }],
    [{ op: 'replace', path: '/status/note', value: 'changed' }],
    [{ op: 'replace', path: '/status/note', value: 5 }],
    [{ op: 'test', path: '/status/note', value: 'changed' }],
    [{ op: 'test', path: '/status/note', value: 'other' }],
    [{ op: 'replace', path: '/spec/parameters/size', value: 'large' }],
    [{ op: 'replace', path: '/metadata/labels', value: { ignored: 'yes' } }],
    [{ op: 'add', path: '/metadata/labels/one', value: 'ignored' }],
    [{ op: 'remove', path: '/metadata/ownerReferences' }],
    [{ op: 'replace', path: '/metadata/name', value: 'poor' }],
    [{ op: 'remove', path: '/status' }],
    [{ op: 'remove', path: '/status' }],
  ];
  for (const body of bodies) await world.ask('PATCH', path, { type, body });
  await world.ask('GET', world.path({ name: 'rich' }));
});

scenario('options', async (world) => {
  await givenRich(world);
  const body = [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }];
  const spec = [{ op: 'replace', path: '/spec/parameters/size', value: 'large' }];
  const queries = [
    'dryRun=All',
    'dryRun=Some',
    'dryRun=',
    'force=true',
    'force=junk',
    'fieldManager=zoe',
    'fieldManager=',
    `fieldManager=${'m'.repeat(129)}`,
    'fieldManager=%00',
    'timeout=5s',
    'pretty=true',
    'unknown=option',
  ];
  for (const query of queries) {
    await world.ask('PATCH', world.path({ name: 'rich', query }), { type, body });
    await world.ask('PATCH', world.path({ name: 'rich', query }), { type, body: spec });
  }
  await world.ask('GET', world.path({ name: 'rich' }));
});

scenario('rules of a schema', async (world) => {
  await world.givenDatabase('rules', { labels: { a: 'b' } });
  const path = world.path({ plural: 'databases', name: 'rules' });
  const bodies = [
    [{ op: 'replace', path: '/spec/engine', value: 'mysql' }],
    [{ op: 'replace', path: '/spec/replicas', value: 101 }],
    [{ op: 'replace', path: '/spec/replicas', value: 'two' }],
    [{ op: 'remove', path: '/spec/replicas' }],
    [
      { op: 'replace', path: '/spec/replicas', value: 3 },
      { op: 'remove', path: '/metadata/labels' },
    ],
    [{ op: 'add', path: '/spec/users', value: [{ name: 'a' }, { name: 'a' }] }],
    [{ op: 'add', path: '/spec/users', value: [{ name: 'a' }, { name: 'b', role: 'writer' }] }],
    [
      { op: 'remove', path: '/spec/users/0' },
      { op: 'test', path: '/spec/users/0/role', value: 'writer' },
    ],
    [
      { op: 'replace', path: '/spec/engine', value: 'mysql' },
      { op: 'add', path: '/metadata/labels', value: {} },
    ],
  ];
  for (const body of bodies) await world.ask('PATCH', path, { type, body });
  await world.ask('GET', path);
});
