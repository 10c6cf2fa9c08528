import { gatewayTimeout, type Status, type StatusError, tooManyRequests } from '../apimachinery/status.ts';
import { mediaType } from '../apimachinery/media-types.ts';
import { describeError } from '../base/errors.ts';
import { hasRight } from '../clusters/own-rights.ts';
import { whyRefused } from '../clusters/refused-credential.ts';
import type { Answer } from './control-plane.ts';
import type { Link } from './link.ts';
import { retryLater } from './retry-later.ts';

/** What was asked of the control plane, to judge its refusal by. */
export interface Asked {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string | undefined;
  /** The hashed name. */
  name: string | undefined;
}

const reads = new Set(['get', 'list', 'watch']);
/** The user waits for it, on top of the answer. */
const reviewTimeoutMs = 5_000;

/**
 * The Status a refusal of the control plane means to the user (still in the control plane's names), or a StatusError
 * where the refusal is about the connector rather than about the request:
 *
 * - 401: our credential is not accepted. Passed on, it would make exec plugins log the user in again.
 * - 403: our right is missing (503), or admission or quota refused (passed): a SelfSubjectAccessReview tells.
 * - 404 about anything but the object itself (the resource type or the namespace is gone): passed on, the collector of
 *   the app cluster would take owners for deleted.
 * - 429: passed on with its Retry-After. The API server says it in plain text.
 * - what is no Status: never passed on. A proxy's 5xx to a write leaves its outcome unknown (504).
 */
export async function refusal(link: Link, answer: Answer, asked: Asked): Promise<Status> {
  const status = parseStatus(answer);
  if (answer.status === 401)
    throw retryLater(whyRefused(link.transport.access)).causedBy('credential_refused');
  if (!status && answer.status === 429) {
    const seconds = Number(answer.headers['retry-after'] ?? 1);
    throw tooManyRequests(undefined, Number.isInteger(seconds) ? seconds : 1).causedBy('passed');
  }
  if (!status) {
    link.controlPlane.breaker.onSuspicion();
    throw unusable(answer, asked);
  }
  if (answer.status === 403) await requireRight(link, asked);
  if (answer.status === 404 && !isAboutObject(status, asked)) {
    throw retryLater(
      `the control plane does not serve ${asked.resource}.${asked.group}/${asked.version} at the moment`,
    ).causedBy('api_missing');
  }
  return status;
}

function unusable({ status, headers }: Answer, { verb }: Asked): StatusError {
  const type = mediaType(headers['content-type']);
  const what = `the control plane gave an unusable answer (${status}${type === '' ? '' : ` with ${type}`})`;
  const isUnknown = status >= 500 && !reads.has(verb);
  const error = isUnknown
    ? gatewayTimeout(`${what}, and the request may have been carried out`)
    : retryLater(what);
  return error.causedBy('unusable_answer');
}

function parseStatus(answer: Answer): Status | undefined {
  if (answer.status < 400 || mediaType(answer.headers['content-type']) !== 'application/json')
    return undefined;
  try {
    const status = JSON.parse(answer.body.toString('utf8')) as Status;
    return status.kind === 'Status' ? status : undefined;
  } catch {
    return undefined;
  }
}

function isAboutObject(status: Status, asked: Asked): boolean {
  const { details } = status;
  return status.reason === 'NotFound' && details?.name === asked.name && details?.kind === asked.resource;
}

/** Returns where the connector has the right that the request needs: the 403 is admission's or quota's then. */
async function requireRight(link: Link, asked: Asked): Promise<void> {
  const right = { ...asked, namespace: link.connection.claimNamespace };
  let isAllowed: boolean;
  try {
    isAllowed = await hasRight(link.client, right, { timeoutMs: reviewTimeoutMs });
  } catch (cause) {
    link.controlPlane.breaker.onSuspicion();
    throw retryLater(
      `the control plane refused, and whether it refused the connector or the request cannot be found out: ${describeError(cause)}`,
      cause,
    ).causedBy('control_plane_unreachable');
  }
  if (isAllowed) return;
  throw retryLater(
    `the connector has no right to ${asked.verb} ${asked.resource}.${asked.group} on the control plane (deploy/control-plane.yaml)`,
  ).causedBy('right_missing');
}
