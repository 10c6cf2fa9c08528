import type { ClientSide } from './client-side.ts';

/** Three buckets and two databases, made in no order. */
async function prepare(side: ClientSide): Promise<void> {
  const buckets = ['c large', 'a small', 'b medium'].map((text) => {
    const [name, size] = text.split(' ');
    return `
apiVersion: GROUP/v1
kind: Bucket
metadata: { name: ${name}, labels: { size: ${size} }, annotations: { example.org/note: of ${name} } }
spec: { parameters: { size: ${size} }, writeConnectionSecretToRef: { name: secret-of-${name} } }
`;
  });
  const databases = ['w mysql', 'v postgres'].map((text) => {
    const [name, engine] = text.split(' ');
    return `
apiVersion: GROUP/v1
kind: Database
metadata: { name: ${name}, labels: { team: red }, annotations: { example.org/note: of ${name} } }
spec: { engine: ${engine}, replicas: 2 }
`;
  });
  await side.kubectl('create -f -', { input: [...buckets, ...databases].join('---'), silent: true });
}

export async function gets(side: ClientSide): Promise<void> {
  await prepare(side);
  for (const output of ['yaml', 'json', 'wide', 'name', 'jsonpath={.items[*].metadata.name}'])
    await side.kubectl(`get buckets.GROUP -o ${output}`);
  await side.kubectl('get buckets.GROUP');
  await side.kubectl('get bucket.GROUP b');
  await side.kubectl('get bucket.GROUP b a');
  await side.kubectl('get databases.GROUP -o wide');
  await side.kubectl('get db.GROUP -o wide --show-labels -L team');
  await side.kubectl('get databases.v1beta1.GROUP');
  await side.kubectl('get databases.v1beta1.GROUP w -o yaml');
  await side.kubectl('get buckets.GROUP,databases.GROUP --show-kind');
  await side.kubectl('get buckets.GROUP -o custom-columns=NAME:.metadata.name,SIZE:.spec.parameters.size');
  await side.kubectl('get buckets.GROUP --sort-by=.spec.parameters.size');
  await side.kubectl('get buckets.GROUP --sort-by=.metadata.creationTimestamp -o name', { sorted: true });
  await side.kubectl('get buckets.GROUP -l size!=large');
  await side.kubectl('get buckets.GROUP --field-selector=metadata.name=b');
  await side.kubectl('get databases.GROUP --field-selector=spec.engine=mysql');
  await side.kubectl('get buckets.GROUP --chunk-size=2');
  await side.kubectl('get buckets.GROUP --chunk-size=1 -o name');
  await side.kubectl('get buckets.GROUP -A --no-headers');
  await side.kubectl('get buckets.GROUP --server-print=false');
  await side.kubectl('get buckets.GROUP -n nowhere');
  await side.kubectl('get buckets.GROUP -o yaml --show-managed-fields');
}

export async function describes(side: ClientSide): Promise<void> {
  await prepare(side);
  await side.kubectl('describe bucket.GROUP b');
  await side.kubectl('describe databases.GROUP');
  await side.kubectl('describe bucket.GROUP none', { code: 1 });
  await side.kubectl('events --for=bucket.GROUP/b');
}

export async function explains(side: ClientSide): Promise<void> {
  await side.kubectl('explain buckets.GROUP');
  await side.kubectl('explain buckets.GROUP.spec.parameters.size');
  for (const field of ['bucket.spec.parameters', 'bucket.spec.parameters.size', 'bucket.status.conditions'])
    await side.kubectl(`explain ${field} --api-version=GROUP/v1`);
  await side.kubectl('explain bucket.spec.nothing --api-version=GROUP/v1', { code: 1 });
  await side.kubectl('explain database --recursive --api-version=GROUP/v1');
  await side.kubectl('explain database --api-version=GROUP/v1beta1');
  await side.kubectl('explain database.spec --api-version=GROUP/v1 --output=plaintext-openapiv2');
  await side.kubectl('api-resources --api-group=GROUP -o wide --sort-by=name --categories=claim');
  await side.kubectl('api-resources --api-group=GROUP -o name --verbs=deletecollection,watch');
  await side.kubectl('auth can-i create buckets.GROUP');
}

export async function waits(side: ClientSide): Promise<void> {
  await prepare(side);
  const patch = (patched: object, ...more: string[]): Promise<string> =>
    side.kubectl(['patch', 'bucket.GROUP', 'a', '--type=merge', '-p', JSON.stringify(patched), ...more], {
      silent: true,
    });
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Available',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  await Promise.all([
    side.kubectl('wait --for=condition=Ready bucket.GROUP/a --timeout=30s'),
    patch({ status: { conditions: [condition] } }, '--subresource=status'),
  ]);
  await side.kubectl('wait --for=condition=Ready buckets.GROUP --all --timeout=1s', { code: 1 });
  await Promise.all([
    side.kubectl('wait --for=jsonpath={.spec.parameters.size}=large bucket.GROUP/a --timeout=30s'),
    patch({ spec: { parameters: { size: 'large' } } }),
  ]);
  await Promise.all([
    // It says nothing when the bucket has gone before it asks.
    side.kubectl('wait --for=delete bucket.GROUP/a --timeout=30s', { silent: true }),
    side.kubectl('delete bucket.GROUP a --wait=false', { silent: true }),
  ]);
  await side.kubectl('wait --for=delete bucket.GROUP/a --timeout=1s');
  await side.kubectl('wait --for=condition=Ready bucket.GROUP/a --timeout=1s', { code: 1 });
}

export async function watches(side: ClientSide): Promise<void> {
  await prepare(side);
  const during = async (): Promise<void> => {
    await side.kubectl('label bucket.GROUP a size=tiny --overwrite', { silent: true });
    await side.kubectl('delete bucket.GROUP a', { silent: true });
    await side.kubectl('create -f -', {
      input: `
apiVersion: GROUP/v1
kind: Bucket
metadata: { name: a, labels: { size: small } }
spec: { parameters: { size: small } }
`,
      silent: true,
    });
  };
  const story = async (args: string, ready: number, lines: number): Promise<void> =>
    await side.runDuring('kubectl', ['get', ...args.split(' ')], { ready, lines, during });
  await story('buckets.GROUP --watch', 4, 7);
  await story('buckets.GROUP --watch --output-watch-events -o name', 3, 6);
  await story('buckets.GROUP --watch --output-watch-events -l size=small', 2, 4);
  await story('bucket.GROUP a --watch --output-watch-events', 2, 5);
  await story('bucket.GROUP -o custom-columns=:.metadata.name,:.metadata.labels.size --watch', 4, 7);
}

export async function deletes(side: ClientSide): Promise<void> {
  await prepare(side);
  await side.kubectl('delete bucket.GROUP a --dry-run=server');
  await side.kubectl('delete bucket.GROUP a --wait=true --cascade=background');
  await side.kubectl('delete bucket.GROUP a', { code: 1 });
  await side.kubectl('delete bucket.GROUP a --ignore-not-found');
  await side.kubectl('delete buckets.GROUP -l size=medium');
  await side.kubectl('delete databases.GROUP --field-selector=metadata.name=v -o name');
  await side.kubectl([
    'patch',
    'bucket.GROUP',
    'c',
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":["example.org/hold"]}}',
  ]);
  await side.kubectl('delete bucket.GROUP c --timeout=1s', { code: 1 });
  await side.kubectl('get bucket.GROUP c -o yaml');
  const release = ['patch', 'bucket.GROUP', 'c', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'];
  await Promise.all([
    // It says nothing when the bucket has gone before it asks.
    side.kubectl('wait --for=delete bucket.GROUP/c --timeout=30s', { silent: true }),
    side.kubectl(release, { silent: true }),
  ]);
  await side.kubectl('get bucket.GROUP c', { code: 1 });
  await side.kubectl('delete databases.GROUP --all --grace-period=0 --force');
  await side.kubectl('get buckets.GROUP,databases.GROUP');
}

/** Dependents in the app cluster stay behind and lose their owner, or go first. */
export async function deletesWithDependents(side: ClientSide): Promise<void> {
  await prepare(side);
  for (const name of ['a', 'b']) {
    const uid = await side.kubectl(`get bucket.GROUP ${name} -o jsonpath={.metadata.uid}`, { silent: true });
    await side.kubectl('apply -f -', {
      input: `
apiVersion: v1
kind: ConfigMap
metadata:
  name: of-${name}
  ownerReferences: [{ apiVersion: GROUP/v1, kind: Bucket, name: ${name}, uid: ${uid}, blockOwnerDeletion: true }]
`,
      silent: true,
    });
  }
  await side.kubectl('delete bucket.GROUP a --cascade=orphan --timeout=55s');
  await side.kubectl('get configmap of-a -o jsonpath={.metadata.name}:{.metadata.ownerReferences}');
  await side.kubectl('delete bucket.GROUP b --cascade=foreground --timeout=55s');
  await side.kubectl('get configmap of-b', { code: 1 });
  await side.kubectl('delete configmap of-a', { silent: true });
}
