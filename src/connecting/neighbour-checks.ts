import type { APIService, CustomResourceDefinition, KubeList } from '../apimachinery/objects.ts';
import { describeError } from '../base/errors.ts';
import type { ConnectedResource, GroupVersion } from '../catalog/connected-resource.ts';
import { groupVersionsOf } from '../catalog/connected-resource.ts';
import { apiServicePath, crdPath } from '../clusters/api-paths.ts';
import { type Binding, ConnectionState } from '../clusters/connection-state.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import {
  isOurs,
  mayBeTakenOver,
  otherOwnerOf,
  type Release,
} from '../controllers/registry/api-service-owner.ts';
import { nameOf } from '../controllers/registry/wanted-api-service.ts';
import { type Check, failed, ok, warning } from './check.ts';

export interface NeighboursOptions {
  app: KubeClient;
  release: Release;
  resources: readonly ConnectedResource[];
  /** The Service of another installation, whose APIServices may become ours. */
  takeOver?: Release | undefined;
}

export interface Neighbours {
  checks: Check[];
  /** Group versions that will be ours. */
  connectable: GroupVersion[];
  /** APIServices that lead to another Service. */
  foreign: APIService[];
}

/** Whose the group versions are that are to be connected. */
export async function readNeighbours({
  app,
  release,
  resources,
  takeOver,
}: NeighboursOptions): Promise<Neighbours> {
  const result: Neighbours = { checks: [], connectable: [], foreign: [] };
  let taken = 0;
  for (const groupVersion of groupVersionsOf(resources)) {
    const name = nameOf(groupVersion);
    const service = await app.get<APIService>(apiServicePath(name)).catch(absentOrThrow);
    const isTaken = service !== undefined && takeOver !== undefined && mayBeTakenOver(service, takeOver);
    if (isTaken) taken++;
    if (!service || isOurs(service, release) || isTaken) {
      result.connectable.push(groupVersion);
      continue;
    }
    if (service.spec.service) result.foreign.push(service);
    const { owner, remedy } = otherOwnerOf(service, release, await definitionsOf(app, groupVersion));
    result.checks.push(
      warning('API groups', `${name} will not be connected: it belongs to ${owner}`, remedy),
    );
  }
  if (taken > 0)
    result.checks.push(
      ok('take-over', `${taken} APIServices of ${takeOver?.namespace}/${takeOver?.releaseName}`),
    );
  if (result.checks.length === 0 && result.connectable.length > 0)
    result.checks.push(ok('API groups', result.connectable.map(nameOf).join(', ')));
  return result;
}

/** The CRDs of the app cluster that serve this group version. */
async function definitionsOf(
  app: KubeClient,
  { group, version }: GroupVersion,
): Promise<CustomResourceDefinition[]> {
  try {
    const { items } = await app.get<KubeList<CustomResourceDefinition>>(crdPath());
    return items.filter(
      ({ spec }) =>
        spec.group === group && spec.versions.some(({ name, served }) => served && name === version),
    );
  } catch {
    return [];
  }
}

/** Whether an earlier installation has bound this cluster to another place: its claims are there. */
export async function bindingCheck(
  app: KubeClient,
  { releaseName, namespace }: Release,
  wanted: Partial<Binding> & Pick<Binding, 'clusterID' | 'claimNamespace'>,
  rebind: boolean,
): Promise<Check> {
  const subject = 'binding';
  const state = new ConnectionState(app, namespace, `${releaseName}-state`);
  let bound: Binding | undefined;
  try {
    bound = await state.readBinding();
  } catch (error) {
    return warning(subject, describeError(error), `look at the ConfigMap ${state.objectName}`);
  }
  if (!bound) return ok(subject, `cluster ID ${wanted.clusterID}, not bound before`);
  const isSame =
    bound.clusterID === wanted.clusterID &&
    bound.claimNamespace === wanted.claimNamespace &&
    (wanted.claimNamespaceUID === undefined || bound.claimNamespaceUID === wanted.claimNamespaceUID);
  if (isSame) return ok(subject, `cluster ID ${wanted.clusterID}, as before`);
  const said = `this cluster is bound to cluster ID ${bound.clusterID} and the claim namespace ${bound.claimNamespace} with UID ${bound.claimNamespaceUID}`;
  return rebind
    ? warning(subject, said, 'rebind is set: set it back once the connector serves')
    : failed(
        subject,
        said,
        'name that one, or accept the new one with --set rebind=true: claims of the old one are not shown any more',
      );
}
