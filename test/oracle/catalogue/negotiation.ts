import { area, type World } from '../scenario.ts';

export const negotiation = area('negotiation');
const { scenario } = negotiation;

const meta = 'g=meta.k8s.io;v=v1';

/** Accept headers: single clauses, wrong ones, and what clients send. */
const accepts = [
  '',
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  '*/*',
  '*',
  'application/*',
  'text/html',
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'json',
  ',',
  ';',
  'application/json;q=0',
  'application/json;charset=utf-8',
  'Application/JSON',
  'application/json;pretty=1',
  'application/json;pretty=0',
  'application/json;stream=watch',
  'application/json;stream=other',
  'application/json;sv=v1',
  'application/json;sv=v2',
  'application/json;export=1',
  'application/yaml;stream=watch',
  'application/yaml,application/json;q=0.1',
  'application/json;q=0.1,application/yaml;q=0.9',
  'application/vnd.kubernetes.protobuf,application/json',
  'application/cbor,application/json;q=0.9',
  'application/cbor, application/vnd.kubernetes.protobuf, application/yaml',
  `application/json;as=Table;${meta}`,
  `application/yaml;as=Table;${meta}`,
  `application/vnd.kubernetes.protobuf;as=Table;${meta}`,
  `application/vnd.kubernetes.protobuf;as=Table;${meta},application/json;as=Table;${meta}`,
  `*/*;as=Table;${meta}`,
  `application/*;as=Table;${meta}`,
  `application/json;as="Table";g="meta.k8s.io";v="v1"`,
  'application/json;as=Table;g=meta.k8s.io;v=v1beta1',
  'application/json;as=Table;g=meta.k8s.io;v=v2',
  'application/json;as=Table;g=meta.k8s.io',
  'application/json;as=Table;v=v1',
  'application/json;as=Table',
  'application/json;g=meta.k8s.io;v=v1',
  'application/json;as=Table;g=meta;v=v1,application/json',
  `application/json;as=Chart;${meta}`,
  `application/json;as=Chart;${meta},application/json`,
  `application/json;as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1beta1,application/json`,
  `application/json;as=PartialObjectMetadata;${meta}`,
  `application/yaml;as=PartialObjectMetadata;${meta}`,
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1',
  `application/json;as=PartialObjectMetadataList;${meta}`,
  `application/yaml;as=PartialObjectMetadataList;${meta}`,
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1',
  `application/json;as=PartialObjectMetadata;${meta},application/json`,
  `application/json;as=PartialObjectMetadataList;${meta},application/json`,
  `application/json;as=Table;${meta};pretty=1`,
  `application/json;q=0.2,application/json;as=Table;${meta};q=0.9`,
  `*/*,application/json;as=Table;${meta}`,
  'application/json, , */*',
  'application/json/x',
];

const protobufMetadata = ['PartialObjectMetadata', 'PartialObjectMetadataList'].flatMap((as) => [
  `application/vnd.kubernetes.protobuf;as=${as};${meta},application/json;as=${as};${meta},application/json`,
  `application/vnd.kubernetes.protobuf;as=${as};${meta}`,
]);

async function given(world: World): Promise<void> {
  for (const name of ['b', 'a'])
    await world.givenBucket(name, { labels: { team: 'red' }, annotations: { 'example.org/note': 'x: y' } });
}

function headersOf(accept: string): { accept?: string } {
  return accept === '' ? {} : { accept };
}

for (const accept of accepts) {
  scenario(`Accept: ${accept === '' ? '(none)' : accept}`, async (world) => {
    await given(world);
    const options = headersOf(accept);
    await world.ask('GET', world.path({ name: 'a' }), options);
    await world.ask('GET', world.path({ name: 'missing' }), options);
    await world.ask('GET', world.path(), options);
    await world.ask('GET', world.path({ namespace: null, query: 'limit=1' }), options);
    await world.ask('POST', world.path(), { body: world.bucket('c'), ...options });
    await world.ask('PATCH', world.path({ name: 'a' }), {
      type: 'application/merge-patch+json',
      body: { metadata: { labels: { patched: 'yes' } } },
      ...options,
    });
    await world.ask('DELETE', world.path({ name: 'b' }), options);
  });
}

for (const accept of protobufMetadata) {
  scenario(`metadata in protobuf${accept.includes(',') ? '' : ' alone'}: ${accept}`, async (world) => {
    await given(world);
    await world.ask('GET', world.path({ name: 'a' }), { accept });
    await world.ask('GET', world.path(), { accept });
    await world.ask('GET', world.path({ name: 'missing' }), { accept });
  });
}

scenario('YAML of values that look like others', async (world) => {
  const settings = {
    yes: 'yes',
    no: 'no',
    on: 'on',
    null: 'null',
    tilde: '~',
    number: '12',
    octal: '0777',
    hex: '0x1f',
    float: '1.0',
    exponent: '1e3',
    date: '2020-01-02',
    time: '12:30:45',
    empty: '',
    space: ' ',
    lead: ' a',
    trail: 'a ',
    colon: 'a: b',
    hash: 'a #b',
    dash: '- a',
    question: '? a',
    star: '*a',
    percent: '%a',
    at: '@a',
    quote: `it's "so"`,
    brace: '{a}',
    bracket: '[a]',
    lines: 'a\nb\n',
    linesOpen: 'a\nb',
    blank: '\n\na\n\n',
    tab: 'a\tb',
    control: 'a\u0001b',
    unicode: 'ä€😀',
    next: 'a\u2028b',
    long: 'word '.repeat(60).trim(),
    longWord: 'w'.repeat(200),
    merge: '<<',
    equals: '=',
    list: [1, 2.5, true, null, 'a', [], {}, [[1], [2]], [{ a: 1, b: [2] }]],
    big: 9_007_199_254_740_991,
    small: 1e-7,
    large: 1e21,
    negative: -3,
    a10: 'x',
    a9: 'x',
    A: 'x',
    _: 'x',
    '1': 'x',
    'a b': 'x',
    'a: b': 'x',
    y: 'y',
    true: 'true',
  };
  await world.givenBucket('values', {}, { settings });
  for (const accept of ['application/yaml', `application/yaml;as=Table;${meta}`]) {
    await world.ask('GET', world.path({ name: 'values' }), { accept });
    await world.ask('GET', world.path(), { accept });
    await world.ask('GET', world.path({ query: 'includeObject=Object' }), { accept });
  }
});

const agents = [
  'curl/8.5.0',
  'Mozilla/5.0 (X11)',
  'Wget/1.21',
  'kubectl/v1.34.4',
  'Python-urllib/3.11',
  'curlew',
  'Mozilla/4.0',
];
const pretties = [
  'pretty=true',
  'pretty=1',
  'pretty=false',
  'pretty=0',
  'pretty=',
  'pretty',
  'pretty=x',
  'pretty=T',
  'notpretty=1',
];

async function askForPrint(world: World, headers: Record<string, string>, query: string): Promise<void> {
  await world.ask('GET', world.path({ name: 'a', query }), { headers });
  await world.ask('GET', world.path({ query }), { headers });
  await world.ask('GET', world.path({ name: 'missing', query }), { headers });
  const accept = `application/json;as=Table;${meta}`;
  await world.ask('GET', world.path({ query }), { headers: { ...headers, accept } });
  await world.ask('GET', world.path({ query }), { headers: { ...headers, accept: 'application/yaml' } });
  await world.ask('POST', world.path({ query }), { headers, body: world.bucket('new') });
  await world.ask('DELETE', world.path({ name: 'new', query }), { headers });
}

for (const agent of agents) {
  scenario(`pretty print for ${agent}`, async (world) => {
    await given(world);
    await askForPrint(world, { 'user-agent': agent }, '');
  });
}

for (const query of pretties) {
  scenario(`pretty print by ?${query}`, async (world) => {
    await given(world);
    await askForPrint(world, {}, query);
    await world.ask('GET', world.path({ query }), { headers: { 'user-agent': 'curl/8.5.0' } });
  });
}

scenario('pretty print of owners, of nothing and of much', async (world) => {
  const headers = { 'user-agent': 'curl/8.5.0' };
  await world.ask('GET', world.path(), { headers });
  const uid = '11111111-2222-3333-4444-555555555555';
  await world.givenBucket(
    'owned',
    { ownerReferences: [{ apiVersion: 'example.org/v1', kind: 'Nothing', name: 'o', uid }] },
    { settings: { empty: {}, none: [], text: 'a "b" \\ {[,:', html: '<&>' } },
  );
  await world.ask('GET', world.path({ name: 'owned' }), { headers });
  for (let i = 0; i < 30; i++) await world.givenBucket(`many-${i}`, {}, { note: 'n'.repeat(3_000) });
  await world.ask('GET', world.path(), { headers });
  await world.ask('GET', world.path({ query: 'limit=7' }), { headers });
});
