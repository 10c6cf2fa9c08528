import { get } from 'node:https';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

interface Backend {
  port: number;
  isReady: boolean;
  /** Counted since it was added. */
  connections: number;
}

/** Readiness is asked for this often; a change reaches new connections that late, as endpoints do. Milliseconds. */
const probeEveryMs = 200;

/**
 * What a Service and kube-proxy are to the pods behind them: new connections go by turns to the ready backends on
 * 127.0.0.1, open ones stay where they are, and one that finds no ready backend (or one that refuses it) is reset.
 * An APIService leads here by `--external-host=localhost --external-port=<port>` of the connectors.
 */
export class TcpBalancer implements AsyncDisposable {
  readonly #server: Server;
  readonly #backends = new Map<number, Backend>();
  readonly #sockets = new Set<Socket>();
  readonly #abort = new AbortController();
  #turn = 0;
  /** Connections that found no ready backend. */
  refused = 0;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#forward(client));
  }

  /** Listens on 127.0.0.1; on a free port when none is given. */
  static async start(port = 0): Promise<TcpBalancer> {
    const balancer = new TcpBalancer();
    await new Promise<void>((resolve, reject) => {
      balancer.#server.once('error', reject);
      balancer.#server.listen(port, '127.0.0.1', resolve);
    });
    void balancer.#probe();
    return balancer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ports that new connections go to. */
  get ready(): number[] {
    return [...this.#backends.values()].filter(({ isReady }) => isReady).map(({ port }) => port);
  }

  /** Receives connections once its /readyz has answered 200. */
  add(port: number): void {
    this.#backends.set(port, { port, isReady: false, connections: 0 });
  }

  /** As a pod that is deleted: no new connection from now on; open ones stay. */
  remove(port: number): void {
    this.#backends.delete(port);
  }

  /** Connections that went to it since it was added. */
  connectionsOf(port: number): number {
    return this.#backends.get(port)?.connections ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #forward(client: Socket): void {
    const ready = this.ready;
    const port = ready[this.#turn++ % Math.max(1, ready.length)];
    const backend = port === undefined ? undefined : this.#backends.get(port);
    this.#keep(client);
    if (!backend) {
      this.refused += 1;
      client.resetAndDestroy();
      return;
    }
    backend.connections += 1;
    const upstream = connect({ host: '127.0.0.1', port: backend.port, allowHalfOpen: true, noDelay: true });
    this.#keep(upstream);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.pipe(to);
      // An end in order is passed on by pipe; anything else is a connection that broke.
      from.once('error', () => reset(to));
      from.once('close', () => {
        if (!from.readableEnded) reset(to);
      });
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
  }

  async #probe(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await Promise.all(
        [...this.#backends.values()].map(async (backend) => {
          backend.isReady = await answersReady(backend.port);
        }),
      );
      await delay(probeEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * Not while its FIN is under way: libuv refuses that (uv_tcp_close_reset, EINVAL), and Node 24 then keeps the handle and never
 * ends.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

/** One probe as the kubelet's: a connection of its own, the certificate not verified. */
function answersReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      `https://127.0.0.1:${port}/readyz`,
      { rejectUnauthorized: false, agent: false, timeout: 2_000 },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}
