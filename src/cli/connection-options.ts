import type { Command } from 'commander';
import { KubeClient } from '../clusters/kube-client.ts';
import { Transport } from '../clusters/transport.ts';
import { completeConfig, type Config, type Flags } from '../config/config.ts';
import { environmentName, type Option, serveOptions } from '../config/options.ts';
import { flagsOf, readDeployment } from '../connecting/connection.ts';
import { findKubeconfig } from '../controllers/control-plane/kubeconfig-source.ts';
import { openAppCluster } from './app-cluster.ts';

/** Options of serve that say where the clusters are; what is not given is read from the Deployment. */
const flags = new Set([
  'kubeconfig',
  'control-plane-kubeconfig',
  'control-plane-secret',
  'control-plane-secret-key',
  'claim-namespace',
  'namespace',
  'release-name',
  'cluster-id',
]);

/** How a command finds the connection that is there. */
export function addConnectionOptions(command: Command): Command {
  for (const option of serveOptions as readonly Option[]) {
    if (!flags.has(option.flag)) continue;
    const names = `${option.short ? `-${option.short}, ` : ''}--${option.flag} <${option.value}>`;
    const byDefault = option.default === undefined ? '' : ` (default: ${option.default})`;
    command.option(names, `${option.help}${byDefault} [$${environmentName(option.flag)}]`);
  }
  return command.option('--context <name>', 'context of the kubeconfig; default: its current one');
}

/** The app cluster, and the connector's configuration there. */
export interface OpenConnection extends AsyncDisposable {
  app: KubeClient;
  config: Config;
  /** Throws ConnectorError where the kubeconfig or the token cannot be read. */
  openControlPlane: () => Promise<KubeClient>;
}

/** Flags of the command line win over those of the Deployment. Throws ConnectorError where neither says enough. */
export async function openConnection({ context, ...given }: Flags): Promise<OpenConnection> {
  const closing = new AsyncDisposableStack();
  const text = (key: string): string | undefined => given[key] as string | undefined;
  const app = new KubeClient(
    closing.use(openAppCluster({ kubeconfig: text('kubeconfig'), context: context as string | undefined })),
  );
  const namespace = text('namespace') ?? process.env['MCP_CONNECTOR_NAMESPACE'] ?? 'kube-system';
  const releaseName = text('releaseName') ?? 'mcp-connector';
  const deployment = await readDeployment(app, { namespace, releaseName });
  const deployed: Flags = flagsOf(deployment?.args ?? []);
  // One way to the control plane is enough.
  const ways = ['controlPlaneKubeconfig', 'controlPlaneSecret'];
  if (ways.some((way) => given[way] !== undefined)) for (const way of ways) delete deployed[way];
  // Lists of the Deployment are not about where the clusters are.
  for (const list of ['allow', 'deny', 'namespaceDeletion']) delete deployed[list];
  const config = completeConfig({ ...deployed, namespace, releaseName, ...given }, process.env);
  return {
    app,
    config,
    openControlPlane: async () => {
      const found = await findKubeconfig(config, app);
      return new KubeClient(closing.use(new Transport(found.open(), config.environmentProxy)));
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}
