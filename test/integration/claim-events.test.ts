import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ClusterEvent } from '../../src/apimachinery/cluster-event.ts';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { eventPath } from '../../src/clusters/api-paths.ts';
import { askDirectly, certificateOf } from '../support/api-request.ts';
import { type Claim, Claims, hiddenLabels } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);
let ground: TestGround;
let api: ClaimApi;
let claims: Claims;
let first: TestConnector;

beforeAll(async () => {
  ground = await TestGround.prepare('claim-events');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  const namespace = await ground.createAppNamespace('a');
  claims = new Claims(ground, api, namespace, await ground.app.uidOfKubeSystem());
  first = await ground.startConnector({ name: 'claim-events.first' });
  await ground.available(api);
});
afterAll(() => ground?.remove());

/** What somebody on the control plane tells of a claim there. */
function tell(stored: KubeObject, name: string, event: Partial<ClusterEvent>): Promise<ClusterEvent> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return ground.controlPlane.client.create<ClusterEvent>(eventPath(ground.claimNamespace), {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: ground.claimNamespace },
    involvedObject: referenceTo(stored),
    type: 'Warning',
    reason: 'Told',
    message: name,
    source: { component: 'teller' },
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    ...event,
  });
}

function referenceTo({ apiVersion = '', kind = '', metadata }: KubeObject): ClusterEvent['involvedObject'] {
  const { name, namespace, uid } = metadata;
  return { apiVersion, kind, name, namespace, uid };
}

/** The Events of a reason in the claims' namespace of the app cluster. */
async function shown(reason = 'Told', claim?: string): Promise<ClusterEvent[]> {
  const about = claim === undefined ? '' : `,involvedObject.name=${claim}`;
  const query = { fieldSelector: `reason=${reason}${about}` };
  const path = eventPath(claims.namespace);
  return (await ground.app.client.get<{ items: ClusterEvent[] }>(path, { query })).items;
}

/** Resolves to the one Event with this message. */
function arrived(message: string): Promise<ClusterEvent> {
  return eventually(async () => {
    const found = (await shown()).filter((event) => event.message === message);
    expect(found).toHaveLength(1);
    return found[0] as ClusterEvent;
  });
}

async function droppedCount(): Promise<number> {
  const { text } = await askDirectly(first.url, '/metrics', { client: await certificateOf(ground.app) });
  return Number(/^mcp_connector_claim_events_total\{result="dropped"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function createClaim(name: string): Promise<{ claim: Claim; stored: Claim }> {
  const claim = await claims.create(name);
  return { claim, stored: await claims.stored(name) };
}

describe('an Event of the control plane about a claim', () => {
  it('is shown on the claim by kubectl describe and events, as Crossplane wrote it [events.claim.describe]', async () => {
    const { claim } = await createClaim('orders');
    const message = 'Successfully bound composite resource';
    const event = await eventually(async () => {
      const found = (await shown('BindCompositeResource', 'orders')).find((one) => one.message === message);
      if (!found) throw new Error('not there yet');
      return found;
    });
    const originals = await ground.controlPlane.client.get<{ items: ClusterEvent[] }>(
      eventPath(ground.claimNamespace),
      { query: { fieldSelector: `involvedObject.uid=${claim.metadata.uid}` } },
    );
    const original = originals.items.find((one) => one.message === message);
    const { type, reason, source, reportingComponent, count, firstTimestamp, lastTimestamp } = event;
    expect({ type, reason, source, reportingComponent, count, firstTimestamp, lastTimestamp }).toEqual({
      type: original?.type,
      reason: original?.reason,
      source: original?.source,
      reportingComponent: original?.reportingComponent,
      count: original?.count,
      firstTimestamp: original?.firstTimestamp,
      lastTimestamp: original?.lastTimestamp,
    });
    expect(event.involvedObject).toMatchObject({
      apiVersion: `${api.group}/v1`,
      kind: 'Database',
      namespace: claims.namespace,
      name: 'orders',
      uid: claim.metadata.uid,
    });
    const object = `database.${api.group}/orders -n ${claims.namespace}`;
    expect(await ground.app.run(`describe ${object}`)).toContain(message);
    expect(await ground.app.run(`events --for ${object}`)).toContain(message);
  });

  it('speaks of the claim by its own name and namespace [events.claim.names]', async () => {
    const { stored } = await createClaim('named');
    const { name, namespace = '' } = stored.metadata;
    const xr = `${name}-x7k2p`;
    await tell(stored, 'names', {
      message: `cannot bind "${name}" (${namespace}/${name}) in namespace "${namespace}" to ${xr}.`,
    });
    const { namespace: own } = claims;
    await arrived(`cannot bind "named" (${own}/named) in namespace "${own}" to ${xr}.`);
  });

  it('is counted up with its original, and stays one [events.series.updated]', async () => {
    const { stored } = await createClaim('counted');
    await tell(stored, 'series', {});
    const before = await arrived('series');
    const lastTimestamp = '2100-01-01T00:00:00Z';
    for (const count of [2, 3, 4]) {
      await ground.controlPlane.client.patch(eventPath(ground.claimNamespace, 'series'), {
        count,
        lastTimestamp,
      });
    }
    await eventually(async () => {
      const after = await arrived('series');
      expect(after).toMatchObject({ count: 4, lastTimestamp, firstTimestamp: before.firstTimestamp });
      expect(after.metadata.uid).toBe(before.metadata.uid);
    });
  });

  it('made through events.k8s.io comes once, with its series [events.api.once]', async () => {
    const { stored } = await createClaim('newer');
    const eventTime = new Date().toISOString().replace('Z', '000Z');
    const series = { count: 3, lastObservedTime: eventTime };
    const path = `/apis/events.k8s.io/v1/namespaces/${ground.claimNamespace}/events`;
    await ground.controlPlane.client.create(path, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'newer', namespace: ground.claimNamespace },
      regarding: referenceTo(stored),
      type: 'Normal',
      reason: 'Told',
      action: 'Telling',
      note: `about ${stored.metadata.name}`,
      eventTime,
      series,
      reportingController: 'example.org/teller',
      reportingInstance: 'teller-0',
    });
    expect(await arrived('about newer')).toMatchObject({
      action: 'Telling',
      eventTime,
      series,
      reportingComponent: 'example.org/teller',
      reportingInstance: 'teller-0',
    });
  });
});

describe('not brought', () => {
  it('are Events of claims of other app clusters, and of other objects [events.tenants.apart]', async () => {
    const { stored } = await createClaim('mine');
    const path = `/apis/${api.group}/v1/namespaces/${ground.claimNamespace}/databases`;
    const others = await ground.controlPlane.client.create<Claim>(path, {
      ...stored,
      metadata: {
        name: 'claim-0000000000000000',
        labels: { ...stored.metadata.labels, [`${hiddenLabels}/app-cluster`]: 'another' },
      },
      spec: { parameters: stored.spec.parameters },
    });
    // Its labels name the same claim of the app cluster; the cluster ID is another.
    await tell(others, 'of-another-cluster', {});
    const forged = { ...stored, metadata: { ...stored.metadata, uid: others.metadata.uid ?? '' } };
    await tell(forged, 'of-two-claims', {});
    await tell({ ...stored, kind: 'Report' }, 'of-another-kind', {});
    await tell(stored, 'of-mine', {});
    await arrived('of-mine');
    const { items } = await ground.app.client.get<{ items: ClusterEvent[] }>('/api/v1/events', {
      query: { fieldSelector: 'reason=Told' },
    });
    expect(items.filter(({ message }) => message?.startsWith('of-')).map(({ message }) => message)).toEqual([
      'of-mine',
    ]);
  });

  it('are Events that the app cluster would have forgotten [events.age.limit]', async () => {
    const { stored } = await createClaim('aged');
    const old = new Date(Date.now() - 2 * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
    await tell(stored, 'old', { firstTimestamp: old, lastTimestamp: old });
    await tell(stored, 'young', { firstTimestamp: old });
    await arrived('young');
    expect((await shown('Told', 'aged')).map(({ message }) => message)).toEqual(['young']);
  });

  it('are more than 25 of one source about one claim; other claims and sources have their own [events.limit.claim]', async () => {
    const [noisy, quiet] = [await createClaim('noisy'), await createClaim('quiet')];
    const before = await droppedCount();
    for (let nth = 0; nth < 40; nth++) await tell(noisy.stored, `noise-${nth}`, {});
    await tell(noisy.stored, 'of-another-source', { source: { component: 'whisperer' } });
    await tell(quiet.stored, 'of-a-quiet-claim', {});
    await Promise.all([arrived('of-another-source'), arrived('of-a-quiet-claim')]);
    await eventually(async () => expect(await droppedCount()).toBe(before + 15));
    const noise = (await shown('Told', 'noisy')).filter(({ message }) => message?.startsWith('noise-'));
    expect(noise).toHaveLength(25);
  });
});

describe('with another leader', () => {
  it('no Event comes twice, and new ones come [events.leader.once]', async () => {
    const before = new Map(
      (await shown()).map(({ metadata, message }) => [metadata.name, [metadata.uid, message]]),
    );
    expect(before.size).toBeGreaterThan(30);
    await first.process.kill();
    const stored = await claims.stored('orders');
    await tell(stored, 'while-nobody-leads', {});
    await ground.startConnector({ name: 'claim-events.second' });
    await arrived('while-nobody-leads');
    await tell(stored, 'to-the-second', {});
    await arrived('to-the-second');
    const after = new Map(
      (await shown()).map(({ metadata, message }) => [metadata.name, [metadata.uid, message]]),
    );
    for (const [name, event] of before) expect(after.get(name)).toEqual(event);
    const messages = [...after.values()].map(([, message]) => message);
    expect(new Set(messages).size).toBe(messages.length);
  });
});
