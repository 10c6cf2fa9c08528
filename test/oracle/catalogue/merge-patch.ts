import { area, type World } from '../scenario.ts';

export const mergePatch = area('merge patch');
const { scenario } = mergePatch;

export const type = 'application/merge-patch+json';

/** A bucket with something to patch in every mapped field. */
export async function givenRich(world: World): Promise<void> {
  await world.given('POST', world.path(), {
    body: {
      ...world.bucket('rich', {
        labels: { team: 'blue', 'example.org/tier': 'gold' },
        annotations: { 'example.org/note': 'a "note"', plain: 'text' },
        finalizers: ['example.org/first'],
        ownerReferences: [owner('one')],
      }),
      spec: {
        parameters: { size: 'small', settings: { list: ['a', 'b'], map: { a: 1, b: 2 } } },
        writeConnectionSecretToRef: { name: 'credentials' },
      },
    },
  });
}

function owner(name: string): object {
  const uid = { one: '11111111-1111-4111-8111-111111111111', two: '22222222-2222-4222-8222-222222222222' }[
    name
  ];
  return { apiVersion: 'example.org/v1', kind: 'Team', name, uid };
}

/** One patch per scenario, on a fresh object; afterwards the object is read. */
function steps(title: string, patches: Record<string, unknown>): void {
  for (const [what, body] of Object.entries(patches)) {
    scenario(`${title}: ${what}`, async (world) => {
      await givenRich(world);
      await world.ask('PATCH', world.path({ name: 'rich' }), { type, body });
      await world.ask('GET', world.path({ name: 'rich' }));
    });
  }
}

steps('labels', {
  null: { metadata: { labels: null } },
  empty: { metadata: { labels: {} } },
  'one null': { metadata: { labels: { team: null } } },
  'all null': { metadata: { labels: { team: null, 'example.org/tier': null } } },
  'a missing one null': { metadata: { labels: { none: null } } },
  'one added': { metadata: { labels: { new: 'label' } } },
  'one changed, one removed': { metadata: { labels: { team: 'red', 'example.org/tier': null } } },
  'a number': { metadata: { labels: { team: 5 } } },
  'an object for a value': { metadata: { labels: { team: {} } } },
  'a list': { metadata: { labels: ['a'] } },
  'a string': { metadata: { labels: 'a' } },
  'an invalid value': { metadata: { labels: { team: 'not a label!' } } },
  'an invalid key': { metadata: { labels: { 'not a key': 'x' } } },
});

steps('annotations', {
  null: { metadata: { annotations: null } },
  empty: { metadata: { annotations: {} } },
  'one null': { metadata: { annotations: { plain: null } } },
  'all null': { metadata: { annotations: { plain: null, 'example.org/note': null } } },
  'one changed': { metadata: { annotations: { plain: 'other' } } },
  'a boolean': { metadata: { annotations: { plain: true } } },
  'a list': { metadata: { annotations: [] } },
  'an invalid key': { metadata: { annotations: { '/': 'x' } } },
  'too much': { metadata: { annotations: { big: 'x'.repeat(262_144) } } },
});

steps('metadata', {
  null: { metadata: null },
  'a string': { metadata: 'x' },
  'a list': { metadata: [] },
  empty: { metadata: {} },
  'the same name': { metadata: { name: 'rich' } },
  'another name': { metadata: { name: 'poor' } },
  'an empty name': { metadata: { name: '' } },
  'a null name': { metadata: { name: null } },
  'a number for a name': { metadata: { name: 1 } },
  'another namespace': { metadata: { namespace: 'default' } },
  'a null namespace': { metadata: { namespace: null } },
  'an empty namespace': { metadata: { namespace: '' } },
  'another uid': { metadata: { uid: '99999999-9999-4999-8999-999999999999' } },
  'a null uid': { metadata: { uid: null } },
  'an empty uid': { metadata: { uid: '' } },
  'another resourceVersion': { metadata: { resourceVersion: '1' } },
  'another resourceVersion, and labels': { metadata: { resourceVersion: '1', labels: null } },
  'a null resourceVersion': { metadata: { resourceVersion: null } },
  'an empty resourceVersion': { metadata: { resourceVersion: '' } },
  'a word for a resourceVersion': { metadata: { resourceVersion: 'x' } },
  'a number for a resourceVersion': { metadata: { resourceVersion: 1 } },
  'a generation': { metadata: { generation: 99 } },
  'a null generation': { metadata: { generation: null } },
  'a creation time': { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } },
  'a null creation time': { metadata: { creationTimestamp: null } },
  'a word for a creation time': { metadata: { creationTimestamp: 'today' } },
  'a deletion time': { metadata: { deletionTimestamp: '2001-01-01T00:00:00Z' } },
  'a generateName': { metadata: { generateName: 'rich-' } },
  'a selfLink': { metadata: { selfLink: '/there' } },
  'a field that no metadata has': { metadata: { unknown: 'x' } },
  'a field that no metadata has, and labels': { metadata: { unknown: 'x', labels: null } },
  'managedFields null': { metadata: { managedFields: null } },
  'managedFields empty': { metadata: { managedFields: [] } },
  'managedFields reset': { metadata: { managedFields: [{}] } },
  'managedFields of a word': { metadata: { managedFields: 'x' } },
  'managedFields of a number': { metadata: { managedFields: [1] } },
  'managedFields that say nothing': { metadata: { managedFields: [{ manager: 'x' }] } },
  'managedFields of an unknown operation': {
    metadata: { managedFields: [{ manager: 'x', operation: 'Other', fieldsType: 'FieldsV1', fieldsV1: {} }] },
  },
  'ownerReferences null': { metadata: { ownerReferences: null } },
  'ownerReferences empty': { metadata: { ownerReferences: [] } },
  'ownerReferences set': { metadata: { ownerReferences: [owner('two'), owner('one')] } },
  'ownerReferences twice': { metadata: { ownerReferences: [owner('two'), owner('two')] } },
  'ownerReferences without uid': { metadata: { ownerReferences: [{ ...owner('two'), uid: '' }] } },
  'ownerReferences of a word': { metadata: { ownerReferences: 'x' } },
  'two controllers': {
    metadata: {
      ownerReferences: [
        { ...owner('one'), controller: true },
        { ...owner('two'), controller: true },
      ],
    },
  },
  'finalizers null': { metadata: { finalizers: null } },
  'finalizers empty': { metadata: { finalizers: [] } },
  'finalizers set': { metadata: { finalizers: ['example.org/first', 'example.org/second'] } },
  'finalizers of the collector': { metadata: { finalizers: ['orphan', 'foregroundDeletion'] } },
  'a finalizer of no domain': { metadata: { finalizers: ['plain'] } },
  'a finalizer that is no name': { metadata: { finalizers: ['example.org/not a name'] } },
  'finalizers of numbers': { metadata: { finalizers: [1] } },
});

steps('spec', {
  null: { spec: null },
  'null, and labels': { spec: null, metadata: { labels: null } },
  empty: { spec: {} },
  'a string': { spec: 'x' },
  'parameters null': { spec: { parameters: null } },
  'a change': { spec: { parameters: { size: 'large' } } },
  'a value that is not allowed': { spec: { parameters: { size: 'huge' } } },
  'a value of the wrong type': { spec: { parameters: { note: 7 } } },
  'nulls in lists and maps': {
    spec: { parameters: { settings: { list: [null, { a: null }], map: { a: null } } } },
  },
  'nulls in lists and maps, and labels': {
    spec: {
      parameters: {
        settings: { list: [null, { a: null }], map: { a: null }, fresh: { list: [{ a: null }] } },
      },
    },
    metadata: { labels: null },
  },
  'an unknown field': { spec: { parameters: { unknown: 1 } } },
  'a large number': '{"spec":{"parameters":{"count":9007199254740993}}}',
  'a large number, and labels':
    '{"spec":{"parameters":{"count":9007199254740993}},"metadata":{"labels":null}}',
  'a fraction of zero': '{"spec":{"parameters":{"ratio":1.0}},"metadata":{"labels":null}}',
});

steps('secret', {
  'another name': { spec: { writeConnectionSecretToRef: { name: 'others' } } },
  'an empty name': { spec: { writeConnectionSecretToRef: { name: '' } } },
  'a null name': { spec: { writeConnectionSecretToRef: { name: null } } },
  'a number for a name': { spec: { writeConnectionSecretToRef: { name: 1 } } },
  null: { spec: { writeConnectionSecretToRef: null } },
  empty: { spec: { writeConnectionSecretToRef: {} } },
  'a string': { spec: { writeConnectionSecretToRef: 'x' } },
  'null, and annotations': { spec: { writeConnectionSecretToRef: null }, metadata: { annotations: null } },
  'another name, and labels': {
    spec: { writeConnectionSecretToRef: { name: 'others' } },
    metadata: { labels: null },
  },
});

steps('other members', {
  'status ignored': { status: { note: 'ignored' } },
  'status null': { status: null },
  'the same kind': { kind: 'Bucket' },
  'another kind': { kind: 'Pail' },
  'a null kind': { kind: null },
  'another apiVersion': { apiVersion: 'v1' },
  'a null apiVersion': { apiVersion: null },
  'a member that no object has': { unknown: 1 },
  'a proto': '{"__proto__":{"metadata":{"labels":null}},"constructor":1}',
});
