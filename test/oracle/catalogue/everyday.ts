import { area } from '../scenario.ts';

/** What users do with claims every day, in few requests: the part of the catalogue that is asked of every release of Kubernetes. */
export const everyday = area('everyday');
const { scenario } = everyday;

const merge = 'application/merge-patch+json';
const apply = 'application/apply-patch+yaml';
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const plural = 'databases';

scenario('kubectl create, get and delete', async (world) => {
  const query = 'fieldManager=kubectl-create&fieldValidation=Strict';
  await world.ask('POST', world.path({ query }), { body: world.bucket('one') });
  await world.ask('POST', world.path({ query }), { body: world.bucket('one') });
  await world.ask('POST', world.path({ query }), { body: world.bucket('two', {}, { sise: 'small' }) });
  await world.ask('GET', world.path({ query: 'limit=500' }), { accept: `${table},application/json` });
  await world.ask('GET', world.path({ name: 'one' }));
  await world.ask('DELETE', world.path({ name: 'one' }), { body: { propagationPolicy: 'Background' } });
  await world.ask('GET', world.path({ name: 'one' }));
});

scenario('kubectl apply, on the server and by patch', async (world) => {
  const path = world.path({ name: 'one', query: 'fieldManager=kubectl&fieldValidation=Strict' });
  for (const size of ['small', 'small', 'large'])
    await world.ask('PATCH', path, { type: apply, body: world.bucket('one', {}, { size }) });
  await world.ask('PATCH', world.path({ name: 'one', query: 'fieldManager=other' }), {
    type: apply,
    body: world.bucket('one', {}, { size: 'medium' }),
  });
  await world.ask('PATCH', path, { type: merge, body: { spec: { parameters: { note: 'n' } } } });
  await world.ask('PATCH', path, { type: 'application/strategic-merge-patch+json', body: { spec: {} } });
});

scenario('defaults, rules and two versions', async (world) => {
  await world.ask('POST', world.path({ plural }), { body: world.database('db') });
  await world.ask('POST', world.path({ plural }), {
    body: world.database('big', {}, { engine: 'oracle', replicas: 4 }),
  });
  await world.ask('GET', world.path({ plural, name: 'db', version: 'v1beta1' }));
  await world.ask('PATCH', world.path({ plural, name: 'db' }), {
    type: merge,
    body: { spec: { engine: 'mysql' } },
  });
  await world.ask('GET', world.path({ plural }), { accept: table });
});

scenario('scale and status', async (world) => {
  await world.givenDatabase('db');
  await world.ask('GET', world.path({ plural, name: 'db', subresource: 'scale' }));
  await world.ask('PATCH', world.path({ plural, name: 'db', subresource: 'scale' }), {
    type: merge,
    body: { spec: { replicas: 3 } },
  });
  await world.ask('PATCH', world.path({ plural, name: 'db', subresource: 'status' }), {
    type: merge,
    body: { status: { replicas: 3, note: 'up' } },
  });
});

scenario('a watch as informers open it', async (world) => {
  await world.givenBucket('there');
  const query =
    'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const opened = await world.watch(world.path({ query }));
  await opened.take(2);
  await world.givenBucket('new');
  await world.given('DELETE', world.path({ name: 'there' }));
  await opened.take(4);
  world.closeWatch(opened);
});
