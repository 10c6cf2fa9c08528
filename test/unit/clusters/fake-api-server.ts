import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accessFromKubeconfig } from '../../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../../src/clusters/kube-client.ts';
import { Transport } from '../../../src/clusters/transport.ts';

export interface Stored {
  metadata: { name: string; namespace?: string; resourceVersion?: string };
  [key: string]: unknown;
}

export interface Received {
  method: string;
  path: string;
  body: unknown;
}

export interface Answer {
  status: number;
  body: unknown;
}

/** Answers a request in place of the store; undefined leaves it to the store. `'drop'` closes the connection. */
export type Intercept = (
  request: Received,
) => Answer | 'drop' | undefined | Promise<Answer | 'drop' | undefined>;

/** A small API server on loopback: objects by path, guarded by resourceVersion, with list and watch. */
export class FakeApiServer implements AsyncDisposable {
  readonly objects = new Map<string, Stored>();
  readonly received: Received[] = [];
  intercept: Intercept | undefined;
  readonly #server: Server;
  readonly #watchers = new Map<ServerResponse, string>();
  readonly #transports: Transport[] = [];
  #version = 1000;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    await new Promise<void>((resolve) => void fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  client(): KubeClient {
    const { port } = this.#server.address() as AddressInfo;
    const transport = new Transport(
      accessFromKubeconfig(
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Config',
          clusters: [
            {
              name: 'fake',
              cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
            },
          ],
          users: [{ name: 'fake', user: {} }],
          contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
          'current-context': 'fake',
        }),
        'the test',
      ),
    );
    this.#transports.push(transport);
    return new KubeClient(transport);
  }

  /** Writes an object as another client would, and tells the watches. */
  put(path: string, object: Stored): Stored {
    const type = this.objects.has(path) ? 'MODIFIED' : 'ADDED';
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.objects.set(path, stored);
    this.#tell(path, { type, object: stored });
    return stored;
  }

  remove(path: string): void {
    const object = this.objects.get(path);
    this.objects.delete(path);
    this.#tell(path, { type: 'DELETED', object });
  }

  count(method: string, path: string): number {
    return this.received.filter((request) => request.method === method && request.path === path).length;
  }

  get watches(): number {
    return this.#watchers.size;
  }

  /** Ends all watches in the middle, as a lost connection does. */
  breakWatches(): void {
    for (const response of this.#watchers.keys()) response.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#transports.map((transport) => transport[Symbol.asyncDispose]()));
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  #tell(path: string, event: unknown): void {
    for (const [response, collection] of this.#watchers) {
      if (path.startsWith(`${collection}/`)) response.write(`${JSON.stringify(event)}\n`);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const received = {
      method: request.method ?? '',
      path: url.pathname,
      body: text ? (JSON.parse(text) as unknown) : undefined,
    };
    this.received.push(received);
    const answer = (await this.intercept?.(received)) ?? this.#answer(received, url.searchParams, response);
    if (answer === 'drop') return void request.socket.destroy();
    if (!answer) return;
    const isText = typeof answer.body === 'string';
    response
      .writeHead(answer.status, { 'content-type': isText ? 'text/plain' : 'application/json' })
      .end(isText ? answer.body : JSON.stringify(answer.body));
  }

  #answer(
    { method, path, body }: Received,
    query: URLSearchParams,
    response: ServerResponse,
  ): Answer | undefined {
    const object = this.objects.get(path);
    if (method === 'GET' && query.get('watch') === 'true') {
      this.#watchers.set(response, path);
      response.on('close', () => this.#watchers.delete(response));
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      return undefined;
    }
    if (method === 'GET' && object) return { status: 200, body: object };
    if (method === 'GET' && query.has('limit')) {
      const items = [...this.objects].filter(([key]) => key.startsWith(`${path}/`)).map(([, item]) => item);
      return { status: 200, body: { metadata: { resourceVersion: String(this.#version) }, items } };
    }
    if (method === 'POST') {
      const created = body as Stored;
      const key = `${path}/${created.metadata.name}`;
      if (this.objects.has(key)) return failure(409, 'AlreadyExists');
      return { status: 201, body: this.put(key, created) };
    }
    if (!object) return failure(404, 'NotFound');
    if (method !== 'PUT') return failure(405, 'MethodNotAllowed');
    const replacement = body as Stored;
    if (replacement.metadata.resourceVersion !== object.metadata.resourceVersion)
      return failure(409, 'Conflict');
    return { status: 200, body: this.put(path, replacement) };
  }
}

export function failure(status: number, reason: string): Answer {
  return {
    status,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason,
      message: reason,
      code: status,
    },
  };
}
