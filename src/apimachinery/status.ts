import type { Fault } from '../base/faults.ts';

/**
 * The error that crosses the wire: a Kubernetes Status (apimachinery/pkg/apis/meta/v1/types.go) on its way to a user.
 * Only `downstream` writes it out.
 */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** Wire shape of metav1.Status; member order as Go prints it. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, unknown>;
  status: 'Failure' | 'Success';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  #fault: Fault | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'StatusError';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** Why, for operators. It is not on the wire. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Gives this error, to be thrown. */
  causedBy(fault: Fault): this {
    this.#fault = fault;
    return this;
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason ? { reason: this.reason } : {}),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** A resource as errors name it: `kubernetesclusters.k8s.starter.org`. */
export interface GroupResource {
  group: string;
  resource: string;
}

function qualified({ group, resource }: GroupResource): string {
  return group ? `${resource}.${group}` : resource;
}

// Texts and codes below are those of apimachinery/pkg/api/errors/errors.go: clients match on them.

export function notFound(gr: GroupResource, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualified(gr)} "${name}" not found`, {
    name,
    group: gr.group,
    kind: gr.resource,
  });
}

/** What the generic server says for a path nobody serves: client-go reads it as "no such resource type". */
export function pathNotFound(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function alreadyExists(gr: GroupResource, name: string): StatusError {
  return new StatusError(409, 'AlreadyExists', `${qualified(gr)} "${name}" already exists`, {
    name,
    group: gr.group,
    kind: gr.resource,
  });
}

export function conflict(gr: GroupResource, name: string, why: string): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(gr)} "${name}": ${why}`,
    { name, group: gr.group, kind: gr.resource },
  );
}

export function forbidden(gr: GroupResource, name: string, why: string): StatusError {
  const subject = name ? `${qualified(gr)} "${name}"` : qualified(gr);
  return new StatusError(403, 'Forbidden', `${subject} is forbidden: ${why}`, {
    ...(name ? { name } : {}),
    group: gr.group,
    kind: gr.resource,
  });
}

/** 422: `kind` is the object's kind, not the resource. */
export function invalid(group: string, kind: string, name: string, causes: StatusCause[]): StatusError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new StatusError(
    422,
    'Invalid',
    `${group ? `${kind}.${group}` : kind} "${name}" is invalid: ${list}`,
    {
      name,
      group,
      kind,
      causes,
    },
  );
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}

export function methodNotSupported(gr: GroupResource, verb: string): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${qualified(gr)}"`,
    {
      group: gr.group,
      kind: gr.resource,
    },
  );
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    `only the following media types are accepted: ${accepted.join(', ')}`,
  );
}

export function unsupportedMediaType(
  accepted: readonly string[],
  what = 'the body of the request was in an unknown format - ',
): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    `${what}accepted media types include: ${accepted.join(', ')}`,
  );
}

export function requestEntityTooLarge(limitBytes: number): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
}

/**
 * In the words of apiserver/pkg/server/filters/maxinflight.go. One second or two: those who were refused at once do not
 * come back at once.
 */
export function tooManyRequests(
  message = 'Too many requests, please try again later.',
  retryAfterSeconds: number = 1 + Math.round(Math.random()),
): StatusError {
  return new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds });
}

/** 413 for what is short enough, and would take too much to read or apply. */
export function requestTooCostly(why: string): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: ${why}`);
}

/**
 * 503. With `retryAfterSeconds` clients send the request again by themselves (client-go/rest/with_retry.go), so it is
 * given only where nothing was sent to the control plane.
 */
export function serviceUnavailable(
  message: string,
  retryAfterSeconds?: number,
  cause?: unknown,
): StatusError {
  return new StatusError(
    503,
    'ServiceUnavailable',
    message,
    retryAfterSeconds === undefined ? undefined : { retryAfterSeconds },
    cause === undefined ? undefined : { cause },
  );
}

/** 504: the request was sent and its outcome is unknown. No client sends it again by itself. */
export function gatewayTimeout(message: string, cause?: unknown): StatusError {
  return new StatusError(504, 'Timeout', message, {}, cause === undefined ? undefined : { cause });
}

export function internalError(message: string, cause?: unknown): StatusError {
  return new StatusError(
    500,
    'InternalError',
    `Internal error occurred: ${message}`,
    { causes: [{ message }] },
    cause === undefined ? undefined : { cause },
  );
}
