import type { KubeObject } from '../../apimachinery/objects.ts';
import { resourcePath } from '../../clusters/api-paths.ts';
import { accessReviewPath, hasRight, type ReviewedRight } from '../../clusters/own-rights.ts';
import { type CallOptions, type KubeClient, metadataListAccept } from '../../clusters/kube-client.ts';
import { ToolError } from '../tools/tool-error.ts';
import { apiFailure } from './api-failure.ts';
import { explainForbidden } from './forbidden.ts';

/** A resource in one version, as discovery has it. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

/** One object, or all of a resource; without a namespace, those of all namespaces. */
export interface Place {
  namespace?: string | undefined;
  name?: string | undefined;
}

export interface ListOptions {
  namespace?: string | undefined;
  limit?: number;
  /** Kubernetes' continue token. */
  continueToken?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

export interface Page<T> {
  items: T[];
  continueToken: string | undefined;
  /** Of the rest, where the API server says it (metadata.remainingItemCount). */
  remaining: number | undefined;
  resourceVersion: string | undefined;
}

export interface WriteOptions {
  /** Admission and validation run, nothing is stored. */
  dryRun?: boolean;
}

export interface ClusterApiOptions {
  client: KubeClient;
  /** Sent with every request: whom it is made for. */
  headers?: Record<string, string | string[]>;
  /** Refuses everything but reads before it is sent, whatever the tool meant to do. */
  readOnly: boolean;
  /** Asked before each write that is more than a dry run; throws ToolError where the call may not make it (now, or at all). */
  guardWrite?: (method: string, path: string) => void;
  signal: AbortSignal;
  /** Told of every request that was sent: its method, the status of the answer where one came, and the time it took. */
  observe?: (method: string, status: number | undefined, durationMs: number) => void;
}

/** Of our writes, so that managedFields say who it was. */
const fieldManager = 'mcp-connector-agent';
const readingReviews = /^\/apis\/authorization\.k8s\.io\/v1\/selfsubject(access|rules)reviews$/;

interface RawList<T> {
  metadata: { continue?: string; remainingItemCount?: number; resourceVersion?: string };
  items: T[] | null;
}

/**
 * The control plane, for one call of one tool. Every answer outside 2xx, and no answer, is thrown as a ToolError
 * (api-failure.ts); a write whose outcome is unknown says so there.
 */
export class ClusterApi {
  /** Of the API server (Warning headers), each once, as they came. */
  readonly warnings = new Set<string>();
  /** Of each request, as the control plane's audit log has them. */
  readonly auditIds: string[] = [];
  /** Writes that were sent, answered or not, dry runs left out: "POST /apis/…". */
  readonly writes: string[] = [];
  readonly #options: ClusterApiOptions;

  constructor(options: ClusterApiOptions) {
    this.#options = options;
  }

  get<T extends KubeObject>(resource: Resource, place: Required<Pick<Place, 'name'>> & Place): Promise<T> {
    return this.getPath<T>(resourcePath(resource, place));
  }

  /** Anything that is read by its path. */
  getPath<T>(path: string, query: Record<string, string> = {}, accept?: string): Promise<T> {
    return this.#send('GET', path, (client, options) =>
      client.get<T>(path, { ...options, query, ...(accept ? { accept } : {}) }),
    );
  }

  list<T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<Page<T>> {
    return this.#list(resource, options, {});
  }

  /** Names, labels, owners: for counting, and for what nobody needs to read whole. */
  listMetadata(resource: Resource, options: ListOptions = {}): Promise<Page<KubeObject>> {
    return this.#list(resource, options, { accept: metadataListAccept });
  }

  create<T extends KubeObject>(
    resource: Resource,
    place: Omit<Place, 'name'>,
    body: unknown,
    write: WriteOptions = {},
  ): Promise<T> {
    const path = resourcePath(resource, { namespace: place.namespace });
    return this.#write('POST', path, write, (client, options) => client.create<T>(path, body, options));
  }

  replace<T extends KubeObject>(
    resource: Resource,
    place: Place,
    body: unknown,
    write: WriteOptions = {},
  ): Promise<T> {
    const path = resourcePath(resource, place);
    return this.#write('PUT', path, write, (client, options) => client.replace<T>(path, body, options));
  }

  /** JSON merge patch. */
  patch<T extends KubeObject>(
    resource: Resource,
    place: Place,
    body: unknown,
    write: WriteOptions = {},
  ): Promise<T> {
    const path = resourcePath(resource, place);
    return this.#write('PATCH', path, write, (client, options) => client.patch<T>(path, body, options));
  }

  /**
   * With the uid and resourceVersion that the confirmation was given for, so that nothing else is deleted. There is no dry run
   * of a deletion here: Crossplane's no-usages webhook does not look at dryRun and notes an attempt, which replayDeletion
   * carries out once the Usage goes.
   */
  async delete(
    resource: Resource,
    place: Required<Pick<Place, 'name'>> & Place,
    preconditions: { uid: string; resourceVersion?: string },
    propagationPolicy: 'Background' | 'Foreground' = 'Background',
  ): Promise<void> {
    const path = resourcePath(resource, place);
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy, preconditions };
    await this.#send('DELETE', path, (client, options) => client.delete(path, body, options));
  }

  /** SelfSubjectAccessReview: whether this caller may. */
  may(attributes: ReviewedRight): Promise<boolean> {
    return this.#send('POST', accessReviewPath, (client, options) => hasRight(client, attributes, options));
  }

  async #list<T extends KubeObject>(
    resource: Resource,
    { namespace, limit = 500, continueToken, labelSelector, fieldSelector }: ListOptions,
    more: CallOptions,
  ): Promise<Page<T>> {
    const path = resourcePath(resource, { namespace });
    const query = {
      limit: String(limit),
      ...(continueToken ? { continue: continueToken } : {}),
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
    };
    const { items, metadata } = await this.#send('GET', path, (client, options) =>
      client.get<RawList<T>>(path, { ...options, ...more, query }),
    );
    return {
      // Go prints an empty list of metadata as null.
      items: items ?? [],
      continueToken: metadata.continue || undefined,
      remaining: metadata.remainingItemCount,
      resourceVersion: metadata.resourceVersion,
    };
  }

  #write<T>(
    method: string,
    path: string,
    write: WriteOptions,
    send: (client: KubeClient, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    return this.#send(
      method,
      path,
      (client, options) => send(client, { ...options, query: writeQuery(write) }),
      write,
    );
  }

  async #send<T>(
    method: string,
    path: string,
    send: (client: KubeClient, options: CallOptions) => Promise<T>,
    { dryRun = false }: WriteOptions = {},
  ): Promise<T> {
    const { client, headers, readOnly, guardWrite, signal } = this.#options;
    // URL parsers resolve dot segments: a name ".." would make a request for one object one for all of them.
    if (
      path
        .split('/')
        .slice(1)
        .some((segment) => /^\.{0,2}$/.test(decodeURIComponent(segment)))
    )
      throw new ToolError('invalid', 'a name or a namespace is empty, "." or ".."');
    const isWrite = method !== 'GET' && !readingReviews.test(path);
    if (isWrite && readOnly)
      throw new ToolError('read_only', `this server is read-only: ${method} ${path} was not sent`, {
        hint: 'use a server that may write, or ask its administrator for one',
      });
    if (isWrite && !dryRun) {
      guardWrite?.(method, path);
      this.writes.push(`${method} ${path}`);
    }
    const startedAt = performance.now();
    let status: number | undefined;
    const options: CallOptions = {
      signal,
      // The call's own deadline is in the signal.
      timeoutMs: 60_000,
      ...(headers ? { headers } : {}),
      seeHeaders: (seen, code) => {
        status = code;
        for (const warning of warningTexts(seen['warning'])) this.warnings.add(warning);
        const id = seen['audit-id'];
        if (typeof id === 'string') this.auditIds.push(id);
      },
    };
    try {
      return await send(client, options);
    } catch (error) {
      const failure = apiFailure(error, { method, path, isWrite: isWrite && !dryRun, signal });
      const isForbidden = failure instanceof ToolError && failure.code === 'forbidden';
      if (!isForbidden || readingReviews.test(path)) throw failure;
      throw await explainForbidden(failure, method, path, (attributes) => this.may(attributes));
    } finally {
      this.#options.observe?.(method, status, performance.now() - startedAt);
    }
  }
}

function writeQuery({ dryRun }: WriteOptions): Record<string, string> {
  // Unknown fields are errors: a model that misspells one has to hear of it.
  return { fieldManager, fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) };
}

/** RFC 9111 section 5.5: `299 - "text"`, several in one header. */
function warningTexts(header: string | string[] | undefined): string[] {
  const lines = header === undefined ? [] : [header].flat();
  return lines.flatMap((line) =>
    [...line.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
      text.replaceAll(/\\(.)/g, '$1'),
    ),
  );
}
