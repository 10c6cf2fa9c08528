import { setTimeout as delay } from 'node:timers/promises';
import type { APIService, KubeObject } from '../../src/apimachinery/objects.ts';
import { describeError } from '../../src/base/errors.ts';
import { apiServicePath, configMapPath, namespacePath } from '../../src/clusters/api-paths.ts';
import { isNotFound } from '../../src/clusters/kube-client.ts';
import { kubectl } from '../../src/demo/kubectl.ts';
import { eventually } from '../support/eventually.ts';
import { ofRelease } from './availability.ts';
import type { ChaosFault, Scene } from './fault.ts';
import { startApiServer } from './faults/control-plane.ts';

/** A namespace without claims is gone within this time, outage or not. Seconds. */
const longestEnd = 10;

interface Moment {
  /** Share of the outage that has passed. */
  at: number;
  what: string;
  before?: (scene: Scene) => Promise<void>;
}

const moments: readonly Moment[] = [
  { at: 0, what: 'at its start' },
  {
    at: 0.2,
    what: 'with both connectors replaced (-9)',
    before: ({ ground }) => ground.replicas.replaceByForce(),
  },
  {
    at: 0.4,
    what: "with the app cluster's kube-controller-manager killed (-9) and started",
    before: async ({ ground }) => {
      const manager = ground.lab.app.component('kube-controller-manager');
      await manager.kill();
      await manager.start();
    },
  },
  { at: 0.6, what: 'some time later' },
  { at: 0.8, what: 'with all of it restarted once more', before: restartAll },
];

async function restartAll({ ground }: Scene): Promise<void> {
  const manager = ground.lab.app.component('kube-controller-manager');
  await Promise.all([ground.replicas.replaceByForce(), manager.kill()]);
  await manager.start();
}

/** What one outage showed, second by second. */
interface Watched {
  reads: number;
  unavailable: string[];
  listings: number;
  failedListings: string[];
}

/**
 * The control plane is away for minutes: every second the APIServices are read, `kubectl api-resources` runs all along, and
 * namespaces without claims are deleted.
 */
export function longOutage(minutes: number): ChaosFault {
  return {
    name: 'outage',
    what: `kube-apiserver of the control plane killed (-9) for ${minutes} minutes`,
    seconds: minutes * 60,
    cause: async (scene) => {
      const { ground, note, fail, lastsMs } = scene;
      await ground.lab.controlPlane.component('kube-apiserver').kill();
      const ends = Date.now() + lastsMs;
      const seen: Watched = { reads: 0, unavailable: [], listings: 0, failedListings: [] };
      const watching = Promise.all([readEverySecond(scene, ends, seen), listAllAlong(scene, ends, seen)]);
      for (const [number, { at, what, before }] of moments.entries()) {
        await delay(Math.max(0, ends - lastsMs * (1 - at) - Date.now()));
        await before?.(scene);
        const took = await deleteEmptyNamespace(scene, `chaos-empty-${number}`);
        note(`a namespace without claims went ${what} in ${took.toFixed(1)} s`);
        if (took > longestEnd) fail(`a namespace without claims needed ${took.toFixed(1)} s to go ${what}`);
      }
      await watching;
      note(`Available read ${seen.reads} times, ${seen.unavailable.length} times not True`);
      note(`kubectl api-resources ran ${seen.listings} times, failed ${seen.failedListings.length} times`);
      for (const sentence of new Set([...seen.unavailable, ...seen.failedListings])) fail(sentence);
    },
    mend: ({ ground }) => startApiServer(ground.lab.controlPlane),
  };
}

async function readEverySecond({ ground }: Scene, ends: number, seen: Watched): Promise<void> {
  const { client } = ground.lab.app;
  for (; Date.now() < ends; await delay(1_000)) {
    seen.reads += 1;
    try {
      const { items } = await client.get<{ items: APIService[] }>(apiServicePath(), { query: ofRelease });
      if (items.length === 0) seen.unavailable.push('there is no APIService');
      for (const { metadata, status } of items) {
        const condition = status?.conditions?.find(({ type }) => type === 'Available');
        if (condition?.status !== 'True')
          seen.unavailable.push(`${metadata.name} is not Available: ${condition?.message}`);
      }
    } catch (error) {
      seen.unavailable.push(describeError(error));
    }
  }
}

/** As a user does: nothing is read from the cache of discovery. */
async function listAllAlong({ ground }: Scene, ends: number, seen: Watched): Promise<void> {
  const { kubeconfig } = ground.lab.app;
  for (; Date.now() < ends; await delay(5_000)) {
    seen.listings += 1;
    const { code, stdout, stderr } = await kubectl(kubeconfig, ['api-resources']);
    if (code !== 0 || !stdout.includes(ground.api.api.plural))
      seen.failedListings.push(`kubectl api-resources: exit code ${code}: ${stderr.trim()}`);
  }
}

/** Seconds between its deletion and its end; the controllers of the app cluster were seen to work in it before. */
async function deleteEmptyNamespace({ ground }: Scene, name: string): Promise<number> {
  const { client } = ground.lab.app;
  await ground.createNamespace(name);
  const metadata = { name: 'content', namespace: name };
  await client.create(configMapPath(name), { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await eventually(() => client.get<KubeObject>(`${namespacePath(name)}/serviceaccounts/default`));
  const started = Date.now();
  await client.delete(namespacePath(name));
  await eventually(
    async () => {
      const gone = await client.get(namespacePath(name)).then(
        () => false,
        (error: unknown) => isNotFound(error),
      );
      if (!gone) throw new Error(`the namespace ${name} is still there`);
    },
    { timeoutMs: 120_000 },
  ).catch(() => undefined);
  return (Date.now() - started) / 1000;
}
