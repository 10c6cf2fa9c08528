import { Agent, request } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import type { Credential } from '../../src/clusters/credential.ts';

/** One request of a scenario. `path` goes out as it stands. */
export interface OracleRequest {
  method: string;
  path: string;
  headers?: Record<string, string> | undefined;
  /** Text or bytes go out as they are, anything else as JSON. Content-Type is application/json unless `headers` say otherwise. */
  body?: unknown;
}

/** What came back, as the oracle compares it. */
export interface Exchange {
  /** Method and path, with the headers that matter, for people. */
  request: string;
  status: number;
  headers: Record<string, string | string[]>;
  /** Unzipped. */
  body: Buffer;
  /** Of a watch: its events, one text each. */
  frames?: string[];
}

const userAgent = 'oracle/v1 (linux/amd64) kubernetes/none';

/** One of the two ways to the same API: an API server, asked by raw HTTP with the credential of a kubeconfig. */
export class Side {
  readonly name: 'connector' | 'reference';
  readonly #server: URL;
  readonly #credential: Credential;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });

  private constructor(name: Side['name'], server: URL, credential: Credential) {
    this.name = name;
    this.#server = server;
    this.#credential = credential;
  }

  static async open(name: Side['name'], kubeconfig: string): Promise<Side> {
    const access = accessFromFile(kubeconfig);
    return new Side(name, access.server, await access.credential());
  }

  /** The whole answer; one of any status is a result. */
  ask(asked: OracleRequest): Promise<Exchange> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#request(asked, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          const bytes = Buffer.concat(chunks);
          const isZipped = answer.headers['content-encoding'] === 'gzip' && bytes.length > 0;
          resolve({
            request: describe(asked),
            status: answer.statusCode ?? 0,
            headers: distinct(answer.headersDistinct),
            body: isZipped ? gunzipSync(bytes) : bytes,
          });
        });
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer to ${describe(asked)} in 30 s`)));
      outgoing.once('error', reject);
      outgoing.end(bodyOf(asked));
    });
  }

  /** Opens a watch. Resolves when its header is there. */
  watch(asked: OracleRequest): Promise<OpenWatch> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#request(asked, (answer) => {
        const watch = new OpenWatch({
          request: describe(asked),
          status: answer.statusCode ?? 0,
          headers: distinct(answer.headersDistinct),
          stop: () => void answer.destroy(),
        });
        answer.on('data', (chunk: Buffer) => watch.add(chunk));
        answer.once('close', () => watch.end());
        answer.once('error', () => watch.end());
        resolve(watch);
      });
      outgoing.once('error', reject);
      outgoing.end(bodyOf(asked));
    });
  }

  #request(asked: OracleRequest, onAnswer: Parameters<typeof request>[2]): ReturnType<typeof request> {
    const { tls, authorization } = this.#credential;
    const body = bodyOf(asked);
    return request(
      {
        ...tls,
        host: this.#server.hostname,
        port: this.#server.port,
        path: asked.path,
        method: asked.method,
        agent: this.#agent,
        timeout: 30_000,
        headers: {
          'user-agent': userAgent,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': body.length }),
          ...(authorization === undefined ? {} : { authorization }),
          ...asked.headers,
        },
      },
      onAnswer,
    );
  }

  close(): void {
    this.#agent.destroy();
  }
}

interface OpenWatchOptions {
  request: string;
  status: number;
  headers: Exchange['headers'];
  stop: () => void;
}

/** A watch under way. */
export class OpenWatch {
  readonly #options: OpenWatchOptions;
  readonly #chunks: Buffer[] = [];
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(options: OpenWatchOptions) {
    this.#options = options;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  get frames(): string[] {
    return Buffer.concat(this.#chunks).toString('utf8').split('\n').slice(0, -1);
  }

  get status(): number {
    return this.#options.status;
  }

  /** Waits for `count` events (or the end of the watch), at most 10 s. Bookmarks that come now and then are none. */
  async take(count: number): Promise<string[]> {
    return await this.until((frames) => frames.filter((frame) => !isPlainBookmark(frame)).length >= count);
  }

  /** Waits until the events suffice, or the watch has ended; at most 10 s. What came until then is returned. */
  async until(suffices: (frames: string[]) => boolean): Promise<string[]> {
    const timeout = new Promise<void>((resolve) => {
      setTimeout(resolve, 10_000).unref();
    }).then(() => 'late' as const);
    while (!suffices(this.frames) && !this.#ended) {
      if ((await Promise.race([this.#changed.promise, timeout])) === 'late') break;
    }
    return this.frames;
  }

  /** Waits until the server ends it. */
  async ended(): Promise<void> {
    await this.until(() => false);
  }

  /** Ends it, and gives what was seen. */
  close(): Exchange {
    this.#options.stop();
    const { request: asked, status, headers } = this.#options;
    const body = Buffer.concat(this.#chunks);
    // Of a watch that goes on, what came in the server's own time says nothing.
    const frames = this.#ended ? this.frames : this.frames.filter((frame) => !isPlainBookmark(frame));
    return status === 200
      ? { request: asked, status, headers, body: Buffer.alloc(0), frames }
      : { request: asked, status, headers, body };
  }
}

/** A bookmark that is not the one behind initial events. In a Table nothing tells them apart where objects are left out. */
export function isPlainBookmark(frame: string): boolean {
  const isMarked = frame.includes('k8s.io/initial-events-end') || frame.includes('"kind":"Table"');
  return frame.includes('"type":"BOOKMARK"') && !isMarked;
}

function bodyOf({ body }: OracleRequest): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function describe({ method, path, headers = {}, body }: OracleRequest): string {
  const shown = Object.entries(headers).map(([name, value]) => ` ${name}: ${value}`);
  const text = bodyOf({ method, path, body })?.toString('utf8') ?? '';
  const excerpt = text === '' ? '' : ` ${text.length > 160 ? `${text.slice(0, 160)}…` : text}`;
  return `${method} ${path}${shown.join('')}${excerpt}`;
}

function distinct(headers: NodeJS.Dict<string[]>): Exchange['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values = []]) => [
      name,
      values.length === 1 ? (values[0] as string) : values,
    ]),
  );
}
