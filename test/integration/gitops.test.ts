import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Condition, KubeObject } from '../../src/apimachinery/objects.ts';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { applyManifests } from '../../src/demo/manifests.ts';
import { Claims } from '../support/claims.ts';
import { GitopsJudge } from '../support/gitops-judge.ts';
import { eventually } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

jest.setTimeout(120_000);

interface Reported extends KubeObject {
  spec: {
    resourceRef?: { name: string };
    compositionRef?: { name: string };
    compositionRevisionRef?: { name: string };
    compositeDeletePolicy?: string;
  };
  status?: { conditions?: Condition[] };
}

const compositions = '/apis/apiextensions.crossplane.io/v1/compositions';
const mergePatch = { 'content-type': 'application/merge-patch+json' };

let ground: TestGround;
let api: ClaimApi;
let claims: Claims;
let judge: GitopsJudge;

beforeAll(async () => {
  ground = await TestGround.prepare('gitops');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  judge = await GitopsJudge.create(api);
  claims = new Claims(ground, api, await ground.createAppNamespace('a'), await ground.app.uidOfKubeSystem());
  await ground.startConnector();
  await ground.available(api);
}, 240_000);
afterAll(async () => {
  await judge?.[Symbol.asyncDispose]();
  await ground?.remove();
});

/** Made of an instance that nobody ever reports to be ready. */
function unreadyComposition(): KubeObject {
  const base = { apiVersion: `infra.${api.group}/v1`, kind: 'Instance', spec: {} };
  return {
    apiVersion: 'apiextensions.crossplane.io/v1',
    kind: 'Composition',
    metadata: { name: `unready.${api.group}` },
    spec: {
      compositeTypeRef: { apiVersion: `${api.group}/v1`, kind: `X${api.kind}` },
      mode: 'Resources',
      resources: [{ name: 'instance', base }],
    },
  } as KubeObject;
}

/** As Git has it. */
function target(name: string, change: { metadata?: object; spec?: object } = {}): KubeObject {
  const { apiVersion, kind, metadata, spec } = JSON.parse(claims.manifest(name)) as Reported;
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, ...change.metadata },
    spec: { ...spec, ...change.spec },
  } as KubeObject;
}

/** Server-side apply, as both programs sync. */
async function apply(object: KubeObject, query = ''): Promise<Reported> {
  const answer = await ground.app.ask(
    `${claims.path(object.metadata.name)}?fieldManager=argocd-controller&force=true${query}`,
    {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: object,
    },
  );
  if (answer.status !== 200 && answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.json() as Reported;
}

async function untilReports(name: string, type: string, status: string): Promise<Reported> {
  return await eventually(async () => {
    const claim = (await claims.read(name)) as Reported;
    expect(claim.status?.conditions).toContainEqual(expect.objectContaining({ type, status }));
    return claim;
  });
}

describe('the health of a claim', () => {
  it('is in progress before Crossplane has seen it, where Flux by itself takes it for done [gitops.health.new]', async () => {
    const created = await apply(target('new'));
    expect(created.status).toBeUndefined();
    expect(await judge.both(created)).toEqual({ argocd: 'Progressing', flux: 'InProgress' });
    expect((await judge.kstatus([created]))[0]?.status).toBe('Current');
    await untilReports('new', 'Ready', 'True');
  });

  it('is in progress until everything composed is ready, and says what is waited for [gitops.health.waiting]', async () => {
    const composition = unreadyComposition();
    await applyManifests(ground.controlPlane.client, [composition]);
    await apply(target('waiting', { spec: { compositionRef: { name: composition.metadata.name } } }));
    const waiting = await untilReports('waiting', 'Ready', 'False');
    // Crossplane chooses any composition of a kind for claims that name none.
    await ground.controlPlane.client.delete(`${compositions}/${composition.metadata.name}`);
    expect(await judge.both(waiting)).toEqual({ argocd: 'Progressing', flux: 'InProgress' });
    const message = waiting.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
    expect(message).toBeTruthy();
    expect((await judge.argocd([waiting]))[0]?.message).toBe(message);
  });

  it('is good once the claim is synced and ready [gitops.health.ready]', async () => {
    await apply(target('ready'));
    await untilReports('ready', 'Synced', 'True');
    const ready = await untilReports('ready', 'Ready', 'True');
    expect(await judge.both(ready)).toEqual({ argocd: 'Healthy', flux: 'Current' });
  });

  it('is bad while Crossplane cannot carry the claim out, with its reason [gitops.health.failing]', async () => {
    // Crossplane takes over no Secret of another type (its own rule), and the claim fails for it.
    const secret = claims.storedName('connection');
    const metadata = { name: secret, namespace: ground.claimNamespace };
    await ground.controlPlane.client.create(secretPath(ground.claimNamespace), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      type: 'Opaque',
    });
    await apply(target('failing', { spec: { writeConnectionSecretToRef: { name: 'connection' } } }));
    const failing = await untilReports('failing', 'Synced', 'False');
    expect(await judge.both(failing)).toEqual({ argocd: 'Degraded', flux: 'Failed' });
    expect((await judge.argocd([failing]))[0]?.message).toContain('secret');
  });

  it('is suspended while the claim is paused, also one that was ready [gitops.health.paused]', async () => {
    await apply(target('paused'));
    await untilReports('paused', 'Ready', 'True');
    const annotations = { 'crossplane.io/paused': 'true' };
    const asked = await apply(target('paused', { metadata: { annotations } }));
    const paused = await untilReports('paused', 'Synced', 'False');
    for (const claim of [asked, paused])
      expect(await judge.both(claim)).toEqual({ argocd: 'Suspended', flux: 'InProgress' });
    // The condition of the pause is still there for a moment, and is no failure.
    const resumed = await apply(target('paused'));
    expect((await judge.both(resumed)).argocd).not.toBe('Degraded');
  });

  it('is in progress while the claim is being deleted, ready as it may look [gitops.health.deleting]', async () => {
    await apply(target('deleting', { metadata: { finalizers: ['example.org/hold'] } }));
    await untilReports('deleting', 'Ready', 'True');
    await ground.app.client.delete(claims.path('deleting'));
    const deleting = (await claims.read('deleting')) as Reported;
    expect(deleting.metadata.deletionTimestamp).toBeTruthy();
    expect(await judge.both(deleting)).toEqual({ argocd: 'Progressing', flux: 'InProgress' });
    await ground.app.ask(claims.path('deleting'), {
      method: 'PATCH',
      headers: mergePatch,
      body: { metadata: { finalizers: null } },
    });
  });
});

describe('the comparison with Git', () => {
  it('finds nothing in what Crossplane has filled in, and all of a real change [gitops.diff.filled]', async () => {
    await apply(target('compared'));
    const live = await untilReports('compared', 'Ready', 'True');
    expect(live.spec.resourceRef?.name).toBeTruthy();
    expect(live.spec.compositionRevisionRef?.name).toBeTruthy();
    expect(live.spec.compositeDeletePolicy).toBe('Background');
    // An export that went into Git with everything in it, and that Crossplane has moved on from since.
    const exported = target('compared', {
      spec: {
        resourceRef: { apiVersion: `${api.group}/v1`, kind: 'XDatabase', name: 'of-another-day' },
        compositionRef: { name: 'of-another-day' },
        compositionRevisionRef: { name: 'of-another-day' },
        compositeDeletePolicy: 'Foreground',
      },
    });
    const changed = target('compared', { spec: { parameters: { size: 'large' } } });
    const patches = await judge.argocdDiff(
      [target('compared'), exported, changed].map((one) => ({ live, target: one })),
    );
    expect(patches).toEqual([{}, {}, { spec: { parameters: { size: 'large' } } }]);
  });

  it('is as quiet by server-side apply, whose dry run goes to the control plane [gitops.diff.serverside]', async () => {
    await apply(target('applied'));
    const live = await untilReports('applied', 'Ready', 'True');
    const same = await apply(target('applied'), '&dryRun=All');
    expect(same.spec).toEqual(live.spec);
    expect(same.metadata.resourceVersion).toBe(live.metadata.resourceVersion);
    const changed = await apply(
      target('applied', { spec: { parameters: { size: 'large' } } }),
      '&dryRun=All',
    );
    expect(changed.spec).toEqual({ ...live.spec, parameters: { size: 'large' } });
    expect((await claims.read('applied')).spec).toEqual(live.spec);
  });

  it('is of the claim alone: what is composed carries its tracking annotation, which names the claim [gitops.tracking.annotation]', async () => {
    const id = `orders:${api.group}/${api.kind}:${claims.namespace}/tracked`;
    await apply(target('tracked', { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': id } } }));
    const { spec } = await untilReports('tracked', 'Ready', 'True');
    const composite = await ground.controlPlane.client.get<KubeObject>(
      `/apis/${api.group}/v1/x${api.plural}/${spec.resourceRef?.name}`,
    );
    expect(composite.metadata.annotations).toMatchObject({ 'argocd.argoproj.io/tracking-id': id });
    expect(composite.kind).not.toBe(api.kind);
  });
});
