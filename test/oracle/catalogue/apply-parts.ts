import { area, type World } from '../scenario.ts';
import { applies, bucket, type Config, small, type } from './apply.ts';

export const applyParts = area('apply');
const { scenario } = applyParts;

function database(world: World, name: string, spec: object, version = 'v1'): Config {
  return { apiVersion: `${world.group}/${version}`, kind: 'Database', metadata: { name }, spec };
}

scenario('dry run', async (world) => {
  const query = 'fieldManager=amy&dryRun=All';
  await applies(world, 'dry', query, bucket(world, 'dry', {}, small));
  await world.ask('GET', world.path({ name: 'dry' }));
  await applies(world, 'dry', 'fieldManager=amy', bucket(world, 'dry', {}, small));
  await applies(world, 'dry', query, bucket(world, 'dry', { labels: { a: 'b' } }, small));
  await applies(world, 'dry', query, bucket(world, 'dry'));
  await world.ask('GET', world.path({ name: 'dry' }));
});

scenario('the status subresource', async (world) => {
  const ask = async (query: string, body: unknown): Promise<void> => {
    await world.ask('PATCH', world.path({ name: 'state', subresource: 'status', query }), { type, body });
  };
  const status = (note: string): Config => ({ ...bucket(world, 'state'), status: { note } });
  await ask('fieldManager=amy', status('none'));
  await applies(world, 'state', 'fieldManager=amy', bucket(world, 'state', { labels: { a: 'b' } }, small));
  await ask('fieldManager=amy', status('made'));
  await ask('fieldManager=amy', status('made'));
  await ask('fieldManager=bob', status('other'));
  await ask('fieldManager=bob&force=true', status('other'));
  await ask('fieldManager=bob', {
    ...bucket(world, 'state', { labels: { c: 'd' } }, { parameters: { size: 'large' } }),
  });
  await ask('fieldManager=bob', { ...bucket(world, 'state'), status: { note: 5 } });
  await ask('fieldManager=bob', { ...bucket(world, 'other'), status: { note: 'x' } });
  await ask('', status('made'));
  await world.ask('GET', world.path({ name: 'state' }));
});

scenario('lists that merge', async (world) => {
  const ask = async (query: string, spec: object, version?: string): Promise<void> => {
    const path = world.path({ plural: 'databases', name: 'db', query, ...(version ? { version } : {}) });
    await world.ask('PATCH', path, { type, body: database(world, 'db', spec, version) });
  };
  const engine = 'postgres';
  await ask('fieldManager=amy', {
    engine,
    tags: ['a', 'b'],
    users: [{ name: 'ann' }, { name: 'ben', role: 'writer' }],
  });
  await ask('fieldManager=bob', {
    tags: ['c', 'b'],
    users: [{ name: 'cat' }, { name: 'ben', role: 'writer' }],
  });
  await ask('fieldManager=bob', { users: [{ name: 'ben', role: 'reader' }] });
  await ask('fieldManager=amy', { engine, tags: ['b'], users: [{ name: 'ann' }] });
  await ask('fieldManager=bob', {});
  await ask('fieldManager=amy', { engine, tags: ['b', 'b'] });
  await ask('fieldManager=amy', { engine, users: [{ name: 'x' }, { name: 'x' }] });
  await ask('fieldManager=amy', { engine, users: [{ role: 'x' }] });
  await ask('fieldManager=amy', { engine: 'mysql' });
  await ask('fieldManager=amy', { engine, replicas: 101 });
  await ask('fieldManager=amy', { engine, replicas: 2 }, 'v1beta1');
  await ask('fieldManager=amy', { engine, replicas: 3 });
  await ask('fieldManager=cat', { replicas: 4 }, 'v1beta1');
  await world.ask('PATCH', world.path({ plural: 'databases', name: 'db', query: 'fieldManager=amy' }), {
    type,
    body: database(world, 'db', { engine }, 'v1beta1'),
  });
  await world.ask('GET', world.path({ plural: 'databases', name: 'db' }));
});

scenario('finalizers', async (world) => {
  const held = (...finalizers: string[]): Config => bucket(world, 'held', { finalizers }, small);
  await applies(world, 'held', 'fieldManager=amy', held('example.org/a'));
  await applies(world, 'held', 'fieldManager=bob', held('example.org/b', 'example.org/a'));
  await applies(world, 'held', 'fieldManager=bob', held('orphan'));
  await applies(world, 'held', 'fieldManager=bob', held('plain'));
  await applies(world, 'held', 'fieldManager=bob', bucket(world, 'held', {}, small));
  await world.ask('DELETE', world.path({ name: 'held' }));
  await applies(world, 'held', 'fieldManager=amy', held('example.org/a', 'example.org/late'));
  await applies(world, 'held', 'fieldManager=amy', held('example.org/a'));
  await applies(world, 'held', 'fieldManager=amy', bucket(world, 'held', {}, small));
  await world.ask('GET', world.path({ name: 'held' }));
});

const uids = [1, 2, 3].map((n) => `${String(n).repeat(8)}-1111-4111-8111-111111111111`);

/** Of a kind that no cluster has: the collector leaves what it cannot look up alone. */
function owner(n: number, more: object = {}): object {
  return { apiVersion: 'example.org/v1', kind: 'Team', name: `team-${n}`, uid: uids[n - 1], ...more };
}

function owned(world: World, ...ownerReferences: object[]): Config {
  return bucket(world, 'owned', { ownerReferences }, small);
}

scenario('owners', async (world) => {
  const ask = (manager: string, ...owners: object[]): Promise<void> =>
    applies(world, 'owned', `fieldManager=${manager}`, owned(world, ...owners));
  await ask('amy', owner(1));
  await ask('amy', owner(1));
  await ask('bob', owner(2), owner(3, { blockOwnerDeletion: true }));
  await ask('bob', owner(1, { controller: true }));
  await ask('bob&force=true', owner(1, { controller: true }));
  await ask('cat', owner(3), owner(3));
  await ask('cat', { ...owner(3), uid: '' });
  await ask('cat', { ...owner(3), kind: '' });
  await ask('cat', owner(2, { controller: true }), owner(3, { controller: true }));
  await applies(world, 'owned', 'fieldManager=amy', bucket(world, 'owned', {}, small));
  await world.ask('GET', world.path({ name: 'owned' }));
});

scenario('owners of two appliers, in no order', async (world) => {
  await applies(world, 'owned', 'fieldManager=amy', owned(world, owner(2)));
  await applies(world, 'owned', 'fieldManager=bob', owned(world, owner(1), owner(3)));
  await world.ask('GET', world.path({ name: 'owned' }));
});

scenario('controllers of two appliers', async (world) => {
  await applies(world, 'owned', 'fieldManager=amy', owned(world, owner(1, { controller: true })));
  await applies(world, 'owned', 'fieldManager=bob', owned(world, owner(2, { controller: true })));
  await world.ask('GET', world.path({ name: 'owned' }));
});

scenario('media types', async (world) => {
  const query = 'fieldManager=amy';
  for (const sent of [
    'application/apply-patch+yaml; charset=utf-8',
    'application/apply-patch+json',
    'application/apply-patch+cbor',
    'Application/Apply-Patch+YAML',
  ]) {
    await world.ask('PATCH', world.path({ name: 'typed', query }), {
      type: sent,
      body: bucket(world, 'typed', {}, small),
    });
  }
  await applies(
    world,
    'large',
    query,
    bucket(world, 'large', {}, { parameters: { size: 'small', note: 'x'.repeat(3 * 1024 * 1024) } }),
  );
});
