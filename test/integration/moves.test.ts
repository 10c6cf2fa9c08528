import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeList, KubeObject, Secret } from '../../src/apimachinery/objects.ts';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { readClaimApis } from '../../src/claim-moves/claim-api.ts';
import type { Step } from '../../src/claim-moves/next-step.ts';
import { planMoves } from '../../src/claim-moves/plan.ts';
import { type MoveResult, runMoves } from '../../src/claim-moves/run-moves.ts';
import { findApi, readSelected } from '../../src/claim-moves/selection.ts';
import { applyManifests } from '../../src/demo/manifests.ts';
import { eventually, sharedLab } from '../support/lab.ts';
import { type Ended, type Infrastructure, runCli, StoredClaims } from '../support/moved-claims.ts';
import { type ClaimApi, offerNothing } from '../support/platform-api.ts';
import { GroundCluster, TestGround } from '../support/test-ground.ts';

jest.setTimeout(120_000);

const cuts: Step[] = [
  'await-old',
  'record',
  'create-new',
  'switch',
  'hand-over-secret',
  'release-new',
  'verify',
  'retire-old',
  'finish',
];
const backCuts: Step[] = ['await-old', 'switch', 'hand-over-secret', 'verify', 'retire-old'];
const prepared = [
  ...cuts.map((step) => `cut-${step}`),
  ...backCuts.map((step) => `back-${step}`),
  'renamed',
  'paused',
  'new-deleted',
  'old-deleted',
  'deleted-early',
  'lost',
  'guarded',
  'ended',
  'going',
];

const foreignFinalizer = 'example.org/mine';

let ground: TestGround;
let api: ClaimApi;
let claims: StoredClaims;
let from: string;
let to: string;

/** Claims with these finalizers would be in the way of every run after one that was killed. */
async function endStuckClaims(namespace: string): Promise<void> {
  const cluster = new GroundCluster(sharedLab().controlPlane.kubeconfig);
  const path = `/apis/moves-one.test.example.org/v1/namespaces/${namespace}/databases`;
  const { items } = await cluster.client.get<KubeList<KubeObject>>(path).catch(() => ({ items: [] }));
  for (const { metadata } of items) {
    if (!metadata.finalizers?.includes(foreignFinalizer)) continue;
    const finalizers = metadata.finalizers.filter((one) => one !== foreignFinalizer);
    const annotations = { 'crossplane.io/paused': null };
    await cluster.client.patch(`${path}/${metadata.name}`, { metadata: { finalizers, annotations } });
  }
  await cluster.close();
}

beforeAll(async () => {
  await endStuckClaims('moves-one-claims');
  ground = await TestGround.prepare('moves-one');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  claims = new StoredClaims(ground.controlPlane, api);
  from = ground.claimNamespace;
  to = `${ground.name}-target`;
  await ground.controlPlane.createNamespace(to);
  // Side by side: one after the other, they take most of the time.
  await Promise.all(prepared.map((name) => claims.create(from, name)));
});
afterAll(async () => {
  await endStuckClaims(from);
  await ground?.remove();
});

function cli(...args: string[]): Promise<Ended> {
  return runCli([
    ...args,
    '--namespace',
    from,
    `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
  ]);
}

function move(name: string, ...args: string[]): Promise<Ended> {
  return cli('move', `${claims.resource}/${name}`, '--to-namespace', to, '--yes', ...args);
}

/** A claim that is Ready, and what is behind it. */
async function claimOf(
  name: string,
  change: { metadata?: object; spec?: object } = {},
): Promise<Infrastructure> {
  if (!prepared.includes(name)) await claims.create(from, name, change);
  await claims.ready(from, name);
  return await claims.infrastructure(from, name);
}

interface HereOptions {
  guard?: boolean;
  /** Milliseconds that stand for a minute. */
  reconcileEnds?: number;
  onStep?: (move: unknown, step: Step) => void;
}

/** A move by this process. */
async function runHere(
  name: string,
  { guard = false, reconcileEnds = 65_000, onStep }: HereOptions,
): Promise<MoveResult[]> {
  const { client } = ground.controlPlane;
  const found = findApi(await readClaimApis(client), claims.resource);
  const { claim } = await readSelected(client, found, { namespace: from, name });
  const secret = `${name}-connection`;
  const request = {
    api: found,
    claim,
    from: { namespace: from, name, uid: claim.metadata.uid ?? '' },
    to: { namespace: to, name },
    secret: { from: secret, to: secret },
  };
  const planned = await planMoves(client, [request], { guard, ignored: [] });
  return await runMoves(planned, { client, patience: { reconcileEnds }, ...(onStep ? { onStep } : {}) });
}

async function cutOff(name: string, at: Step, options: HereOptions = {}): Promise<void> {
  const onStep = (_: unknown, step: Step): void => {
    if (step === at) throw new Error(`cut off at ${step}`);
  };
  const [result] = await runHere(name, { ...options, onStep });
  expect(result).toMatchObject({ state: 'stopped', reason: `cut off at ${at}` });
}

async function expectMoved(name: string, before: Infrastructure): Promise<void> {
  await claims.ready(to, name);
  expect(await claims.infrastructure(to, name)).toEqual(before);
  expect(await claims.find(from, name)).toBeUndefined();
  await expectOneComposite(before);
}

async function expectOneComposite({ composite }: Infrastructure): Promise<void> {
  const composites = await claims.composites();
  const ofClaim = composites.filter(({ metadata }) =>
    metadata.name.startsWith(composite.name.replace(/-\w{5}$/, '-')),
  );
  expect(ofClaim.map(({ metadata }) => metadata.uid)).toEqual([composite.uid]);
}

describe('mcp-connector move', () => {
  it('gives a claim another namespace and name, and leaves what is behind it as it is [moves.one.infrastructure, moves.one.exact]', async () => {
    const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
    const settings = { large: rawJSON('9007199254740993') };
    const before = await claimOf('first', {
      metadata: { labels: { team: 'orders' }, annotations: { contact: 'anna' } },
      spec: { parameters: { size: 'small', password: 'secret-of-first', settings } },
    });

    const moved = await move('first', '--to-name', 'orders');

    expect(moved).toMatchObject({ code: 0, stderr: '' });
    const claim = await claims.ready(to, 'orders');
    expect(claim.metadata).toMatchObject({ labels: { team: 'orders' }, annotations: { contact: 'anna' } });
    expect(Object.keys(claim.metadata.annotations ?? {})).toEqual(['contact']);
    expect(await claims.infrastructure(to, 'orders')).toEqual(before);
    expect(await claims.find(from, 'first')).toBeUndefined();
    expect(await ground.controlPlane.client.getText(claims.path(to, 'orders'))).toContain('9007199254740993');
    const { metadata, data } = (await claims.secret(to, 'first-connection')) as Secret;
    expect(metadata.ownerReferences).toMatchObject([
      { kind: api.kind, name: 'orders', uid: claim.metadata.uid, controller: true },
    ]);
    expect(Buffer.from(data?.['password'] ?? '', 'base64').toString()).toBe('secret-of-first');
    await eventually(async () => expect(await claims.secret(from, 'first-connection')).toBeUndefined());
    const composite = await claims.composite(before.composite.name);
    expect(composite.metadata.labels).toMatchObject({
      'crossplane.io/claim-name': 'orders',
      'crossplane.io/claim-namespace': to,
    });
  });

  it('gives another name in the same namespace, where both claims have one Secret [moves.one.exact]', async () => {
    const before = await claimOf('renamed');
    const secret = await claims.secret(from, 'renamed-connection');

    const moved = await cli('move', `${claims.resource}/renamed`, '--to-name', 'other-name', '--yes');

    expect(moved).toMatchObject({ code: 0 });
    await claims.ready(from, 'other-name');
    expect(await claims.infrastructure(from, 'other-name')).toEqual(before);
    const { uid } = (await claims.read(from, 'other-name')).metadata;
    const after = await claims.secret(from, 'renamed-connection');
    expect(after?.metadata.uid).toBe(secret?.metadata.uid);
    expect(after?.metadata.ownerReferences).toMatchObject([{ name: 'other-name', uid }]);
  });

  it('leaves a claim paused that was paused [moves.paused]', async () => {
    const before = await claimOf('paused');
    await claims.annotate(from, 'paused', { 'crossplane.io/paused': 'true' });
    const [moved] = await runHere('paused', { reconcileEnds: 1_500 });
    expect(moved).toMatchObject({ state: 'moved' });
    expect((await claims.read(to, 'paused')).metadata.annotations).toEqual({
      'crossplane.io/paused': 'true',
    });
    await claims.annotate(to, 'paused', { 'crossplane.io/paused': null });
    await expectMoved('paused', before);
  });

  it('says in one sentence what is wrong with what it was given [moves.input]', async () => {
    const cases: [string[], string][] = [
      [['databases/x', '--yes'], 'say where to'],
      [['queues/x', '--to-namespace', to], 'has no claims called "queues"'],
      [[`${claims.resource}/nobody`, '--to-namespace', to], 'not found in namespace'],
      [[claims.resource, '--to-namespace', to], 'give --all'],
      [['--all', '--name-pattern', '{who}'], '{who} is none of'],
      [[`${claims.resource}/x`, '--all', '--to-namespace', to], 'leave them out, or the names'],
      [['--all', '--to-namespace', to, '--ignore-preflight-errors', 'TargetExists'], 'cannot be ignored'],
    ];
    for (const [args, sentence] of cases) {
      const { code, stderr } = await cli('move', ...args);
      expect({ args, code, stderr }).toEqual({ args, code: 1, stderr: expect.stringContaining(sentence) });
    }
  });
});

/** Of every claim but one that Crossplane is still at. */
async function versions(): Promise<Map<string, string | undefined>> {
  const { items } = await ground.controlPlane.client.get<KubeList<KubeObject>>(claims.path(from));
  const quiet = items.filter(({ metadata }) => metadata.name !== 'is-going');
  return new Map(quiet.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
}

describe('a plan', () => {
  it('names what stands in the way of each claim, and writes nothing [moves.plan.blockers]', async () => {
    const { client } = ground.controlPlane;
    const of: Record<string, object> = {
      'with-finalizer': { finalizers: [foreignFinalizer] },
      'in-use': { labels: { 'crossplane.io/in-use': 'true' } },
      connected: { labels: { 'mcp-connector.upbound.io/app-cluster': 'some-cluster' } },
      'taken-secret': {},
      'taken-name': {},
      'is-going': { finalizers: [foreignFinalizer] },
    };
    for (const [name, metadata] of Object.entries(of)) await claimOf(name, { metadata });
    await claims.create(to, 'taken-name', {
      spec: { parameters: { size: 'small' }, writeConnectionSecretToRef: { name: 'of-another' } },
    });
    await client.create(secretPath(to), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'taken-secret-connection' },
    });
    await claims.annotate(from, 'is-going', { 'crossplane.io/paused': 'true' });
    await client.delete(claims.path(from, 'is-going'));
    const before = await versions();

    const { code, stdout } = await cli(
      'move',
      claims.resource,
      '--all',
      '--to-namespace',
      to,
      '--dry-run',
      '--output=json',
    );

    expect(code).toBe(1);
    const { moves } = JSON.parse(stdout) as {
      moves: { from: { name: string }; state: string; blockers: { reason: string; message: string }[] }[];
    };
    const found = Object.fromEntries(
      moves.map((one) => [one.from.name, one.blockers.map(({ reason }) => reason)]),
    );
    expect(found).toMatchObject({
      'with-finalizer': ['ForeignFinalizer'],
      'in-use': ['InUse'],
      connected: ['Connected'],
      'taken-secret': ['SecretExists'],
      'taken-name': ['TargetExists'],
      'is-going': expect.arrayContaining(['Deleting']),
    });
    expect(await versions()).toEqual(before);
    const missing = await cli(
      'move',
      `${claims.resource}/connected`,
      '--to-namespace',
      'no-such-namespace',
      '--dry-run',
      '--ignore-preflight-errors',
      'Connected',
    );
    expect(missing).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('namespaces "no-such-namespace" not found'),
    });
    await client.patch(claims.path(from, 'in-use'), {
      metadata: { labels: { 'crossplane.io/in-use': null } },
    });
  });
});

const composition = 'moves-reads-claim';

function ofComposition(name: string): { spec: object } {
  return {
    spec: {
      parameters: { size: 'small' },
      compositionRef: { name: composition },
      writeConnectionSecretToRef: { name: `${name}-connection` },
    },
  };
}

describe('a move of everything in a namespace', () => {
  it('is not held up by an XRD whose claims are not served, which a move of those alone says [moves.unserved]', async () => {
    await using closing = new AsyncDisposableStack();
    closing.use(await offerNothing(ground.controlPlane.client, `nobody.${ground.group}`));
    await claims.create(from, 'everything');
    const plan = ['--all', '--to-namespace', to, '--dry-run'];
    const everything = await cli('move', ...plan);
    expect(everything.stderr).not.toContain('ghosts');
    expect(everything.stdout).toContain('everything');
    const ghosts = await cli('move', `ghosts.nobody.${ground.group}`, ...plan);
    expect(ghosts).toMatchObject({ code: 1, stderr: expect.stringContaining('was answered with 404') });
  });
});

describe('a composition that reads the claim’s namespace', () => {
  beforeAll(async () => {
    const base = { apiVersion: `infra.${api.group}/v1`, kind: 'Instance', spec: {} };
    await applyManifests(ground.controlPlane.client, [
      {
        apiVersion: 'apiextensions.crossplane.io/v1',
        kind: 'Composition',
        metadata: { name: composition },
        spec: {
          compositeTypeRef: { apiVersion: `${api.group}/v1`, kind: `X${api.kind}` },
          mode: 'Resources',
          writeConnectionSecretsToNamespace: 'crossplane-system',
          resources: [
            {
              name: 'instance',
              base,
              patches: [{ fromFieldPath: 'spec.claimRef.namespace', toFieldPath: 'spec.account' }],
              connectionDetails: [{ name: 'username', type: 'FromValue', value: 'owner' }],
              readinessChecks: [{ type: 'None' }],
            },
          ],
        },
      } as KubeObject,
    ]);
    await eventually(async () => {
      const { items } = await ground.controlPlane.client.get<KubeList<KubeObject>>(
        '/apis/apiextensions.crossplane.io/v1/compositionrevisions',
        { query: { labelSelector: `crossplane.io/composition-name=${composition}` } },
      );
      expect(items.length).toBe(1);
    });
  });
  afterAll(() =>
    ground?.controlPlane.client.delete(`/apis/apiextensions.crossplane.io/v1/compositions/${composition}`),
  );

  it('is named; a claim that is moved in spite of it is taken back by itself, and the others are not begun [moves.plan.reads, moves.rollback]', async () => {
    const [first, second] = [
      await claimOf('reads-1', ofComposition('reads-1')),
      await claimOf('reads-2', ofComposition('reads-2')),
    ];

    const refused = await move('reads-1');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('ReadsClaim');

    const args = [`${claims.resource}/reads-1`, `${claims.resource}/reads-2`, '--to-namespace', to];
    const moved = await cli(
      'move',
      ...args,
      '--yes',
      '--ignore-preflight-errors=ReadsClaim',
      '--output=json',
    );

    expect(moved.code).toBe(1);
    const { moves } = JSON.parse(moved.stdout) as { moves: MoveResult[] };
    expect(moves.map(({ state }) => state)).toEqual(['undone', 'skipped']);
    expect(moves[0]?.reason).toContain(
      `the spec of Instance.infra.${api.group} ${first.composed[0]?.split(' ')[0]} has changed`,
    );
    expect(await claims.find(to, 'reads-1')).toBeUndefined();
    await claims.ready(from, 'reads-1');
    const after = await claims.infrastructure(from, 'reads-1');
    // Changed for the new claim, and changed back.
    expect(after.composed.map((one) => one.split(' ').slice(0, 2))).toEqual(
      first.composed.map((one) => one.split(' ').slice(0, 2)),
    );
    await eventually(async () => {
      const [instance = ''] = first.composed[0]?.split(' ') ?? [];
      const { spec: made } = await ground.controlPlane.client.get<KubeObject & { spec: object }>(
        `/apis/infra.${api.group}/v1/instances/${instance}`,
      );
      expect(made).toEqual({ account: from });
    });
    expect(await claims.infrastructure(from, 'reads-2')).toEqual(second);
    // Nothing was begun that another run would take up.
    expect(await cli('move', 'resume', '--yes')).toMatchObject({ code: 0, stdout: 'Nothing to move.\n' });
    expect((await claims.read(from, 'reads-1')).metadata.annotations ?? {}).toEqual({});
    await eventually(async () => expect(await claims.secret(to, 'reads-1-connection')).toBeUndefined());
  });
});

describe('a move that was cut off', () => {
  it.each(cuts)('before %s is taken up [moves.interrupted]', async (step) => {
    const name = `cut-${step}`;
    const before = await claimOf(name);
    await cutOff(name, step);
    expect(await cli('move', 'resume', '--yes')).toMatchObject({ code: 0 });
    await expectMoved(name, before);
  });

  it('makes a new claim again that somebody has deleted [moves.interrupted]', async () => {
    const before = await claimOf('new-deleted');
    await cutOff('new-deleted', 'hand-over-secret');
    await ground.controlPlane.client.delete(claims.path(to, 'new-deleted'));
    expect(await claims.find(to, 'new-deleted')).toBeUndefined();
    expect(await cli('move', 'resume', '--yes')).toMatchObject({ code: 0 });
    await expectMoved('new-deleted', before);
  });

  it('ends an old claim that somebody has deleted, and keeps what was behind it [moves.interrupted]', async () => {
    const before = await claimOf('old-deleted');
    await cutOff('old-deleted', 'retire-old');
    await ground.controlPlane.client.delete(claims.path(from, 'old-deleted'));
    expect((await claims.read(from, 'old-deleted')).metadata.deletionTimestamp).toBeDefined();
    expect(await cli('move', 'resume', '--yes')).toMatchObject({ code: 0 });
    await expectMoved('old-deleted', before);
  });

  it('saves what is behind a claim that was deleted before anything was bound [moves.interrupted]', async () => {
    const before = await claimOf('deleted-early');
    await cutOff('deleted-early', 'create-new');
    await ground.controlPlane.client.delete(claims.path(from, 'deleted-early'));
    expect(await cli('move', 'resume', '--yes')).toMatchObject({ code: 0 });
    await expectMoved('deleted-early', before);
  });

  it('lets nothing go where the composite resource is gone [moves.stops]', async () => {
    const { composite } = await claimOf('lost');
    await cutOff('lost', 'switch');
    await ground.controlPlane.client.delete(`/apis/${api.group}/v1/x${api.plural}/${composite.name}`);
    await eventually(async () =>
      expect((await claims.composites()).map(({ metadata }) => metadata.name)).not.toContain(composite.name),
    );
    const resumed = await cli('move', 'resume', '--yes');
    expect(resumed).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`its XDatabase ${composite.name} is gone`),
    });
    for (const namespace of [from, to])
      expect((await claims.read(namespace, 'lost')).metadata.annotations).toMatchObject({
        'crossplane.io/paused': 'true',
      });
    expect((await claims.composites()).filter(({ metadata }) => metadata.name.startsWith('lost-'))).toEqual(
      [],
    );
    const { stdout } = await cli('move', 'list', '--output=json');
    const { moves } = JSON.parse(stdout) as { moves: { from: { name: string }; phase: string }[] };
    expect(moves.find((one) => one.from.name === 'lost')?.phase).toBe('stopped');
    // Nothing is behind them any more: the ledger is the only one who knows them.
    for (const namespace of [from, to])
      await ground.controlPlane.client.patch(claims.path(namespace, 'lost'), {
        metadata: { finalizers: null },
      });
    for (const namespace of [from, to])
      await ground.controlPlane.client.delete(claims.path(namespace, 'lost'));
  });

  it('denies the deletion of the composite resource with --guard, until it has ended [moves.guard]', async () => {
    const before = await claimOf('guarded');
    await cutOff('guarded', 'create-new', { guard: true });
    const path = `/apis/${api.group}/v1/x${api.plural}/${before.composite.name}`;
    await expect(ground.controlPlane.client.delete(path)).rejects.toThrow('is in-use by');
    expect(await cli('move', 'resume', '--yes')).toMatchObject({ code: expect.any(Number) });
    await expectMoved('guarded', before);
    await eventually(async () => {
      const { metadata } = await claims.composite(before.composite.name);
      expect(metadata.labels).not.toHaveProperty('crossplane.io/in-use');
    });
  });
});

describe('mcp-connector move undo', () => {
  it.each(backCuts)('takes a move back that was cut off before %s [moves.undo]', async (step) => {
    const name = `back-${step}`;
    const before = await claimOf(name);
    await cutOff(name, step);
    const undone = await cli('move', 'undo', `${claims.resource}/${name}`, '--yes');
    expect(undone).toMatchObject({ code: 0 });
    await claims.ready(from, name);
    expect(await claims.infrastructure(from, name)).toEqual(before);
    expect(await claims.find(to, name)).toBeUndefined();
    expect((await claims.read(from, name)).metadata.annotations ?? {}).toEqual({});
    await expectOneComposite(before);
  });

  it('takes a move back that has ended, and one whose old claim is going [moves.undo]', async () => {
    const before = await claimOf('ended');
    expect(await move('ended', '--to-name', 'elsewhere')).toMatchObject({ code: 0 });
    const other = await claimOf('going');
    await cutOff('going', 'retire-old');
    await ground.controlPlane.client.delete(claims.path(from, 'going'));

    const undone = await cli('move', 'undo', `${claims.resource}/ended`, `${claims.resource}/going`, '--yes');

    expect(undone).toMatchObject({ code: 0 });
    for (const [name, infrastructure] of [
      ['ended', before],
      ['going', other],
    ] as const) {
      await claims.ready(from, name);
      expect(await claims.infrastructure(from, name)).toEqual(infrastructure);
      expect(await claims.secret(from, `${name}-connection`)).toBeDefined();
    }
    expect(await claims.find(to, 'elsewhere')).toBeUndefined();
    expect(await claims.find(to, 'going')).toBeUndefined();
  });
});
