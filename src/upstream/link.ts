import type { KubeClient } from '../clusters/kube-client.ts';
import type { Transport } from '../clusters/transport.ts';
import type { Connection } from '../mapping/identity.ts';
import type { ControlPlane } from './control-plane.ts';

/** A verified way to the control plane: its claim namespace is the one this app cluster is bound to. */
export interface Link {
  transport: Transport;
  /** The connector's own calls. */
  client: KubeClient;
  /** Requests of users. */
  controlPlane: ControlPlane;
  connection: Connection;
}
