import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterEvent } from '../apimachinery/cluster-event.ts';
import type { KubeList, KubeObject } from '../apimachinery/objects.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { applyManifests } from './manifests.ts';

interface Definition extends KubeObject {
  spec: { claimNames?: object };
  status?: { conditions?: { type: string; status: string }[] };
}

const timeoutMs = 60_000;

/**
 * Server-side apply of each object in turn. Resolves when Crossplane works on the kinds of every XRD that is new. A controller of
 * Crossplane 1 and 2 that starts before the API server serves its kind (`cannot start composite resource controller watches`) takes
 * itself for running and watches nothing, for ever; an XRD whose controllers came to that is made anew. Throws when a step takes longer
 * than a minute.
 */
export async function applyPlatform(client: KubeClient, manifests: readonly KubeObject[]): Promise<void> {
  for (const manifest of manifests) {
    if (manifest.kind === 'CompositeResourceDefinition') await offer(client, manifest as Definition);
    await applyManifests(client, [manifest]);
  }
}

async function offer(client: KubeClient, definition: Definition): Promise<void> {
  const path = `/apis/${definition.apiVersion}/compositeresourcedefinitions/${definition.metadata.name}`;
  if (await client.get(path).catch(absentOrThrow)) return;
  const { claimNames, ...spec } = definition.spec;
  const composites: Definition = { ...definition, spec };
  for (;;) {
    // The claims' controller watches composites too: it starts well when they are served already.
    await applyManifests(client, [composites]);
    let offered = await reached(client, path, 'Established');
    if (claimNames) {
      await applyManifests(client, [definition]);
      offered = await reached(client, path, 'Offered');
    }
    if (!(await watchesNothing(client, offered))) return;
    await client.delete(path);
    await until(`${path} was gone`, async () => !(await client.get(path).catch(absentOrThrow)));
  }
}

async function reached(client: KubeClient, path: string, type: string): Promise<Definition> {
  let definition!: Definition;
  await until(`${path} was ${type}`, async () => {
    definition = await client.get<Definition>(path);
    return definition.status?.conditions?.some((one) => one.type === type && one.status === 'True');
  });
  return definition;
}

/** By what Crossplane says itself: the condition is True all the same. */
async function watchesNothing(client: KubeClient, { metadata }: Definition): Promise<boolean> {
  const { items } = await client.get<KubeList<ClusterEvent>>('/api/v1/namespaces/default/events', {
    query: { fieldSelector: `involvedObject.uid=${metadata.uid}` },
  });
  return items.some(({ message }) => /^cannot start composite resource .*watches/.test(message ?? ''));
}

async function until(what: string, fn: () => Promise<boolean | undefined>): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await fn()); await delay(100))
    if (Date.now() > deadline) throw new Error(`a minute went by before ${what}`);
}
