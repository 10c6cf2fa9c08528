import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import type { Cluster } from '@kubernetes/client-node/dist/config_types.js';
import { ConnectorError, describeError } from '../base/errors.ts';
import { type OwnCluster, readOwnCluster } from '../config/own-cluster.ts';
import type { Credential } from './credential.ts';
import type { ExecConfig } from './exec-plugin.ts';
import { impersonationOf } from './impersonation.ts';
import {
  type Kubeconfig,
  type KubeconfigUser,
  mergeKubeconfigs,
  parseKubeconfig,
  readKubeconfig,
} from './kubeconfig-file.ts';

/** What the current context of a kubeconfig leads to. */
export interface LoadedKubeconfig {
  /** Undefined where the context names none. */
  cluster: Cluster | undefined;
  user: KubeconfigUser | undefined;
  currentContext: string | undefined;
  contextNames: readonly string[];
  hasClusters: boolean;
  /** Read for every credential. */
  tokenFile: string | undefined;
  exec: ExecConfig | undefined;
  impersonation: Credential['impersonation'];
  /** The same text is the same kubeconfig. */
  text: string | undefined;
}

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Relative paths are resolved against `folder`; `context` takes the place of the current one. Throws an error that quotes nothing
 * of the text, ConnectorError where it says all.
 */
export function loadKubeconfig(text: string, folder?: string, context?: string): LoadedKubeconfig {
  return { ...loaded(parseKubeconfig(text, folder), context), text };
}

/** The user's kubeconfig as kubectl finds it, else the pod's own service account. */
export function loadFromEnvironment(context?: string): LoadedKubeconfig {
  const own = readOwnCluster();
  const { kubeconfigs, usualKubeconfig } = own;
  if (kubeconfigs.length > 0) {
    const there = kubeconfigs.filter((file) => existsSync(file));
    if (there.length === 0)
      throw new Error(`KUBECONFIG names ${kubeconfigs.join(', ')}, which does not exist`);
    return loaded(mergeKubeconfigs(there.map(readKubeconfig)), context);
  }
  if (existsSync(usualKubeconfig)) return loaded(readKubeconfig(usualKubeconfig), context);
  if (existsSync(path.join(accountFolder, 'token'))) return loaded(inCluster(own), context);
  // As kubectl: where nothing leads anywhere.
  return loaded(ofOne({ name: 'local', server: 'http://localhost:8080', skipTLSVerify: false }), context);
}

/** The cluster this process runs in, whatever kubeconfig lies around: never another one by accident. */
export function loadInCluster(): LoadedKubeconfig {
  return loaded(inCluster(readOwnCluster()));
}

/** Throws ConnectorError `kubeconfig-invalid`. */
export function loadKubeconfigFile(file: string, context?: string): LoadedKubeconfig {
  try {
    return loadKubeconfig(readFileSync(file, 'utf8'), path.dirname(file), context);
  } catch (cause) {
    if (cause instanceof ConnectorError) throw cause;
    throw new ConnectorError(
      'kubeconfig-invalid',
      `cannot read the kubeconfig ${file}: ${describeError(cause)}`,
      { cause },
    );
  }
}

/** One cluster, and a user of it. */
export function loadedCluster(cluster: Cluster, user?: KubeconfigUser): LoadedKubeconfig {
  return loaded(ofOne(cluster, user));
}

/** client-go/rest InClusterConfig. */
function inCluster({ service }: OwnCluster): Kubeconfig {
  if (!service)
    throw new ConnectorError(
      'kubeconfig-invalid',
      'this process runs in no cluster: KUBERNETES_SERVICE_HOST is not set',
    );
  const { host, port } = service;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const caFile = path.join(accountFolder, 'ca.crt');
  const tokenFile = path.join(accountFolder, 'token');
  return ofOne(
    { name: 'in-cluster', server, caFile, skipTLSVerify: false },
    { name: 'in-cluster', tokenFile },
  );
}

function ofOne(cluster: Cluster, user: KubeconfigUser = { name: cluster.name }): Kubeconfig {
  const context = { name: cluster.name, cluster: cluster.name, user: user.name };
  return { clusters: [cluster], contexts: [context], users: [user], currentContext: context.name };
}

function loaded(kubeconfig: Kubeconfig, context?: string): LoadedKubeconfig {
  const { clusters, contexts, users } = kubeconfig;
  const contextNames = contexts.map(({ name }) => name);
  if (context !== undefined && !contextNames.includes(context)) {
    throw new ConnectorError(
      'kubeconfig-invalid',
      `context "${context}" does not exist; the kubeconfig has: ${contextNames.join(', ') || 'none'}`,
    );
  }
  const currentContext = context ?? kubeconfig.currentContext;
  const current = contexts.find(({ name }) => name === currentContext);
  const user = users.find(({ name }) => name === current?.user);
  return {
    cluster: clusters.find(({ name }) => name === current?.cluster),
    user,
    currentContext,
    contextNames,
    hasClusters: clusters.length > 0,
    // A token wins, as in client-go.
    tokenFile: user?.token ? undefined : user?.tokenFile,
    exec: (user?.exec as ExecConfig | null | undefined) ?? undefined,
    impersonation: user && impersonationOf(user),
    text: undefined,
  };
}
