import { type Dispatcher, EnvHttpProxyAgent, Pool, ProxyAgent } from 'undici';
import type { ClusterAccess } from './cluster-access.ts';
import { type Credential, isSameTls, type TlsMaterial } from './credential.ts';

/** Go's API servers close idle HTTP/1.1 connections after 3 minutes (net/http IdleTimeout of genericapiserver). */
const keepAliveMs = 90_000;
const connectTimeoutMs = 5_000;

interface Leg {
  /** The last one that was seen with this TLS material; the same object asks for no comparison. */
  credential: Credential;
  short: Dispatcher;
  long: Dispatcher;
}

/**
 * The connections to one cluster: HTTP/1.1 over TLS (answers come faster than over HTTP/2: a list of 1,000 claims 65
 * against 79 ms, docs/adr/0002), short requests and watches in pools of their own, so that no number of watches
 * keeps a request waiting. A new client certificate or CA makes new pools; the old ones end with their last request.
 */
export class Transport implements AsyncDisposable {
  readonly access: ClusterAccess;
  readonly #environmentProxy: boolean;
  readonly #waiting = new Set<() => void>();
  #leg: Leg | undefined;
  #isAway = false;

  /**
   * With `environmentProxy`, HTTPS_PROXY and NO_PROXY count where the kubeconfig names no proxy of its own. It is for
   * the control plane: the app cluster's API server is next door, under an address that no NO_PROXY list covers.
   */
  constructor(access: ClusterAccess, environmentProxy = false) {
    this.access = access;
    // As Go's ProxyFromEnvironment: never for this machine.
    this.#environmentProxy = environmentProxy && !/^(localhost|127\.|\[::1\])/.test(access.server.hostname);
  }

  get origin(): string {
    return this.access.server.origin;
  }

  /** The pool for one request, and the header that authenticates it. */
  async leg(longRunning: boolean): Promise<{ dispatcher: Dispatcher; credential: Credential }> {
    const credential = await this.access.credential();
    if (this.#leg?.credential === credential)
      return { dispatcher: longRunning ? this.#leg.long : this.#leg.short, credential };
    if (this.#leg && isSameTls(this.#leg.credential.tls, credential.tls)) this.#leg.credential = credential;
    else {
      const old = this.#leg;
      this.#leg = {
        credential,
        short: this.#open(credential.tls, 256),
        long: this.#open(credential.tls, null),
      };
      if (old) void Promise.allSettled([old.short.close(), old.long.close()]);
    }
    const leg = this.#leg;
    return { dispatcher: longRunning ? leg.long : leg.short, credential };
  }

  /** True from `lost` to `recovered`: whoever can wait, waits. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** The cluster does not answer: breaks every connection. */
  lost(): void {
    this.#isAway = true;
    this.#discard();
  }

  /** Called once, when `recovered` is. Returns how to be forgotten. */
  onRecovered(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  /** It answers again. Wakes those who wait; what was asked in between may wait on connections that are dead, and ends. */
  recovered(): void {
    if (this.#isAway) this.#discard();
    this.#isAway = false;
    const listeners = [...this.#waiting];
    this.#waiting.clear();
    for (const listener of listeners) listener();
  }

  /**
   * The next request makes new ones. Sockets to a peer that went away without a word look open for a long time, and
   * whoever waits on one would miss that the cluster is back.
   */
  #discard(): void {
    void this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const leg = this.#leg;
    this.#leg = undefined;
    if (leg) await Promise.allSettled([leg.short.destroy(), leg.long.destroy()]);
  }

  #open(tls: TlsMaterial, connections: number | null): Dispatcher {
    const connect = { ...tls, timeout: connectTimeoutMs };
    const options = {
      allowH2: false,
      connections,
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      // Silence on a watch is normal; the time-outs of short requests belong to the request, not to the socket.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    if (this.access.proxyUrl)
      return new ProxyAgent({ ...options, uri: this.access.proxyUrl, requestTls: connect });
    if (this.#environmentProxy) {
      return new EnvHttpProxyAgent({ ...options, requestTls: connect, connect });
    }
    return new Pool(this.origin, { ...options, connect });
  }
}
