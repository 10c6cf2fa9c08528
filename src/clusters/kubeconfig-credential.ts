import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { TlsMaterial } from './credential.ts';
import type { LoadedKubeconfig } from './kubeconfig.ts';

/** As it stands in the kubeconfig, or in the files that it names, which are read anew each time. */
export function tlsOf({ cluster, user }: LoadedKubeconfig): TlsMaterial {
  const tls: TlsMaterial = {};
  const ca = bytesOf(cluster?.caData, cluster?.caFile);
  const cert = bytesOf(user?.certData, user?.certFile);
  const key = bytesOf(user?.keyData, user?.keyFile);
  if (ca) tls.ca = ca;
  if (cert) tls.cert = cert;
  if (key) tls.key = key;
  if (cluster?.tlsServerName) tls.servername = cluster.tlsServerName;
  if (cluster?.skipTLSVerify) tls.rejectUnauthorized = false;
  return tls;
}

/** Of a token, a password, or an auth-provider (OpenID Connect and others), in this order. */
export async function authorizationOf(loaded: LoadedKubeconfig): Promise<string | undefined> {
  const { user } = loaded;
  if (!user) return undefined;
  if (user.token) return `Bearer ${user.token}`;
  if (user.authProvider) return await fromProvider(loaded);
  if (!user.username) return undefined;
  return `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
}

/** Data overrides the file (client-go/rest dataFromSliceOrFile). */
function bytesOf(data: string | undefined, file: string | undefined): Buffer | undefined {
  if (data) return Buffer.from(data, 'base64');
  return file ? readFileSync(file) : undefined;
}

/** They remember what they were given until it ends. */
const providers = new WeakMap<LoadedKubeconfig, KubeConfig>();

/** Only here @kubernetes/client-node is loaded whole. */
async function fromProvider(loaded: LoadedKubeconfig): Promise<string | undefined> {
  let provider = providers.get(loaded);
  if (!provider) {
    const { KubeConfig: Provider } = await import('@kubernetes/client-node');
    const { cluster, user } = loaded;
    provider = new Provider();
    provider.loadFromOptions({
      clusters: [cluster],
      users: [user],
      contexts: [{ name: 'current', cluster: cluster?.name, user: user?.name }],
      currentContext: 'current',
    });
    providers.set(loaded, provider);
  }
  const options: RequestOptions = {};
  await provider.applyToHTTPSOptions(options);
  return (options.headers as Record<string, string> | undefined)?.['Authorization'];
}
