import os from 'node:os';
import path from 'node:path';

/** Where a program of Kubernetes finds its cluster when nobody names one (client-go/tools/clientcmd, client-go/rest). */
export interface OwnCluster {
  /** `KUBECONFIG`: files to merge; none when it is not set. */
  kubeconfigs: readonly string[];
  /** `~/.kube/config`, whether it is there or not. */
  usualKubeconfig: string;
  /** Of the API server of the cluster that this process runs in; undefined outside of one. */
  service: { host: string; port: string } | undefined;
}

export function readOwnCluster(env: NodeJS.ProcessEnv = process.env): OwnCluster {
  const { KUBECONFIG = '', KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  return {
    kubeconfigs: KUBECONFIG.split(path.delimiter).filter((file) => file !== ''),
    usualKubeconfig: path.join(os.homedir(), '.kube', 'config'),
    service: host ? { host, port } : undefined,
  };
}
