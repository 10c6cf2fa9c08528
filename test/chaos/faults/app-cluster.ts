import { setTimeout as delay } from 'node:timers/promises';
import type { APIService, KubeObject } from '../../../src/apimachinery/objects.ts';
import { apiServicePath, namespacePath } from '../../../src/clusters/api-paths.ts';
import { isNotFound } from '../../../src/clusters/kube-client.ts';
import type { ChaosFault, Scene } from '../fault.ts';
import { eventually } from '../../support/eventually.ts';
import { Writer } from '../writer.ts';
import { startApiServer } from './control-plane.ts';

let doomedNamespaces = 0;
let connectedAgain = 0;

function doomed(): string {
  return `chaos-doomed-${doomedNamespaces}`;
}

/** A namespace with claims in it. */
async function fill({ ground, load, note }: Scene): Promise<void> {
  doomedNamespaces += 1;
  const started = Date.now();
  await ground.createNamespace(doomed());
  const tools = await load.user(doomed());
  const writer = new Writer(
    { namespaces: [doomed()], creates: ['post'], updates: ['merge'], deletes: 0, slots: 4 },
    tools,
  );
  for (const slot of writer.slots) {
    await writer.create(slot);
    await eventually(async () => {
      if (slot.entry) await writer.read(slot, slot.entry);
      if (!slot.entry?.isReady) throw new Error(`${slot.entry?.title} is not Ready`);
    });
  }
  note(`its claims were Ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Faults of the app cluster, and what its users and neighbours do. */
export const appClusterFaults: readonly ChaosFault[] = [
  {
    name: 'app-restarted',
    what: "app cluster's kube-apiserver restarted",
    cause: ({ ground }) =>
      ground.lab.app
        .component('kube-apiserver')
        .stop()
        .then(() => undefined),
    mend: ({ ground }) => startApiServer(ground.lab.app),
  },
  {
    name: 'collector-restarted-in-outage',
    what: "connections refused, app cluster's kube-controller-manager killed (-9) and started meanwhile",
    seconds: 15,
    cause: async ({ ground }) => {
      await ground.proxy.use({ kind: 'stopped' });
      const manager = ground.lab.app.component('kube-controller-manager');
      await manager.kill();
      await manager.start();
    },
    mend: ({ ground }) => ground.proxy.use({ kind: 'pass' }),
  },
  {
    name: 'namespace-deleted-in-outage',
    what: 'connections refused, a namespace with claims deleted meanwhile',
    cause: async (scene) => {
      await fill(scene);
      const { ground, load } = scene;
      await ground.proxy.use({ kind: 'stopped' });
      await ground.lab.app.client.delete(namespacePath(doomed()));
      load.ledger.sweeps(doomed(), 'acknowledged');
    },
    mend: async ({ ground, note }) => {
      const namespace = await ground.lab.app.client.get<KubeObject & { status?: { phase?: string } }>(
        namespacePath(doomed()),
      );
      note(`the namespace waited: ${namespace.status?.phase}`);
      await ground.proxy.use({ kind: 'pass' });
      connectedAgain = Date.now();
    },
    afterwards: async ({ ground, note }) => {
      if (!(await isGone(ground.lab.app.client, doomed())))
        throw new Error(`the namespace ${doomed()} is still there`);
      note(`it went ${((Date.now() - connectedAgain) / 1000).toFixed(1)} s after the control plane was back`);
    },
  },
  {
    name: 'neighbour',
    what: 'APIService taken over by a neighbour, and given back',
    takesApiServiceAway: true,
    cause: ({ ground }) => takeOver(ground.lab.app.client, `v1.${ground.api.api.group}`),
    mend: ({ ground }) => giveBack(ground.lab.app.client, `v1.${ground.api.api.group}`),
  },
];

type Client = Scene['ground']['lab']['app']['client'];
let original: APIService | undefined;

/** Without the release's label, and leading elsewhere, as by `kubectl replace` of another product. */
async function takeOver(client: Client, name: string): Promise<void> {
  original = await client.get<APIService>(apiServicePath(name));
  await client.patch(apiServicePath(name), {
    metadata: {
      labels: { ...nulls(original.metadata.labels), 'app.kubernetes.io/managed-by': 'neighbour' },
      ownerReferences: null,
    },
    spec: {
      service: { name: 'neighbour', namespace: 'default', port: 443 },
      caBundle: null,
      insecureSkipTLSVerify: true,
    },
  });
}

async function giveBack(client: Client, name: string): Promise<void> {
  const { metadata, spec } = original as APIService;
  const now = await client.get<APIService>(apiServicePath(name));
  const { service } = now.spec as { service?: { name?: string } };
  if (service?.name !== 'neighbour') throw new Error(`the neighbour's APIService ${name} was changed`);
  await client.replace(apiServicePath(name), {
    ...now,
    metadata: { ...now.metadata, labels: metadata.labels, ownerReferences: metadata.ownerReferences },
    spec,
  });
  // The aggregator looks at its Service anew.
  await delay(500);
}

async function isGone(client: Client, namespace: string): Promise<boolean> {
  return await client.get(namespacePath(namespace)).then(
    () => false,
    (error: unknown) => isNotFound(error),
  );
}

function nulls(labels: Record<string, string> = {}): Record<string, null> {
  return Object.fromEntries(Object.keys(labels).map((key) => [key, null]));
}
