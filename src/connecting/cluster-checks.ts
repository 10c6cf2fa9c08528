import { describeError } from '../base/errors.ts';
import { configMapPath, namespacePath } from '../clusters/api-paths.ts';
import { isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import { OwnRights, type Right } from '../clusters/own-rights.ts';
import { readServerFacts } from '../clusters/server-facts.ts';
import type { ConfigMap, KubeObject } from '../apimachinery/objects.ts';
import { type Check, failed, ok, unknown, warning } from './check.ts';

/** Certificates and tokens are made with some room; a minute is what people set clocks to. */
const clockWarnMs = 60_000;
/** Tokens and certificates made on one side are not valid yet on the other. */
const clockFailMs = 5 * 60_000;

/** Whether a cluster answers, and in our time. `name` is `app cluster` or `control plane`. */
export async function clusterChecks(name: string, client: KubeClient): Promise<Check[]> {
  const { access } = client.transport;
  try {
    const { version, clockAheadMs } = await readServerFacts(client.transport);
    return [
      ok(name, `Kubernetes ${version} at ${access.server.href}`),
      ...(access.skipsTlsVerify
        ? [
            warning(
              `${name} certificate`,
              `the kubeconfig sets insecure-skip-tls-verify, so anybody on the way can read the credential`,
              'put its certificate-authority into the kubeconfig',
            ),
          ]
        : []),
      clockCheck(name, clockAheadMs),
    ];
  } catch (error) {
    return [
      failed(name, describeError(error), 'look at the server address, the credential and the way there'),
    ];
  }
}

function clockCheck(name: string, aheadMs: number | undefined): Check {
  const subject = `${name} clock`;
  if (aheadMs === undefined)
    return unknown(subject, 'it does not tell the time', 'look at its clock if tokens are refused');
  const off = Math.abs(aheadMs);
  const said = `${Math.round(off / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine`;
  if (off < clockWarnMs) return ok(subject, 'agrees with this machine');
  return (off < clockFailMs ? warning : failed)(subject, said, 'set the clocks, by NTP');
}

/** Whether the user may install the chart, and the namespace for it is there. */
export async function appClusterChecks(app: KubeClient, namespace: string): Promise<Check[]> {
  return [
    await namespaceCheck(app, namespace),
    await aggregationCheck(app),
    await appRightsCheck(app, namespace),
  ];
}

async function namespaceCheck(app: KubeClient, namespace: string): Promise<Check> {
  const subject = 'installation namespace';
  try {
    await app.get<KubeObject>(namespacePath(namespace));
    return ok(subject, `${namespace} is there`);
  } catch (error) {
    return isNotFound(error)
      ? failed(subject, `${namespace} does not exist`, `kubectl create namespace ${namespace}`)
      : unknown(subject, describeError(error), 'ask for the right to read namespaces');
  }
}

/** Without request-header CA the API server proxies nobody's identity. */
async function aggregationCheck(app: KubeClient): Promise<Check> {
  const subject = 'aggregation layer';
  try {
    const { data } = await app.get<ConfigMap>(
      configMapPath('kube-system', 'extension-apiserver-authentication'),
    );
    if (data?.['requestheader-client-ca-file'])
      return ok(subject, 'kube-apiserver proxies to aggregated APIs');
    return failed(
      subject,
      'kube-apiserver has no front-proxy certificate',
      'start it with the --requestheader-* and --proxy-client-* flags (https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer)',
    );
  } catch (error) {
    return unknown(subject, describeError(error), 'ask an administrator to install, if it does not work');
  }
}

async function appRightsCheck(app: KubeClient, namespace: string): Promise<Check> {
  const rbac = 'rbac.authorization.k8s.io';
  const rights: Right[] = [
    { verb: 'create', group: 'apps', resource: 'deployments', namespace },
    ...['services', 'serviceaccounts', 'secrets'].map((resource) => ({
      verb: 'create',
      group: '',
      resource,
      namespace,
    })),
    { verb: 'create', group: 'policy', resource: 'poddisruptionbudgets', namespace },
    { verb: 'create', group: rbac, resource: 'roles', namespace },
    { verb: 'create', group: rbac, resource: 'rolebindings', namespace },
    { verb: 'create', group: rbac, resource: 'rolebindings', namespace: 'kube-system' },
    { verb: 'create', group: rbac, resource: 'clusterroles' },
    { verb: 'create', group: rbac, resource: 'clusterrolebindings' },
    { verb: 'list', group: 'apiregistration.k8s.io', resource: 'apiservices' },
  ];
  return await rightsCheck('app cluster rights', app, rights, 'use a kubeconfig of an administrator');
}

/** All of them, or which are missing. */
export async function rightsCheck(
  subject: string,
  client: KubeClient,
  rights: readonly Right[],
  remedy: string,
): Promise<Check> {
  try {
    const missing = await new OwnRights(client).missing(rights);
    if (missing.length === 0) return ok(subject, `all ${rights.length} that are needed`);
    return failed(subject, `missing: ${missing.join(', ')}`, remedy);
  } catch (error) {
    return unknown(subject, `cannot be looked at: ${describeError(error)}`, remedy);
  }
}
