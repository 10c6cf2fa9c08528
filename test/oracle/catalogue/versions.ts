import { area, type OracleObject, type World } from '../scenario.ts';
import { unconvertible } from '../conversion-webhook.ts';

export const versions = area('versions');
const { scenario } = versions;

const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const partialList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

const served = ['v1', 'v1beta1', 'v1alpha1'] as const;
type Version = (typeof served)[number];

/** Path of the queues, of one, or of its subresource. */
function queues(world: World, version: string, rest = ''): string {
  return `/apis/${world.group}/${version}/namespaces/${world.namespace}/queues${rest}`;
}

/** The same queue in each version: a webhook moves its size. */
function queue(world: World, version: Version, size: string, metadata: object = {}): OracleObject {
  const spec = { v1: { size }, v1beta1: { capacity: { size } }, v1alpha1: { gigabytes: size } };
  return {
    apiVersion: `${world.group}/${version}`,
    kind: 'Queue',
    metadata: { name: 'main', namespace: world.namespace, ...metadata },
    spec: spec[version],
  };
}

for (const written of served) {
  scenario(`written in ${written} and read in each`, async (world) => {
    const secret = { writeConnectionSecretToRef: { name: 'my-secret' } };
    const body = queue(world, written, '5', {
      labels: { team: 'red' },
      annotations: { 'example.org/a': 'b' },
    });
    await world.ask('POST', queues(world, written), { body: { ...body, spec: { ...body.spec, ...secret } } });
    for (const read of served) {
      await world.ask('GET', queues(world, read, '/main'));
      await world.ask('GET', queues(world, read));
      await world.ask('GET', queues(world, read), { accept: table });
      await world.ask('GET', queues(world, read, '/main'), { accept: table });
      await world.ask('GET', queues(world, read, '/main'), { accept: partial });
      await world.ask('GET', queues(world, read), { accept: partialList });
      await world.ask('GET', `/apis/${world.group}/${read}/queues`);
    }
  });

  scenario(`changed in ${written}, whatever it was made in`, async (world) => {
    for (const made of served) {
      await world.given('POST', queues(world, made), { body: queue(world, made, '1') });
      const live = await world.given('GET', queues(world, written, '/main'));
      await world.ask('PUT', queues(world, written, '/main'), {
        body: { ...queue(world, written, '2'), metadata: { ...live.metadata, labels: { team: 'red' } } },
      });
      await world.ask('PATCH', queues(world, written, '/main'), {
        type: merge,
        body: { spec: { note: 'merged' } },
      });
      await world.ask('PATCH', queues(world, written, '/main'), {
        type: json,
        body: [{ op: 'replace', path: '/spec/note', value: 'patched' }],
      });
      await world.ask('PATCH', queues(world, written, '/main'), {
        type: merge,
        body: { metadata: { labels: null, annotations: { a: 'b' } } },
      });
      await world.ask('GET', queues(world, 'v1', '/main'));
      await world.ask('DELETE', queues(world, written, '/main'));
    }
  });

  scenario(`a watch in ${written} of changes in each`, async (world) => {
    const opened = await world.watch(queues(world, written, '?watch=true'));
    for (const version of served) {
      await world.given('POST', queues(world, version), {
        body: queue(world, version, '1', { name: `q-${version}` }),
      });
      await world.given('PATCH', queues(world, version, `/q-${version}`), {
        type: merge,
        body: { spec: { note: 'x' } },
      });
      await world.given('DELETE', queues(world, version, `/q-${version}`));
    }
    await opened.take(9);
    world.closeWatch(opened);
  });

  scenario(`a watch in ${written} as a Table`, async (world) => {
    await world.given('POST', queues(world, 'v1'), { body: queue(world, 'v1', '1') });
    const opened = await world.watch(queues(world, written, '?watch=true'), { accept: table });
    await opened.take(1);
    await world.given('PATCH', queues(world, 'v1', '/main'), { type: merge, body: { spec: { note: 'x' } } });
    await opened.take(2);
    world.closeWatch(opened);
  });
}

scenario('applied in one version and changed in another', async (world) => {
  const applied = (version: Version, size: string, manager: string): Promise<unknown> =>
    world.ask('PATCH', queues(world, version, `/main?fieldManager=${manager}`), {
      type: apply,
      body: queue(world, version, size),
    });
  await applied('v1', '1', 'one');
  await applied('v1beta1', '1', 'two');
  // With one other owner: several are told in the order of a Go map.
  await applied('v1beta1', '2', 'two');
  await applied('v1alpha1', '1', 'three');
  await world.ask('PATCH', queues(world, 'v1beta1', '/main?fieldManager=two&force=true'), {
    type: apply,
    body: queue(world, 'v1beta1', '2'),
  });
  await world.ask('PATCH', queues(world, 'v1alpha1', '/main?fieldManager=editor'), {
    type: merge,
    body: { spec: { gigabytes: '3', note: 'x' } },
  });
  for (const version of served) await world.ask('GET', queues(world, version, '/main'));
  const { metadata, ...rest } = await world.given('GET', queues(world, 'v1beta1', '/main'));
  await world.ask('PUT', queues(world, 'v1beta1', '/main'), { body: { ...rest, metadata } });
  await world.ask('PATCH', queues(world, 'v1', '/main'), {
    type: merge,
    body: { metadata: { managedFields: [{}] } },
  });
});

scenario('an apply that speaks of another version', async (world) => {
  await world.ask('PATCH', queues(world, 'v1', '/main?fieldManager=one'), {
    type: apply,
    body: queue(world, 'v1beta1', '1'),
  });
  await world.ask('POST', queues(world, 'v1'), { body: queue(world, 'v1beta1', '1') });
  await world.ask('POST', queues(world, 'v1beta1'), { body: queue(world, 'v1', '1') });
  await world.ask('GET', queues(world, 'v1'));
});

scenario('created by apply in a version that is not stored', async (world) => {
  for (const version of ['v1beta1', 'v1alpha1'] as const)
    await world.ask('PATCH', queues(world, version, `/${version}?fieldManager=one`), {
      type: apply,
      body: queue(world, version, '1', { name: version }),
    });
  await world.ask('GET', queues(world, 'v1'));
});

scenario('the status in each version', async (world) => {
  await world.given('POST', queues(world, 'v1'), { body: queue(world, 'v1', '1') });
  for (const version of served) {
    await world.ask('PATCH', queues(world, version, '/main/status'), {
      type: merge,
      body: { status: { note: version }, spec: { note: 'ignored' } },
    });
    await world.ask('GET', queues(world, version, '/main/status'));
  }
});

const deprecated = [
  { plural: 'databases', version: 'v1beta1', spec: { engine: 'postgres' }, kind: 'Database' },
  { plural: 'queues', version: 'v1alpha1', spec: { gigabytes: '1' }, kind: 'Queue' },
] as const;

for (const { plural, version, spec, kind } of deprecated) {
  scenario(`the warning of a deprecated version, ${plural}`, async (world) => {
    const base = `/apis/${world.group}/${version}/namespaces/${world.namespace}/${plural}`;
    const object = (name: string, more: object = {}): object => ({
      apiVersion: `${world.group}/${version}`,
      kind,
      metadata: { name, namespace: world.namespace },
      spec,
      ...more,
    });
    await world.ask('POST', base, { body: object('main') });
    await world.ask('POST', base, { body: object('main') });
    await world.ask('POST', base, { body: object('odd', { odd: 1 }) });
    await world.ask('POST', base, { body: object('Wrong_Name') });
    await world.ask('POST', base, { body: '{' });
    await world.ask('POST', base, { type: 'text/plain', body: 'x' });
    await world.ask('POST', base.replace(world.namespace, 'nowhere'), { body: object('main') });
    await world.ask('GET', base);
    await world.ask('GET', base, { accept: table });
    await world.ask('GET', base, { accept: 'text/html' });
    await world.ask('GET', `${base}?limit=x`);
    await world.ask('GET', `${base}/main`);
    await world.ask('GET', `${base}/gone`);
    await world.ask('HEAD', `${base}/main`);
    await world.ask('GET', `/apis/${world.group}/${version}/${plural}`);
    await world.watchToEnd(`${base}?watch=true&timeoutSeconds=1`);
    await world.ask('PUT', `${base}/main`, { body: object('main') });
    await world.ask('PUT', `${base}/main`, { body: object('other') });
    await world.ask('PUT', `${base}/gone`, { body: object('gone') });
    await world.ask('PUT', base, { body: object('gone') });
    await world.ask('PATCH', `${base}/main`, { type: merge, body: { spec: { note: 'x' } } });
    await world.ask('PATCH', `${base}/main?fieldValidation=Warn`, {
      type: merge,
      body: { spec: { odd: 'x' } },
    });
    await world.ask('PATCH', `${base}/main`, { type: 'application/strategic-merge-patch+json', body: {} });
    await world.ask('PATCH', `${base}/main?fieldManager=me`, { type: apply, body: object('main') });
    await world.ask('PATCH', `${base}/gone`, { type: merge, body: {} });
    await world.ask('POST', `${base}/main/status`, { body: object('main') });
    await world.ask('GET', `${base}/main/scale`);
    await world.ask('GET', `${base}/main/nothing`);
    await world.ask('DELETE', `${base}/main?dryRun=All`);
    await world.ask('DELETE', `${base}/gone`);
    await world.ask('DELETE', `${base}/main`);
    await world.ask('DELETE', base);
  });
}

scenario('without conversion, written in one version and read in the other', async (world) => {
  await world.given('POST', world.path({ plural: 'databases', version: 'v1beta1' }), {
    body: { ...world.database('main', { labels: { team: 'red' } }), apiVersion: `${world.group}/v1beta1` },
  });
  for (const version of ['v1', 'v1beta1']) {
    const name = { plural: 'databases', version, name: 'main' } as const;
    await world.ask('GET', world.path(name));
    await world.ask('GET', world.path({ ...name, subresource: 'status' }));
    for (const accept of [table, partial]) await world.ask('GET', world.path(name), { accept });
    await world.ask('PATCH', world.path({ ...name, query: `fieldManager=by-${version}` }), {
      type: merge,
      body: { spec: { replicas: version === 'v1' ? 2 : 3 } },
    });
    await world.ask('PATCH', world.path({ ...name, query: `fieldManager=applier-${version}&force=true` }), {
      type: apply,
      body: { ...world.database('main', {}, { replicas: 4 }), apiVersion: `${world.group}/${version}` },
    });
  }
});

// Last: an API server that cannot convert an object has no cache of its version for a while after it is gone.

scenario('an object that cannot be converted', async (world) => {
  await world.given('POST', queues(world, 'v1'), { body: queue(world, 'v1', unconvertible) });
  const older = ['v1beta1', 'v1alpha1'] as const;
  await world.askAll(
    older.flatMap((version): Parameters<World['askAll']>[0][number][] => [
      ['GET', queues(world, version, '/main')],
      ['GET', queues(world, version)],
      ['GET', `/apis/${world.group}/${version}/queues`],
      ['GET', queues(world, version), { accept: table }],
    ]),
  );
  for (const version of older) {
    await world.ask('PATCH', queues(world, version, '/main'), { type: merge, body: { spec: { note: 'x' } } });
    await world.ask('PATCH', queues(world, version, '/main'), {
      type: merge,
      body: { metadata: { labels: null } },
    });
    await world.ask('PUT', queues(world, version, '/main'), {
      body: queue(world, version, '1', { resourceVersion: '1' }),
    });
  }
  await world.ask('GET', queues(world, 'v1', '/main'));
  await world.ask('PATCH', queues(world, 'v1', '/main'), { type: merge, body: { spec: { size: '1' } } });
  await world.ask('GET', queues(world, 'v1beta1', '/main'));
});

scenario('an object that cannot be stored', async (world) => {
  await world.ask('POST', queues(world, 'v1beta1'), { body: queue(world, 'v1beta1', unconvertible) });
  await world.ask('PATCH', queues(world, 'v1beta1', '/main?fieldManager=one'), {
    type: apply,
    body: queue(world, 'v1beta1', unconvertible),
  });
  await world.given('POST', queues(world, 'v1'), { body: queue(world, 'v1', '1') });
  await world.ask('PATCH', queues(world, 'v1beta1', '/main'), {
    type: merge,
    body: { spec: { capacity: { size: unconvertible } } },
  });
  await world.ask('GET', queues(world, 'v1', '/main'));
});

scenario('deleted in a version that cannot show it', async (world) => {
  await world.given('POST', queues(world, 'v1'), { body: queue(world, 'v1', unconvertible) });
  await world.ask('DELETE', queues(world, 'v1beta1', '/main'));
  await world.ask('DELETE', queues(world, 'v1beta1'));
  await world.ask('GET', queues(world, 'v1'));
});

scenario('a version that is not served', async (world) => {
  await world.given('POST', queues(world, 'v1'), { body: queue(world, 'v1', '1') });
  for (const rest of ['', '/main', '/main/status', '?watch=true'])
    await world.ask('GET', queues(world, 'v2', rest));
  await world.ask('POST', queues(world, 'v2'), {
    body: { ...queue(world, 'v1', '1', { name: 'other' }), apiVersion: `${world.group}/v2` },
  });
  for (const method of ['PUT', 'PATCH', 'DELETE'])
    await world.ask(method, queues(world, 'v2', '/main'), { type: merge, body: {} });
  await world.ask('DELETE', queues(world, 'v2'));
});

// `databases` has a deprecated version without a sentence of its own and no conversion, `queues` one with a sentence.
