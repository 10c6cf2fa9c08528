import type { KubeObject } from '../apimachinery/objects.ts';
import { describeError } from '../base/errors.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import type { Right } from '../clusters/own-rights.ts';
import { namespacePath } from '../clusters/api-paths.ts';
import { isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import { type Check, failed, ok, unknown, warning } from './check.ts';
import { rightsCheck } from './cluster-checks.ts';

const claimVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

export interface ClaimNamespaceState {
  check: Check;
  /** Undefined where it is not there, or not readable. */
  uid: string | undefined;
}

/** The claim namespace; where it is missing, whether it will be made. */
export async function claimNamespaceCheck(
  controlPlane: KubeClient,
  claimNamespace: string,
  willBeMade: boolean,
): Promise<ClaimNamespaceState> {
  const subject = 'claim namespace';
  try {
    const { metadata } = await controlPlane.get<KubeObject>(namespacePath(claimNamespace));
    if (metadata.deletionTimestamp === undefined)
      return { check: ok(subject, `${claimNamespace} is there`), uid: metadata.uid };
    const check = failed(
      subject,
      `${claimNamespace} is being deleted on the control plane`,
      'wait until it has gone, or name another',
    );
    return { check, uid: metadata.uid };
  } catch (error) {
    const check = !isNotFound(error)
      ? failed(subject, describeError(error), 'apply deploy/control-plane.yaml to the control plane')
      : willBeMade
        ? ok(subject, `${claimNamespace} will be made on the control plane`)
        : failed(
            subject,
            `${claimNamespace} does not exist on the control plane`,
            `kubectl create namespace ${claimNamespace} there, or give --control-plane-kubeconfig of an administrator who may make it`,
          );
    return { check, uid: undefined };
  }
}

/** What `serve` needs on the control plane, of the connector's own credential. */
export function serveRightsCheck(
  controlPlane: KubeClient,
  namespace: string,
  resources: readonly ConnectedResource[],
): Promise<Check> {
  const claims = new Map(resources.map(({ plural, group }) => [`${plural}.${group}`, { plural, group }]));
  const rights: Right[] = [
    { verb: 'get', group: '', resource: 'namespaces', name: namespace },
    ...['list', 'watch'].map((verb) => ({
      verb,
      group: 'apiextensions.k8s.io',
      resource: 'customresourcedefinitions',
    })),
    ...['secrets', 'events'].flatMap((resource) =>
      ['get', 'list', 'watch'].map((verb) => ({ verb, group: '', resource, namespace })),
    ),
    ...[...claims.values()].flatMap(({ plural, group }) =>
      claimVerbs.map((verb) => ({ verb, group, resource: plural, namespace })),
    ),
  ];
  return rightsCheck(
    'control plane rights',
    controlPlane,
    rights,
    'apply deploy/control-plane.yaml to the control plane, with these groups and resources in it',
  );
}

/** What `install` needs there of an administrator's credential. */
export function grantRightsCheck(controlPlane: KubeClient, namespace: string): Promise<Check> {
  const rbac = 'rbac.authorization.k8s.io';
  const rights: Right[] = [
    { verb: 'patch', group: '', resource: 'namespaces' },
    ...['serviceaccounts', 'secrets'].map((resource) => ({ verb: 'patch', group: '', resource, namespace })),
    ...['roles', 'rolebindings'].map((resource) => ({ verb: 'patch', group: rbac, resource, namespace })),
    ...['clusterroles', 'clusterrolebindings'].map((resource) => ({ verb: 'patch', group: rbac, resource })),
    { verb: 'get', group: '', resource: 'secrets', namespace },
    { verb: 'list', group: 'apiextensions.crossplane.io', resource: 'compositeresourcedefinitions' },
  ];
  return rightsCheck(
    'control plane rights',
    controlPlane,
    rights,
    "use an administrator's kubeconfig with --control-plane-kubeconfig, or apply deploy/control-plane.yaml by hand",
  );
}

/** How many claim APIs there are to connect. */
export function claimApisCheck(resources: readonly ConnectedResource[] | undefined, error: unknown): Check {
  const subject = 'claim APIs';
  if (!resources)
    return unknown(
      subject,
      `cannot be read: ${describeError(error)}`,
      'give the right to read CustomResourceDefinitions, as deploy/control-plane.yaml does',
    );
  if (resources.length === 0) {
    return warning(
      subject,
      'the control plane offers none yet, or none that is allowed',
      'offer one (a CompositeResourceDefinition with claimNames), and run this again',
    );
  }
  const names = [...new Set(resources.map(({ plural, group }) => `${plural}.${group}`))].toSorted();
  return ok(subject, names.join(', '));
}
