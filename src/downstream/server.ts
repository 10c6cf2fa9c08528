import { createServer, type Server } from 'node:https';
import type { RequestListener } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { ConnectorError, describeError } from '../base/errors.ts';

export interface ServerOptions {
  listener: RequestListener;
  cert: string;
  key: string;
  host: string | undefined;
  port: number;
  patience?: Patience;
}

/** How long clients may take. Milliseconds. */
export interface Patience {
  /** For the TLS handshake. */
  handshake: number;
  /** For the header of a request; of the first one from the connection on. */
  headers: number;
  /** For a request with its body. The answer may take as long as it takes: watches have no end of their own. */
  request: number;
  /** Between two requests. */
  idle: number;
  /** How often all that is looked at. */
  check: number;
}

const defaultPatience: Patience = {
  handshake: 30_000,
  // It counts from the connection on: Go dials some that it keeps for later and uses within those 90 s.
  headers: 100_000,
  // The aggregator gives bodies 60 s.
  request: 120_000,
  // Above the 90 s after which Go's transport gives up an idle connection: closing first would race with a POST.
  idle: 120_000,
  check: 30_000,
};

/**
 * The TLS listener, HTTP/1.1 (docs/adr/0002). It asks every client for a certificate without naming CAs and believes
 * none by itself: whose certificate counts is decided per request against the CAs of that moment.
 */
export class DownstreamServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    this.#options = options;
    const { patience = defaultPatience } = options;
    this.#server = createServer(
      {
        cert: options.cert,
        key: options.key,
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        // Said here, so that no NODE_OPTIONS opens the door to requests that two parsers cut apart differently.
        insecureHTTPParser: false,
        // Go's front proxy may send long X-Remote-* lists: Go itself allows 1 MiB of headers.
        maxHeaderSize: 1024 * 1024,
        handshakeTimeout: patience.handshake,
        headersTimeout: patience.headers,
        requestTimeout: patience.request,
        keepAliveTimeout: patience.idle,
        connectionsCheckingInterval: patience.check,
      },
      options.listener,
    );
    // Node drops header lines beyond this number in silence, X-Remote-* among them.
    this.#server.maxHeadersCount = 0;
    // A probe that closes its connection half-way is no error of ours.
    this.#server.on('tlsClientError', () => undefined);
    // A tunnel to wherever the client says is nothing this server makes. Other faults of HTTP are answered by Node.
    this.#server.on('connect', (_req, socket) => {
      // Node has let go of the socket: an error nobody listens to would end the process.
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () =>
        socket.destroy(),
      );
    });
  }

  /** Resolves with the port. Throws ConnectorError `listen-failed`. */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(
          new ConnectorError(
            'listen-failed',
            `cannot listen on ${host ?? ''}:${port}: ${describeError(cause)}`,
            { cause },
          ),
        ),
      );
      this.#server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** New connections use the new certificate; open ones go on with the old. */
  useCertificate(cert: string, key: string): void {
    this.#server.setSecureContext({ cert, key });
  }

  /** Takes no new connection; requests on open ones, idle or not, are still answered. */
  stopListening(): void {
    // That of https.Server would close idle connections at once, and with them what is on its way there.
    NetServer.prototype.close.call(this.#server);
  }

  /** Closes every connection. Whatever an answer has left to send is lost. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
