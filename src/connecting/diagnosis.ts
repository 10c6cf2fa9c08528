import type { KubeObject } from '../apimachinery/objects.ts';
import { describeError } from '../base/errors.ts';
import { groupVersionsOf } from '../catalog/connected-resource.ts';
import { clusterRolePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { type Check, failed, ok, warning } from './check.ts';
import { rbacGroups } from './claim-apis.ts';
import { clusterChecks } from './cluster-checks.ts';
import type { Connection } from './connection.ts';
import { claimNamespaceCheck, serveRightsCheck } from './control-plane-checks.ts';
import { expiryChecks, readExpiries } from './credentials.ts';
import { readApis } from './registered-wait.ts';

/** What is looked at of a connection that is there: as before an installation, and what only shows after it. */
export async function diagnose(
  app: KubeClient,
  connection: Connection,
  controlPlane: KubeClient,
  isExchanged: boolean,
): Promise<Check[]> {
  const { release, binding, resources } = connection;
  const checks = [...(await clusterChecks('app cluster', app)), ...podsCheck(connection)];
  const reached = await clusterChecks('control plane', controlPlane);
  checks.push(...reached);
  if (reached.every(({ state }) => state !== 'failed')) {
    const namespace = await claimNamespaceCheck(controlPlane, binding.claimNamespace, false);
    checks.push(namespace.check);
    checks.push(await serveRightsCheck(controlPlane, binding.claimNamespace, resources));
  }
  const foreign = new Set(connection.conflicts.map(({ apiService }) => apiService));
  for (const api of await readApis(app, release, groupVersionsOf(resources))) {
    // Told as a conflict.
    if (foreign.has(api.name)) continue;
    const subject = `API ${api.name}`;
    checks.push(
      api.isAvailable
        ? ok(subject, 'is Available')
        : failed(subject, `is not Available: ${api.reason}`, api.remedy),
    );
  }
  checks.push(...(await rolesCheck(app, connection)));
  const expiries = await readExpiries(app, release, controlPlane.transport.access, isExchanged);
  return [...checks, ...expiryChecks(expiries, Date.now())];
}

function podsCheck({ deployment, release: { namespace, releaseName } }: Connection): Check[] {
  // Outside of the cluster there are none.
  if (!deployment || deployment.replicas === 0) return [];
  const { replicas, readyReplicas } = deployment;
  const said = `${readyReplicas} of ${replicas} ready`;
  const remedy = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/instance=${releaseName}`;
  if (readyReplicas === 0) return [failed('pods', said, remedy)];
  return [readyReplicas < replicas ? warning('pods', said, remedy) : ok('pods', said)];
}

/** Whether people may use what is connected. Without `rbac.groups` only administrators are meant to, and nothing is said. */
async function rolesCheck(app: KubeClient, { release, resources }: Connection): Promise<Check[]> {
  const subject = 'rights of the people';
  const name = `${release.releaseName}-view`;
  try {
    const role = await app
      .get<KubeObject & { rules?: { apiGroups: string[]; resources: string[] }[] }>(clusterRolePath(name))
      .catch(absentOrThrow);
    if (!role) return [];
    const missing = rbacGroups(resources).flatMap(({ group, resources: plurals }) =>
      plurals
        .filter(
          (plural) =>
            !role.rules?.some((rule) => rule.apiGroups.includes(group) && rule.resources.includes(plural)),
        )
        .map((plural) => `${plural}.${group}`),
    );
    if (missing.length === 0) return [ok(subject, 'view, edit and admin cover what is connected')];
    return [
      warning(
        subject,
        `view, edit and admin do not cover ${missing.join(', ')}`,
        'run mcp-connector install again, or add them to rbac.groups',
      ),
    ];
  } catch (error) {
    return [
      warning(
        subject,
        `cannot be looked at: ${describeError(error)}`,
        `ask for the right to read ClusterRoles`,
      ),
    ];
  }
}
