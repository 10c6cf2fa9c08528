import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ObjectReference } from '../../../src/apimachinery/objects.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { EventRecorder } from '../../../src/clusters/event-recorder.ts';
import { type Answer, FakeApiServer, failure, type Received, type Stored } from './fake-api-server.ts';
import { ManualClock } from './manual-clock.ts';

interface Written extends Stored {
  count: number;
  message: string;
  reason: string;
  firstTimestamp: string;
  lastTimestamp: string;
}

const claim: ObjectReference = {
  apiVersion: 'example.org/v1',
  kind: 'Bucket',
  namespace: 'team-a',
  name: 'photos',
  uid: '11111111-0000-0000-0000-000000000000',
};
const minute = 60_000;
let app: FakeApiServer;
let clock: ManualClock;
let recorders: EventRecorder[];

beforeEach(async () => {
  app = await FakeApiServer.start();
  app.intercept = mergePatch;
  clock = new ManualClock(Date.parse('2026-01-02T03:04:05.678Z'));
  recorders = [];
});
afterEach(async () => {
  await Promise.all(recorders.map((recorder) => recorder.stop()));
  await app[Symbol.asyncDispose]();
});

/** As an API server patches: guarded by a resourceVersion in the patch, and without a write where nothing changes. */
function mergePatch({ method, path, body }: Received): Answer | undefined {
  if (method !== 'PATCH') return undefined;
  const object = app.objects.get(path);
  if (!object) return failure(404, 'NotFound');
  const { metadata, ...changes } = body as Partial<Stored>;
  const expected = metadata?.resourceVersion;
  if (expected !== undefined && expected !== object.metadata.resourceVersion) return failure(409, 'Conflict');
  return {
    status: 200,
    body: Object.keys(changes).length > 0 ? app.put(path, { ...object, ...changes }) : object,
  };
}

function newRecorder(): EventRecorder {
  const recorder = new EventRecorder({ client: app.client(), identity: 'pod_1', log: silentLogger(), clock });
  recorders.push(recorder);
  return recorder;
}

function events(namespace = 'team-a'): Written[] {
  return [...app.objects]
    .filter(([path]) => path.startsWith(`/api/v1/namespaces/${namespace}/events/`))
    .map(([, object]) => object as Written);
}

/** Until so many requests have been answered. */
async function requests(count: number): Promise<void> {
  for (let turn = 0; app.received.length < count; turn++) {
    if (turn > 2_000) throw new Error(`${app.received.length} requests instead of ${count}`);
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
  // What would be one too many has the time to come.
  await new Promise((resolve) => void setTimeout(resolve, 20));
}

describe('EventRecorder', () => {
  it('writes an Event as client-go does', async () => {
    newRecorder().record(claim, 'Warning', 'NotDelivered', 'the Secret belongs to somebody else');
    await requests(1);
    expect(events()).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {
          name: expect.stringMatching(/^photos\.[0-9a-f]{16}$/),
          namespace: 'team-a',
          resourceVersion: expect.any(String),
        },
        involvedObject: claim,
        type: 'Warning',
        reason: 'NotDelivered',
        message: 'the Secret belongs to somebody else',
        count: 1,
        firstTimestamp: '2026-01-02T03:04:05Z',
        lastTimestamp: '2026-01-02T03:04:05Z',
        source: { component: 'mcp-connector' },
        reportingComponent: 'mcp-connector',
        reportingInstance: 'pod_1',
      },
    ]);
  });

  it('puts Events of cluster-scoped objects into default, under a valid name', async () => {
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'system:Node' };
    newRecorder().record(role, 'Normal', 'Seen', 'x');
    await requests(1);
    expect(events('default').map(({ metadata }) => metadata.name)).toEqual([
      expect.stringMatching(/^system-node\.[0-9a-f]{16}$/),
    ]);
  });

  it('counts up the same within the time to live, and keeps the first time', async () => {
    const recorder = newRecorder();
    for (let turn = 1; turn <= 3; turn++) {
      recorder.record(claim, 'Warning', 'NotDelivered', 'text');
      await requests(turn);
      clock.stall(minute);
    }
    expect(app.received.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH']);
    expect(events()).toMatchObject([
      { count: 3, firstTimestamp: '2026-01-02T03:04:05Z', lastTimestamp: '2026-01-02T03:06:05Z' },
    ]);
  });

  it('keeps apart what differs in object, type, reason or message', async () => {
    const recorder = newRecorder();
    recorder.record(claim, 'Warning', 'A', 'text');
    recorder.record(claim, 'Normal', 'A', 'text');
    recorder.record(claim, 'Warning', 'B', 'text');
    recorder.record(claim, 'Warning', 'A', 'other text');
    recorder.record({ ...claim, uid: 'another' }, 'Warning', 'A', 'text');
    await requests(5);
    expect(events().map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
  });

  it('counts on after a restart, and beside another replica, without a right to read Events', async () => {
    newRecorder().record(claim, 'Warning', 'A', 'text');
    await requests(1);
    const second = newRecorder();
    second.record(claim, 'Warning', 'A', 'text');
    await requests(4);
    recorders[0]?.record(claim, 'Warning', 'A', 'text');
    await requests(7);
    expect(events()).toMatchObject([{ count: 3 }]);
    expect(new Set(app.received.map(({ method }) => method))).toEqual(new Set(['POST', 'PATCH']));
  });

  it('makes an Event anew whose time to live is over', async () => {
    const recorder = newRecorder();
    recorder.record(claim, 'Warning', 'A', 'text');
    await requests(1);
    for (const path of app.objects.keys()) app.remove(path);
    recorder.record(claim, 'Warning', 'A', 'text');
    await requests(3);
    expect(events()).toMatchObject([{ count: 1 }]);

    clock.stall(60 * minute);
    for (const path of app.objects.keys()) app.remove(path);
    recorder.record(claim, 'Warning', 'A', 'text');
    await requests(4);
    expect(events()).toMatchObject([{ count: 1, firstTimestamp: '2026-01-02T04:04:05Z' }]);
  });

  it('combines the tenth and later messages of one reason within ten minutes', async () => {
    const recorder = newRecorder();
    for (let turn = 1; turn <= 12; turn++) recorder.record(claim, 'Warning', 'A', `message ${turn}`);
    await requests(10);
    expect(events()).toHaveLength(10);
    expect(events().at(-1)).toMatchObject({
      message: '(combined from similar events): message 12',
      count: 3,
    });

    clock.stall(11 * minute);
    recorder.record(claim, 'Warning', 'A', 'message 13');
    await requests(11);
    expect(events().at(-1)).toMatchObject({ message: 'message 13', count: 1 });
  });

  it('writes 25 times for one object, then once in five minutes, and loses no count', async () => {
    const recorder = newRecorder();
    for (let turn = 1; turn <= 30; turn++) {
      recorder.record(claim, 'Warning', 'A', 'text');
      await requests(Math.min(turn, 25));
    }
    expect(events()).toMatchObject([{ count: 25 }]);
    recorder.record({ ...claim, name: 'other', uid: 'other' }, 'Warning', 'A', 'text');
    await requests(26);

    clock.stall(5 * minute);
    recorder.record(claim, 'Warning', 'A', 'text');
    await requests(27);
    expect(events()[0]).toMatchObject({ count: 31 });
  });

  it('tries again when nobody answers, and gives up what is refused', async () => {
    const recorder = newRecorder();
    app.intercept = (received) => (app.received.length === 1 ? 'drop' : mergePatch(received));
    recorder.record(claim, 'Warning', 'A', 'text');
    await clock.idle();
    await clock.advance(10_000, 0);
    await requests(2);
    expect(events()).toMatchObject([{ count: 1 }]);

    app.intercept = () => failure(403, 'Forbidden');
    recorder.record(claim, 'Warning', 'B', 'refused');
    recorder.record(claim, 'Warning', 'C', 'refused too');
    await requests(4);
    expect(app.received).toHaveLength(4);
  });
});
