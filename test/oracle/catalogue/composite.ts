import { area, type World } from '../scenario.ts';

/** Namespaced XRs of Crossplane v2: stored as `nxr-<hash>`, and beside the claims of the same group and version. */
export const composite = area('composite');
const { scenario } = composite;

const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const plural = 'networks';

/** What Crossplane writes into an XR while it reconciles it. */
const reconciled = {
  crossplane: {
    compositionRef: { name: 'small-networks' },
    compositionRevisionRef: { name: 'small-networks-1a2b3c4' },
    compositionUpdatePolicy: 'Automatic',
    resourceRefs: [{ apiVersion: 'example.org/v1', kind: 'Subnet', name: 'one-subnet' }],
  },
};
const conditions = [
  {
    type: 'Synced',
    status: 'False',
    reason: 'ReconcileError',
    message: 'cannot compose resources of "one"',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  },
];

function path(world: World, name?: string, query = '', subresource?: string): string {
  return world.path({ plural, name, query, ...(subresource === undefined ? {} : { subresource }) });
}

scenario('create, read and create again', async (world) => {
  await world.ask('POST', path(world), { body: world.network('one') });
  await world.ask('GET', path(world, 'one'));
  await world.ask('POST', path(world), { body: world.network('one') });
  await world.ask('GET', path(world, 'none'));
});

for (const dryRun of ['', 'All'])
  for (const validation of ['Strict', 'Warn', 'Ignore'])
    scenario(
      `create with fieldValidation=${validation}${dryRun === '' ? '' : ` dryRun=${dryRun}`}`,
      async (world) => {
        const query = `fieldValidation=${validation}${dryRun === '' ? '' : `&dryRun=${dryRun}`}`;
        const crossplane = { compositionRef: { name: 'c', extra: 1 }, unknown: true };
        await world.ask('POST', path(world, undefined, query), {
          body: world.network('one', {}, { crossplane, other: 1 }),
        });
        await world.ask('GET', path(world, 'one'));
      },
    );

scenario('create of what its schema refuses', async (world) => {
  for (const spec of [
    { cidr: 'nonsense!' },
    { zones: 0 },
    { zones: 'two' },
    { crossplane: { compositionUpdatePolicy: 'Sometimes' } },
    { crossplane: { compositionRef: {} } },
    { crossplane: { resourceRefs: [{ name: 'x' }] } },
    { crossplane: [] },
  ])
    await world.ask('POST', path(world), { body: world.network('one', {}, spec) });
  await world.ask('POST', path(world), { body: world.network('a'.repeat(64)) });
  await world.ask('POST', path(world), { body: world.network('Not_A_Name') });
  await world.ask('POST', path(world), { body: { ...world.network('one'), kind: 'Bucket' } });
});

scenario('generateName', async (world) => {
  const { metadata, ...rest } = world.network('');
  await world.ask('POST', path(world), {
    body: { ...rest, metadata: { ...metadata, generateName: 'net-' } },
  });
});

scenario('a name that a claim has too', async (world) => {
  await world.givenBucket('same');
  await world.ask('POST', path(world), { body: world.network('same') });
  await world.ask('GET', world.path({ name: 'same' }));
  await world.ask('DELETE', world.path({ name: 'same' }));
  await world.ask('GET', path(world, 'same'));
});

scenario('list', async (world) => {
  for (const name of ['c', 'a', 'b']) await world.givenNetwork(name, { labels: { order: name } });
  await world.given('POST', world.path({ plural, namespace: world.otherNamespace }), {
    body: world.network('d', { namespace: world.otherNamespace }),
  });
  await world.ask('GET', path(world));
  await world.ask('GET', world.path({ plural, namespace: null }));
  for (const query of [
    'limit=2',
    'labelSelector=order+in+(a,b)',
    'fieldSelector=metadata.name%3Da',
    'fieldSelector=metadata.namespace!%3Dnowhere',
    'fieldSelector=spec.cidr%3Dx',
  ])
    await world.ask('GET', path(world, undefined, query));
  await world.ask('GET', path(world), {
    accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  });
});

scenario('tables', async (world) => {
  await world.givenNetwork('one', {}, reconciled);
  await world.given('PATCH', path(world, 'one', '', 'status'), {
    type: merge,
    body: { status: { conditions } },
  });
  for (const query of ['', 'includeObject=None', 'includeObject=Metadata', 'includeObject=Object'])
    for (const name of [undefined, 'one'])
      await world.ask('GET', path(world, name, query), { accept: table });
});

scenario('the fields of Crossplane', async (world) => {
  await world.ask('POST', path(world), { body: world.network('one', {}, reconciled) });
  await world.ask('PATCH', path(world, 'one'), {
    type: merge,
    body: { spec: { crossplane: { compositionUpdatePolicy: 'Manual' } } },
  });
  await world.ask('PATCH', path(world, 'one'), {
    type: json,
    body: [
      { op: 'test', path: '/spec/crossplane/compositionRef/name', value: 'small-networks' },
      { op: 'add', path: '/spec/crossplane/resourceRefs/-', value: { apiVersion: 'v1', kind: 'ConfigMap' } },
    ],
  });
  await world.ask('PATCH', path(world, 'one'), { type: merge, body: { spec: { crossplane: null } } });
  await world.ask('PATCH', path(world, 'one'), {
    type: merge,
    body: {
      spec: { resourceRef: { apiVersion: 'v1', kind: 'X', name: 'x' }, compositeDeletePolicy: 'Foreground' },
    },
  });
});

scenario('a PUT that drops the fields of Crossplane', async (world) => {
  const { metadata } = await world.givenNetwork('one', {}, reconciled);
  const body = world.network('one', { resourceVersion: metadata.resourceVersion, uid: metadata.uid });
  await world.ask('PUT', path(world, 'one'), { body });
  await world.ask('PUT', path(world, 'one'), { body });
  await world.ask('GET', path(world, 'one'));
});

scenario('status', async (world) => {
  const created = await world.givenNetwork('one');
  await world.ask('GET', path(world, 'one', '', 'status'));
  await world.ask('PATCH', path(world, 'one', '', 'status'), {
    type: merge,
    body: { status: { note: 'up', conditions } },
  });
  await world.ask('PUT', path(world, 'one', '', 'status'), { body: { ...created, status: { note: 'old' } } });
  await world.ask('PATCH', path(world, 'one', 'fieldManager=crossplane&force=true', 'status'), {
    type: apply,
    body: { apiVersion: created.apiVersion, kind: created.kind, status: { conditions } },
  });
  await world.ask('GET', path(world, 'one', '', 'scale'));
});

scenario('update', async (world) => {
  const created = await world.givenNetwork('one', { labels: { a: 'b' } });
  await world.ask('PUT', path(world, 'one'), { body: created });
  await world.ask('PUT', path(world, 'one'), {
    body: { ...created, spec: { cidr: '10.1.0.0/16', zones: 2 } },
  });
  await world.ask('PUT', path(world, 'one'), { body: { ...created, spec: { cidr: '10.2.0.0/16' } } });
  await world.ask('PUT', path(world, 'two'), { body: world.network('two') });
  await world.ask('PUT', path(world, 'one'), { body: world.network('two') });
});

scenario('patch', async (world) => {
  await world.givenNetwork('one', { labels: { a: 'b' } });
  const patches: [string, unknown][] = [
    [merge, { metadata: { labels: { a: null, c: 'd' } }, spec: { zones: 3 } }],
    [merge, { metadata: { labels: null } }],
    [merge, { metadata: { name: 'other' } }],
    [json, [{ op: 'replace', path: '/spec/zones', value: 4 }]],
    [
      json,
      [
        { op: 'test', path: '/metadata/name', value: 'one' },
        { op: 'remove', path: '/spec/zones' },
      ],
    ],
    [json, [{ op: 'test', path: '/metadata/namespace', value: world.otherNamespace }]],
    [merge, { spec: { zones: 10 } }],
    ['application/strategic-merge-patch+json', { spec: { zones: 1 } }],
  ];
  for (const [type, body] of patches) await world.ask('PATCH', path(world, 'one'), { type, body });
  await world.ask('PATCH', path(world, 'none'), { type: merge, body: { spec: { zones: 1 } } });
});

scenario('apply by two managers', async (world) => {
  const ask = (manager: string, spec: object, force = false): Promise<unknown> =>
    world.ask('PATCH', path(world, 'one', `fieldManager=${manager}${force ? '&force=true' : ''}`), {
      type: apply,
      body: world.network('one', { labels: { from: manager } }, spec),
    });
  await ask('anna', { zones: 2 });
  await ask('anna', { zones: 2 });
  await ask('bert', { zones: 3 });
  await ask('bert', { zones: 3, crossplane: reconciled.crossplane }, true);
  await ask('anna', {}, true);
  await world.ask('GET', path(world, 'one'));
});

scenario('watch', async (world) => {
  const opened = await world.watch(path(world, undefined, 'watch=true'));
  const shown = await world.watch(path(world, undefined, 'watch=true'), { accept: table });
  await world.givenNetwork('one');
  await world.given('PATCH', path(world, 'one'), { type: merge, body: { spec: reconciled } });
  await world.given('PATCH', path(world, 'one', '', 'status'), {
    type: merge,
    body: { status: { conditions } },
  });
  await world.given('DELETE', path(world, 'one'));
  await opened.take(4);
  await shown.take(4);
  world.closeWatch(opened);
  world.closeWatch(shown);
  await world.watchToEnd(path(world, undefined, 'watch=true&timeoutSeconds=1&labelSelector=a'));
});

scenario('delete', async (world) => {
  for (const name of ['one', 'two', 'three', 'four']) await world.givenNetwork(name, { labels: { name } });
  await world.ask('DELETE', path(world, 'one', 'dryRun=All'));
  await world.ask('DELETE', path(world, 'one'), { body: { preconditions: { uid: 'of-another' } } });
  await world.ask('DELETE', path(world, 'one'));
  await world.ask('DELETE', path(world, 'one'));
  await world.ask('DELETE', path(world, undefined, 'labelSelector=name%3Dtwo'));
  await world.ask('DELETE', path(world));
  await world.ask('GET', path(world));
});

scenario('delete of one that Crossplane holds', async (world) => {
  const finalizers = ['composite.apiextensions.crossplane.io'];
  await world.givenNetwork('one', { finalizers });
  await world.ask('DELETE', path(world, 'one', 'propagationPolicy=Background'));
  await world.ask('GET', path(world, 'one'));
  await world.ask('PATCH', path(world, 'one'), { type: merge, body: { metadata: { finalizers: null } } });
  await world.ask('GET', path(world, 'one'));
});

scenario('owners and the name of a secret', async (world) => {
  // One that is there: the cluster's collector deletes what an absent one owns.
  const name = 'kube-root-ca.crt';
  const owner = await world.given('GET', `/api/v1/namespaces/${world.namespace}/configmaps/${name}`);
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid: owner.metadata.uid }];
  await world.ask('POST', path(world), {
    body: world.network('one', { ownerReferences }, { writeConnectionSecretToRef: { name: 'mine' } }),
  });
  await world.ask('GET', path(world), { accept: table });
  await world.ask('PATCH', path(world, 'one'), {
    type: merge,
    body: { spec: { writeConnectionSecretToRef: { name: 'yours' } } },
  });
  await world.ask('PATCH', path(world, 'one'), {
    type: merge,
    body: { metadata: { ownerReferences: null }, spec: { writeConnectionSecretToRef: null } },
  });
});

scenario('annotations and labels of Crossplane', async (world) => {
  const annotations = { 'crossplane.io/paused': 'true', 'crossplane.io/external-name': 'n' };
  await world.ask('POST', path(world), {
    body: world.network('one', { annotations, labels: { 'crossplane.io/composite': 'one' } }),
  });
  await world.ask('GET', path(world, undefined, 'labelSelector=crossplane.io/composite%3Done'));
});
