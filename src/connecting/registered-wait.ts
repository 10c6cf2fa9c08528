import type { APIService, Condition } from '../apimachinery/objects.ts';
import { systemClock } from '../base/clock.ts';
import type { GroupVersion } from '../catalog/connected-resource.ts';
import { apiServicePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { isOurs, type Release } from '../controllers/registry/api-service-owner.ts';
import { nameOf } from '../controllers/registry/wanted-api-service.ts';

/** One group version as the app cluster sees it. */
export interface ApiState {
  /** `<version>.<group>` */
  name: string;
  resources: string[];
  /** True: Available. */
  isAvailable: boolean;
  /** Why it is not; empty while it is. */
  reason: string;
  /** What to do about it; empty while it is. */
  remedy: string;
}

const lookEveryMs = 500;

/** Looks until all are Available, or the time is over. */
export async function waitForApis(
  read: () => Promise<ApiState[]>,
  timeoutMs: number,
  onLook: (states: readonly ApiState[]) => void,
): Promise<ApiState[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const states = await read();
    onLook(states);
    if (states.every(({ isAvailable }) => isAvailable) || Date.now() > deadline) return states;
    await systemClock.sleep(lookEveryMs);
  }
}

export function readApis(
  app: KubeClient,
  release: Release,
  groupVersions: readonly GroupVersion[],
): Promise<ApiState[]> {
  return Promise.all(
    groupVersions.map(async (groupVersion) => {
      const name = nameOf(groupVersion);
      const service = await app.get<APIService>(apiServicePath(name)).catch(absentOrThrow);
      return stateOf(service, release, groupVersion);
    }),
  );
}

export function stateOf(
  service: APIService | undefined,
  release: Release,
  groupVersion: GroupVersion,
): ApiState {
  const name = nameOf(groupVersion);
  const resources = groupVersion.resources.map(({ plural }) => plural);
  const logs = `kubectl -n ${release.namespace} logs deploy/${release.releaseName}`;
  if (!service)
    return { name, resources, isAvailable: false, reason: 'not registered yet', remedy: `see ${logs}` };
  if (!isOurs(service, release))
    return {
      name,
      resources,
      isAvailable: false,
      reason: `leads to ${service.spec.service ? `the Service ${service.spec.service.namespace}/${service.spec.service.name}` : 'this cluster itself'}`,
      remedy: 'see mcp-connector doctor',
    };
  const condition = service.status?.conditions?.find(({ type }) => type === 'Available');
  if (condition?.status === 'True') return { name, resources, isAvailable: true, reason: '', remedy: '' };
  const reason = condition
    ? `${condition.reason}: ${condition.message}`
    : 'not looked at by kube-apiserver yet';
  return { name, resources, isAvailable: false, reason, remedy: remedyOf(condition, logs) };
}

/** Reasons of kube-aggregator's availability controller (pkg/controllers/status/remote). */
function remedyOf(condition: Condition | undefined, logs: string): string {
  switch (condition?.reason) {
    case 'MissingEndpoints':
    case 'EndpointsNotFound':
    case 'ServiceNotFound':
      return `no pod is ready: ${logs}`;
    case 'FailedDiscoveryCheck':
      return `open the way from kube-apiserver to the pods' containerPort (10250), or set hostNetwork=true with another containerPort; then ${logs}`;
    default:
      return `see ${logs}`;
  }
}
