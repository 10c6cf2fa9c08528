import { area, type World } from '../scenario.ts';

export const read = area('read');
const { scenario } = read;

scenario('a list of several', async (world) => {
  for (const name of ['c', 'a', 'b']) await world.givenBucket(name);
  await world.ask('GET', world.path());
  await world.ask('GET', world.path({ namespace: null }));
});

scenario('one object', async (world) => {
  const { metadata } = await world.givenBucket('one', {
    labels: { team: 'red' },
    annotations: { note: 'x' },
    finalizers: ['example.org/hold'],
  });
  await world.ask('GET', world.path({ name: 'one' }));
  await world.ask('GET', world.path({ name: 'one', subresource: 'status' }));
  await world.ask('GET', `${world.path({ name: 'one' })}/`);
  await world.ask('GET', world.path({ name: 'one', subresource: 'scale' }));
  await world.ask('GET', world.path({ name: 'one', subresource: 'nothing' }));
  await world.ask('GET', world.path({ name: 'missing' }));
  await world.ask('GET', world.path({ name: 'missing', subresource: 'status' }));
  await world.ask('GET', world.path({ name: 'missing', subresource: 'nothing' }));
  await world.ask('GET', world.path({ namespace: 'nowhere', name: 'one' }));
  await world.ask('GET', world.path({ namespace: world.otherNamespace, name: 'one' }));
  await world.ask('GET', world.path({ name: 'One' }));
  await world.ask('GET', world.path({ name: 'a'.repeat(300) }));
  await world.ask('GET', world.path({ name: 'one%20two' }));
  for (const query of [
    'resourceVersion=0',
    `resourceVersion=${metadata.resourceVersion}`,
    'resourceVersion=1',
    'resourceVersion=x',
    'resourceVersion=',
    'resourceVersion=-1',
    'export=true',
    'export=false',
    'export=x',
    'exact=true',
    'nonsense=1',
    'fieldSelector=metadata.name%3Dother',
    'labelSelector=a%3Db',
    'timeout=1s',
    'timeout=x',
  ])
    await world.ask('GET', world.path({ name: 'one', query }));
});

const metadataFields = ['metadata.name', 'metadata.namespace'];
const fieldSelectors = [
  ...metadataFields.flatMap((field) =>
    ['=', '==', '!='].flatMap((operator) =>
      ['a', 'missing', '', 'A_b', 'x'.repeat(70)].map((value) => `${field}${operator}${value}`),
    ),
  ),
  'metadata.name=a,metadata.name=b',
  'metadata.name=a,metadata.name=a',
  'metadata.name!=a,metadata.name!=b',
  'metadata.name=a,metadata.name!=a',
  'metadata.name=a,',
  ',metadata.name=a',
  ',',
  ' metadata.name=a',
  'metadata.name = a',
  'metadata.name=a\\,b',
  'metadata.name=a\\b',
  'metadata.name=a\\',
  'metadata.name=a=b',
  'metadata.name',
  'metadata.name>a',
  '=a',
  'metadata.uid=x',
  'metadata.labels=x',
  'spec.parameters.size=small',
  'status.phase=Running',
  'nonsense=x',
  'nonsense!=x,metadata.name=a',
  'metadata.name in (a,b)',
];

const labelSelectors = [
  'team=red',
  'team==red',
  'team!=red',
  'team',
  '!team',
  'team in (red,blue)',
  'team notin (red)',
  'team in (red, blue),size',
  'team=red,size=small',
  'team=red,team=blue',
  'example.org/tier=one',
  'size>1',
  'size<1',
  'size gt 1',
  'team=',
  'team!=',
  'team in ()',
  'team in (red',
  'team=red,',
  ',team=red',
  'team=red size=small',
  '=red',
  '!',
  '! team',
  'team in red',
  'team===red',
  'team=-red-',
  'Team_1.x/y/z=a',
  'team=a b',
  `team=${'x'.repeat(64)}`,
  `${'x'.repeat(64)}=a`,
  'mcp-connector.upbound.io/app-cluster',
  '!mcp-connector.upbound.io/app-cluster',
  'mcp-connector.upbound.io/app-namespace=x',
  'mcp-connector.upbound.io/app-resource-name!=x',
  'mcp-connector.upbound.io/app-resource-name notin (a)',
  'mcp-connector.upbound.io/app-resource-name in (a,b,c)',
  'mcp-connector.upbound.io/other',
  'team=red,!mcp-connector.upbound.io/app-cluster',
  'mcp-connector.upbound.io/app-cluster=a b',
  'mcp-connector.upbound.io/app-cluster in (',
  ' ',
];

async function givenLabelled(world: World): Promise<void> {
  await world.givenBucket('a', { labels: { team: 'red', size: '1', 'example.org/tier': 'one' } });
  await world.givenBucket('b', { labels: { team: 'blue', size: '2' } });
  await world.givenBucket('c');
  await world.given('POST', world.path({ namespace: world.otherNamespace }), {
    body: world.bucket('a', { namespace: world.otherNamespace, labels: { team: 'red' } }),
  });
}

scenario('field selectors on name and namespace', async (world) => {
  await givenLabelled(world);
  for (const fieldSelector of fieldSelectors) {
    await world.ask('GET', world.path({ query: { fieldSelector } }));
    await world.ask('GET', world.path({ namespace: null, query: { fieldSelector } }));
  }
  for (const namespace of [world.namespace, world.otherNamespace]) {
    const fieldSelector = `metadata.namespace=${namespace}`;
    await world.ask('GET', world.path({ query: { fieldSelector } }));
    await world.ask('GET', world.path({ namespace: null, query: { fieldSelector } }));
    await world.ask(
      'GET',
      world.path({ namespace: null, query: { fieldSelector: `${fieldSelector},metadata.name=a` } }),
    );
    await world.ask(
      'GET',
      world.path({ namespace: null, query: { fieldSelector: `metadata.namespace!=${namespace}` } }),
    );
  }
});

scenario('label selectors', async (world) => {
  await givenLabelled(world);
  for (const labelSelector of labelSelectors) {
    await world.ask('GET', world.path({ query: { labelSelector } }));
    await world.ask('GET', world.path({ namespace: null, query: { labelSelector } }));
  }
  await world.ask('GET', world.path({ query: 'labelSelector=team%3Dred&labelSelector=team%3Dblue' }));
  await world.ask('GET', world.path({ query: { labelSelector: 'team', fieldSelector: 'metadata.name!=a' } }));
});

scenario('selectable fields', async (world) => {
  for (const [name, engine, replicas] of [
    ['b', 'postgres', 1],
    ['a', 'mysql', 2],
    ['c', 'postgres', 2],
  ] as const)
    await world.givenDatabase(name, {}, { engine, replicas });
  for (const fieldSelector of [
    'spec.engine=postgres',
    'spec.engine==mysql',
    'spec.engine!=postgres',
    'spec.engine=',
    'spec.replicas=2',
    'spec.replicas!=2',
    'spec.engine=postgres,spec.replicas=2',
    'spec.engine=postgres,metadata.name=c',
    'spec.engine=mysql,metadata.name=c',
    'spec.engine=postgres,metadata.name!=c',
    'spec.engine=a\\,b',
    '.spec.engine=mysql',
    'spec.storage.class=standard',
    'spec.port=5',
  ]) {
    await world.ask('GET', world.path({ plural: 'databases', query: { fieldSelector } }));
    await world.ask('GET', world.path({ plural: 'databases', namespace: null, query: { fieldSelector } }));
  }
  await world.ask(
    'GET',
    world.path({ plural: 'databases', version: 'v1beta1', query: 'fieldSelector=spec.engine%3Dmysql' }),
  );
  await world.ask(
    'GET',
    world.path({ plural: 'databases', query: 'fieldSelector=spec.engine%3Dpostgres&limit=1' }),
  );
});

scenario('HEAD', async (world) => {
  await world.givenBucket('one');
  for (const path of [
    world.path({ name: 'one' }),
    world.path({ name: 'one', subresource: 'status' }),
    world.path(),
    world.path({ namespace: null }),
    world.path({ name: 'missing' }),
    world.path({ namespace: 'nowhere' }),
  ]) {
    await world.ask('HEAD', path);
    await world.ask('HEAD', path, { accept: 'application/yaml' });
    await world.ask('HEAD', path, { accept: 'text/html' });
    await world.ask('HEAD', path, { headers: { 'user-agent': 'curl/8' } });
  }
});

scenario('HEAD of a request that is refused', async (world) => {
  await world.ask('HEAD', world.path({ query: 'limit=x' }));
});

scenario('methods that a resource does not have', async (world) => {
  await world.givenBucket('one');
  const paths = [
    world.path(),
    world.path({ namespace: null }),
    world.path({ name: 'one' }),
    world.path({ name: 'one', subresource: 'status' }),
    world.path({ name: 'one', subresource: 'nothing' }),
    world.path({ namespace: null, name: 'one' }),
  ];
  for (const path of paths) {
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'LINK', 'MKCOL']) await world.ask(method, path);
  }
  for (const method of ['PUT', 'PATCH']) {
    await world.ask(method, world.path(), { body: world.bucket('one') });
    await world.ask(method, world.path({ namespace: null }), { body: world.bucket('one') });
    await world.ask(method, world.path({ namespace: null, name: 'one' }), { body: world.bucket('one') });
  }
  await world.ask('POST', world.path({ name: 'one' }), { body: world.bucket('one') });
  await world.ask('POST', world.path({ namespace: null }), { body: world.bucket('one') });
  await world.ask('POST', world.path({ name: 'one', subresource: 'status' }), { body: world.bucket('one') });
  await world.ask('DELETE', world.path({ name: 'one', subresource: 'status' }));
  await world.ask('DELETE', world.path({ namespace: null }));
  await world.ask('DELETE', world.path({ namespace: null, name: 'one' }));
  await world.ask('GET', world.path({ namespace: null, name: 'one' }));
});

scenario('paths that lead nowhere', async (world) => {
  await world.givenBucket('one');
  const base = `/apis/${world.group}/v1`;
  const inNamespace = `${base}/namespaces/${world.namespace}`;
  for (const path of [
    `${inNamespace}/nothing`,
    `${inNamespace}/nothing/one`,
    `${base}/nothing`,
    `/apis/${world.group}/v7/namespaces/${world.namespace}/buckets`,
    `${inNamespace}/buckets/one/status/more`,
    `${inNamespace}/buckets/one/nothing/more`,
    inNamespace,
    `${base}/namespaces`,
    `${inNamespace}/bucket`,
    `${inNamespace}/Buckets`,
    `${base}/buckets/one`,
    `${base}/watch`,
    `${base}/proxy/namespaces/${world.namespace}/buckets/one`,
    `${base}/namespaces/${world.namespace}/status`,
    `${base}/namespaces/${world.namespace}/finalize`,
  ])
    await world.ask('GET', path);
});

scenario('paths with an empty segment', async (world) => {
  await world.givenBucket('one');
  const inNamespace = `/apis/${world.group}/v1/namespaces/${world.namespace}`;
  for (const path of [`${inNamespace}//buckets`, `${inNamespace}/buckets//one`]) await world.ask('GET', path);
});
