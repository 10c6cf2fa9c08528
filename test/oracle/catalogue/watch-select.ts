import { type Area, area } from '../scenario.ts';

/** What a watch selects: by labels, fields, name and path. */
export const watchSelect: Area = area('watch-select');
const { scenario } = watchSelect;

const merge = 'application/merge-patch+json';
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const end = { watch: 'true', timeoutSeconds: '1' };

scenario('label selectors that cannot be read, and on the hidden labels', async (world) => {
  await world.givenBucket('known');
  const selectors = [
    'a b',
    'a in',
    '=x',
    'a=b=c',
    'a in (b',
    '-a=b',
    'a=-',
    'a>b',
    'mcp-connector.upbound.io/app-resource-name=known',
    '!mcp-connector.upbound.io/app-cluster',
    'mcp-connector.upbound.io/app-namespace',
  ];
  await world.watchesToEnd(
    selectors.map((labelSelector) => world.path({ query: { ...end, labelSelector } })),
  );
});

scenario('field selectors on name and namespace', async (world) => {
  for (const name of ['one', 'two']) await world.givenBucket(name);
  const { namespace, otherNamespace } = world;
  const selectors = [
    'metadata.name=one',
    'metadata.name==one',
    'metadata.name!=one',
    'metadata.name=none',
    `metadata.namespace=${namespace}`,
    `metadata.namespace=${otherNamespace}`,
    `metadata.namespace!=${otherNamespace}`,
    `metadata.name=one,metadata.namespace=${namespace}`,
    'metadata.name=one,metadata.name=two',
  ];
  for (const scope of [namespace, null])
    await world.watchesToEnd(
      selectors.map((fieldSelector) => world.path({ namespace: scope, query: { ...end, fieldSelector } })),
    );
});

scenario('field selectors that cannot be used', async (world) => {
  const selectors = [
    'spec.size=small',
    'metadata.uid=x',
    'metadata.name',
    'metadata.name>x',
    'metadata.name=a\\b',
    'metadata.labels.a=b',
    'metadata.name=UPPER',
    'metadata.name=',
  ];
  await world.watchesToEnd(
    selectors.map((fieldSelector) => world.path({ query: { ...end, fieldSelector } })),
  );
});

scenario('the old form', async (world) => {
  await world.givenBucket('one');
  await world.givenBucket('two');
  const old = (scope: string, rest: string): string => `/apis/${world.group}/v1/watch${scope}/buckets${rest}`;
  const late = '?timeoutSeconds=1';
  const here = `/namespaces/${world.namespace}`;
  await world.watchesToEnd([
    old(here, late),
    old('', late),
    old(here, `/one${late}`),
    old(here, `/none${late}`),
    old(here, `${late}&watch=false`),
    old(here, `/one${late}&fieldSelector=metadata.name%3Done`),
    old(here, `/one${late}&fieldSelector=metadata.name%3Dtwo`),
    old(here, `${late}&fieldSelector=metadata.name%3Dtwo`),
    old(here, `${late}&labelSelector=a`),
    [old(here, late), { accept: table }],
    [old(here, `/one${late}`), { accept: metadataOnly }],
    old(here, `/one/status${late}`),
    old('/namespaces/nowhere', late),
  ]);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) await world.ask(method, old(here, late));
  await world.ask('GET', `/apis/${world.group}/v1/watch`);
  await world.ask('GET', `/apis/${world.group}/v1/watch/nothing${late}`);
  const opened = await world.watch(old(here, '/one'));
  await opened.take(1);
  for (const name of ['one', 'two'])
    await world.given('PATCH', world.path({ name }), {
      type: merge,
      body: { spec: { parameters: { size: 'large' } } },
    });
  await world.given('DELETE', world.path({ name: 'one' }));
  await opened.take(3);
  world.closeWatch(opened);
});

scenario('of one name, and of a status', async (world) => {
  await world.givenBucket('one');
  await world.watchesToEnd([
    world.path({ name: 'one', query: end }),
    world.path({ name: 'none', query: end }),
    world.path({ name: 'one', subresource: 'status', query: end }),
  ]);
});

scenario('of a missing namespace, kind and version', async (world) => {
  await world.watchesToEnd([
    world.path({ namespace: 'nowhere', query: end }),
    world.path({ namespace: 'Not_A_Name', query: end }),
    world.path({ version: 'v9', query: end }),
    `/apis/${world.group}/v1/namespaces/${world.namespace}/nothings?watch=true&timeoutSeconds=1`,
    world.path({ version: 'v1beta1', query: end }),
  ]);
});
