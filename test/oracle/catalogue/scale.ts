import { area, type RequestOptions, type World } from '../scenario.ts';

export const scale = area('scale');
const { scenario } = scale;

const plural = 'databases' as const;
const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';

function scaleOf(world: World, name: string, spec: object = { replicas: 2 }, metadata: object = {}): object {
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace: world.namespace, ...metadata },
    spec,
  };
}

function pathOf(world: World, name: string, query: string | Record<string, string> = ''): string {
  return world.path({ plural, name, subresource: 'scale', query });
}

const object = (world: World, name: string): string => world.path({ plural, name });

/** With a status, so that every member of a Scale is there. */
async function givenScaled(world: World, name: string): Promise<void> {
  await world.givenDatabase(name, { labels: { team: 'red' }, annotations: { 'example.org/note': 'mine' } });
  await world.given('PATCH', world.path({ plural, name, subresource: 'status' }), {
    type: merge,
    body: { status: { replicas: 1, selector: 'app=db' } },
  });
}

scenario('read in every form', async (world) => {
  await givenScaled(world, 'main');
  for (const accept of [
    'application/json',
    '*/*',
    'application/*',
    'application/yaml',
    'application/vnd.kubernetes.protobuf,application/json',
    'application/vnd.kubernetes.protobuf, */*',
    'application/vnd.kubernetes.protobuf',
    table,
    `${table},application/json`,
    partial,
    'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    'text/html',
  ])
    await world.ask('GET', pathOf(world, 'main'), { accept });
  await world.ask('GET', pathOf(world, 'main', 'pretty=true'));
  await world.ask('HEAD', pathOf(world, 'main'));
  for (const includeObject of ['None', 'Metadata', 'Object', 'Nothing'])
    await world.ask('GET', pathOf(world, 'main', { includeObject }), { accept: table });
});

scenario('of an object without replicas in its status', async (world) => {
  await world.givenDatabase('bare');
  await world.ask('GET', pathOf(world, 'bare'));
});

scenario('read at a resourceVersion', async (world) => {
  await givenScaled(world, 'main');
  await world.ask('GET', pathOf(world, 'main', 'resourceVersion=0'));
  await world.ask('GET', pathOf(world, 'main', 'resourceVersion=x'));
});

scenario('replaced', async (world) => {
  await givenScaled(world, 'main');
  await world.ask('PUT', pathOf(world, 'main'), { body: scaleOf(world, 'main') });
  await world.ask('GET', object(world, 'main'));
  await world.ask('PUT', pathOf(world, 'main'), {
    body: scaleOf(world, 'main', { replicas: 3 }, { namespace: '' }),
  });
  await world.ask('PUT', pathOf(world, 'main', 'fieldManager=scaler'), {
    body: scaleOf(world, 'main', { replicas: 4 }),
  });
  await world.ask('PUT', pathOf(world, 'main'), { body: scaleOf(world, 'main', { replicas: 4 }) });
  await world.ask('GET', object(world, 'main'));
});

scenario('replaced as it was read', async (world) => {
  await givenScaled(world, 'main');
  const read = await world.given('GET', pathOf(world, 'main'));
  await world.ask('PUT', pathOf(world, 'main'), { body: read });
  await world.ask('PUT', pathOf(world, 'main'), { body: { ...read, spec: { replicas: 7 } } });
  await world.ask('PUT', pathOf(world, 'main'), { body: { ...read, spec: { replicas: 8 } } });
});

scenario('replaced for another uid or version', async (world) => {
  await givenScaled(world, 'main');
  const uid = '00000000-0000-0000-0000-000000000000';
  await world.ask('PUT', pathOf(world, 'main'), { body: scaleOf(world, 'main', { replicas: 2 }, { uid }) });
  for (const resourceVersion of ['1', '0', 'x'])
    await world.ask('PUT', pathOf(world, 'main'), {
      body: scaleOf(world, 'main', { replicas: 2 }, { resourceVersion }),
    });
});

scenario('replaced with more than a Scale says', async (world) => {
  await givenScaled(world, 'main');
  await world.ask('PUT', pathOf(world, 'main'), {
    body: {
      ...scaleOf(
        world,
        'main',
        { replicas: 2 },
        { labels: { team: 'blue' }, finalizers: ['a.example.org/b'] },
      ),
      status: { replicas: 99, selector: 'app=other' },
    },
  });
  await world.ask('GET', object(world, 'main'));
});

scenario('replaced by a body that is wrong', async (world) => {
  await givenScaled(world, 'main');
  const bodies: unknown[] = [
    scaleOf(world, 'other'),
    scaleOf(world, ''),
    { apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 2 } },
    scaleOf(world, 'main', { replicas: 2 }, { namespace: world.otherNamespace }),
    scaleOf(world, 'main', { replicas: -1 }),
    scaleOf(world, 'main', { replicas: 101 }),
    scaleOf(world, 'main', { replicas: 'two' }),
    scaleOf(world, 'main', { replicas: 1.5 }),
    scaleOf(world, 'main', { replicas: 3_000_000_000 }),
    scaleOf(world, 'main', {}),
    { ...scaleOf(world, 'main'), apiVersion: 'autoscaling/v2' },
    { ...scaleOf(world, 'main'), kind: 'Database' },
    { ...scaleOf(world, 'main'), apiVersion: undefined },
    { ...scaleOf(world, 'main'), kind: undefined },
    world.database('main'),
    '[]',
    '{',
    '',
    'null',
  ];
  for (const body of bodies) await world.ask('PUT', pathOf(world, 'main'), { body });
});

scenario('replaced by YAML and by other types', async (world) => {
  await givenScaled(world, 'main');
  const yaml = `apiVersion: autoscaling/v1\nkind: Scale\nmetadata:\n  name: main\nspec:\n  replicas: 6\n`;
  await world.ask('PUT', pathOf(world, 'main'), { type: 'application/yaml', body: yaml });
  await world.ask('PUT', pathOf(world, 'main'), { type: 'text/plain', body: yaml });
});

for (const fieldValidation of ['Strict', 'Warn', 'Ignore', 'Never']) {
  scenario(`replaced with unknown and duplicate fields, ${fieldValidation}`, async (world) => {
    await givenScaled(world, 'main');
    const unknown = { ...scaleOf(world, 'main', { replicas: 2, extra: 1 }), more: true };
    await world.ask('PUT', pathOf(world, 'main', { fieldValidation }), { body: unknown });
    const text = JSON.stringify(scaleOf(world, 'main')).replace('"replicas":2', '"replicas":2,"replicas":3');
    await world.ask('PUT', pathOf(world, 'main', { fieldValidation }), { body: text });
    await world.ask('PATCH', pathOf(world, 'main', { fieldValidation }), {
      type: merge,
      body: '{"spec":{"replicas":4,"replicas":5,"extra":1}}',
    });
  });
}

scenario('patched', async (world) => {
  await givenScaled(world, 'main');
  const patches: RequestOptions[] = [
    { type: merge, body: { spec: { replicas: 3 } } },
    { type: merge, body: { metadata: { name: 'main', namespace: world.namespace }, spec: { replicas: 4 } } },
    { type: merge, body: { metadata: { labels: { team: 'blue' } } } },
    { type: merge, body: {} },
    { type: json, body: [{ op: 'replace', path: '/spec/replicas', value: 5 }] },
    { type: json, body: [{ op: 'test', path: '/metadata/name', value: 'main' }] },
    {
      type: json,
      body: [
        { op: 'test', path: '/metadata/namespace', value: world.namespace },
        { op: 'replace', path: '/spec/replicas', value: 6 },
      ],
    },
    { type: json, body: [] },
  ];
  for (const patch of patches) await world.ask('PATCH', pathOf(world, 'main'), patch);
  await world.ask('GET', object(world, 'main'));
});

scenario('patched by what is wrong', async (world) => {
  await givenScaled(world, 'main');
  const uid = '00000000-0000-0000-0000-000000000000';
  const patches: RequestOptions[] = [
    { type: merge, body: { spec: { replicas: -1 } } },
    { type: merge, body: { spec: { replicas: 101 } } },
    { type: merge, body: { spec: { replicas: null } } },
    { type: merge, body: { spec: null } },
    { type: merge, body: { metadata: { name: 'other' } } },
    { type: merge, body: { metadata: { namespace: world.otherNamespace } } },
    { type: merge, body: { metadata: { uid } } },
    { type: merge, body: { metadata: { resourceVersion: '1' }, spec: { replicas: 9 } } },
    { type: merge, body: { metadata: null } },
    { type: merge, body: '[]' },
    { type: merge, body: '{' },
    { type: json, body: [{ op: 'test', path: '/spec/replicas', value: 77 }] },
    { type: json, body: [{ op: 'remove', path: '/spec/nothing' }] },
    { type: json, body: [{ op: 'remove', path: '/metadata/name' }] },
    { type: json, body: [{ op: 'replace', path: '/metadata/name', value: 'other' }] },
    { type: json, body: [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }] },
    { type: json, body: { spec: {} } },
    { type: 'application/strategic-merge-patch+json', body: { spec: { replicas: 9 } } },
    { type: 'application/json', body: { spec: { replicas: 9 } } },
  ];
  for (const patch of patches) await world.ask('PATCH', pathOf(world, 'main'), patch);
  await world.ask('GET', object(world, 'main'));
});

scenario('applied', async (world) => {
  await givenScaled(world, 'main');
  const applied = (spec: object, metadata: object = { name: 'main' }): RequestOptions => ({
    type: apply,
    body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata, spec },
  });
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=scaler'), applied({ replicas: 3 }));
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=scaler&force=true'), applied({ replicas: 3 }));
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=other'), applied({ replicas: 3 }));
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=other'), applied({ replicas: 4 }));
  await world.ask('GET', object(world, 'main'));
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=scaler'), applied({}));
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=scaler'), applied({ replicas: 3 }, {}));
  await world.ask(
    'PATCH',
    pathOf(world, 'main', 'fieldManager=scaler'),
    applied({ replicas: 3 }, { name: 'other' }),
  );
  await world.ask('PATCH', pathOf(world, 'main'), applied({ replicas: 3 }));
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=scaler'), {
    type: apply,
    body: 'apiVersion: autoscaling/v1\nkind: Scale\nmetadata: {name: main}\nspec: {replicas: 3}\n',
  });
  await world.ask(
    'PATCH',
    pathOf(world, 'gone', 'fieldManager=scaler'),
    applied({ replicas: 3 }, { name: 'gone' }),
  );
});

scenario('applied first as the object, then as its scale', async (world) => {
  const asObject = world.database('main', {}, { replicas: 2 });
  await world.ask('PATCH', world.path({ plural, name: 'main', query: 'fieldManager=author' }), {
    type: apply,
    body: asObject,
  });
  await world.ask('PATCH', pathOf(world, 'main', 'fieldManager=scaler&force=true'), {
    type: apply,
    body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'main' }, spec: { replicas: 5 } },
  });
  await world.ask('PATCH', world.path({ plural, name: 'main', query: 'fieldManager=author' }), {
    type: apply,
    body: asObject,
  });
  await world.ask('GET', object(world, 'main'));
});

scenario('of an object that is not there', async (world) => {
  await world.ask('GET', pathOf(world, 'gone'));
  await world.ask('PUT', pathOf(world, 'gone'), { body: scaleOf(world, 'gone') });
  await world.ask('PATCH', pathOf(world, 'gone'), { type: merge, body: { spec: { replicas: 1 } } });
  await world.ask('PATCH', pathOf(world, 'gone'), { type: json, body: [] });
  await world.ask('GET', world.path({ plural, namespace: 'nowhere', name: 'gone', subresource: 'scale' }));
});

scenario('with methods that a scale does not have', async (world) => {
  await givenScaled(world, 'main');
  await world.ask('POST', pathOf(world, 'main'), { body: scaleOf(world, 'main') });
  await world.ask('DELETE', pathOf(world, 'main'));
  await world.ask('GET', pathOf(world, 'main', 'watch=true'));
  await world.ask('GET', `/apis/${world.group}/v1/watch/namespaces/${world.namespace}/${plural}/main/scale`);
  await world.ask('GET', `/apis/${world.group}/v1/${plural}/main/scale`);
  await world.ask('GET', `${pathOf(world, 'main')}/more`);
});

scenario('of kinds and versions without one', async (world) => {
  await world.givenBucket('main');
  await world.givenDatabase('main');
  for (const method of ['GET', 'PUT', 'PATCH', 'POST', 'DELETE']) {
    await world.ask(method, world.path({ name: 'main', subresource: 'scale' }), { type: merge, body: {} });
    await world.ask(method, world.path({ plural, version: 'v1beta1', name: 'main', subresource: 'scale' }), {
      type: merge,
      body: {},
    });
  }
  await world.ask('GET', world.path({ name: 'main', subresource: 'nothing' }));
  await world.ask('GET', world.path({ name: 'gone', subresource: 'nothing' }));
});

scenario('dry run', async (world) => {
  await givenScaled(world, 'main');
  await world.ask('PUT', pathOf(world, 'main', 'dryRun=All'), {
    body: scaleOf(world, 'main', { replicas: 9 }),
  });
  await world.ask('PATCH', pathOf(world, 'main', 'dryRun=All'), {
    type: merge,
    body: { spec: { replicas: 9 } },
  });
  await world.ask('PUT', pathOf(world, 'main', 'dryRun=Some'), { body: scaleOf(world, 'main') });
  await world.ask('GET', object(world, 'main'));
});

scenario('seen by a watch of the object', async (world) => {
  await givenScaled(world, 'main');
  const { metadata } = await world.given('GET', object(world, 'main'));
  const opened = await world.watch(
    world.path({ plural, query: `watch=true&resourceVersion=${metadata.resourceVersion}` }),
  );
  await world.given('PUT', pathOf(world, 'main'), { body: scaleOf(world, 'main', { replicas: 8 }) });
  await world.given('PATCH', pathOf(world, 'main'), { type: merge, body: { spec: { replicas: 9 } } });
  await opened.take(2);
  world.closeWatch(opened);
});

scenario('of an object whose name could be read as another', async (world) => {
  const name = 'a-x-b';
  await givenScaled(world, name);
  await world.ask('GET', pathOf(world, name));
  await world.ask('GET', pathOf(world, name), { accept: table });
  await world.ask('PUT', pathOf(world, name), { body: scaleOf(world, name) });
  await world.ask('PATCH', pathOf(world, name), { type: merge, body: { spec: { replicas: 3 } } });
  await world.ask('PATCH', pathOf(world, name), {
    type: json,
    body: [{ op: 'replace', path: '/spec/replicas', value: 4 }],
  });
  await world.ask('PATCH', pathOf(world, name, 'fieldManager=me&force=true'), {
    type: apply,
    body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas: 5 } },
  });
  await world.ask('GET', object(world, name));
});

/** Lets a user do only these; resolves when the API server knows it. */
async function givenRights(world: World, user: string, rules: object[]): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io';
  const base = `/apis/${rbac}/v1/namespaces/${world.namespace}`;
  const given = (path: string, body: object): Promise<unknown> =>
    world.given('PATCH', `${base}/${path}?fieldManager=oracle&force=true`, { type: apply, body });
  const metadata = { name: user, namespace: world.namespace };
  await given(`roles/${user}`, { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules });
  await given(`rolebindings/${user}`, {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: rbac, kind: 'Role', name: user },
    subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
  });
  const resourceAttributes = { namespace: world.namespace, verb: 'get', group: world.group };
  const asked = { ...resourceAttributes, resource: plural, subresource: 'scale' };
  for (let attempt = 1; ; attempt++) {
    const { status } = await world.given('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, resourceAttributes: asked },
      },
    });
    if (status?.['allowed'] === true) return;
    if (attempt === 500) throw new Error(`${user} gets no rights`);
  }
}

scenario('by a user who may scale and nothing else', async (world) => {
  await givenScaled(world, 'main');
  await givenRights(world, 'scaler', [
    { apiGroups: [world.group], resources: ['databases/scale'], verbs: ['get', 'update'] },
  ]);
  const headers = { 'impersonate-user': 'scaler' };
  await world.ask('GET', pathOf(world, 'main'), { headers });
  await world.ask('PUT', pathOf(world, 'main'), { headers, body: scaleOf(world, 'main') });
  await world.ask('PATCH', pathOf(world, 'main'), { headers, type: merge, body: { spec: { replicas: 3 } } });
  await world.ask('GET', pathOf(world, 'gone'), { headers });
  await world.ask('GET', object(world, 'main'), { headers });
  await world.ask('GET', world.path({ plural, name: 'main', subresource: 'status' }), { headers });
  await world.ask('PUT', object(world, 'main'), { headers, body: world.database('main') });
});
