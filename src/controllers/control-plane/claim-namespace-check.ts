import type { KubeObject } from '../../apimachinery/objects.ts';
import { ConnectorError } from '../../base/errors.ts';
import { namespacePath } from '../../clusters/api-paths.ts';
import type { Binding, ConnectionState } from '../../clusters/connection-state.ts';
import type { ClusterAccess } from '../../clusters/cluster-access.ts';
import { ApiError, isObjectNotFound } from '../../clusters/kube-client.ts';
import { whyRefused } from '../../clusters/refused-credential.ts';
import type { Link } from '../../upstream/link.ts';

/** Longer, and a control plane counts as one that does not answer, if nobody else was answered in the meantime. */
export const answerWithinMs = 4_000;

/** What may be read of an endless answer, again and again. */
const maxNamespaceBytes = 1024 * 1024;

/**
 * Tells whether there is a control plane behind a link, whether it lets the connector in, and whether its claim namespace
 * is the one this app cluster is bound to.
 */
export class ClaimNamespaceCheck {
  readonly #state: ConnectionState;
  #boundTo: Binding | undefined;
  #rebind: boolean;

  constructor(state: ConnectionState, rebind: boolean) {
    this.#state = state;
    this.#rebind = rebind;
  }

  /** Throws ConnectorError when the claim namespace is not there, not readable, or not the one that was bound. */
  async verify({
    client,
    connection,
    transport,
  }: Pick<Link, 'client' | 'connection' | 'transport'>): Promise<void> {
    const { claimNamespace, clusterID } = connection;
    let namespace: KubeObject;
    try {
      namespace = await client.get<KubeObject>(namespacePath(claimNamespace), {
        timeoutMs: answerWithinMs,
        maxBytes: maxNamespaceBytes,
        apart: true,
      });
    } catch (error) {
      throw namespaceFault(error, claimNamespace, transport.access);
    }
    const uid = namespace.metadata?.uid;
    if (uid === undefined || namespace.metadata.name !== claimNamespace)
      throw new ConnectorError(
        'unusable-answer',
        'the control plane answers with something that is no namespace',
      );
    const actual: Binding = { clusterID, claimNamespace, claimNamespaceUID: uid };
    if (this.#boundTo && sameBinding(this.#boundTo, actual)) return;
    const bound = await this.#state.readBinding();
    if (bound && !sameBinding(bound, actual) && !this.#rebind)
      throw bindingFault(bound, actual, this.#state.objectName);
    if (!bound || !sameBinding(bound, actual)) await this.#state.writeBinding(actual);
    this.#boundTo = actual;
    // Once: a later change under the running connector is not what the user agreed to.
    this.#rebind = false;
  }
}

/** True where what answers is another place than the one the claims are in, and not the right one out of order. */
export function isOfAnotherPlace({ code }: ConnectorError): boolean {
  return code === 'binding-changed' || code === 'claim-namespace-missing';
}

/** A proxy on the way may refuse too, and says nothing about the connector's rights. */
function isStatusOf(error: ApiError, code: number, reason: string): boolean {
  return error.status === code && error.reason === reason;
}

function sameBinding(a: Binding, b: Binding): boolean {
  return (
    a.clusterID === b.clusterID &&
    a.claimNamespace === b.claimNamespace &&
    a.claimNamespaceUID === b.claimNamespaceUID
  );
}

function namespaceFault(error: unknown, claimNamespace: string, access: ClusterAccess): unknown {
  if (!(error instanceof ApiError)) return error;
  const { host } = access.server;
  if (isObjectNotFound(error, 'namespaces', claimNamespace)) {
    return new ConnectorError(
      'claim-namespace-missing',
      `the namespace "${claimNamespace}" does not exist on the control plane ${host}; create it there, or name another with --claim-namespace`,
    );
  }
  if (isStatusOf(error, 401, 'Unauthorized'))
    return new ConnectorError('credential-refused', whyRefused(access));
  if (isStatusOf(error, 403, 'Forbidden')) {
    return new ConnectorError(
      'right-missing',
      `the connector may not read the namespace "${claimNamespace}" on the control plane ${host}: ${error.message}; apply deploy/control-plane.yaml there`,
    );
  }
  return error;
}

function bindingFault(bound: Binding, actual: Binding, state: string): ConnectorError {
  const differences = [
    bound.clusterID !== actual.clusterID && `cluster ID ${bound.clusterID}, now ${actual.clusterID}`,
    bound.claimNamespace !== actual.claimNamespace &&
      `claim namespace ${bound.claimNamespace}, now ${actual.claimNamespace}`,
    bound.claimNamespace === actual.claimNamespace &&
      bound.claimNamespaceUID !== actual.claimNamespaceUID &&
      `namespace ${bound.claimNamespace} with UID ${bound.claimNamespaceUID}, now ${actual.claimNamespaceUID} (another control plane, or the namespace was made anew)`,
  ].filter((text) => text !== false);
  return new ConnectorError(
    'binding-changed',
    `this app cluster is bound to ${differences.join('; ')}; serving it would show an empty list for claims that exist; restore the old setting, or accept the new one with --rebind (recorded in ConfigMap ${state})`,
  );
}
