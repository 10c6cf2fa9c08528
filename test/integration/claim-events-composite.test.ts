import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ClusterEvent } from '../../src/apimachinery/cluster-event.ts';
import type { Condition, KubeObject } from '../../src/apimachinery/objects.ts';
import { eventPath } from '../../src/clusters/api-paths.ts';
import { type Claim, Claims } from '../support/claims.ts';
import { eventually } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);

interface Composition extends KubeObject {
  spec: { resources: object[] };
}
interface Composite extends KubeObject {
  status?: { conditions?: Condition[] };
}

let ground: TestGround;
let api: ClaimApi;
let claims: Claims;

beforeAll(async () => {
  ground = await TestGround.prepare('claim-events-composite');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  await demandSettings();
  const namespace = await ground.createAppNamespace('a');
  claims = new Claims(ground, api, namespace, await ground.app.uidOfKubeSystem());
  await ground.startConnector();
  await ground.available(api);
});
afterAll(() => ground?.remove());

/** Behind a claim stand two instances; each is made when the claim has the setting of its name. */
async function demandSettings(): Promise<void> {
  const path = `/apis/apiextensions.crossplane.io/v1/compositions/xdatabases.${ground.group}`;
  const { spec } = await ground.controlPlane.client.get<Composition>(path);
  const [instance] = spec.resources;
  const demanding = (name: string): object => ({
    ...instance,
    name,
    patches: [
      {
        fromFieldPath: `spec.parameters.settings.${name}`,
        toFieldPath: 'spec.setting',
        policy: { fromFieldPath: 'Required' },
      },
    ],
  });
  const resources = [demanding('first'), demanding('second')];
  await ground.controlPlane.client.patch(path, { spec: { resources } });
}

/** What the claim's composite resource has for a condition. */
async function conditionOfComposite(claim: Claim, type: string): Promise<Condition | undefined> {
  const path = `/apis/${ground.group}/v1/xdatabases/${claim.spec.resourceRef?.name}`;
  const { status } = await ground.controlPlane.client.get<Composite>(path);
  return status?.conditions?.find((condition) => condition.type === type);
}

async function told(reason: string, claim = 'orders'): Promise<ClusterEvent[]> {
  const query = { fieldSelector: `involvedObject.name=${claim},reason=${reason}` };
  return (await ground.app.client.get<{ items: ClusterEvent[] }>(eventPath(claims.namespace), { query }))
    .items;
}

async function everything(): Promise<ClusterEvent[]> {
  return [...(await told('CompositeNotSynced')), ...(await told('CompositeNotReady'))];
}

describe('a claim that is not Ready', () => {
  it('says what its composite resource says, in kubectl describe [events.composite.reason]', async () => {
    await claims.create('orders');
    const events = await eventually(async () => {
      const found = await told('CompositeNotSynced');
      expect(found).not.toEqual([]);
      return found;
    });
    const claim = await claims.read('orders');
    const { reason, message } = (await conditionOfComposite(claim, 'Synced')) ?? {};
    const { name, kind } = claim.spec.resourceRef ?? {};
    expect(events.map((event) => event.message)).toContain(
      `${kind} ${name} has Synced=False: ${reason}: ${message}`,
    );
    expect(events[0]).toMatchObject({
      type: 'Warning',
      involvedObject: { kind: 'Database', namespace: claims.namespace, uid: claim.metadata.uid },
    });
    const described = await ground.app.run(`describe database.${api.group} orders -n ${claims.namespace}`);
    expect(described).toContain('CompositeNotSynced');
    expect(described).toContain(message);
  });

  it('says another thing when its composite resource does, and nothing twice [events.composite.changed]', async () => {
    const [before] = await eventually(async () => {
      const found = await told('CompositeNotReady');
      expect(found).toHaveLength(1);
      return found;
    });
    await ground.app.client.patch(claims.path('orders'), {
      spec: { parameters: { settings: { first: 'yes' } } },
    });
    await eventually(async () => {
      const found = (await told('CompositeNotReady')).filter(
        ({ metadata }) => metadata.uid !== before?.metadata.uid,
      );
      expect(found.map(({ message }) => message)).toEqual([
        expect.stringMatching(/Ready=False: Creating: Unready resources: second$/),
      ]);
    });
    const messages = (await everything()).map(({ message }) => message);
    expect(new Set(messages).size).toBe(messages.length);
  });

  it('says nothing more once it is Ready [events.composite.ready]', async () => {
    const { namespace } = claims;
    await ground.app.client.patch(claims.path('orders'), {
      spec: { parameters: { settings: { second: 'yes' } } },
    });
    await ground.app.run(
      `wait database.${api.group}/orders -n ${namespace} --for=condition=Ready --timeout=90s`,
    );
    const before = await everything();
    // One that came later and is reported shows that the connector has looked again.
    await claims.create('later');
    await eventually(async () => expect(await told('CompositeNotReady', 'later')).toHaveLength(1));
    expect(await everything()).toEqual(before);
  });
});
