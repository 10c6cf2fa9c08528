import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { KeyPair } from '../../src/controllers/certificates/certificate-authority.ts';
import { LabAuthority } from '../../src/demo/certificates.ts';
import { freePort } from '../../src/demo/free-ports.ts';
import type { FaultMode, SeenRequest } from './fault-modes.ts';
import { TerminatingServer } from './terminating-server.ts';

export interface FaultProxyOptions {
  /** The control plane behind it. */
  kubeconfig: string;
  /** Where its own kubeconfigs are written. */
  dir: string;
}

interface Pair {
  client: Socket;
  inner: Socket;
  /** Swallows everything for ever. */
  isDead: boolean;
}

const hosts = ['127.0.0.1', 'localhost'];

/**
 * A control plane that fails as it is told, with a real one behind it: the connector gets `kubeconfig`, and `use` switches
 * between faults while it runs. Connections are accepted here, and go on to a server that ends TLS (terminating-server.ts).
 */
export class FaultProxy implements AsyncDisposable {
  /** A kubeconfig for this proxy without a credential: requests are made as the administrator. */
  readonly kubeconfig: string;
  readonly port: number;
  readonly authority: LabAuthority;
  readonly #dir: string;
  readonly #certificates: { valid: KeyPair; expired: KeyPair };
  readonly #http: TerminatingServer;
  readonly #pairs = new Set<Pair>();
  readonly #front: Server;
  #mode: FaultMode = { kind: 'pass' };
  #connections = 0;
  readonly #requests: SeenRequest[];

  private constructor(
    options: FaultProxyOptions,
    port: number,
    authority: LabAuthority,
    certificates: { valid: KeyPair; expired: KeyPair },
    http: TerminatingServer,
    requests: SeenRequest[],
  ) {
    this.#requests = requests;
    this.#dir = options.dir;
    this.port = port;
    this.kubeconfig = path.join(options.dir, `fault-proxy-${port}.kubeconfig`);
    this.authority = authority;
    this.#certificates = certificates;
    this.#http = http;
    this.#front = createServer((client) => this.#accept(client));
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const authority = await LabAuthority.create('fault-proxy-ca');
    const [valid, expired, port] = await Promise.all([
      authority.issue({ commonName: 'fault-proxy', hosts }),
      authority.issue({ commonName: 'fault-proxy', hosts, lifetimeMs: -60_000 }),
      freePort(),
    ]);
    const requests: SeenRequest[] = [];
    const http = await TerminatingServer.start(options.kubeconfig, valid, (seen) => requests.push(seen));
    const proxy = new FaultProxy(options, port, authority, { valid, expired }, http, requests);
    await proxy.#listen();
    await proxy.writeKubeconfig(proxy.kubeconfig);
    return proxy;
  }

  /** A kubeconfig for this proxy with a user of its own, such as `{ token }`, which the control plane then judges. */
  async kubeconfigFor(name: string, user: object): Promise<string> {
    const file = path.join(this.#dir, `${name}-${this.port}.kubeconfig`);
    await this.writeKubeconfig(file, user);
    return file;
  }

  async writeKubeconfig(file: string, user: object = {}): Promise<void> {
    const cluster = {
      server: `https://127.0.0.1:${this.port}`,
      'certificate-authority-data': Buffer.from(this.authority.cert).toString('base64'),
    };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'control-plane', cluster }],
      users: [{ name: 'user', user }],
      contexts: [{ name: 'control-plane', context: { cluster: 'control-plane', user: 'user' } }],
      'current-context': 'control-plane',
    };
    await writeFile(file, JSON.stringify(config));
  }

  /** Switches at once, for open connections too where the mode says so. */
  async use(mode: FaultMode): Promise<void> {
    const before = this.#mode;
    this.#mode = mode;
    this.#http.mode = mode;
    const isExpired = mode.kind === 'expired-certificate';
    if (isExpired || before.kind === 'expired-certificate') {
      this.#http.useCertificate(isExpired ? this.#certificates.expired : this.#certificates.valid);
      this.#endAll((socket) => socket.destroy());
    }
    if (before.kind === 'black-hole' && before.holds) for (const pair of this.#pairs) resume(pair);
    if (mode.kind === 'black-hole') for (const pair of this.#pairs) swallow(pair, mode.holds);
    if (mode.kind === 'reset') this.#endAll((socket) => socket.resetAndDestroy());
    if (mode.kind === 'stopped') {
      this.#endAll((socket) => socket.destroy());
      this.#front.close();
      if (before.kind !== 'stopped') await once(this.#front, 'close');
    } else if (before.kind === 'stopped') await this.#listen();
  }

  /** Connections accepted and requests read since the last `mark`. */
  get counts(): { connections: number; requests: number } {
    return { connections: this.#connections, requests: this.#requests.length };
  }

  /** Requests read since the last `mark`, in order of arrival. */
  get requests(): readonly SeenRequest[] {
    return this.#requests;
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#pairs.size;
  }

  mark(): void {
    this.#connections = 0;
    this.#requests.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endAll((socket) => socket.destroy());
    if (this.#front.listening) {
      this.#front.close();
      await once(this.#front, 'close');
    }
    await this.#http.close();
  }

  async #listen(): Promise<void> {
    this.#front.listen(this.port, '127.0.0.1');
    await once(this.#front, 'listening');
  }

  #accept(client: Socket): void {
    this.#connections++;
    if (this.#mode.kind === 'reset') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const inner = createConnection(this.#http.port, '127.0.0.1');
    const pair: Pair = { client, inner, isDead: false };
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      // A dead connection is silent at its end too.
      inner.destroy();
    };
    pump(pair, client, inner);
    pump(pair, inner, client);
    client.on('error', end).on('close', end);
    inner.on('error', () => undefined);
    inner.on('close', () => {
      if (!pair.isDead) end();
    });
    if (this.#mode.kind === 'black-hole') swallow(pair, this.#mode.holds);
  }

  #endAll(end: (socket: Socket) => void): void {
    for (const { client } of this.#pairs) end(client);
  }
}

function pump(pair: Pair, from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('data', (chunk) => {
    if (pair.isDead || to.destroyed) return;
    if (to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
}

function swallow(pair: Pair, holds: true | undefined): void {
  if (!holds) {
    pair.isDead = true;
    return;
  }
  pair.client.pause();
  pair.inner.pause();
}

function resume(pair: Pair): void {
  pair.client.resume();
  pair.inner.resume();
}
