import { badRequest, StatusError } from '../apimachinery/status.ts';
import type { Filter } from './filter.ts';

const impersonation = ['impersonate-user', 'impersonate-group', 'impersonate-uid'] as const;

const upgradeRefused = new StatusError(
  501,
  'NotImplemented',
  'this server speaks HTTP/1.1 only, and upgrades to nothing',
);

/**
 * Refuses what leads past the rest of the chain. An upgraded connection would be a tunnel that nobody looks into
 * (CVE-2018-1002105). Impersonation is settled by kube-apiserver, which takes its headers away: who asks for it here
 * would be answered with their own rights, and those are most often more than they asked for.
 */
export function withoutDetours(): Filter {
  return (exchange) => {
    const { headers } = exchange.req;
    if (headers.upgrade !== undefined) {
      exchange.res.shouldKeepAlive = false;
      // Not thrown: an error of the 500s is logged, and whoever reaches the port could fill the log.
      exchange.answerStatus(501, upgradeRefused.toStatus());
      return 'handled';
    }
    if (impersonation.some((name) => headers[name] !== undefined))
      throw badRequest('impersonation is up to kube-apiserver: send the request there');
    return undefined;
  };
}
