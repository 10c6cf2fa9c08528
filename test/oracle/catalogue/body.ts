import { area, type World } from '../scenario.ts';

export const body = area('body');
const { scenario } = body;

/** Sends one body to be created and one to replace an object that is there. */
async function send(world: World, text: string | Buffer, type?: string, query = ''): Promise<void> {
  const headers = type === undefined ? {} : { 'content-type': type };
  await world.ask('POST', world.path({ query }), { body: text, headers });
  await world.ask('PUT', world.path({ name: 'sent', query }), { body: text, headers });
}

function bucketText(world: World, inner = '', metadata = ''): string {
  return `{"apiVersion":"${world.group}/v1","kind":"Bucket","metadata":{"name":"sent"${metadata}},"spec":{"parameters":{"size":"small"${inner}}}}`;
}

const faults: [what: string, text: (good: string) => string][] = [
  ['empty', () => ''],
  ['of spaces', () => '  \n'],
  ['that is null', () => 'null'],
  ['that is a list', () => '[]'],
  ['that is a list of objects', (good) => `[${good}]`],
  ['that is a text', () => '"text"'],
  ['that is a number', () => '1'],
  ['that is no JSON', () => 'hello'],
  ['that is HTML', () => '<html></html>'],
  ['cut off', (good) => good.slice(0, -10)],
  ['cut off in a text', (good) => good.slice(0, good.indexOf('Bucket') + 3)],
  ['with a comma at the end', (good) => good.replace('}}}', ',}}}')],
  ['in single quotes', (good) => good.replaceAll('"', "'")],
  ['with a comment', (good) => `// a comment\n${good}`],
  ['with a second object behind it', (good) => `${good}${good}`],
  ['with text behind it', (good) => `${good} trailing`],
  ['with lines behind it', (good) => `${good}\n\n`],
  ['with a byte order mark', (good) => `\ufeff${good}`],
  ['with a NUL', (good) => `${good}\0`],
  ['with a tab in a text', (good) => good.replace('small', 'sm\tall')],
  ['with an escape that is none', (good) => good.replace('small', String.raw`sm\qall`)],
  ['with half a surrogate', (good) => good.replace('"small"', String.raw`"small","note":"\ud83d"`)],
  ['with escaped keys', (good) => good.replace('"metadata"', String.raw`"metad\u0061ta"`)],
  ['with NaN', (good) => good.replace('"small"', '"small","ratio":NaN')],
  ['with a leading zero', (good) => good.replace('"small"', '"small","count":007')],
  ['with a plus', (good) => good.replace('"small"', '"small","count":+7')],
  ['with keys in upper case', (good) => good.replace('"metadata"', '"Metadata"')],
];
for (const [what, text] of faults) {
  scenario(`a body ${what}`, async (world) => {
    await send(world, text(bucketText(world)));
  });
}

// Without protobuf: there an API server breaks the connection.
const types: string[] = [
  'application/json; charset=utf-8',
  'application/json;charset=latin1',
  'APPLICATION/JSON',
  'application/json;',
  'application/json; =',
  'application/json,application/yaml',
  'application/cbor',
  'application/x-www-form-urlencoded',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
  'application/octet-stream',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/yaml',
  '*/*',
  'json',
  '/',
  '',
];
for (const type of types) {
  scenario(`a body of the type "${type}"`, async (world) => {
    await world.givenBucket('here');
    await send(world, bucketText(world), type);
  });
}

scenario('a body of a type that no server takes, in a request with other faults', async (world) => {
  await send(world, '', 'text/plain');
  await send(world, bucketText(world), 'text/plain', 'dryRun=Some');
  await send(world, bucketText(world, ',"unknown":1'), 'text/plain', 'fieldValidation=Strict');
});

const kinds: [what: string, change: (good: string) => string][] = [
  ['no apiVersion', (good) => good.replace(/"apiVersion":"[^"]*",/, '')],
  ['no kind', (good) => good.replace('"kind":"Bucket",', '')],
  ['neither apiVersion nor kind', (good) => good.replace(/"apiVersion":.*"Bucket",/, '')],
  ['an empty apiVersion', (good) => good.replace(/"apiVersion":"[^"]*"/, '"apiVersion":""')],
  ['an empty kind', (good) => good.replace('"Bucket"', '""')],
  ['another group', (good) => good.replace(/"apiVersion":"[^"]*"/, '"apiVersion":"other.example.org/v1"')],
  ['another version', (good) => good.replace('/v1"', '/v9"')],
  ['the version of another kind', (good) => good.replace('/v1"', '/v1beta1"')],
  ['another kind', (good) => good.replace('"Bucket"', '"Database"')],
  ['an unknown kind', (good) => good.replace('"Bucket"', '"Pail"')],
  ['the kind of a list', (good) => good.replace('"Bucket"', '"BucketList"')],
  ['a core kind', (good) => good.replace(/"apiVersion":.*"Bucket"/, '"apiVersion":"v1","kind":"Pod"')],
  ['a malformed apiVersion', (good) => good.replace(/"apiVersion":"[^"]*"/, '"apiVersion":"a/b/c"')],
  ['an apiVersion that is a number', (good) => good.replace(/"apiVersion":"[^"]*"/, '"apiVersion":1')],
  ['a kind that is null', (good) => good.replace('"Bucket"', 'null')],
];
for (const [what, change] of kinds) {
  scenario(`a body with ${what}`, async (world) => {
    await send(world, change(bucketText(world)));
  });
}

const wrong: Record<string, (good: string) => string> = {
  'metadata null': (good) => good.replace('{"name":"sent"}', 'null'),
  'metadata a list': (good) => good.replace('{"name":"sent"}', '[]'),
  'metadata a text': (good) => good.replace('{"name":"sent"}', '"sent"'),
  'name a number': (good) => good.replace('"sent"', '1'),
  'name a list': (good) => good.replace('"sent"', '["sent"]'),
  'namespace a number': (good) => good.replace('"sent"', '"sent","namespace":1'),
  'labels null': (good) => good.replace('"sent"', '"sent","labels":null'),
  'labels a list': (good) => good.replace('"sent"', '"sent","labels":[]'),
  'labels a text': (good) => good.replace('"sent"', '"sent","labels":"a=b"'),
  'labels of numbers': (good) => good.replace('"sent"', '"sent","labels":{"a":1,"b":true,"c":null}'),
  'annotations null': (good) => good.replace('"sent"', '"sent","annotations":null'),
  'annotations a list': (good) => good.replace('"sent"', '"sent","annotations":["a"]'),
  'annotations of objects': (good) => good.replace('"sent"', '"sent","annotations":{"a":{"b":"c"}}'),
  'finalizers a text': (good) => good.replace('"sent"', '"sent","finalizers":"a"'),
  'finalizers of numbers': (good) => good.replace('"sent"', '"sent","finalizers":[1]'),
  'ownerReferences an object': (good) => good.replace('"sent"', '"sent","ownerReferences":{}'),
  'ownerReferences of texts': (good) => good.replace('"sent"', '"sent","ownerReferences":["a"]'),
  'managedFields a text': (good) => good.replace('"sent"', '"sent","managedFields":"a"'),
  'spec null': (good) => good.replace(/"spec":.*/, '"spec":null}'),
  'spec a text': (good) => good.replace(/"spec":.*/, '"spec":"small"}'),
  'spec a list': (good) => good.replace(/"spec":.*/, '"spec":[]}'),
  'no spec': (good) => good.replace(/,"spec":.*/, '}'),
  'status a text': (good) => good.replace(/\}$/, ',"status":"good"}'),
  'status null': (good) => good.replace(/\}$/, ',"status":null}'),
};
for (const [what, change] of Object.entries(wrong)) {
  scenario(`a body with ${what}`, async (world) => {
    const text = change(bucketText(world));
    await world.ask('POST', world.path(), { body: text });
    const { metadata } = await world.givenBucket('sent-too');
    const version = `"resourceVersion":"${metadata.resourceVersion}"`;
    const again = text.replaceAll('"sent"', `"sent-too",${version}`);
    await world.ask('PUT', world.path({ name: 'sent-too' }), { body: again });
  });
}

const loose: [what: string, inner: string, metadata: string, root?: string][] = [
  ['an unknown field', ',"unknown":1', ''],
  [
    'unknown fields at several depths',
    ',"nested":{"deeper":{"leaf":"x","a":1},"b":2},"c":{"d":3}',
    ',"e":4',
    ',"f":5',
  ],
  ['a duplicate field in the spec', ',"note":"a","note":"b"', ''],
  ['a duplicate field deep in the spec', ',"nested":{"deeper":{"leaf":"a","leaf":"b"}}', ''],
  ['a duplicate field in free form', ',"settings":{"a":[{"b":1,"b":2}]}', ''],
  ['a duplicate name', '', ',"name":"sent"'],
  ['duplicate labels', '', ',"labels":{"a":"1"},"labels":{"b":"2"}'],
  ['a duplicate label', '', ',"labels":{"a":"1","a":"2"}'],
  ['duplicate annotations', '', ',"annotations":{"a":"1"},"annotations":{"b":"2"}'],
  ['duplicate finalizers', '', ',"finalizers":["example.org/a"],"finalizers":[]'],
  ['a duplicate namespace', '', ',"namespace":"NAMESPACE","namespace":"NAMESPACE"'],
  ['a duplicate spec', '', '', ',"spec":{"parameters":{"size":"large"}}'],
  ['duplicate metadata', '', '', ',"metadata":{"name":"sent","labels":{"last":"yes"}}'],
  ['a duplicate kind', '', '', ',"kind":"Bucket"'],
  [
    'an unknown field of an owner',
    '',
    ',"ownerReferences":[{"apiVersion":"teams.example.org/v1","kind":"Team","name":"n","uid":"u","colour":"blue"}]',
  ],
  ['unknown and duplicate fields together', ',"unknown":1,"note":"a","note":"b"', ',"colour":"blue"'],
  ['many unknown fields', Array.from({ length: 40 }, (_, i) => `,"unknown${i}":1`).join(''), ''],
];
for (const [what, inner, metadata, root = ''] of loose) {
  scenario(`a body with ${what}, validated in each way`, async (world) => {
    const text = bucketText(world, inner, metadata.replaceAll('NAMESPACE', world.namespace)).replace(
      /\}$/,
      `${root}}`,
    );
    for (const query of ['fieldValidation=Strict', 'fieldValidation=Warn', '', 'fieldValidation=Ignore']) {
      const name = `sent-${query.slice(16).toLowerCase()}-x`;
      const named = text.replaceAll('"sent"', `"${name}"`);
      await world.ask('POST', world.path({ query }), { body: named });
      const { status } = await world.side.ask({ method: 'GET', path: world.path({ name }) });
      if (status === 200) await world.ask('PUT', world.path({ name, query }), { body: named });
    }
  });
}

scenario('deep nesting', async (world) => {
  for (const depth of [100, 5_000, 9_000, 20_000]) {
    const text = bucketText(world, `,"settings":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    const accept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
    await world.ask('POST', world.path({ query: 'dryRun=All' }), { body: text, accept });
  }
});

scenario('a large body', async (world) => {
  const limit = 3 * 1024 * 1024;
  const padded = (length: number): string => {
    const text = bucketText(world);
    return `${text}${' '.repeat(length - text.length)}`;
  };
  await world.ask('POST', world.path({ query: 'dryRun=All' }), { body: padded(limit) });
  await world.ask('POST', world.path({ query: 'dryRun=All' }), { body: padded(limit + 1) });
  await world.ask('PUT', world.path({ name: 'sent' }), { body: padded(limit + 1) });
  await world.ask('POST', world.path(), {
    body: padded(limit + 1),
    headers: { 'content-type': 'text/plain' },
  });
  await world.ask('POST', world.path({ query: 'dryRun=Some' }), { body: padded(limit + 1) });
  const note = bucketText(world, `,"note":"${'n'.repeat(1_000_000)}"`);
  await world.ask('POST', world.path(), { body: note, headers: { 'accept-encoding': 'gzip' } });
  await world.ask('POST', world.path(), {
    body: bucketText(world, `,"note":"${'n'.repeat(2_500_000)}"`).replace('sent', 'larger'),
  });
});

scenario('numbers', async (world) => {
  const numbers =
    '"count":9007199254740993,"ratio":1.0,"settings":{"a":-0,"b":1e3,"c":0.1e-7,"d":12345678901234567,"e":1.0,"f":123456789012345678901234567890,"g":1E400}';
  await world.ask('POST', world.path(), { body: bucketText(world, `,${numbers}`) });
  await world.ask('POST', world.path(), { body: bucketText(world, `,${numbers.replace(',"g":1E400', '')}`) });
  await world.ask('GET', world.path({ name: 'sent' }));
  await world.ask('POST', world.path(), { body: bucketText(world, ',"count":1.5').replace('sent', 'half') });
  await world.ask('POST', world.path(), { body: bucketText(world, ',"count":1.0').replace('sent', 'whole') });
  await world.ask('POST', world.path(), {
    body: bucketText(world, ',"count":92233720368547758089').replace('sent', 'big'),
  });
});

const yamls: [what: string, text: string][] = [
  ['plain', 'metadata:\n  name: sent\nspec:\n  parameters:\n    size: small\n'],
  [
    'in flow style',
    '{apiVersion: GROUP/v1, kind: Bucket, metadata: {name: sent}, spec: {parameters: {size: small}}}',
  ],
  [
    'with comments and a document mark',
    '# first\n---\nmetadata: # second\n  name: sent\nspec: {parameters: {size: small}}\n...\n',
  ],
  [
    'of two documents',
    'metadata: {name: sent}\nspec: {parameters: {size: small}}\n---\nmetadata: {name: second}\n',
  ],
  ['with an empty document first', '---\n---\nmetadata: {name: sent}\n'],
  [
    'with anchors',
    'metadata:\n  name: &name sent\n  labels: &labels {app: *name}\n  annotations: *labels\nspec: {parameters: {size: small}}\n',
  ],
  [
    'with a merged map',
    'x: &x {size: small, note: merged}\nmetadata: {name: sent}\nspec:\n  parameters:\n    <<: *x\n    note: own\n',
  ],
  [
    'with words for booleans',
    'metadata: {name: sent}\nspec: {parameters: {size: small, settings: {a: yes, b: No, c: on, d: off, e: "yes", f: y, yes: g}}}\n',
  ],
  [
    'with dates',
    'metadata: {name: sent}\nspec: {parameters: {size: small, note: 2001-12-14, settings: {a: 2001-12-14t21:59:43.10-05:00}}}\n',
  ],
  [
    'with other numbers',
    'metadata: {name: sent}\nspec: {parameters: {size: small, count: 0777, ratio: 1_000.5, settings: {a: 0o17, b: 0x1F, c: 0b11, d: 1:30, e: .5, f: 1e3, g: 9007199254740993, h: 18446744073709551616, i: +1, j: "1"}}}\n',
  ],
  ['with infinity', 'metadata: {name: sent}\nspec: {parameters: {size: small, ratio: .inf}}\n'],
  [
    'with nulls',
    'metadata: {name: sent, labels: ~}\nspec: {parameters: {size: small, note: , settings: {a: null, b: ~, c: "null"}}}\n',
  ],
  [
    'with long texts',
    'metadata: {name: sent}\nspec:\n  parameters:\n    size: small\n    note: |\n      one\n      two\n    settings:\n      folded: >-\n        three\n        four\n      quoted: "five\n        six"\n',
  ],
  [
    'with keys that are no texts',
    'metadata: {name: sent}\nspec: {parameters: {size: small, settings: {1: a, 1.5: b, true: c, ~: d}}}\n',
  ],
  ['with a key that is a map', 'metadata: {name: sent}\n? {a: b}\n: c\n'],
  [
    'with tags',
    'metadata: {name: !!str sent}\nspec: {parameters: {size: small, note: !!str 1, settings: {a: !!binary aGVsbG8=, b: !custom x}}}\n',
  ],
  [
    'with signs of other languages',
    'metadata: {name: sent, annotations: {a: "\\u0085\\u2028\\uFEFF", b: ä, c: 😀}}\nspec: {parameters: {size: small}}\n',
  ],
  ['with a tab', 'metadata:\n\tname: sent\n'],
  ['with a colon too many', 'metadata: name: sent\n'],
  ['that does not end', 'metadata: {name: sent\n'],
  ['with an unknown alias', 'metadata: {name: *nobody}\n'],
  ['that is a list', '- metadata: {name: sent}\n'],
  ['that is a text', 'hello\n'],
  ['that is empty', ''],
  ['that is a comment', '# nothing\n'],
  [
    'with duplicate fields',
    'metadata:\n  name: sent\n  labels:\n    a: "1"\n    a: "2"\nspec:\n  parameters:\n    size: small\n    note: a\n\n    note: b\nspec:\n  parameters:\n    size: large\n',
  ],
  [
    'with duplicate and unknown fields',
    'metadata: {name: sent}\nspec:\n  parameters: {size: small, unknown: 1}\nkind: Bucket\n',
  ],
  ['with a byte order mark', '\ufeffmetadata: {name: sent}\nspec: {parameters: {size: small}}\n'],
];
for (const [what, text] of yamls) {
  scenario(`YAML ${what}`, async (world) => {
    const whole = `apiVersion: ${world.group}/v1\nkind: Bucket\n${text}`;
    const isWhole = !text.startsWith('{') && !text.startsWith('-') && text.includes('metadata');
    const sent = text.startsWith('\ufeff')
      ? `\ufeff${whole.replace('\ufeff', '')}`
      : (isWhole ? whole : text).replace('GROUP', world.group);
    for (const query of ['', 'fieldValidation=Strict', 'fieldValidation=Ignore']) {
      await world.ask('POST', world.path({ query }), { body: sent, type: 'application/yaml' });
      await world.side.ask({ method: 'DELETE', path: world.path({ name: 'sent' }) });
    }
    await world.givenBucket('sent');
    await world.ask('PUT', world.path({ name: 'sent' }), { body: sent, type: 'application/yaml' });
  });
}

scenario('JSON sent as YAML', async (world) => {
  const text = bucketText(world, ',"note":"a","note":"b","unknown":1,"settings":{"<<":{"size":"large"}}');
  for (const query of ['fieldValidation=Strict', 'fieldValidation=Warn'])
    await world.ask('POST', world.path({ query }), { body: text, type: 'application/yaml' });
  await world.ask('GET', world.path({ name: 'sent' }));
});

scenario('YAML sent as JSON', async (world) => {
  await send(world, `apiVersion: ${world.group}/v1\nkind: Bucket\nmetadata: {name: sent}\n`);
});
