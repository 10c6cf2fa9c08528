import { askPart } from '../part-of-answer.ts';
import { area, type World } from '../scenario.ts';

export const openapi = area('openapi');
const { scenario } = openapi;

interface Root {
  paths: Record<string, { serverRelativeURL: string }>;
}

scenario('the versions of the group in the index', async (world) => {
  await askPart(
    world,
    '/openapi/v3',
    ({ paths }: Root) => {
      const own = Object.entries(paths).filter(([key]) => key.startsWith(`apis/${world.group}/`));
      return own.length === 3 ? own : undefined;
    },
    { headers: false },
  );
});

for (const version of ['v1', 'v1beta1', 'v1alpha1']) {
  const pathOf = ({ group }: World): string => `/openapi/v3/apis/${group}/${version}`;

  scenario(`the document of ${version}`, async (world) => {
    await world.ask('GET', pathOf(world));
    for (const accept of [
      'application/json',
      '*/*',
      'application/*',
      'text/html',
      'application/json;q=0.5, text/html',
    ])
      await world.ask('GET', pathOf(world), { accept });
    await world.ask('HEAD', pathOf(world));
    await world.ask('GET', pathOf(world), { headers: { 'accept-encoding': 'gzip' } });
  });

  scenario(`the document of ${version}, known already`, async (world) => {
    const { headers } = await world.ask('GET', pathOf(world));
    const etag = String(headers['etag']);
    await world.ask('GET', pathOf(world), { headers: { 'if-none-match': etag } });
    await world.ask('GET', pathOf(world), { headers: { 'if-none-match': `W/${etag}, "other"` } });
    await world.ask('GET', pathOf(world), { headers: { 'if-none-match': '"other"' } });
    await world.ask('GET', pathOf(world), { headers: { 'if-none-match': '*' } });
    for (const range of ['bytes=0-99', 'bytes=-10', 'bytes=100-'])
      await world.ask('HEAD', pathOf(world), { headers: { range } });
  });

  scenario(`the document of ${version} by its hash`, async (world) => {
    const { headers } = await world.side.ask({ method: 'GET', path: pathOf(world) });
    await world.ask('GET', `${pathOf(world)}?hash=${String(headers['etag']).replaceAll('"', '')}`);
  });

  scenario(`the document of ${version} by a hash that has passed`, async (world) => {
    await world.ask('GET', `${pathOf(world)}?hash=OLD`);
  });

  scenario(`the document of ${version} as protobuf`, async (world) => {
    await world.ask('GET', pathOf(world), {
      accept: 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
    });
  });
}

scenario('documents that are not there', async (world) => {
  await world.ask('GET', `/openapi/v3/apis/${world.group}/v2`);
  await world.ask('GET', `/openapi/v3/apis/${world.group}`);
  await world.ask('GET', `/openapi/v3/apis/${world.group}/v1/`);
});

interface SwaggerDocument {
  paths: Record<string, unknown>;
  definitions: Record<string, unknown>;
  parameters: Record<string, unknown>;
}

/** The paths and definitions of the group, and the shared parameters by what they are: their names carry a hash. */
function swaggerPartOf({ group }: World): (document: SwaggerDocument) => unknown {
  const prefix = group.split('.').toReversed().join('.');
  const complete = [
    `/apis/${group}/v1/buckets`,
    `/apis/${group}/v1beta1/queues`,
    `/apis/${group}/v1alpha1/queues`,
  ];
  return ({ paths, definitions, parameters }) =>
    complete.some((path) => !paths[path])
      ? undefined
      : {
          paths: Object.fromEntries(
            Object.entries(paths).filter(([path]) => path.startsWith(`/apis/${group}/v`)),
          ),
          definitions: Object.fromEntries(
            Object.entries(definitions).filter(([name]) => name.startsWith(`${prefix}.`)),
          ),
          parameters: Object.keys(parameters).length > 0,
        };
}

scenario('the group in the merged swagger document', async (world) => {
  await askPart(world, '/openapi/v2', swaggerPartOf(world), { headers: false });
});
