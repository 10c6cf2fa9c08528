import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject, ObjectReference } from '../../src/apimachinery/objects.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { configMapPath, eventPath } from '../../src/clusters/api-paths.ts';
import { EventRecorder } from '../../src/clusters/event-recorder.ts';
import { eventually } from '../support/lab.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

let ground: TestGround;
let namespace: string;
let object: ObjectReference;

beforeAll(async () => {
  ground = await TestGround.prepare('event-recorder');
  namespace = await ground.createAppNamespace('a');
  const { metadata } = await ground.app.client.create<KubeObject>(configMapPath(namespace), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'subject', namespace },
  });
  object = { apiVersion: 'v1', kind: 'ConfigMap', name: 'subject', namespace, uid: metadata.uid };
});
afterAll(() => ground?.remove());

function newRecorder(identity: string): EventRecorder {
  return new EventRecorder({ client: ground.app.client, identity, log: silentLogger() });
}

async function events(): Promise<(KubeObject & { count: number; message: string })[]> {
  const query = { fieldSelector: `involvedObject.uid=${object.uid}` };
  const list = await ground.app.client.get<{ items: (KubeObject & { count: number; message: string })[] }>(
    eventPath(namespace),
    { query },
  );
  return list.items;
}

async function counted(count: number): Promise<void> {
  await eventually(async () => expect(await events()).toMatchObject([{ count, message: 'it waits' }]), {
    timeoutMs: 20_000,
  });
}

describe('EventRecorder', () => {
  it('is one Event with a count over a restart and beside another replica, and kubectl describes it [registry.events.count]', async () => {
    const first = newRecorder('pod-a_1');
    first.record(object, 'Warning', 'Waiting', 'it waits');
    await counted(1);
    first.record(object, 'Warning', 'Waiting', 'it waits');
    await counted(2);

    const other = newRecorder('pod-b_1');
    other.record(object, 'Warning', 'Waiting', 'it waits');
    await counted(3);
    first.record(object, 'Warning', 'Waiting', 'it waits');
    await counted(4);
    await Promise.all([first.stop(), other.stop()]);

    const described = await ground.app.run(`describe configmap subject -n ${namespace}`);
    expect(described).toMatch(/Warning\s+Waiting\s+.*\(x4 over .*\)\s+mcp-connector\s+it waits/);
  });

  it('gives up quietly where the namespace is missing', async () => {
    const recorder = newRecorder('pod-a_2');
    recorder.record({ ...object, namespace: `${namespace}-missing` }, 'Warning', 'Waiting', 'it waits');
    recorder.record(object, 'Normal', 'Ready', 'it is there');
    await eventually(async () =>
      expect((await events()).map(({ message }) => message)).toContain('it is there'),
    );
    await recorder.stop();
  });
});
