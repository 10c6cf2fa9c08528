import { area, type World } from '../scenario.ts';

export const jsonPatch = area('json patch');
const { scenario } = jsonPatch;

export const type = 'application/json-patch+json';

/** A bucket with something to patch in every mapped field. */
export async function givenRich(world: World, name = 'rich'): Promise<string> {
  const made = await world.given('POST', world.path(), {
    body: {
      ...world.bucket(name, {
        labels: { team: 'blue', 'example.org/tier': 'gold' },
        annotations: { 'example.org/note': 'a "note"', plain: 'text' },
        finalizers: ['example.org/first'],
        ownerReferences: [owner('one')],
      }),
      spec: {
        parameters: {
          size: 'small',
          count: 7,
          settings: { list: ['a', 'b', 'c'], 'a/b': 1, 'a~b': 2 },
        },
        writeConnectionSecretToRef: { name: 'credentials' },
      },
    },
  });
  return made.metadata.resourceVersion as string;
}

function owner(name: string): object {
  const uid = { one: '11111111-1111-4111-8111-111111111111', two: '22222222-2222-4222-8222-222222222222' }[
    name
  ];
  // Of a kind that no cluster has: the collector leaves what it cannot look up alone.
  return { apiVersion: 'example.org/v1', kind: 'Team', name, uid };
}

/** One operation per scenario step, each on a fresh object; afterwards the object is read. */
function steps(title: string, patches: Record<string, unknown>): void {
  for (const [what, body] of Object.entries(patches)) {
    scenario(`${title}: ${what}`, async (world) => {
      await givenRich(world);
      await world.ask('PATCH', world.path({ name: 'rich' }), { type, body });
      await world.ask('GET', world.path({ name: 'rich' }));
    });
  }
}

export const settings = '/spec/parameters/settings';

steps('spec', {
  'replace a value': [{ op: 'replace', path: '/spec/parameters/size', value: 'large' }],
  'replace all of it': [{ op: 'replace', path: '/spec', value: { parameters: { size: 'large' } } }],
  'replace all of it, secret and all': [
    {
      op: 'replace',
      path: '/spec',
      value: { parameters: { size: 'large' }, writeConnectionSecretToRef: { name: 'others' } },
    },
  ],
  'remove all of it': [{ op: 'remove', path: '/spec' }],
  'make it null': [{ op: 'replace', path: '/spec', value: null }],
  'add a member': [{ op: 'add', path: '/spec/parameters/note', value: 'added' }],
  'add a value of the wrong type': [{ op: 'add', path: '/spec/parameters/note', value: 7 }],
  'a value that is not allowed': [{ op: 'replace', path: '/spec/parameters/size', value: 'huge' }],
  'move a member': [{ op: 'move', from: '/spec/parameters/count', path: `${settings}/count` }],
  'copy a member': [{ op: 'copy', from: `${settings}/list`, path: `${settings}/again` }],
  'test a member': [
    { op: 'test', path: '/spec/parameters/size', value: 'small' },
    { op: 'test', path: `${settings}/list`, value: ['a', 'b', 'c'] },
    { op: 'test', path: `${settings}/nothing`, value: null },
    { op: 'add', path: '/spec/parameters/note', value: 'tested' },
  ],
  'test a number': [{ op: 'test', path: '/spec/parameters/count', value: 7 }],
  'test another number': [{ op: 'test', path: '/spec/parameters/count', value: 8 }],
  'large numbers':
    '[{"op":"replace","path":"/spec/parameters/count","value":9007199254740993},{"op":"test","path":"/spec/parameters/count","value":9007199254740993},{"op":"remove","path":"/metadata/labels/team"}]',
  'a number with a fraction of zero': [{ op: 'add', path: `${settings}/number`, value: 1.5 }],
  'a test that fails': [
    { op: 'test', path: '/spec/parameters/size', value: 'large' },
    { op: 'add', path: '/spec/parameters/note', value: 'untested' },
  ],
  'remove what is missing': [{ op: 'remove', path: '/spec/parameters/note' }],
  'replace what is missing': [{ op: 'replace', path: '/spec/parameters/note', value: 'there' }],
  'add below what is missing': [{ op: 'add', path: '/spec/parameters/nested/deeper/leaf', value: 'x' }],
  'add below a string': [{ op: 'add', path: '/spec/parameters/size/leaf', value: 'x' }],
  'test below what is missing': [{ op: 'test', path: '/spec/parameters/nested/deeper', value: null }],
  'move from what is missing': [{ op: 'move', from: '/spec/parameters/note', path: `${settings}/note` }],
  'copy from what is missing': [{ op: 'copy', from: '/spec/parameters/note', path: `${settings}/note` }],
  'a member that no schema knows': [{ op: 'add', path: '/spec/parameters/unknown', value: 1 }],
  'escapes of slash and tilde': [
    { op: 'replace', path: `${settings}/a~1b`, value: 3 },
    { op: 'replace', path: `${settings}/a~0b`, value: 4 },
    { op: 'add', path: `${settings}/~01`, value: 5 },
    { op: 'add', path: `${settings}/a~2b~`, value: 6 },
  ],
  'an empty key': [{ op: 'add', path: `${settings}/`, value: 'empty' }],
  'a path without a slash': [{ op: 'add', path: 'spec', value: {} }],
  'a path with words before the slash': [{ op: 'add', path: 'x/spec/parameters/note', value: 'odd' }],
  'a path that ends in a slash': [{ op: 'add', path: '/spec/parameters/note/', value: 'x' }],
});

for (const at of ['0', '1', '3', '4', '-', '-1', '-3', '-4', '-5', '+1', '01', '1e0', 'x', '']) {
  steps(`array index "${at}"`, {
    add: [{ op: 'add', path: `${settings}/list/${at}`, value: 'new' }],
    'replace and remove': [
      { op: 'replace', path: `${settings}/list/${at === '3' ? '2' : at}`, value: 'new' },
      { op: 'remove', path: `${settings}/list/${at === '3' ? '0' : at}` },
    ],
    test: [{ op: 'test', path: `${settings}/list/${at}`, value: 'b' }],
  });
}

steps('labels', {
  'add one': [{ op: 'add', path: '/metadata/labels/new', value: 'label' }],
  'replace one': [{ op: 'replace', path: '/metadata/labels/team', value: 'red' }],
  'remove one': [{ op: 'remove', path: '/metadata/labels/team' }],
  'remove one with an escape': [{ op: 'remove', path: '/metadata/labels/example.org~1tier' }],
  'remove a missing one': [{ op: 'remove', path: '/metadata/labels/none' }],
  'replace all': [{ op: 'replace', path: '/metadata/labels', value: { only: 'this' } }],
  'remove all': [{ op: 'remove', path: '/metadata/labels' }],
  'make them empty': [{ op: 'add', path: '/metadata/labels', value: {} }],
  'make them null': [{ op: 'add', path: '/metadata/labels', value: null }],
  'make one null': [{ op: 'add', path: '/metadata/labels/team', value: null }],
  'make one a number': [{ op: 'add', path: '/metadata/labels/team', value: 7 }],
  'make them a list': [{ op: 'add', path: '/metadata/labels', value: ['a'] }],
  'an invalid value': [{ op: 'add', path: '/metadata/labels/team', value: 'not a label!' }],
  'an invalid key': [{ op: 'add', path: '/metadata/labels/not a key', value: 'x' }],
  'test all': [
    { op: 'test', path: '/metadata/labels', value: { 'example.org/tier': 'gold', team: 'blue' } },
    { op: 'add', path: '/metadata/labels/tested', value: 'yes' },
  ],
  'test all and fail': [{ op: 'test', path: '/metadata/labels', value: { team: 'blue' } }],
  'copy to annotations': [{ op: 'copy', from: '/metadata/labels', path: '/metadata/annotations' }],
});

steps('annotations', {
  'add one': [{ op: 'add', path: '/metadata/annotations/new', value: 'annotation' }],
  'replace one': [{ op: 'replace', path: '/metadata/annotations/plain', value: 'other' }],
  'remove one': [{ op: 'remove', path: '/metadata/annotations/example.org~1note' }],
  'replace all': [{ op: 'replace', path: '/metadata/annotations', value: { only: 'this' } }],
  'remove all': [{ op: 'remove', path: '/metadata/annotations' }],
  'make one a boolean': [{ op: 'add', path: '/metadata/annotations/plain', value: true }],
  'an invalid key': [{ op: 'add', path: '/metadata/annotations/-', value: 'x' }],
  'test one': [
    { op: 'test', path: '/metadata/annotations/example.org~1note', value: 'a "note"' },
    { op: 'remove', path: '/metadata/annotations/example.org~1note' },
  ],
});

steps('metadata', {
  'remove it': [{ op: 'remove', path: '/metadata' }],
  'make it empty': [{ op: 'replace', path: '/metadata', value: {} }],
  'make it null': [{ op: 'replace', path: '/metadata', value: null }],
  'make it a string': [{ op: 'replace', path: '/metadata', value: 'metadata' }],
  'make it the name alone': [{ op: 'replace', path: '/metadata', value: { name: 'rich' } }],
  'the same name': [{ op: 'replace', path: '/metadata/name', value: 'rich' }],
  'another name': [{ op: 'replace', path: '/metadata/name', value: 'poor' }],
  'no name': [{ op: 'remove', path: '/metadata/name' }],
  'an empty name': [{ op: 'replace', path: '/metadata/name', value: '' }],
  'a number for a name': [{ op: 'replace', path: '/metadata/name', value: 5 }],
  'test the name': [
    { op: 'test', path: '/metadata/name', value: 'rich' },
    { op: 'add', path: '/spec/parameters/note', value: 'named' },
  ],
  'test another name': [{ op: 'test', path: '/metadata/name', value: 'poor' }],
  'copy the name into the spec': [{ op: 'copy', from: '/metadata/name', path: '/spec/parameters/note' }],
  'move the name into the spec': [{ op: 'move', from: '/metadata/name', path: '/spec/parameters/note' }],
  'another namespace': [{ op: 'replace', path: '/metadata/namespace', value: 'default' }],
  'no namespace': [{ op: 'remove', path: '/metadata/namespace' }],
  'another uid': [{ op: 'replace', path: '/metadata/uid', value: '99999999-9999-4999-8999-999999999999' }],
  'no uid': [{ op: 'remove', path: '/metadata/uid' }],
  'an empty uid': [{ op: 'replace', path: '/metadata/uid', value: '' }],
  'another resourceVersion': [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }],
  'no resourceVersion': [{ op: 'remove', path: '/metadata/resourceVersion' }],
  'an empty resourceVersion': [{ op: 'replace', path: '/metadata/resourceVersion', value: '' }],
  'a word for a resourceVersion': [{ op: 'replace', path: '/metadata/resourceVersion', value: 'x' }],
  'a number for a resourceVersion': [{ op: 'replace', path: '/metadata/resourceVersion', value: 1 }],
  'test another resourceVersion': [{ op: 'test', path: '/metadata/resourceVersion', value: '1' }],
  'the generation': [{ op: 'replace', path: '/metadata/generation', value: 99 }],
  'no generation': [{ op: 'remove', path: '/metadata/generation' }],
  'the creation time': [
    { op: 'replace', path: '/metadata/creationTimestamp', value: '2001-01-01T00:00:00Z' },
  ],
  'no creation time': [{ op: 'remove', path: '/metadata/creationTimestamp' }],
  'a word for the creation time': [{ op: 'replace', path: '/metadata/creationTimestamp', value: 'today' }],
  'a deletion time': [{ op: 'add', path: '/metadata/deletionTimestamp', value: '2001-01-01T00:00:00Z' }],
  'a grace period': [{ op: 'add', path: '/metadata/deletionGracePeriodSeconds', value: 5 }],
  'a generateName': [{ op: 'add', path: '/metadata/generateName', value: 'rich-' }],
  'a selfLink': [{ op: 'add', path: '/metadata/selfLink', value: '/there' }],
  'a field that no metadata has': [{ op: 'add', path: '/metadata/unknown', value: 'x' }],
  'managedFields removed': [{ op: 'remove', path: '/metadata/managedFields' }],
  'managedFields emptied': [{ op: 'replace', path: '/metadata/managedFields', value: [] }],
  'managedFields reset': [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }],
  'managedFields nulled': [{ op: 'replace', path: '/metadata/managedFields', value: null }],
  'an entry of managedFields removed': [{ op: 'remove', path: '/metadata/managedFields/0' }],
  'a manager renamed': [{ op: 'replace', path: '/metadata/managedFields/0/manager', value: 'renamed' }],
  'test a manager': [
    { op: 'test', path: '/metadata/managedFields/0/manager', value: 'oracle' },
    { op: 'remove', path: '/metadata/annotations' },
  ],
  'an owner added': [{ op: 'add', path: '/metadata/ownerReferences/-', value: owner('two') }],
  'an owner put first': [{ op: 'add', path: '/metadata/ownerReferences/0', value: owner('two') }],
  'an owner removed': [{ op: 'remove', path: '/metadata/ownerReferences/0' }],
  'an owner twice': [{ op: 'add', path: '/metadata/ownerReferences/-', value: owner('one') }],
  'owners removed': [{ op: 'remove', path: '/metadata/ownerReferences' }],
  'owners replaced': [
    { op: 'replace', path: '/metadata/ownerReferences', value: [owner('two'), owner('one')] },
  ],
  'owners emptied': [{ op: 'replace', path: '/metadata/ownerReferences', value: [] }],
  'owners nulled': [{ op: 'replace', path: '/metadata/ownerReferences', value: null }],
  'an owner changed': [{ op: 'replace', path: '/metadata/ownerReferences/0/name', value: 'renamed' }],
  'an owner without a uid': [{ op: 'remove', path: '/metadata/ownerReferences/0/uid' }],
  'a controller': [{ op: 'add', path: '/metadata/ownerReferences/0/controller', value: true }],
  'test an owner': [
    { op: 'test', path: '/metadata/ownerReferences/0/name', value: 'one' },
    { op: 'test', path: '/metadata/ownerReferences', value: [owner('one')] },
    { op: 'remove', path: '/metadata/ownerReferences' },
  ],
  'a finalizer added': [{ op: 'add', path: '/metadata/finalizers/-', value: 'example.org/second' }],
  'a finalizer of the collector': [
    { op: 'add', path: '/metadata/finalizers/-', value: 'foregroundDeletion' },
  ],
  'a finalizer of no domain': [{ op: 'add', path: '/metadata/finalizers/-', value: 'plain' }],
  'finalizers removed': [{ op: 'remove', path: '/metadata/finalizers' }],
  'one finalizer removed': [{ op: 'remove', path: '/metadata/finalizers/0' }],
  'test a finalizer': [
    { op: 'test', path: '/metadata/finalizers/0', value: 'example.org/first' },
    { op: 'remove', path: '/metadata/finalizers/0' },
  ],
});

steps('secret', {
  'another name': [{ op: 'replace', path: '/spec/writeConnectionSecretToRef/name', value: 'others' }],
  'an empty name': [{ op: 'replace', path: '/spec/writeConnectionSecretToRef/name', value: '' }],
  'no name': [{ op: 'remove', path: '/spec/writeConnectionSecretToRef/name' }],
  'a null name': [{ op: 'replace', path: '/spec/writeConnectionSecretToRef/name', value: null }],
  'a number for a name': [{ op: 'replace', path: '/spec/writeConnectionSecretToRef/name', value: 1 }],
  'no reference': [{ op: 'remove', path: '/spec/writeConnectionSecretToRef' }],
  'a null reference': [{ op: 'replace', path: '/spec/writeConnectionSecretToRef', value: null }],
  'another reference': [
    { op: 'replace', path: '/spec/writeConnectionSecretToRef', value: { name: 'others' } },
  ],
  'test the name': [
    { op: 'test', path: '/spec/writeConnectionSecretToRef/name', value: 'credentials' },
    { op: 'test', path: '/spec/writeConnectionSecretToRef', value: { name: 'credentials' } },
    { op: 'add', path: '/spec/parameters/note', value: 'tested' },
  ],
  'copy the name': [
    { op: 'copy', from: '/spec/writeConnectionSecretToRef/name', path: '/spec/parameters/note' },
  ],
});

steps('status through the main resource', {
  'add it': [{ op: 'add', path: '/status', value: { note: 'ignored' } }],
  'add below it': [{ op: 'add', path: '/status/note', value: 'no status yet' }],
  'test it': [{ op: 'test', path: '/status', value: null }],
});

steps('whole object', {
  'test it and fail': [{ op: 'test', path: '', value: {} }],
  'replace it by nothing': [{ op: 'replace', path: '', value: {} }],
  'replace it by a list': [{ op: 'replace', path: '', value: [] }],
  'replace it by a string': [{ op: 'replace', path: '', value: 'x' }],
  'remove it': [{ op: 'remove', path: '' }],
  'add it': [{ op: 'add', path: '', value: {} }],
  'copy a part over it': [{ op: 'copy', from: '/spec', path: '' }],
  'another apiVersion': [{ op: 'replace', path: '/apiVersion', value: 'v1' }],
  'no apiVersion': [{ op: 'remove', path: '/apiVersion' }],
  'another kind': [{ op: 'replace', path: '/kind', value: 'Pail' }],
  'no kind': [{ op: 'remove', path: '/kind' }],
  'a member that no object has': [{ op: 'add', path: '/unknown', value: 'x' }],
  'remove an unknown member': [{ op: 'remove', path: '/unknown' }],
});
