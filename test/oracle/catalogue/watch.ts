import { area } from '../scenario.ts';

export const watch = area('watch');
const { scenario } = watch;

scenario('creation, change and deletion', async (world) => {
  const opened = await world.watch(world.path({ query: 'watch=true' }));
  await world.givenBucket('seen');
  await world.given('PATCH', world.path({ name: 'seen' }), {
    type: 'application/merge-patch+json',
    body: { spec: { parameters: { size: 'large' } } },
  });
  await world.given('DELETE', world.path({ name: 'seen' }));
  await opened.take(3);
  world.closeWatch(opened);
});
