import { readFileSync } from 'node:fs';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { load, type YAMLException } from 'js-yaml';
import { ConnectorError, describeError } from '../base/errors.ts';
import { redacted } from '../base/redaction.ts';
import type { ExecConfig } from './exec-plugin.ts';

/** A kubeconfig as it is read, with what of its user changes while it stays the same taken out. */
export interface LoadedKubeconfig {
  /** Without `exec` and token files: @kubernetes/client-node would keep what it once had of them. */
  kubeConfig: KubeConfig;
  /** Read for every credential. */
  tokenFile: string | undefined;
  exec: ExecConfig | undefined;
  /** The same text is the same kubeconfig. */
  text: string | undefined;
}

/** Relative paths are resolved against `folder`. Throws an error that quotes nothing of the text. */
export function loadKubeconfig(text: string, folder?: string): LoadedKubeconfig {
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
  const named = tokenFileOf(text, kubeConfig.getCurrentUser()?.name);
  const tokenFile = named === undefined ? undefined : path.resolve(folder ?? '', named);
  return { ...withoutSources(kubeConfig), ...(tokenFile === undefined ? {} : { tokenFile }), text };
}

/** The pod's own service account, else the user's kubeconfig as kubectl finds it. */
export function loadFromEnvironment(): LoadedKubeconfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  return { ...withoutSources(kubeConfig), text: undefined };
}

/** Throws ConnectorError `kubeconfig-invalid`. */
export function loadKubeconfigFile(file: string): LoadedKubeconfig {
  try {
    return loadKubeconfig(readFileSync(file, 'utf8'), path.dirname(file));
  } catch (cause) {
    throw new ConnectorError(
      'kubeconfig-invalid',
      `cannot read the kubeconfig ${file}: ${describeError(cause)}`,
      { cause },
    );
  }
}

/** Of a token file @kubernetes/client-node knows nothing (it looks for `token-file`). A token wins, as in client-go. */
function tokenFileOf(text: string, userName: string | undefined): string | undefined {
  const { users } = load(text) as {
    users?: { name?: string; user?: { token?: string; tokenFile?: string } }[];
  };
  const user = users?.find(({ name }) => name === userName)?.user;
  return user?.token ? undefined : user?.tokenFile || undefined;
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
