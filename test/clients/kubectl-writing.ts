import type { ClientSide } from './client-side.ts';

const bucket = (name: string, size = 'small', metadata = ''): string => `
apiVersion: GROUP/v1
kind: Bucket
metadata: { name: ${name}${metadata} }
spec: { parameters: { size: ${size} } }
`;
const database = (name: string, engine = 'postgres'): string => `
apiVersion: GROUP/v1
kind: Database
metadata: { name: ${name}, labels: { app: shop } }
spec: { engine: ${engine} }
`;

/** kubectl's own three-way merge, with its annotation. */
export async function applies(side: ClientSide): Promise<void> {
  const file = await side.file('applied.yaml', `${bucket('one')}---${database('two')}`);
  await side.kubectl(['diff', '-f', file], { code: 1 });
  await side.kubectl(['apply', '-f', file]);
  await side.kubectl(['apply', '-f', file]);
  await side.kubectl(['diff', '-f', file]);
  await side.file(
    'applied.yaml',
    `${bucket('one', 'large', ', labels: { app: shop }')}---${database('two')}`,
  );
  await side.kubectl(['diff', '-f', file], { code: 1 });
  await side.kubectl(['apply', '-f', file, '--dry-run=server']);
  await side.kubectl(['apply', '-f', file]);
  await side.kubectl(['apply', 'view-last-applied', 'bucket.GROUP/one']);
  await side.kubectl('get bucket.GROUP one -o yaml --show-managed-fields');
  await side.file('applied.yaml', bucket('one', 'large', ', labels: { app: shop }'));
  await side.kubectl([
    'apply',
    '-f',
    file,
    '--prune',
    '-l',
    'app=shop',
    '--prune-allowlist=GROUP/v1/Bucket',
    '--prune-allowlist=GROUP/v1/Database',
  ]);
  await side.file('applied.yaml', bucket('one', 'huge'));
  await side.kubectl(['apply', '-f', file], { code: 1 });
  await side.file('applied.yaml', bucket('one').replace('parameters:', 'unknown: 1, parameters:'));
  await side.kubectl(['apply', '-f', file], { code: 1 });
  await side.kubectl(['apply', '-f', file, '--validate=warn']);
  await side.kubectl('get buckets.GROUP,databases.GROUP');
}

export async function appliesOnTheServer(side: ClientSide): Promise<void> {
  const file = await side.file('ours.yaml', bucket('one'));
  const theirs = await side.file('theirs.yaml', bucket('one', 'large'));
  const server = ['apply', '--server-side'];
  await side.kubectl([...server, '-f', file, '--field-manager=us']);
  await side.kubectl([...server, '-f', theirs, '--field-manager=them'], { code: 1 });
  await side.kubectl([...server, '-f', theirs, '--field-manager=them', '--force-conflicts']);
  await side.kubectl([...server, '-f', theirs, '--field-manager=third']);
  await side.kubectl(['diff', '--server-side', '-f', file, '--field-manager=us', '--force-conflicts'], {
    code: 1,
  });
  await side.kubectl('get bucket.GROUP one -o yaml --show-managed-fields');
  // Of an object that was applied by the client before, kubectl moves the fields to the new manager.
  const moved = await side.file('moved.yaml', bucket('moved'));
  await side.kubectl(['apply', '-f', moved]);
  await side.kubectl([...server, '-f', moved]);
  await side.kubectl('get bucket.GROUP moved -o yaml --show-managed-fields');
}

export async function createsAndReplaces(side: ClientSide): Promise<void> {
  const file = await side.file('made.yaml', bucket('one'));
  await side.kubectl(['create', '-f', file, '--dry-run=server', '-o', 'yaml']);
  await side.kubectl(['create', '-f', file, '--dry-run=client']);
  await side.kubectl('get bucket.GROUP one', { code: 1 });
  await side.kubectl(['create', '-f', file, '--save-config']);
  await side.kubectl(['create', '-f', file], { code: 1 });
  await side.kubectl('create -f - -o name', { input: bucket('', 'small', "'', generateName: made-") });
  const stale = await side.file('stale.yaml', await side.kubectl('get bucket.GROUP one -o yaml'));
  await side.file('made.yaml', bucket('one', 'medium'));
  await side.kubectl(['replace', '-f', file]);
  await side.kubectl(['replace', '-f', stale], { code: 1 });
  await side.kubectl('replace -f -', { input: bucket('missing'), code: 1 });
  await side.kubectl(['replace', '--force', '-f', file]);
  await side.kubectl('get bucket.GROUP one -o yaml');
}

/** An editor that needs nobody. */
const edit = (expression: string): Record<string, string> => ({ KUBE_EDITOR: `sed -i ${expression}` });

export async function edits(side: ClientSide): Promise<void> {
  await side.kubectl('create -f -', { input: bucket('one') });
  await side.kubectl('edit bucket.GROUP one', { env: edit('s/small/large/') });
  await side.kubectl('edit bucket.GROUP one', { env: edit('s/nothing/else/') });
  // Refused, and opened again with the reason; the editor has nothing to add then.
  await side.kubectl('edit bucket.GROUP one', { env: edit('s/large/huge/'), code: 1 });
  await side.kubectl('edit bucket.GROUP one --subresource=status', {
    env: edit('s/^spec:/status:{note:x}\\nspec:/'),
    code: 1,
  });
  await side.kubectl('get bucket.GROUP one -o yaml');
}

export async function labelsAndPatches(side: ClientSide): Promise<void> {
  await side.kubectl('create -f -', { input: bucket('one') });
  await side.kubectl('label bucket.GROUP one tier=gold');
  await side.kubectl('label bucket.GROUP one tier=silver', { code: 1 });
  await side.kubectl('label bucket.GROUP one tier=silver --overwrite');
  await side.kubectl('label bucket.GROUP one tier-');
  await side.kubectl('label bucket.GROUP one bad/label/key=x', { code: 1 });
  await side.kubectl('annotate bucket.GROUP one example.org/note=kept');
  await side.kubectl('annotate bucket.GROUP --all example.org/note-');
  await side.kubectl([
    'patch',
    'bucket.GROUP',
    'one',
    '--type=merge',
    '-p',
    '{"spec":{"parameters":{"size":"large"}}}',
  ]);
  await side.kubectl([
    'patch',
    'bucket.GROUP',
    'one',
    '--type=merge',
    '-p',
    '{"spec":{"parameters":{"size":"large"}}}',
  ]);
  await side.kubectl([
    'patch',
    'bucket.GROUP',
    'one',
    '--type=json',
    '-p',
    '[{"op":"replace","path":"/spec/parameters/size","value":"small"}]',
  ]);
  await side.kubectl(
    [
      'patch',
      'bucket.GROUP',
      'one',
      '--type=json',
      '-p',
      '[{"op":"test","path":"/metadata/name","value":"two"}]',
    ],
    { code: 1 },
  );
  await side.kubectl(['patch', 'bucket.GROUP', 'one', '-p', '{"spec":{}}'], { code: 1 });
  await side.kubectl([
    'patch',
    'bucket.GROUP',
    'one',
    '--subresource=status',
    '--type=merge',
    '-p',
    '{"status":{"note":"well"}}',
  ]);
  await side.kubectl(['patch', 'bucket.GROUP', 'none', '--type=merge', '-p', '{}'], { code: 1 });
  await side.kubectl('get bucket.GROUP one -o yaml --show-managed-fields');
}

export async function scales(side: ClientSide): Promise<void> {
  await side.kubectl('create -f -', { input: `${database('one')}---${bucket('none')}` });
  await side.kubectl('scale database.GROUP one --replicas=3');
  await side.kubectl('scale database.GROUP one --replicas=4 --current-replicas=7', { code: 1 });
  await side.kubectl('scale database.GROUP one --replicas=1000', { code: 1 });
  await side.kubectl('scale bucket.GROUP none --replicas=3', { code: 1 });
  await side.kubectl('get database.GROUP one --subresource=scale -o yaml');
  await side.kubectl('get database.GROUP one --subresource=scale');
  await side.kubectl('get database.GROUP one -o yaml --show-managed-fields');
}

/** What works on workloads only, or on nothing that is there. */
export async function meetsErrors(side: ClientSide): Promise<void> {
  await side.kubectl('create -f -', { input: bucket('one') });
  await side.kubectl('rollout status bucket.GROUP/one', { code: 1 });
  await side.kubectl('rollout restart bucket.GROUP/one', { code: 1 });
  await side.kubectl('logs bucket.GROUP/one', { code: 1 });
  await side.kubectl('expose bucket.GROUP/one --port=80', { code: 1 });
  await side.kubectl('get bucket.GROUP none', { code: 1 });
  await side.kubectl('get pails.GROUP', { code: 1 });
  await side.kubectl('get bucket.GROUP one --subresource=scale', { code: 1 });
  await side.kubectl('get buckets.GROUP --field-selector=spec.size=1', { code: 1 });
  await side.kubectl(['get', 'buckets.GROUP', '-l', 'a in (', '-o', 'name'], { code: 1 });
  await side.kubectl('create -f - -n nowhere', { input: bucket('lost'), code: 1 });
  await side.kubectl('create -f -', { input: bucket('Not_A_Name'), code: 1 });
  await side.kubectl('create -f -', { input: bucket('one').replace('GROUP/v1', 'GROUP/v7'), code: 1 });
}
