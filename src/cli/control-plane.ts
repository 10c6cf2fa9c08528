import { type Command, Option } from 'commander';
import { ConnectorError } from '../base/errors.ts';
import type { Transport } from '../clusters/transport.ts';
import { openAppCluster } from './app-cluster.ts';

/** How a command is told which control plane, and as whom. */
export interface ControlPlaneFlags {
  controlPlaneKubeconfig?: string;
  controlPlaneContext?: string;
}

/** `right` says what the account has to be able to do, and what counts where it is not given. */
export function addControlPlaneOptions(command: Command, right: string): Command {
  return command
    .addOption(
      new Option(
        '--control-plane-kubeconfig <file>',
        `kubeconfig of the control plane, with the right to ${right}`,
      ).env('MCP_CONNECTOR_CONTROL_PLANE_KUBECONFIG'),
    )
    .option('--control-plane-context <name>', 'context of that kubeconfig; default: its current one');
}

/** A transport for the control plane, which the caller disposes of. Throws ConnectorError where none is named. */
export function openControlPlane({
  controlPlaneKubeconfig,
  controlPlaneContext,
}: ControlPlaneFlags): Transport {
  if (controlPlaneKubeconfig === undefined)
    throw new ConnectorError(
      'bad-flag',
      '--control-plane-kubeconfig is needed: the kubeconfig of an account of the control plane that may change composite resources (the role "move" of deploy/control-plane.yaml)',
    );
  // The way is the same to any cluster of a kubeconfig.
  return openAppCluster({ kubeconfig: controlPlaneKubeconfig, context: controlPlaneContext });
}
