import type { Status } from '../apimachinery/status.ts';
import { serviceUnavailable } from '../apimachinery/status.ts';
import { mediaType } from '../apimachinery/media-types.ts';
import type { Answer } from './control-plane.ts';
import type { Link } from './link.ts';

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

/**
 * The Status a refusal of the control plane means to the user (still in the control plane's names), or a StatusError
 * where the refusal is about the connector rather than about the request:
 *
 * - 401: our credential is not accepted. Passed on, it would make exec plugins log the user in again.
 * - 403: our right is missing (503), or admission or quota refused (passed): a SelfSubjectAccessReview tells.
 * - 404 about anything but the object itself (the resource type or the namespace is gone): passed on, the collector of
 *   the app cluster would take owners for deleted.
 * - 3xx and what is no Status: never passed on.
 */
export async function refusal(link: Link, answer: Answer, asked: Asked): Promise<Status> {
  const status = parseStatus(answer);
  if (answer.status === 401)
    throw serviceUnavailable("the control plane does not accept the connector's credential");
  if (!status) {
    throw serviceUnavailable(`the control plane gave an unusable answer (${answer.status})`);
  }
  if (answer.status === 403 && !(await mayDo(link, asked))) {
    throw serviceUnavailable(
      `the connector has no right to ${asked.verb} ${asked.resource}.${asked.group} on the control plane (deploy/control-plane.yaml)`,
    );
  }
  if (answer.status === 404 && !isAboutObject(status, asked)) {
    throw serviceUnavailable(
      `the control plane does not serve ${asked.resource}.${asked.group}/${asked.version} at the moment`,
    );
  }
  return status;
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

async function mayDo(link: Link, asked: Asked): Promise<boolean> {
  const { verb, group, version, resource, subresource, name } = asked;
  const resourceAttributes = {
    namespace: link.connection.claimNamespace,
    verb,
    group,
    version,
    resource,
    ...(subresource ? { subresource } : {}),
    ...(name ? { name } : {}),
  };
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  try {
    const review = await link.client.create<{ status?: { allowed?: boolean } }>(
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body,
    );
    return review.status?.allowed === true;
  } catch {
    return false;
  }
}
