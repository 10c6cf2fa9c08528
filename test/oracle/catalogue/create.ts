import { area } from '../scenario.ts';

export const create = area('create');
const { scenario } = create;

scenario('a plain object', async (world) => {
  await world.ask('POST', world.path(), { body: world.bucket('plain') });
  await world.ask('GET', world.path({ name: 'plain' }));
  await world.ask('POST', world.path(), { body: world.bucket('plain') });
});

scenario('generateName', async (world) => {
  const { metadata, ...rest } = world.bucket('');
  await world.ask('POST', world.path(), {
    body: { ...rest, metadata: { ...metadata, generateName: 'made-' } },
  });
});

scenario('a missing namespace', async (world) => {
  await world.ask('POST', world.path({ namespace: 'nowhere' }), {
    body: world.bucket('lost', { namespace: 'nowhere' }),
  });
});
