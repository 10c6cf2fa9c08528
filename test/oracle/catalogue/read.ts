import { area } from '../scenario.ts';

export const read = area('read');
const { scenario } = read;

scenario('a list of several', async (world) => {
  for (const name of ['c', 'a', 'b']) await world.givenBucket(name);
  await world.ask('GET', world.path());
  await world.ask('GET', world.path({ namespace: null }));
});
