import { request as undiciRequest } from 'undici';
import type { Status } from '../apimachinery/status.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { Transport } from './transport.ts';

/** An API server's answer outside 2xx, to a request the connector made for itself. Never shown to a user as it is. */
export class ApiError extends ConnectorError {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super('api-error', message);
    this.status = status;
    this.reason = reason;
  }
}

/** True for an answer about the object itself: a missing resource type or path answers 404 without details.name. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

export interface CallOptions {
  query?: Record<string, string>;
  accept?: string;
  signal?: AbortSignal;
  /** Milliseconds for the whole call; 10 s when left out. */
  timeoutMs?: number;
}

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

const defaultTimeoutMs = 10_000;

/** Metadata only: of one object, and of a list. */
export const metadataAccept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
export const metadataListAccept =
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/**
 * The connector's own calls to either cluster. Paths are those of the API (`/api/v1/namespaces/x/secrets/y`); bodies
 * are plain objects. Claims never pass through here on behalf of a user: `upstream` forwards those byte by byte.
 *
 * Every call throws ApiError for an answer outside 2xx, ConnectorError `unreachable` when there was none.
 */
export class KubeClient {
  readonly transport: Transport;
  readonly #userAgent: string;

  constructor(transport: Transport, userAgent = 'mcp-connector') {
    this.transport = transport;
    this.#userAgent = userAgent;
  }

  get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.#call<T>('GET', path, undefined, options);
  }

  create<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.#call<T>('POST', path, { type: 'application/json', body }, options);
  }

  replace<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.#call<T>('PUT', path, { type: 'application/json', body }, options);
  }

  /** JSON merge patch. */
  patch<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.#call<T>('PATCH', path, { type: 'application/merge-patch+json', body }, options);
  }

  /** Server-side apply under the field manager `mcp-connector`. */
  apply<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    const query = { fieldManager: 'mcp-connector', force: 'true', ...options.query };
    return this.#call<T>(
      'PATCH',
      path,
      { type: 'application/apply-patch+yaml', body },
      { ...options, query },
    );
  }

  delete<T>(path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    return this.#call<T>(
      'DELETE',
      path,
      body === undefined ? undefined : { type: 'application/json', body },
      options,
    );
  }

  /** The text of an answer, for documents that are kept as they came (OpenAPI). */
  async getText(path: string, options: CallOptions = {}): Promise<string> {
    const answer = await this.#send('GET', path, undefined, options, false);
    return await answer.body.text();
  }

  /** Events of a watch until the server ends it or the signal aborts it. Throws like every call when it cannot start. */
  async *watch<T>(path: string, options: CallOptions = {}): AsyncGenerator<WatchEvent<T>> {
    const answer = await this.#send(
      'GET',
      path,
      undefined,
      { ...options, query: { ...options.query, watch: 'true' } },
      true,
    );
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body) {
      rest += decoder.decode(chunk as Buffer, { stream: true });
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        if (line.trim()) yield JSON.parse(line) as WatchEvent<T>;
      }
    }
  }

  async #call<T>(
    method: string,
    path: string,
    content: Content | undefined,
    options: CallOptions,
  ): Promise<T> {
    const answer = await this.#send(method, path, content, options, false);
    return (await answer.body.json()) as T;
  }

  async #send(
    method: string,
    path: string,
    content: Content | undefined,
    options: CallOptions,
    longRunning: boolean,
  ) {
    const { dispatcher, credential } = await this.transport.leg(longRunning);
    const query = options.query ? `?${new URLSearchParams(options.query).toString()}` : '';
    const deadline = longRunning ? undefined : AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
    const signals = [deadline, options.signal].filter((signal) => signal !== undefined);
    const url = `${this.transport.origin}${this.transport.access.basePath}${path}${query}`;
    let answer;
    try {
      answer = await undiciRequest(url, {
        dispatcher,
        method: method as 'GET',
        headers: {
          'user-agent': this.#userAgent,
          accept: options.accept ?? 'application/json',
          ...(credential.authorization ? { authorization: credential.authorization } : {}),
          ...(content ? { 'content-type': content.type } : {}),
        },
        ...(content ? { body: JSON.stringify(content.body) } : {}),
        ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}),
      });
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      throw new ConnectorError(
        'unreachable',
        `${this.transport.access.server.host} cannot be reached: ${describeError(cause)}`,
        { cause },
      );
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    if (answer.statusCode === 401) this.transport.access.forgetCredential();
    throw apiError(answer.statusCode, await answer.body.text(), method, path);
  }
}

interface Content {
  type: string;
  body: unknown;
}

function apiError(status: number, text: string, method: string, path: string): ApiError {
  let parsed: Partial<Status> | undefined;
  try {
    parsed = JSON.parse(text) as Partial<Status>;
  } catch {
    // Proxies and load balancers answer plain text or HTML; what counts then is the code.
  }
  const message = parsed?.message ?? text.slice(0, 200).trim();
  return new ApiError(
    status,
    parsed?.reason ?? '',
    message || `${method} ${path} was answered with ${status}`,
  );
}
