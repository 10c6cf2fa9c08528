import { accessFromEnvironment, accessFromFile } from '../clusters/cluster-access.ts';
import { Transport } from '../clusters/transport.ts';

/** How a command is told which cluster is the app cluster: `--kubeconfig` and `--context`, as kubectl has them. */
export interface AppClusterFlags {
  kubeconfig?: string | undefined;
  context?: string | undefined;
}

/** The way to the app cluster. A command is run where its user sits: through that place's proxy. */
export function openAppCluster({ kubeconfig, context }: AppClusterFlags): Transport {
  const access =
    kubeconfig === undefined ? accessFromEnvironment(context) : accessFromFile(kubeconfig, context);
  return new Transport(access, hasEnvironmentProxy());
}

/** HTTPS_PROXY or HTTP_PROXY is set. */
export function hasEnvironmentProxy(): boolean {
  return ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) =>
    Boolean(process.env[name]),
  );
}
