import { X509Certificate } from 'node:crypto';
import { type Clock, systemClock } from '../base/clock.ts';
import type { ClusterAccess } from './cluster-access.ts';

/**
 * One sentence, without a full stop, about a control plane that answered 401: what is wrong with the credential of the
 * kubeconfig as far as that can be told here. An API server says the same of all of them.
 */
export function whyRefused(
  { server, lastCredential }: Pick<ClusterAccess, 'server' | 'lastCredential'>,
  clock: Clock = systemClock,
): string {
  const end = endOf(lastCredential);
  if (!end || end.at > clock.now())
    return `the control plane ${server.host} does not accept the credential of the kubeconfig; renew it`;
  const time = new Date(end.at).toISOString().replace(/\.\d+Z$/, 'Z');
  return `the ${end.what} of the kubeconfig expired at ${time}, and the control plane ${server.host} does not accept it; renew it`;
}

function endOf(credential: ClusterAccess['lastCredential']): { what: string; at: number } | undefined {
  if (credential?.expiresAt !== undefined) return { what: 'token', at: credential.expiresAt };
  // A token that says nothing of its end was refused for another reason, whatever certificate goes along.
  if (!credential?.tls.cert || credential.authorization !== undefined) return undefined;
  try {
    const { validToDate } = new X509Certificate(credential.tls.cert);
    return { what: 'client certificate', at: validToDate.getTime() };
  } catch {
    return undefined;
  }
}
