import { area } from '../scenario.ts';

export const resourceRef = area('resource-ref');
const { scenario } = resourceRef;

const reference = { apiVersion: 'example.org/v1', kind: 'XBucket', name: 'somebody-elses' };

scenario('set on create', async (world) => {
  const body = world.bucket('binder');
  body.spec['resourceRef'] = reference;
  await world.ask('POST', world.path(), { body });
});

scenario('set by an update', async (world) => {
  const body = await world.givenBucket('binder');
  body.spec['resourceRef'] = reference;
  await world.ask('PUT', world.path({ name: 'binder' }), { body });
});

scenario('null, or of another type', async (world) => {
  const body = world.bucket('binder');
  body.spec['resourceRef'] = null;
  await world.ask('POST', world.path(), { body });
  const made = await world.given('GET', world.path({ name: 'binder' }));
  made.spec['resourceRef'] = null;
  await world.ask('PUT', world.path({ name: 'binder' }), { body: made });
});

scenario('compositionRef and compositionRevisionRef set and changed', async (world) => {
  const body = world.bucket('composed');
  body.spec['compositionRef'] = { name: 'first' };
  await world.ask('POST', world.path(), { body });
  const made = await world.given('GET', world.path({ name: 'composed' }));
  made.spec['compositionRef'] = { name: 'second' };
  made.spec['compositionRevisionRef'] = { name: 'second-1' };
  await world.ask('PUT', world.path({ name: 'composed' }), { body: made });
});

scenario('compositionRef left out by an update', async (world) => {
  const body = world.bucket('composed');
  body.spec['compositionRef'] = { name: 'first' };
  const { metadata } = await world.given('POST', world.path(), { body });
  const { resourceVersion } = metadata;
  await world.ask('PUT', world.path({ name: 'composed' }), {
    body: world.bucket('composed', { resourceVersion }),
  });
});

scenario('set by a patch', async (world) => {
  await world.givenBucket('binder');
  const path = world.path({ name: 'binder' });
  await world.ask('PATCH', path, {
    type: 'application/merge-patch+json',
    body: { spec: { resourceRef: reference } },
  });
  await world.ask('PATCH', path, {
    type: 'application/json-patch+json',
    body: [{ op: 'add', path: '/spec/resourceRef', value: reference }],
  });
});

scenario('set by an apply', async (world) => {
  const body = world.bucket('binder');
  body.spec['resourceRef'] = reference;
  const type = 'application/apply-patch+yaml';
  await world.ask('PATCH', world.path({ name: 'binder', query: 'fieldManager=me' }), { type, body });
});

scenario('null in a patch, where there is none', async (world) => {
  await world.givenBucket('free');
  const path = world.path({ name: 'free' });
  await world.ask('PATCH', path, {
    type: 'application/merge-patch+json',
    body: { spec: { resourceRef: null, compositionRef: null, parameters: { note: 'patched' } } },
  });
  await world.ask('PATCH', path, {
    type: 'application/json-patch+json',
    body: [{ op: 'remove', path: '/spec/resourceRef' }],
  });
});

for (const [what, type, body] of [
  ['merge patch', 'application/merge-patch+json', { spec: { compositionRef: null } }],
  ['JSON patch', 'application/json-patch+json', [{ op: 'remove', path: '/spec/compositionRef' }]],
] as const) {
  scenario(`compositionRef left out by a ${what}`, async (world) => {
    const bucket = world.bucket('composed');
    bucket.spec['compositionRef'] = { name: 'first' };
    await world.given('POST', world.path(), { body: bucket });
    await world.ask('PATCH', world.path({ name: 'composed' }), { type, body });
  });
}
