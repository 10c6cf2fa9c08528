import { rootCertificates } from 'node:tls';
import { ClusterAccess } from './cluster-access.ts';
import { loadedCluster } from './kubeconfig.ts';
import { SpaceToken, type SpaceTokenOptions } from './space-token.ts';

/** A control plane in a Space of Upbound's. */
export interface SpaceControlPlane {
  /** Host of the Space, with a port if it has one. */
  host: string;
  group: string;
  name: string;
  /** PEM, trusted beside the public authorities. */
  ca?: string | undefined;
  insecureSkipTlsVerify: boolean;
}

/** Where a Space has the Kubernetes API of a control plane. */
export function spaceUrl({ host, group, name }: Pick<SpaceControlPlane, 'host' | 'group' | 'name'>): string {
  return `https://${host}/apis/spaces.upbound.io/v1beta1/namespaces/${group}/controlplanes/${name}/k8s`;
}

/** The way to it with an organization's token. */
export function accessToSpace(space: SpaceControlPlane, token: SpaceTokenOptions): ClusterAccess {
  const trusted = space.ca === undefined ? undefined : [...rootCertificates, space.ca].join('\n');
  const loaded = loadedCluster({
    name: 'space',
    server: spaceUrl(space),
    skipTLSVerify: space.insecureSkipTlsVerify,
    ...(trusted ? { caData: Buffer.from(trusted).toString('base64') } : {}),
  });
  return new ClusterAccess(() => loaded, new SpaceToken(token));
}
