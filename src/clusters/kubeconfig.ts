import { readFileSync } from 'node:fs';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { load, type YAMLException } from 'js-yaml';
import { ConnectorError, describeError } from '../base/errors.ts';
import { redacted } from '../base/redaction.ts';
import type { Credential } from './credential.ts';
import type { ExecConfig } from './exec-plugin.ts';
import { type ImpersonatingUser, impersonationOf } from './impersonation.ts';

/** A kubeconfig as it is read, with what of its user changes while it stays the same taken out. */
export interface LoadedKubeconfig {
  /** Without `exec` and token files: @kubernetes/client-node would keep what it once had of them. */
  kubeConfig: KubeConfig;
  /** Read for every credential. */
  tokenFile: string | undefined;
  exec: ExecConfig | undefined;
  impersonation?: Credential['impersonation'];
  /** The same text is the same kubeconfig. */
  text: string | undefined;
}

/**
 * Relative paths are resolved against `folder`; `context` takes the place of the current one. Throws an error that quotes nothing
 * of the text, ConnectorError where it says all.
 */
export function loadKubeconfig(text: string, folder?: string, context?: string): LoadedKubeconfig {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromString(text);
  } catch (cause) {
    // js-yaml shows the lines around a fault, and credentials stand in them.
    const { reason, mark, message } = cause as Partial<YAMLException> & Error;
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(reason === undefined ? redacted(message) : `${reason} in line ${(mark?.line ?? 0) + 1}`);
  }
  if (folder !== undefined) kubeConfig.makePathsAbsolute(folder);
  useContext(kubeConfig, context);
  const user = userOf(text, kubeConfig.getCurrentUser()?.name);
  // A token wins, as in client-go.
  const named = user.token ? undefined : user.tokenFile;
  const tokenFile = named ? path.resolve(folder ?? '', named) : undefined;
  const impersonation = impersonationOf(user);
  return { ...withoutSources(kubeConfig), ...(tokenFile ? { tokenFile } : {}), impersonation, text };
}

/** The user's kubeconfig as kubectl finds it, else the pod's own service account. */
export function loadFromEnvironment(context?: string): LoadedKubeconfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  useContext(kubeConfig, context);
  const { impersonateUser } = kubeConfig.getCurrentUser() ?? {};
  // Of several files that were merged only this one field is known, and not the groups.
  if (impersonateUser)
    throw new ConnectorError(
      'kubeconfig-invalid',
      `the kubeconfig's user acts as "${impersonateUser}", which is taken from a named file only; name it with --kubeconfig`,
    );
  return { ...withoutSources(kubeConfig), text: undefined };
}

/** The cluster this process runs in, whatever kubeconfig lies around: never another one by accident. */
export function loadInCluster(): LoadedKubeconfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromCluster();
  if (!URL.canParse(kubeConfig.getCurrentCluster()?.server ?? ''))
    throw new ConnectorError(
      'kubeconfig-invalid',
      'this process runs in no cluster: KUBERNETES_SERVICE_HOST is not set',
    );
  return { ...withoutSources(kubeConfig), text: undefined };
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

interface FileUser extends ImpersonatingUser {
  token?: string;
  tokenFile?: string;
}

/** What @kubernetes/client-node does not read: token files (it looks for `token-file`), and all of `as` but the name. */
function userOf(text: string, userName: string | undefined): FileUser {
  const { users } = load(text) as { users?: { name?: string; user?: FileUser }[] };
  return users?.find(({ name }) => name === userName)?.user ?? {};
}

function useContext(kubeConfig: KubeConfig, context: string | undefined): void {
  if (context === undefined) return;
  const known = kubeConfig.getContexts().map(({ name }) => name);
  if (!known.includes(context)) {
    throw new ConnectorError(
      'kubeconfig-invalid',
      `context "${context}" does not exist; the kubeconfig has: ${known.join(', ') || 'none'}`,
    );
  }
  kubeConfig.setCurrentContext(context);
}

function withoutSources(kubeConfig: KubeConfig): Omit<LoadedKubeconfig, 'text'> {
  const user = kubeConfig.getCurrentUser();
  const provider: { exec?: ExecConfig; tokenFile?: string } | undefined = user?.authProvider?.config;
  const exec: ExecConfig | undefined = user?.exec ?? provider?.exec;
  const tokenFile = provider?.tokenFile;
  if (!user || (!exec && !tokenFile)) return { kubeConfig, exec, tokenFile };
  const { exec: _exec, authProvider: _authProvider, ...rest } = user;
  const stripped = new KubeConfig();
  stripped.loadFromOptions({
    clusters: kubeConfig.getClusters(),
    contexts: kubeConfig.getContexts(),
    users: kubeConfig.getUsers().map((candidate) => (candidate === user ? rest : candidate)),
    currentContext: kubeConfig.getCurrentContext(),
  });
  return { kubeConfig: stripped, exec, tokenFile };
}
