import { askPart } from '../part-of-answer.ts';
import { area, type World } from '../scenario.ts';

export const discovery = area('discovery');
const { scenario } = discovery;

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

interface NamedList {
  resources?: { name: string }[];
}

/** A local CRD's list comes in the order of a Go map: another one each time. */
const byName = ({ resources = [], ...rest }: NamedList): unknown => ({
  ...rest,
  resources: resources.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
});

interface GroupEntries {
  groups?: { name: string }[];
  items?: { metadata: { name: string } }[];
}

const entryOf =
  ({ group }: World) =>
  ({ groups, items }: GroupEntries): unknown =>
    groups?.find(({ name }) => name === group) ?? items?.find(({ metadata }) => metadata.name === group);

scenario('the group among all groups', async (world) => {
  for (const accept of [
    aggregated('v2'),
    `${aggregated('v2')},${aggregated('v2beta1')},application/json`,
    'application/json',
    '*/*',
  ])
    await askPart(world, '/apis', entryOf(world), { accept, headers: false });
});

for (const accept of [
  'application/json',
  'application/yaml',
  '*/*',
  'application/*',
  'application/vnd.kubernetes.protobuf',
  'text/html',
  aggregated('v2'),
  `${aggregated('v2')},application/json`,
  'application/cbor, application/json;q=0.5',
  'application/yaml;q=0.4, application/json;q=0.6',
]) {
  scenario(`the group, accepting ${accept}`, async (world) => {
    await world.ask('GET', `/apis/${world.group}`, { accept });
  });
}

for (const version of ['v1', 'v1beta1', 'v1alpha1']) {
  scenario(`the resources of ${version}`, async (world) => {
    const path = `/apis/${world.group}/${version}`;
    for (const accept of [
      'application/json',
      '*/*',
      'application/*',
      '*/*;q=0.1, application/json',
      'application/json;q=0.3, application/cbor',
      aggregated('v2'),
      `${aggregated('v2')},application/json`,
      'application/json;as=Table;v=v1;g=meta.k8s.io',
      'text/html',
      'application/cbor',
    ])
      await askPart(world, path, byName, { accept });
    await askPart(world, `${path}/`, byName);
    for (const query of ['timeout=32s', 'timeout=1', 'pretty=true', 'labelSelector=a%3Db'])
      await askPart(world, `${path}?${query}`, byName);
  });

  scenario(`the resources of ${version}, by other methods`, async (world) => {
    const path = `/apis/${world.group}/${version}`;
    await world.ask('HEAD', path);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const exchange = await world.side.ask({ method, path, body: method === 'OPTIONS' ? undefined : {} });
      const list = JSON.parse(exchange.body.toString('utf8')) as NamedList;
      world.exchanges.push({ ...exchange, body: Buffer.from(JSON.stringify(byName(list))) });
    }
  });
}

scenario('the resources, of a version with one kind, byte by byte', async (world) => {
  const path = `/apis/${world.group}/v1alpha1`;
  for (const accept of [
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'application/vnd.kubernetes.protobuf, application/json;q=0.9',
    'application/yaml, application/json;q=0.9',
    'application/json;as=Table;v=v1;g=meta.k8s.io, application/yaml',
    'application/json;pretty=1',
    'text/html',
  ]) {
    const exchange = await world.side.ask({ method: 'GET', path, headers: { accept } });
    world.exchanges.push({
      ...exchange,
      body: Buffer.from(JSON.stringify(exchange.body.toString('base64'))),
    });
  }
  const { body, ...exchange } = await world.side.ask({ method: 'GET', path: `${path}?pretty=1` });
  world.exchanges.push({ ...exchange, body: Buffer.from(JSON.stringify(body.toString('utf8'))) });
});

scenario('what is not there', async (world) => {
  for (const path of [
    `/apis/${world.group}/v2`,
    `/apis/${world.group}/v2/queues`,
    `/apis/${world.group}/v1alpha2`,
    `/apis/${world.group}/v1/nothings`,
    `/apis/${world.group}/v1/nothings/one`,
    `/apis/${world.group}/v1/xowners`,
    `/apis/${world.group}/v1/xowners/one`,
    `/apis/${world.group}/v1/namespaces/${world.namespace}/xowners`,
    `/apis/${world.group}/v1/namespaces/${world.namespace}/nothings/one`,
    `/apis/${world.group}/v1beta1/namespaces/${world.namespace}/buckets`,
    `/apis/${world.group}/v1/bucket`,
    `/apis/${world.group}/v1/namespaces/${world.namespace}/Buckets`,
    `/apis/${world.group}/v1/namespaces/${world.namespace}/db`,
    `/apis/${world.group}/v1/watch/nothings`,
    `/apis/other.${world.group}`,
    `/apis/other.${world.group}/v1`,
  ])
    await world.ask('GET', path);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    await world.ask(method, world.path().replace('buckets', 'nothings'), { body: {} });
});

scenario('what a namespaced kind does not have in all namespaces', async (world) => {
  await world.ask('POST', world.path({ namespace: null }), { body: world.bucket('one') });
  await world.ask('DELETE', world.path({ namespace: null }));
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'POST'])
    await world.ask(method, world.path({ namespace: null, name: 'one' }), { body: {} });
  await world.ask('PUT', world.path({ namespace: null }), { body: {} });
});

scenario('methods that a collection does not have', async (world) => {
  await world.ask('PUT', world.path(), { body: world.bucket('one') });
  await world.ask('PATCH', world.path(), { type: 'application/merge-patch+json', body: {} });
  await world.ask('PATCH', world.path(), { type: 'application/json', body: {} });
  await world.ask('POST', world.path({ name: 'one' }), { body: world.bucket('one') });
  await world.ask('POST', world.path({ name: 'one' }), { body: world.bucket('two') });
  await world.ask('GET', world.path());
});
