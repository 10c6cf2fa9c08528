import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

const channel = 'undici:client:connected';

/** The serving certificates that API servers showed when a connection to them was made, by `host:port` or `host`. */
export class PeerCertificates implements Disposable {
  readonly #seen = new Map<string, X509Certificate>();
  readonly #note = (message: unknown): void => {
    const { connectParams, socket } = message as {
      connectParams: { host: string };
      socket: Partial<TLSSocket>;
    };
    const certificate = socket.getPeerX509Certificate?.();
    if (certificate) this.#seen.set(connectParams.host, certificate);
  };

  constructor() {
    // The one place in which undici shows its sockets, behind a proxy too.
    subscribe(channel, this.#note);
  }

  /** Of the newest connection to this host. */
  of(host: string): X509Certificate | undefined {
    return this.#seen.get(host);
  }

  [Symbol.dispose](): void {
    unsubscribe(channel, this.#note);
  }
}
