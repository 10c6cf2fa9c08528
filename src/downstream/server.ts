import { createServer, type Server } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConnectorError, describeError } from '../base/errors.ts';

export interface ServerOptions {
  listener: RequestListener;
  cert: string;
  key: string;
  host: string | undefined;
  port: number;
}

/**
 * The TLS listener, HTTP/1.1 (docs/adr/0002). It asks every client for a certificate without naming CAs and believes
 * none by itself: whose certificate counts is decided per request against the CAs of that moment.
 */
export class DownstreamServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        cert: options.cert,
        key: options.key,
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        // Go's front proxy may send long X-Remote-* lists: Go itself allows 1 MiB of headers.
        maxHeaderSize: 1024 * 1024,
        // Above the 90 s after which Go's transport gives up an idle connection: closing first would race with a POST.
        keepAliveTimeout: 120_000,
        headersTimeout: 60_000,
        // Watches have no end of their own; bodies are bounded by the aggregator's 60 s.
        requestTimeout: 120_000,
      },
      options.listener,
    );
    // Node drops header lines beyond this number in silence, X-Remote-* among them.
    this.#server.maxHeadersCount = 0;
    // A probe that closes its connection half-way is no error of ours.
    this.#server.on('tlsClientError', () => undefined);
    this.#server.on('clientError', (_error, socket) => socket.destroy());
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

  /** Takes no new connection, ends idle ones, and waits at most `graceMs` for the others. */
  async drain(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    // A kept-alive connection becomes idle when its last answer is out, and would stay for minutes.
    const idle = setInterval(() => this.#server.closeIdleConnections(), 50);
    const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearInterval(idle);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
  }
}
