import { once } from 'node:events';
import type { Agent, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import https, { type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import type { TlsMaterial } from '../../src/clusters/credential.ts';
import type { KeyPair } from '../../src/controllers/certificates/certificate-authority.ts';
import type { FaultMode, SeenRequest } from './fault-modes.ts';

/** Of one connection, as RFC 9110 §7.6.1 has them. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'host']);
const endlessChunk = Buffer.alloc(1024 * 1024, ' ');

/**
 * The HTTP of a FaultProxy: ends TLS with a certificate of its own and asks the control plane behind. A request with a
 * credential is forwarded with it, and judged there by it; one without is forwarded as the administrator of the kubeconfig.
 */
export class TerminatingServer {
  readonly #server: Server;
  readonly #target: URL;
  readonly #tls: TlsMaterial;
  readonly #agents: { admin: Agent; nobody: Agent };
  readonly #onRequest: (request: SeenRequest) => unknown;
  mode: FaultMode = { kind: 'pass' };

  private constructor(
    target: URL,
    tls: TlsMaterial,
    certificate: KeyPair,
    onRequest: (request: SeenRequest) => unknown,
  ) {
    this.#target = target;
    this.#tls = tls;
    this.#onRequest = onRequest;
    this.#agents = {
      admin: new https.Agent({ keepAlive: true }),
      nobody: new https.Agent({ keepAlive: true }),
    };
    this.#server = https.createServer({ cert: certificate.cert, key: certificate.key }, (req, res) =>
      this.#answer(req, res),
    );
    // Clients that mistrust the certificate, and connections that a fault breaks, are what this is for.
    for (const event of ['tlsClientError', 'clientError'] as const)
      this.#server.on(event, (_error: Error, socket: { destroy: () => void }) => socket.destroy());
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 180_000;
  }

  static async start(
    kubeconfig: string,
    certificate: KeyPair,
    onRequest: (request: SeenRequest) => unknown,
  ): Promise<TerminatingServer> {
    const access = accessFromFile(kubeconfig);
    const { tls } = await access.credential();
    const server = new TerminatingServer(access.server, tls, certificate, onRequest);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** For connections from now on. */
  useCertificate({ cert, key }: KeyPair): void {
    this.#server.setSecureContext({ cert, key });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    this.#agents.admin.destroy();
    this.#agents.nobody.destroy();
    await once(this.#server, 'close');
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    const request = {
      method: req.method ?? '',
      url: req.url ?? '',
      userAgent: req.headers['user-agent'] ?? '',
    };
    this.#onRequest(request);
    const { mode } = this;
    if ('only' in mode && mode.only && !mode.only(request)) return this.#forward(req, res, 0);
    switch (mode.kind) {
      case 'answer':
        req.resume();
        res.writeHead(mode.status, mode.headers).end(mode.body);
        return undefined;
      case 'endless':
        req.resume();
        res.writeHead(mode.status, { 'content-type': 'application/json' }).write('{');
        return goOn(res);
      case 'garbage':
        req.resume();
        req.socket.end('\u0000\u0001\u0002 this is no HTTP\r\n\r\n');
        return undefined;
      case 'silent':
        if (mode.carriesOut) return this.#forward(req, res, Infinity);
        req.resume();
        return undefined;
      case 'cut':
        return this.#forward(req, res, 0, mode);
      default:
        return this.#forward(req, res, mode.kind === 'slow' ? mode.ms : 0);
    }
  }

  #forward(
    req: IncomingMessage,
    res: ServerResponse,
    delayMs: number,
    cut?: { bytes: number; cleanly?: true },
  ): void {
    const headers = endToEnd(req.headers);
    const isAdmin = headers['authorization'] === undefined;
    const { ca, cert, key } = this.#tls;
    const outgoing = https.request({
      ...(isAdmin ? { ca, cert, key } : { ca }),
      agent: isAdmin ? this.#agents.admin : this.#agents.nobody,
      host: this.#target.hostname,
      port: this.#target.port,
      method: req.method,
      path: req.url,
      headers,
    });
    const breakOff = (): void => {
      outgoing.destroy();
      res.destroy();
    };
    outgoing.once('error', breakOff);
    res.once('close', () => outgoing.destroy());
    outgoing.once('response', (answer) => {
      if (delayMs === Infinity) {
        answer.resume();
        return;
      }
      answer.once('error', breakOff);
      const start = (): void => {
        if (res.destroyed) return;
        const { 'content-length': length, ...further } = endToEnd(answer.headers);
        const isWhole = cut === undefined && length !== undefined;
        res.writeHead(answer.statusCode ?? 500, {
          ...further,
          ...(isWhole ? { 'content-length': length } : {}),
        });
        res.flushHeaders();
        if (cut) breakAfter(answer, res, cut);
        else answer.pipe(res);
      };
      if (delayMs > 0) setTimeout(start, delayMs).unref();
      else start();
    });
    req.pipe(outgoing);
  }
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

function goOn(res: ServerResponse): void {
  // Some 60 MB a second: more would only show how fast the machine is. In few pieces, since timers of a busy one are late.
  const next = (): void => void setTimeout(write, 16);
  function write(): void {
    if (res.destroyed) return;
    if (res.write(endlessChunk)) next();
    else res.once('drain', next);
  }
  write();
}

/** Passes on the first bytes of an answer, then ends it: in the middle of a chunk, or as if nothing more came. */
function breakAfter(
  answer: IncomingMessage,
  res: ServerResponse,
  { bytes, cleanly }: { bytes: number; cleanly?: true },
): void {
  let left = bytes;
  answer.on('data', (chunk: Buffer) => {
    if (left > 0) res.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left > 0) return;
    answer.destroy();
    if (cleanly) res.end();
    // The bytes before have to leave first.
    else setImmediate(() => res.destroy());
  });
  answer.once('end', () => res.end());
}
