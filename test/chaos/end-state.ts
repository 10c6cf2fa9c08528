import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath } from '../../src/clusters/api-paths.ts';
import type { Dependent } from './families.ts';
import type { ChaosGround } from './ground.ts';
import { attemptLabel, type ChaosClaim } from './ledger.ts';

/** A composite resource, as far as it says whose it is. */
export interface Composite extends KubeObject {
  spec: { claimRef?: { namespace: string; name: string } };
}

/** What lies in both clusters, read at once. */
export interface EndState {
  /** As the app cluster shows them. */
  shown: ChaosClaim[];
  /** As they lie on the control plane. */
  stored: ChaosClaim[];
  composites: Composite[];
  /** What the composites composed. */
  instances: KubeObject[];
  /** UIDs of the ConfigMaps in the namespaces of families. */
  configMaps: Set<string>;
}

interface List<T> {
  items: T[];
}

/** Throws while the app cluster or the control plane does not answer. */
export async function readEndState(
  { api, claimNamespace, lab }: ChaosGround,
  dependents: readonly Dependent[],
): Promise<EndState> {
  const { group } = api.api;
  const [app, controlPlane] = [lab.app.client, lab.controlPlane.client];
  const namespaces = [...new Set(dependents.map(({ namespace }) => namespace))];
  const [shown, stored, composites, instances, ...configMaps] = await Promise.all([
    app.get<List<ChaosClaim>>(api.everywhere),
    controlPlane.get<List<ChaosClaim>>(api.path(claimNamespace)),
    controlPlane.get<List<Composite>>(`/apis/${group}/v1/x${api.api.plural}`),
    controlPlane.get<List<KubeObject>>(`/apis/infra.${group}/v1/instances`),
    ...namespaces.map((namespace) => app.get<List<KubeObject>>(configMapPath(namespace))),
  ]);
  return {
    shown: shown.items,
    stored: stored.items,
    composites: composites.items,
    instances: instances.items,
    configMaps: new Set(
      configMaps.flatMap(({ items }) => items.map(({ metadata }) => metadata.uid as string)),
    ),
  };
}

/** Claims by the attempt that created them. */
export function byAttempt(claims: readonly ChaosClaim[]): Map<string, ChaosClaim[]> {
  return Map.groupBy(claims, ({ metadata }) => metadata.labels?.[attemptLabel] ?? '');
}

/** `namespace/name` on the control plane. */
export function keyOf({ namespace, name }: { namespace?: string; name: string }): string {
  return `${namespace}/${name}`;
}
