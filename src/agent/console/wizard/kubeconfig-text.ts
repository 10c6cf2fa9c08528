import { accessFromKubeconfig } from '../../../clusters/cluster-access.ts';
import { describeError } from '../../../base/errors.ts';
import { loadKubeconfig } from '../../../clusters/kubeconfig.ts';

/**
 * Why a kubeconfig that came through the browser is not used; undefined where it is. Whoever may sign in here may not run programs
 * in the gateway's pod (exec, auth-provider) or have its files read and sent to a server of their choice.
 */
export function refusedKubeconfig(text: string): string | undefined {
  try {
    const access = accessFromKubeconfig(text, 'this');
    const { cluster, user, tokenFile, exec } = loadKubeconfig(text);
    if (exec)
      return 'The kubeconfig runs a program for its credential. Make one with a token or a client certificate.';
    if (user?.authProvider)
      return 'The kubeconfig has an auth-provider. Make one with a token or a client certificate.';
    if (tokenFile || user?.certFile || user?.keyFile || cluster?.caFile)
      return 'The kubeconfig names files of another machine. Make one that has everything in it: kubectl config view --raw --minify --flatten.';
    if (access.server.protocol !== 'https:') return 'The kubeconfig leads to an address without TLS.';
    return undefined;
  } catch (error) {
    // Their words quote nothing of the text.
    return `The kubeconfig cannot be used: ${describeError(error)}.`;
  }
}
