import type { TLSSocket } from 'node:tls';
import { serviceUnavailable, unauthorized } from '../apimachinery/status.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { ClientTrust } from './client-trust.ts';
import { clientCertificateVerdicts, frontProxyVerdicts } from './peer-verdicts.ts';
import { readRemoteUser } from './remote-headers.ts';
import { bearerToken, type TokenReviewer } from './token-review.ts';
import { anonymous, asAuthenticated, type UserInfo } from './user-info.ts';
import type { Verdict } from './verdict.ts';

export interface AuthenticatorOptions {
  /** The trust of this moment, such as a ClientTrustSource. */
  trust: { readonly current: ClientTrust | undefined };
  tokens: Pick<TokenReviewer, 'userOf'>;
  log: Logger;
  clock?: Clock;
}

/** What of a request says who asks: any node http.IncomingMessage over TLS. */
export interface IncomingCredentials {
  rawHeaders: string[];
  socket: TLSSocket;
}

/**
 * Says who asks, in the order of apiserver/pkg/authentication/authenticatorfactory/delegating.go: front proxy, client
 * certificate, bearer token, anonymous. A credential that fails does not stop one that succeeds; with none that
 * does, the request is refused rather than anonymous.
 *
 * The HTTPS server must run with `requestCert: true, rejectUnauthorized: false` and without `ca`: it then asks every
 * client for a certificate, whoever signed it, and the verdict falls here, against the CAs of this moment.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #clock: Clock;
  readonly #frontProxies = frontProxyVerdicts();
  readonly #clients = clientCertificateVerdicts();
  readonly #reported = new WeakSet<Verdict<unknown>>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * A promise only while a token is reviewed. Throws (or rejects with) StatusError: 401 for a failed credential, 503
   * while the front-proxy configuration was never read, 500 when a token could not be reviewed.
   */
  authenticate(request: IncomingCredentials): UserInfo | Promise<UserInfo> {
    const trust = this.#options.trust.current;
    if (!trust)
      throw serviceUnavailable(
        'the front-proxy configuration of this cluster has not been read yet',
        1,
      ).causedBy('app_cluster_unavailable');
    const { rawHeaders, socket } = request;
    const now = this.#clock.now();

    const frontProxy = this.#frontProxies.of(socket, trust, now);
    if (frontProxy.state === 'accepted') {
      const user = readRemoteUser(rawHeaders, frontProxy.value);
      if (user) return asAuthenticated(user);
    }
    const client = this.#clients.of(socket, trust, now);
    if (client.state === 'accepted') return client.value;
    const token = bearerToken(rawHeaders);
    if (token) return this.#options.tokens.userOf(token);
    if (frontProxy.state === 'refused' || client.state === 'refused') {
      this.#report(frontProxy, client);
      throw unauthorized();
    }
    return anonymous();
  }

  /** Once per verdict, not per request: whoever reaches the port could fill the log otherwise. */
  #report(frontProxy: Verdict<unknown>, client: Verdict<unknown>): void {
    const first = frontProxy.state === 'refused' ? frontProxy : client;
    if (this.#reported.has(first)) return;
    this.#reported.add(first);
    const reasons = { asFrontProxy: reasonOf(frontProxy), asUser: reasonOf(client) };
    this.#options.log.warn(reasons, 'a client certificate was refused');
  }
}

function reasonOf(verdict: Verdict<unknown>): string | undefined {
  return verdict.state === 'refused' ? verdict.reason : undefined;
}
