import { ClusterAccess } from '../../clusters/cluster-access.ts';
import { loadInCluster, loadKubeconfig, loadKubeconfigFile } from '../../clusters/kubeconfig.ts';
import type { ServerDefinition } from './definition.ts';

/** The way to a server's control plane. Throws ConnectorError where it cannot be one. */
export function controlPlaneAccess({ kubeconfig, server }: ServerDefinition['controlPlane']): ClusterAccess {
  if (kubeconfig) return new ClusterAccess(() => loadKubeconfigFile(kubeconfig.file, kubeconfig.context));
  if (server) {
    const text = kubeconfigOf(server);
    return new ClusterAccess(() => loadKubeconfig(text));
  }
  return new ClusterAccess(loadInCluster);
}

/** JSON is YAML; token and CA stay in their files, which are read again. */
function kubeconfigOf({
  url,
  tokenFile,
  caFile,
}: {
  url: string;
  tokenFile: string;
  caFile?: string | undefined;
}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'control-plane',
    contexts: [{ name: 'control-plane', context: { cluster: 'control-plane', user: 'agent' } }],
    clusters: [
      {
        name: 'control-plane',
        cluster: { server: url, ...(caFile ? { 'certificate-authority': caFile } : {}) },
      },
    ],
    users: [{ name: 'agent', user: { tokenFile } }],
  });
}
