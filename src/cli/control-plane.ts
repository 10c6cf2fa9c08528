import { ConnectorError } from '../base/errors.ts';
import type { Transport } from '../clusters/transport.ts';
import { openAppCluster } from './app-cluster.ts';

/** How a command is told which control plane, and as whom. */
export interface ControlPlaneFlags {
  controlPlaneKubeconfig?: string;
  controlPlaneContext?: string;
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
