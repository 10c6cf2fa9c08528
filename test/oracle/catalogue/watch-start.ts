import { type Area, area, type World } from '../scenario.ts';

/** How a watch is asked for, and what it starts with. */
export const watchStart: Area = area('watch-start');
const { scenario } = watchStart;

const merge = 'application/merge-patch+json';
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const end = 'watch=true&timeoutSeconds=1';
const notOlder = 'resourceVersionMatch=NotOlderThan';

/** What client-go's WatchList sends. */
const initialEvents = `watch=true&sendInitialEvents=true&${notOlder}&allowWatchBookmarks=true`;

async function enlarge(world: World, name: string): Promise<void> {
  const body = { spec: { parameters: { size: 'large' } } };
  await world.given('PATCH', world.path({ name }), { type: merge, body });
}

scenario('watch in all spellings', async (world) => {
  await world.givenBucket('one');
  const values = ['1', 'true', 'True', 'TRUE', 'yes', '', 't', '0', 'false', 'False', 'FALSE', 'f', 'no'];
  await world.watchesToEnd(values.map((value) => world.path({ query: `watch=${value}&timeoutSeconds=1` })));
});

scenario('watch given twice, and beside other parameters', async (world) => {
  await world.givenBucket('one');
  await world.watchesToEnd(
    [
      'watch=false&watch=true&timeoutSeconds=1',
      'watch=true&watch=false&timeoutSeconds=1',
      'watch&timeoutSeconds=1',
      `${end}&limit=1`,
      `${end}&continue=abc`,
      `${end}&pretty=true`,
      `${end}&unknown=1`,
      `${end}&limit=x`,
      `${end}&allowWatchBookmarks=junk`,
      `${end}&timeout=5s`,
    ].map((query) => world.path({ query })),
  );
});

scenario('timeoutSeconds', async (world) => {
  await world.givenBucket('one');
  const values = ['1', 'x', '1.5', '99999999999999999999', '1s'];
  await world.watchesToEnd(
    values.map((value) => world.path({ query: `watch=true&timeoutSeconds=${value}` })),
  );
});

scenario('timeoutSeconds=0 and none', async (world) => {
  await world.givenBucket('one');
  await world.watchFor(1, world.path({ query: 'watch=true&timeoutSeconds=0' }));
  await world.watchFor(1, world.path({ query: 'watch=true&timeoutSeconds=' }));
  await world.watchFor(1, world.path({ query: 'watch=true' }));
});

scenario('a start at resourceVersion', async (world) => {
  const first = await world.givenBucket('one');
  const version = first.metadata.resourceVersion as string;
  await enlarge(world, 'one');
  await world.watchFor(1, world.path({ query: `watch=true&resourceVersion=${version}` }));
  await world.watchFor(1, world.path({ query: 'watch=true&resourceVersion=0' }));
  await world.watchFor(1, world.path({ query: 'watch=true&resourceVersion=' }));
  const opened = await world.watch(world.path({ query: `watch=true&resourceVersion=${version}` }));
  await world.given('DELETE', world.path({ name: 'one' }));
  await opened.take(2);
  world.closeWatch(opened);
});

scenario('a start at a version that is long gone, and at none', async (world) => {
  await world.givenBucket('one');
  const late = 'watch=true&timeoutSeconds=2&resourceVersion=';
  const versions = ['1', '-1', 'x', '1.5', '99999999999999999999999'];
  await world.watchesToEnd([
    ...versions.map((version) => world.path({ query: late + version })),
    [world.path({ query: `${late}1` }), { accept: table }],
    [world.path({ query: `${late}1` }), { accept: metadataOnly }],
    world.path({ name: 'one', query: `${late}1` }),
  ]);
});

scenario('a start at a future version', async (world) => {
  await world.givenBucket('one');
  const future = 'timeoutSeconds=2&resourceVersion=900000000';
  await world.watchesToEnd([
    world.path({ query: `watch=true&${future}` }),
    world.path({ query: `${initialEvents}&${future}` }),
  ]);
});

scenario('sendInitialEvents and resourceVersionMatch in all combinations', async (world) => {
  await world.givenBucket('one');
  const queries = [
    'sendInitialEvents=true',
    'sendInitialEvents=false',
    'sendInitialEvents=true&resourceVersionMatch=Exact',
    'sendInitialEvents=true&resourceVersionMatch=junk',
    notOlder,
    'resourceVersionMatch=Exact',
    'resourceVersionMatch=Exact&resourceVersion=0',
    'resourceVersionMatch=junk',
    `${notOlder}&resourceVersion=0`,
    `sendInitialEvents=true&${notOlder}&continue=abc`,
    `sendInitialEvents=junk&${notOlder}`,
    `sendInitialEvents=true&${notOlder}`,
    `sendInitialEvents=false&${notOlder}`,
    `sendInitialEvents=false&${notOlder}&resourceVersion=0`,
    `sendInitialEvents=true&${notOlder}&resourceVersion=0`,
    `sendInitialEvents=true&${notOlder}&resourceVersion=1`,
    `sendInitialEvents=true&${notOlder}&resourceVersion=x`,
  ];
  await world.watchesToEnd(queries.map((query) => world.path({ query: `${end}&${query}` })));
  for (const query of queries) await world.ask('GET', world.path({ query }));
});

scenario('initial events and their end', async (world) => {
  for (const name of ['c', 'a', 'e', 'b', 'd']) await world.givenBucket(name);
  await world.given('POST', world.path({ namespace: world.otherNamespace }), {
    body: world.bucket('a2', { namespace: world.otherNamespace }),
  });
  for (const namespace of [world.namespace, null])
    for (const accept of ['application/json', table, metadataOnly]) {
      const count = namespace === null ? 7 : 6;
      await world.watchFor(count, world.path({ namespace, query: initialEvents }), { accept });
      await world.watchFor(count, world.path({ namespace, query: `${initialEvents}&resourceVersion=0` }), {
        accept,
      });
    }
  for (const includeObject of ['None', 'Metadata', 'Object'])
    await world.watchFor(6, world.path({ query: `${initialEvents}&includeObject=${includeObject}` }), {
      accept: table,
    });
});

scenario('events behind the initial ones', async (world) => {
  for (const name of ['b', 'a']) await world.givenBucket(name);
  const opened = await world.watch(world.path({ query: initialEvents }));
  await opened.take(3);
  await world.givenBucket('0');
  await enlarge(world, 'b');
  await world.given('DELETE', world.path({ name: 'a' }));
  await opened.take(6);
  world.closeWatch(opened);
});

scenario('initial events of nothing', async (world) => {
  for (const accept of ['application/json', table, metadataOnly]) {
    await world.watchFor(1, world.path({ query: initialEvents }), { accept });
    await world.watchFor(1, world.path({ namespace: null, query: initialEvents }), { accept });
    await world.watchFor(1, world.path({ query: `${initialEvents}&labelSelector=no%3Dbody` }), { accept });
    await world.watchFor(1, world.path({ query: `${initialEvents}&fieldSelector=metadata.name%3Dnobody` }), {
      accept,
    });
  }
  for (const includeObject of ['None', 'Metadata', 'Object'])
    await world.watchFor(1, world.path({ query: `${initialEvents}&includeObject=${includeObject}` }), {
      accept: table,
    });
  await world.watchFor(1, world.path({ namespace: 'nowhere', query: initialEvents }));
});

scenario('initial events without bookmarks', async (world) => {
  for (const name of ['b', 'a']) await world.givenBucket(name);
  const query = `watch=true&sendInitialEvents=true&${notOlder}`;
  const opened = await world.watch(world.path({ query }));
  await opened.take(2);
  await world.givenBucket('0');
  await opened.take(3);
  world.closeWatch(opened);
  await world.watchFor(2, world.path({ query: `${query}&allowWatchBookmarks=false` }));
});

scenario('initial events under selectors', async (world) => {
  for (const name of ['c', 'a', 'b']) await world.givenBucket(name, { labels: { tier: name } });
  await world.watchFor(3, world.path({ query: `${initialEvents}&labelSelector=tier+in+(c,a)` }));
  await world.watchFor(2, world.path({ query: `${initialEvents}&fieldSelector=metadata.name%3Dc` }));
  await world.watchFor(3, world.path({ query: `${initialEvents}&fieldSelector=metadata.name!%3Dc` }));
});

scenario('the order of many', async (world) => {
  const names = ['m', 'z', 'a', 'k', 'c', 'y', 'b', 'x', 'd', 'w', 'e', 'v'];
  for (const name of names) await world.givenBucket(name);
  for (const name of ['q', 'b'])
    await world.given('POST', world.path({ namespace: world.otherNamespace }), {
      body: world.bucket(name, { namespace: world.otherNamespace }),
    });
  await enlarge(world, 'm');
  for (const version of ['', '&resourceVersion=0']) {
    await world.watchFor(names.length, world.path({ query: `watch=true${version}` }));
    await world.watchFor(names.length + 2, world.path({ namespace: null, query: `watch=true${version}` }));
    await world.watchFor(names.length, world.path({ query: `watch=true${version}` }), { accept: table });
    await world.watchToEnd(world.path({ query: `watch=true${version}&timeoutSeconds=1` }));
  }
  await world.watchToEnd(world.path({ query: 'watch=true&timeoutSeconds=1&allowWatchBookmarks=true' }));
  await world.watchFor(names.length + 1, world.path({ query: initialEvents }));
  await world.watchFor(names.length + 3, world.path({ namespace: null, query: initialEvents }));
});

scenario('a bookmark before the end', async (world) => {
  await world.givenBucket('one');
  const bookmarks = world.path({ query: 'watch=true&allowWatchBookmarks=true&timeoutSeconds=3' });
  await world.watchesToEnd([
    bookmarks,
    [bookmarks, { accept: table }],
    world.path({ query: `${initialEvents}&timeoutSeconds=3` }),
  ]);
});
