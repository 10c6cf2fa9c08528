import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { StatusError } from '../../../src/apimachinery/status.ts';
import { Authenticator } from '../../../src/authentication/authenticator.ts';
import { type ClientTrust, parseClientTrust } from '../../../src/authentication/client-trust.ts';
import type { UserInfo } from '../../../src/authentication/user-info.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { ManualClock } from '../clusters/manual-clock.ts';
import { makeCertificate, type TestCertificate } from './test-certificates.ts';

export interface Outcome {
  code: number;
  user?: UserInfo;
}

/** A HTTPS server with TLS options as the connector's, whose answer is who asked. */
export class AuthenticatingServer implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly trust: { current: ClientTrust | undefined } = { current: undefined };
  readonly tokens: Record<string, UserInfo | undefined> = {};
  readonly #server;
  /** Who was found without waiting. */
  answeredAtOnce = 0;

  private constructor() {
    const own = makeCertificate('localhost');
    const authenticator = new Authenticator({
      trust: this.trust,
      tokens: {
        userOf: (token) => {
          const user = this.tokens[token];
          if (!user) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
          return Promise.resolve(user);
        },
      },
      log: silentLogger(),
      clock: this.clock,
    });
    this.#server = createServer({
      cert: own.cert,
      key: own.key,
      requestCert: true,
      rejectUnauthorized: false,
    });
    this.#server.on('request', (incoming, response) => {
      const answer = (outcome: Outcome) => void response.end(JSON.stringify(outcome));
      const fail = (error: unknown) => answer({ code: error instanceof StatusError ? error.code : 599 });
      try {
        const who = authenticator.authenticate({
          rawHeaders: incoming.rawHeaders,
          socket: incoming.socket as TLSSocket,
        });
        if (who instanceof Promise) {
          who.then((user) => answer({ code: 200, user }), fail);
        } else {
          this.answeredAtOnce += 1;
          answer({ code: 200, user: who });
        }
      } catch (error) {
        fail(error);
      }
    });
  }

  static async start(config?: Record<string, string>): Promise<AuthenticatingServer> {
    const server = new AuthenticatingServer();
    if (config) server.configure(config);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** What kube-apiserver writes into extension-apiserver-authentication. */
  configure(config: Record<string, string>): void {
    this.trust.current = parseClientTrust(config);
  }

  /** A client with one connection that it keeps. */
  connect(certificates: TestCertificate[] = []): {
    ask: (rawHeaders?: string[]) => Promise<Outcome>;
    close: () => void;
  } {
    const { port } = this.#server.address() as AddressInfo;
    const [leaf] = certificates;
    const cert = certificates.map((certificate) => certificate.cert).join('\n');
    const agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      rejectUnauthorized: false,
      ...(leaf ? { cert, key: leaf.key } : {}),
    });
    const ask = async (rawHeaders: string[] = []): Promise<Outcome> => {
      const outgoing = request({
        host: '127.0.0.1',
        port,
        agent,
        headers: ['Host', 'connector', ...rawHeaders],
      });
      outgoing.end();
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      let text = '';
      for await (const chunk of incoming) text += String(chunk);
      return JSON.parse(text) as Outcome;
    };
    return { ask, close: () => agent.destroy() };
  }

  /** One request on a connection of its own. */
  async ask(rawHeaders: string[], ...certificates: TestCertificate[]): Promise<Outcome> {
    const client = this.connect(certificates);
    try {
      return await client.ask(rawHeaders);
    } finally {
      client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}
