import { describeError } from '../base/errors.ts';
import type { ClusterAccess } from '../clusters/cluster-access.ts';
import { KubeClient } from '../clusters/kube-client.ts';
import { accessToSpace } from '../clusters/space-access.ts';
import { Transport } from '../clusters/transport.ts';
import { findKubeconfig } from '../controllers/control-plane/kubeconfig-source.ts';
import type { ChartValues } from './chart-values.ts';
import { type Check, failed } from './check.ts';
import type { InstallOptions } from './install.ts';

/** A client as the administrator, else as the connector will be; or why there is none. */
export async function openControlPlane(
  options: InstallOptions,
  values: ChartValues,
  app: KubeClient,
): Promise<KubeClient | Check> {
  const { spaces } = values;
  if (options.controlPlaneKubeconfig !== undefined)
    return new KubeClient(options.openFile(options.controlPlaneKubeconfig), 'mcp-connector');
  const { name: secretName, key: secretKey } = spaces.controlPlane.kubeconfigSecret;
  try {
    const open =
      secretName === ''
        ? await openSpace(options, values, app)
        : (
            await findKubeconfig(
              { controlPlane: { secretName, secretKey }, namespace: options.namespace },
              app,
            )
          ).open;
    return new KubeClient(new Transport(open(), options.hasProxy), 'mcp-connector');
  } catch (error) {
    return failed(
      'control plane',
      describeError(error),
      'or give --control-plane-kubeconfig of an administrator, and it is made',
    );
  }
}

/** With the token of the command line, of the values, or of the Secret they name. */
async function openSpace(
  { token: given, spaceCa, namespace, hasProxy: environmentProxy }: InstallOptions,
  { upbound, spaces }: ChartValues,
  app: KubeClient,
): Promise<() => ClusterAccess> {
  const { account, authURL: authUrl, tokenSecret } = upbound;
  const { name, group } = spaces.controlPlane;
  const space = {
    host: spaces.host,
    group: group || 'default',
    name,
    insecureSkipTlsVerify: spaces.insecureSkipTLSVerify,
  };
  const token = given ?? upbound.token;
  if (token) {
    return () =>
      accessToSpace({ ...space, ca: spaceCa }, { authUrl, account, token, ca: spaceCa, environmentProxy });
  }
  const way = {
    ...space,
    account,
    authUrl,
    tokenSecretName: tokenSecret.name,
    tokenSecretKey: tokenSecret.key,
  };
  return (await findKubeconfig({ controlPlane: { space: way }, namespace, environmentProxy }, app)).open;
}
