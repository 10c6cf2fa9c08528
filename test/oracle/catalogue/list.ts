import type { World } from '../scenario.ts';
import { area } from '../scenario.ts';

export const list = area('list');
const { scenario } = list;

const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';

/** Names whose order by hash is another one, with every character that a name may have. */
const names = ['m', 'a-b', 'a', 'a.b', 'z9', 'a0', 'b', 'aa', '0', 'claim-0123456789abcdef'];

async function givenSeveral(world: World): Promise<void> {
  for (const name of names)
    await world.givenBucket(name, { labels: { team: name < 'b' ? 'red' : 'blue', name } });
  for (const name of ['y', 'c']) {
    await world.given('POST', world.path({ namespace: world.otherNamespace }), {
      body: world.bucket(name, { namespace: world.otherNamespace, labels: { team: 'red' } }),
    });
  }
}

/** Follows the continue tokens to the last page. */
async function pages(
  world: World,
  options: { namespace?: null; accept?: string; query: string },
): Promise<void> {
  let token = '';
  do {
    const query = new URLSearchParams(options.query);
    if (token !== '') query.set('continue', token);
    const { body } = await world.ask(
      'GET',
      world.path({ query: query.toString(), ...(options.namespace === null ? { namespace: null } : {}) }),
      options.accept === undefined ? {} : { accept: options.accept },
    );
    token =
      (JSON.parse(body.toString('utf8')) as { metadata: { continue?: string } }).metadata.continue ?? '';
  } while (token !== '');
}

for (const [what, accept] of [
  ['objects', undefined],
  ['metadata', metadataList],
  ['a Table', table],
] as const) {
  const options = accept === undefined ? {} : { accept };
  scenario(`${what} come by namespace and name`, async (world) => {
    await givenSeveral(world);
    await world.ask('GET', world.path(), options);
    await world.ask('GET', world.path({ namespace: null }), options);
    await world.ask('GET', world.path({ namespace: world.otherNamespace }), options);
    await world.ask('GET', world.path({ namespace: 'nowhere' }), options);
    await world.ask('GET', world.path({ query: 'resourceVersion=0' }), options);
  });

  scenario(`${what} in pages, by name, to the end`, async (world) => {
    await givenSeveral(world);
    for (const limit of [1, 3, 10]) await pages(world, { query: `limit=${limit}`, ...options });
    await pages(world, { namespace: null, query: 'limit=5', ...options });
  });
}

for (const [what, query] of [
  ['labels, one by one', 'limit=1&labelSelector=name+in+(a,z9)'],
  ['labels, with a rest', 'limit=3&labelSelector=team'],
  ['labels that nothing has', 'limit=2&labelSelector=none'],
  ['all but one name', 'limit=2&fieldSelector=metadata.name%21%3Da'],
  ['one name', 'limit=1&fieldSelector=metadata.name%3Da'],
] as const) {
  scenario(`pages of a selection: ${what}`, async (world) => {
    await givenSeveral(world);
    await pages(world, { query });
  });
}

scenario('pages of a selection in all namespaces', async (world) => {
  await givenSeveral(world);
  await pages(world, { namespace: null, query: 'limit=2&labelSelector=team%3Dred' });
  await pages(world, { namespace: null, query: 'limit=5&fieldSelector=metadata.namespace%21%3Dnowhere' });
});

scenario('a full page with nothing selected behind it', async (world) => {
  await givenSeveral(world);
  await world.ask('GET', world.path({ query: 'limit=1&labelSelector=name%3Da' }));
});

scenario('all pages show the moment of the first', async (world) => {
  await givenSeveral(world);
  const first = await world.ask('GET', world.path({ query: 'limit=3' }));
  const token = continueOf(first.body);
  await world.givenBucket('a1');
  await world.given('DELETE', world.path({ name: 'm' }));
  await world.given('PATCH', world.path({ name: 'z9' }), {
    type: 'application/merge-patch+json',
    body: { metadata: { labels: { team: 'green' } } },
  });
  await world.ask('GET', world.path({ query: { limit: '4', continue: token } }));
  await world.ask('GET', world.path({ query: { continue: token } }));
  await world.ask('GET', world.path({ query: { limit: '2', continue: token, labelSelector: 'team=blue' } }));
  await world.ask('GET', world.path({ query: { limit: '2', continue: token } }), { accept: table });
  await world.ask(
    'GET',
    world.path({ namespace: world.otherNamespace, query: { limit: '2', continue: token } }),
  );
});

function continueOf(body: Buffer): string {
  return (JSON.parse(body.toString('utf8')) as { metadata: { continue?: string } }).metadata.continue ?? '';
}

const made = (token: object): string => Buffer.from(JSON.stringify(token)).toString('base64url');
const v1 = 'meta.k8s.io/v1';

scenario('continue tokens nobody gave out', async (world) => {
  await givenSeveral(world);
  for (const token of [
    'x',
    '!!!!',
    'bm90IGpzb24',
    '====',
    made({}),
    made({ v: 'meta.k8s.io/v2', rv: 5, start: 'a' }),
    made({ v: v1, start: 'a' }),
    made({ v: v1, rv: 0, start: 'a' }),
    made({ v: v1, rv: 5 }),
    made({ v: v1, rv: 5, start: '' }),
    made({ v: v1, rv: 'five', start: 'a' }),
    made({ v: v1, rv: 5, start: '../../a' }),
    made({ v: v1, rv: 5, start: 'a/../b' }),
    made({ v: v1, rv: 5, start: '//a' }),
    made({ v: v1, rv: 5, start: 'a/' }),
    made([]),
    made({ v: v1, rv: 1.5, start: 'a' }),
    made({ v: v1, rv: -1, start: 7 }),
  ]) {
    await world.ask('GET', world.path({ query: { limit: '2', continue: token } }));
    await world.ask('GET', world.path({ query: { continue: token } }));
  }
});

scenario('a continue token that starts at the latest version', async (world) => {
  await givenSeveral(world);
  for (const start of ['a', 'aa\0', 'b', '/b', 'zzz', '0'])
    await pages(world, { query: `limit=4&continue=${made({ v: v1, rv: -1, start })}` });
  await world.ask('GET', world.path({ query: { continue: made({ v: v1, rv: -1, start: 'b' }) } }));
  await world.ask(
    'GET',
    world.path({ namespace: null, query: { continue: made({ v: v1, rv: -1, start: 'b' }) } }),
  );
  const start = `${world.namespace}/m\0`;
  await world.ask(
    'GET',
    world.path({ namespace: null, query: { limit: '2', continue: made({ v: v1, rv: -1, start }) } }),
  );
});

scenario('an expired continue token', async (world) => {
  await givenSeveral(world);
  for (const accept of ['application/json', table, metadataList]) {
    for (const query of [{ limit: '2' }, {}]) {
      const token = made({ v: v1, rv: 1, start: 'aa\0' });
      const { body } = await world.ask('GET', world.path({ query: { ...query, continue: token } }), {
        accept,
      });
      const next = continueOf(body);
      if (next !== '')
        await world.ask('GET', world.path({ query: { ...query, continue: next } }), { accept });
    }
  }
});

scenario('continue together with a version', async (world) => {
  await givenSeveral(world);
  const first = await world.ask('GET', world.path({ query: 'limit=3' }));
  const token = continueOf(first.body);
  for (const more of [
    { resourceVersion: '0' },
    { resourceVersion: '1' },
    { resourceVersion: 'x' },
    { resourceVersionMatch: 'Exact' },
    { resourceVersionMatch: 'NotOlderThan', resourceVersion: '1' },
    { resourceVersion: '' },
    { resourceVersionMatch: '' },
  ]) {
    await world.ask('GET', world.path({ query: { limit: '3', continue: token, ...more } }));
    await world.ask('GET', world.path({ query: { continue: token, ...more } }));
  }
});

scenario('limits that are none', async (world) => {
  await givenSeveral(world);
  for (const limit of ['0', '-1', 'x', '', '1.5', '+3', '99999999999999999999', '1000', '0x2', '1e1'])
    await world.ask('GET', world.path({ query: { limit } }));
  await world.ask('GET', world.path({ query: 'limit=2&limit=5' }));
  await world.ask('GET', world.path({ query: 'limit' }));
});

scenario('versions and how they are matched', async (world) => {
  await givenSeveral(world);
  const { metadata } = await world.given('GET', world.path());
  await world.givenBucket('later');
  const now = metadata.resourceVersion as string;
  for (const resourceVersion of ['', '0', '1', now, 'x', '-1']) {
    for (const resourceVersionMatch of ['', 'Exact', 'NotOlderThan', 'exact', 'Latest']) {
      for (const limit of ['', '4']) {
        await world.ask(
          'GET',
          world.path({
            query: {
              ...(resourceVersion === '' ? {} : { resourceVersion }),
              ...(resourceVersionMatch === '' ? {} : { resourceVersionMatch }),
              ...(limit === '' ? {} : { limit }),
            },
          }),
        );
      }
    }
  }
});

scenario('pages from a version', async (world) => {
  await givenSeveral(world);
  const { metadata } = await world.given('GET', world.path());
  await world.givenBucket('later');
  const now = metadata.resourceVersion as string;
  for (const match of ['', '&resourceVersionMatch=Exact', '&resourceVersionMatch=NotOlderThan']) {
    const query = `limit=4&resourceVersion=${now}${match}`;
    const { body } = await world.ask('GET', world.path({ query }));
    const token = continueOf(body);
    await world.ask('GET', world.path({ query: { limit: '4', continue: token } }));
  }
});

scenario('a version of the future', async (world) => {
  await world.givenBucket('a');
  const future = 'resourceVersion=9000000000';
  const token = made({ v: v1, rv: 9_000_000_000, start: 'a' });
  await world.askAll([
    ['GET', world.path({ query: `${future}&resourceVersionMatch=Exact` })],
    ['GET', world.path({ query: `${future}&resourceVersionMatch=NotOlderThan` })],
    ['GET', world.path({ query: future })],
    ['GET', world.path({ query: `${future}&limit=1` })],
    ['GET', world.path({ query: { limit: '1', continue: token } })],
    ['GET', world.path({ name: 'a', query: future })],
  ]);
});

scenario('options of a watch in a list', async (world) => {
  await world.givenBucket('a');
  for (const query of [
    'sendInitialEvents=true',
    'sendInitialEvents=x',
    'allowWatchBookmarks=true',
    'timeoutSeconds=5',
    'timeoutSeconds=x',
    'watch=false',
    'watch=0',
    'nonsense=1',
    'export=true',
  ])
    await world.ask('GET', world.path({ query }));
});

scenario('nothing', async (world) => {
  for (const accept of ['application/json', metadataList, table]) {
    await world.ask('GET', world.path(), { accept });
    await world.ask('GET', world.path({ namespace: null, query: 'limit=5' }), { accept });
  }
  await world.ask('GET', world.path({ plural: 'databases' }));
});

scenario('more than one answer of kube-apiserver compresses', async (world) => {
  for (const name of ['one', 'two', 'three']) await world.givenBucket(name, {}, { note: 'x'.repeat(60_000) });
  for (const encoding of ['gzip', 'gzip, deflate, br', 'identity', 'deflate', 'gzip;q=0']) {
    await world.ask('GET', world.path(), { headers: { 'accept-encoding': encoding } });
    await world.ask('GET', world.path({ name: 'one' }), { headers: { 'accept-encoding': encoding } });
  }
});
