import type { LabCluster } from '../../../src/demo/lab-cluster.ts';
import type { ChaosFault } from '../fault.ts';

/** Starts its kube-apiserver and waits until it is ready. */
export async function startApiServer(cluster: LabCluster): Promise<void> {
  const server = cluster.component('kube-apiserver');
  await server.start();
  await server.waitUntil('it was ready', () => cluster.isReady());
}

/** Faults of the processes of the control plane. */
export const controlPlaneFaults: readonly ChaosFault[] = [
  {
    name: 'control-plane-killed',
    what: 'kube-apiserver of the control plane killed (-9), started again',
    cause: ({ ground }) => ground.lab.controlPlane.component('kube-apiserver').kill(),
    mend: ({ ground }) => startApiServer(ground.lab.controlPlane),
  },
  {
    name: 'control-plane-paused',
    what: 'kube-apiserver of the control plane stopped (SIGSTOP)',
    cause: async ({ ground }) => ground.lab.controlPlane.component('kube-apiserver').pause(),
    mend: async ({ ground }) => ground.lab.controlPlane.component('kube-apiserver').resume(),
  },
  {
    name: 'etcd-paused',
    what: 'etcd of the control plane stopped (SIGSTOP)',
    cause: async ({ ground }) => ground.lab.controlPlane.component('etcd').pause(),
    mend: async ({ ground }) => ground.lab.controlPlane.component('etcd').resume(),
  },
  {
    name: 'crossplane-killed',
    what: 'Crossplane killed (-9), started again',
    servedThroughout: true,
    cause: ({ ground }) => ground.lab.controlPlane.component('crossplane').kill(),
    mend: ({ ground }) => ground.lab.controlPlane.component('crossplane').start(),
  },
];
