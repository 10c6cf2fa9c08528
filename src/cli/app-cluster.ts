import type { Command } from 'commander';
import { accessFromEnvironment, accessFromFile } from '../clusters/cluster-access.ts';
import { Transport } from '../clusters/transport.ts';

/** How a command is told which cluster is the app cluster: `--kubeconfig` and `--context`, as kubectl has them. */
export interface AppClusterFlags {
  kubeconfig?: string | undefined;
  context?: string | undefined;
}

/** `whose` cluster, in words for the help. */
export function addAppClusterOptions(command: Command, whose = 'the app cluster'): Command {
  return command
    .option('--kubeconfig <file>', `kubeconfig of ${whose}; default: as kubectl finds it`)
    .option('--context <name>', 'context of that kubeconfig; default: its current one');
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
