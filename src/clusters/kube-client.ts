import { type Dispatcher, request as undiciRequest } from 'undici';
import { mediaType } from '../apimachinery/media-types.ts';
import type { Status } from '../apimachinery/status.ts';
import { systemClock } from '../base/clock.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import { discard, readLines, readText } from './answer-body.ts';
import { headersOf } from './credential.ts';
import type { Transport } from './transport.ts';

/** An API server's answer outside 2xx, to a request the connector made for itself. Never shown to a user as it is. */
export class ApiError extends ConnectorError {
  readonly status: number;
  readonly reason: string;
  readonly details: Status['details'];

  constructor(status: number, reason: string, message: string, details?: Status['details']) {
    super('api-error', message);
    this.status = status;
    this.reason = reason;
    this.details = details;
  }
}

/**
 * True for any 404 of an API server, a missing resource type included, and for its plain text about a path that it has
 * not. The page of a proxy is none of these: what it hides is unknown, and not gone.
 */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404 && error.reason === 'NotFound';
}

/** True where an API server says that this object does not exist; a missing path or a proxy's 404 names none. */
export function isObjectNotFound(error: unknown, resource: string, name: string): boolean {
  if (!(error instanceof ApiError) || error.status !== 404 || error.reason !== 'NotFound') return false;
  return error.details?.kind === resource && error.details?.name === name;
}

/** For `catch`: nothing in the place of what is not there. */
export function absentOrThrow(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}

export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

export interface CallOptions {
  query?: Record<string, string>;
  accept?: string;
  signal?: AbortSignal;
  /** Milliseconds for the whole call; 10 s when left out, and no end for a watch. */
  timeoutMs?: number;
  /** Of the answer; more is `unusable-answer`. */
  maxBytes?: number;
  /** Of a watch: milliseconds between two looks at what has arrived; none when left out. */
  gatherMs?: number;
  /** Sent besides those of the credential; impersonation, for one. */
  headers?: Record<string, string | string[]>;
  /** Told the headers of every answer, refusals included: Warning, Audit-Id; and its status. */
  seeHeaders?: (headers: Dispatcher.ResponseData['headers'], status: number) => void;
  /** On a connection that no number of other requests keeps waiting: for a call that finds out whether any is answered. */
  apart?: boolean;
}

export interface JsonOperation {
  op: 'add' | 'remove' | 'replace' | 'test';
  /** JSON pointer. */
  path: string;
  value?: unknown;
}

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

const defaultTimeoutMs = 10_000;
/** Of one answer: a page of 500 CRDs in full is smaller, and hardly anything else comes near it. */
const maxAnswerBytes = 64 * 1024 * 1024;
/** Of an answer outside 2xx; more of it is of no use. */
const maxErrorBytes = 1024 * 1024;
/** Of a read that is answered with 429: so often it is sent again, if that is to be so soon. */
const maxPauses = 5;
const maxPauseSeconds = 2;
/** Of one event: an object of etcd is 1.5 MiB at most, in JSON. */
const maxEventBytes = 16 * 1024 * 1024;

/** Metadata only: of one object, and of a list. */
export const metadataAccept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
export const metadataListAccept =
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/**
 * The connector's own calls to either cluster. Paths are those of the API (`/api/v1/namespaces/x/secrets/y`); bodies
 * are plain objects. Claims never pass through here on behalf of a user: `upstream` forwards those byte by byte.
 *
 * Every call throws ApiError for an answer outside 2xx, ConnectorError `unreachable` when there was none, and
 * `unusable-answer` for one that no API server gives: a page, a redirect, bytes without end.
 */
export class KubeClient {
  readonly transport: Transport;
  readonly #userAgent: string;
  readonly #mayWrite: () => boolean;

  /** With `mayWrite`, a write is refused (ConnectorError `lease-lost`) while it is false. */
  constructor(transport: Transport, userAgent = 'mcp-connector', mayWrite: () => boolean = () => true) {
    this.transport = transport;
    this.#userAgent = userAgent;
    this.#mayWrite = mayWrite;
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

  /** JSON patch (RFC 6902); an operation `test` guards the others. */
  patchJson<T>(path: string, operations: readonly JsonOperation[], options: CallOptions = {}): Promise<T> {
    return this.#call<T>('PATCH', path, { type: 'application/json-patch+json', body: operations }, options);
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
    return await this.#text(answer, path, maxAnswerBytes);
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
    const lines = readLines(answer.body, {
      limit: maxEventBytes,
      tooLong: () => this.#unusable(path, 'an event without an end'),
      gatherMs: options.gatherMs ?? 0,
    });
    for await (const line of lines) yield this.#parse(line, path) as WatchEvent<T>;
  }

  async #call<T>(
    method: string,
    path: string,
    content: Content | undefined,
    options: CallOptions,
  ): Promise<T> {
    const answer = await this.#send(method, path, content, options, options.apart === true);
    // By what it is, and not by what it says it is: /openapi/v3 comes as text/plain.
    return this.#parse(await this.#text(answer, path, options.maxBytes ?? maxAnswerBytes), path) as T;
  }

  async #send(
    method: string,
    path: string,
    content: Content | undefined,
    options: CallOptions,
    unlimited: boolean,
    isSecondTry = false,
    pauses = 0,
  ): Promise<Dispatcher.ResponseData> {
    const { dispatcher, credential } = await this.transport.leg(unlimited);
    if (method !== 'GET' && !this.#mayWrite())
      throw new ConnectorError('lease-lost', `${method} ${path} is left to the holder of the Lease`);
    const query = options.query ? `?${new URLSearchParams(options.query).toString()}` : '';
    const isWatch = options.query?.['watch'] === 'true';
    const timeoutMs = options.timeoutMs ?? (isWatch ? undefined : defaultTimeoutMs);
    const signals = [options.signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
    const signal = AbortSignal.any(signals.filter((one) => one !== undefined));
    const url = `${this.transport.origin}${this.transport.access.basePath}${path}${query}`;
    try {
      const request = undiciRequest(url, {
        dispatcher,
        method: method as 'GET',
        headers: {
          'user-agent': this.#userAgent,
          accept: options.accept ?? 'application/json',
          ...headersOf(credential, options.headers),
          ...(content ? { 'content-type': content.type } : {}),
        },
        ...(content ? { body: JSON.stringify(content.body) } : {}),
        signal,
      });
      const answer = await unlessAborted(request, signal);
      options.seeHeaders?.(answer.headers, answer.statusCode);
      if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
      if (answer.statusCode === 401) {
        // Nothing was carried out, and the credential may have been renewed since it was read.
        if (!isSecondTry && (await this.transport.access.renewed(credential))) {
          discard(answer.body);
          return await this.#send(method, path, content, options, unlimited, true);
        }
        this.transport.access.forgetCredential();
      }
      const pauseMs = method === 'GET' && !unlimited ? pauseOf(answer) : undefined;
      if (pauseMs !== undefined && pauses < maxPauses) {
        discard(answer.body);
        await systemClock.sleep(pauseMs, options.signal);
        return await this.#send(method, path, content, options, unlimited, isSecondTry, pauses + 1);
      }
      if (answer.statusCode < 400) {
        discard(answer.body);
        throw this.#unusable(path, String(answer.statusCode));
      }
      throw apiError(answer, await this.#text(answer, path, maxErrorBytes), method, path);
    } catch (cause) {
      throw this.#explain(cause, options.signal);
    }
  }

  async #text({ body }: Dispatcher.ResponseData, path: string, limit: number): Promise<string> {
    try {
      return await readText(body, limit, () => this.#unusable(path, `more than ${limit} bytes`));
    } catch (cause) {
      throw this.#explain(cause, undefined);
    }
  }

  #parse(text: string, path: string): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw this.#unusable(path, describeError(cause));
    }
  }

  #unusable(path: string, what: string): ConnectorError {
    const { host } = this.transport.access.server;
    return new ConnectorError('unusable-answer', `${host} answered ${path} as no API server does: ${what}`);
  }

  #explain(cause: unknown, stopped: AbortSignal | undefined): unknown {
    if (cause instanceof ConnectorError || stopped?.aborted) return cause;
    const { host } = this.transport.access.server;
    return new ConnectorError('unreachable', `${host} cannot be reached: ${describeError(cause)}`, { cause });
  }
}

/**
 * Milliseconds that a busy server asks for: the storage of a new kind is being initialized, or too much is asked at once. As client-go
 * does (rest/with_retry.go), within bounds of ours.
 */
function pauseOf({ statusCode, headers }: Dispatcher.ResponseData): number | undefined {
  const seconds = Number(headers['retry-after'] ?? NaN);
  return statusCode === 429 && seconds >= 0 && seconds <= maxPauseSeconds ? seconds * 1_000 : undefined;
}

/** undici notices a signal only once the request has a connection. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    // The one that lost.
    promise.catch(() => undefined);
    aborted.promise.catch(() => undefined);
  }
}

interface Content {
  type: string;
  body: unknown;
}

function apiError(answer: Dispatcher.ResponseData, text: string, method: string, path: string): ApiError {
  const { statusCode, headers } = answer;
  const type = mediaType(String(headers['content-type'] ?? ''));
  const status = type === 'application/json' ? parsedStatus(text) : undefined;
  if (status)
    return new ApiError(
      statusCode,
      status.reason ?? '',
      status.message ?? text.slice(0, 200),
      status.details,
    );
  const plain = type === 'text/plain' ? text.slice(0, 200).trim() : '';
  // http.NotFound of the generic server, for a path that it has not.
  const reason = statusCode === 404 && plain === '404 page not found' ? 'NotFound' : '';
  const answered = `${method} ${path} was answered with ${statusCode}`;
  // Such words say nothing without what was asked for.
  const what = plain === '' ? `${answered}${type === '' ? '' : ` and ${type}`}` : `${answered}: ${plain}`;
  return new ApiError(statusCode, reason, what);
}

function parsedStatus(text: string): Status | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<Status> | null;
    return parsed?.kind === 'Status' ? (parsed as Status) : undefined;
  } catch {
    return undefined;
  }
}
