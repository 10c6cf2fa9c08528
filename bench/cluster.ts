import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { KubeClient } from '../src/clusters/kube-client.ts';
import type { LabAuthority } from '../src/demo/certificates.ts';
import type { LabCluster } from '../src/demo/lab-cluster.ts';

/** One of the two clusters of the lab, as an administrator of it reaches it. */
export interface Cluster {
  kubeconfig: string;
  server: string;
  /** PEM files for programs that are not given a kubeconfig. */
  caFile: string;
  certFile: string;
  keyFile: string;
  authority: LabAuthority;
  client: KubeClient;
  /** Its kube-apiserver. */
  pids: number[];
}

export async function openCluster(cluster: LabCluster, folder: string): Promise<Cluster> {
  const { name, kubeconfig, server, authority, client } = cluster;
  const { cert, key } = await authority.issue({ commonName: 'bench', organizations: ['system:masters'] });
  const write = async (file: string, pem: string) => {
    await writeFile(path.join(folder, file), pem, { mode: 0o600 });
    return path.join(folder, file);
  };
  const caFile = await write(`${name}.ca`, authority.cert);
  const certFile = await write(`${name}.crt`, cert);
  const keyFile = await write(`${name}.key`, key);
  const { pid } = cluster.component('kube-apiserver');
  return {
    kubeconfig,
    server,
    authority,
    client,
    caFile,
    certFile,
    keyFile,
    pids: pid === undefined ? [] : [pid],
  };
}
