import type { KubeObject } from '../apimachinery/objects.ts';
import { serviceUnavailable } from '../apimachinery/status.ts';
import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { namespacePath } from '../clusters/api-paths.ts';
import type { Binding, ConnectionState } from '../clusters/connection-state.ts';
import { ApiError, KubeClient } from '../clusters/kube-client.ts';
import { Transport } from '../clusters/transport.ts';
import type { Config } from '../config/config.ts';
import { ControlPlane } from '../upstream/control-plane.ts';
import type { Link } from '../upstream/link.ts';
import { findKubeconfig, type FoundKubeconfig } from './kubeconfig-source.ts';

export interface LinkOptions {
  config: Pick<Config, 'controlPlane' | 'namespace' | 'claimNamespace' | 'rebind' | 'environmentProxy'>;
  /** The app cluster. */
  client: KubeClient;
  state: ConnectionState;
  clusterID: string;
  log: Logger;
  clock?: Clock;
  /** Called when a verified link takes the place of another, or of none. */
  onLink: (link: Link) => void;
}

const checkEveryMs = 5_000;

/**
 * Keeps the way to the control plane: follows the kubeconfig, and hands a link out only after the claim namespace
 * behind it was seen to be the one this app cluster is bound to. Faults that mean "not the right place" or "not
 * allowed in" close the link, with the sentence that readiness, log and users get; an outage does not.
 */
export class ControlPlaneLink {
  readonly #options: LinkOptions;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #link: Link | undefined;
  #text: string | undefined;
  #fault: ConnectorError | undefined = new ConnectorError(
    'connecting',
    'the control plane has not been reached yet',
  );
  #boundTo: Binding | undefined;
  #rebind: boolean;
  #done: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#rebind = options.config.rebind;
  }

  /** Why there is no link, or undefined while there is one. */
  get fault(): ConnectorError | undefined {
    return this.#fault;
  }

  /** For requests of users. Throws StatusError 503 with the reason while there is none. */
  get current(): Link {
    if (this.#fault || !this.#link)
      throw serviceUnavailable(this.#fault?.message ?? 'the control plane has not been reached yet', 1);
    return this.#link;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
    await this.#link?.transport[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const backoff = new Backoff(500, checkEveryMs);
    while (!signal.aborted) {
      let pause = checkEveryMs;
      try {
        await this.#check();
        if (this.#fault) this.#options.log.info('the control plane is connected');
        this.#fault = undefined;
        backoff.reset();
      } catch (error) {
        pause = backoff.next();
        this.#report(error);
      }
      await this.#clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  async #check(): Promise<void> {
    const found = await findKubeconfig(this.#options.config, this.#options.client);
    if (this.#link && found.text === this.#text) {
      await this.#verify(this.#link);
      return;
    }
    const link = this.#open(found);
    try {
      await this.#verify(link);
    } catch (error) {
      await link.transport[Symbol.asyncDispose]();
      throw error;
    }
    const old = this.#link;
    this.#link = link;
    this.#text = found.text;
    this.#options.onLink(link);
    // Requests under way on the old credential end by themselves; nothing new is sent there.
    if (old) setTimeout(() => void old.transport[Symbol.asyncDispose](), 60_000).unref();
  }

  #open(found: FoundKubeconfig): Link {
    const { clusterID, config, log } = this.#options;
    const transport = new Transport(found.open(), this.#options.config.environmentProxy);
    if (transport.access.skipsTlsVerify) {
      log.warn(
        "the control plane's certificate is not verified: its kubeconfig sets insecure-skip-tls-verify",
      );
    }
    return {
      transport,
      client: new KubeClient(transport),
      controlPlane: new ControlPlane(transport),
      connection: { clusterID, claimNamespace: config.claimNamespace },
    };
  }

  /** Throws ConnectorError when the claim namespace is not there, not readable, or not the one that was bound. */
  async #verify(link: Link): Promise<void> {
    const { claimNamespace, clusterID } = link.connection;
    const { host } = link.transport.access.server;
    let namespace: KubeObject;
    try {
      namespace = await link.client.get<KubeObject>(namespacePath(claimNamespace), { timeoutMs: 5_000 });
    } catch (error) {
      throw namespaceFault(error, claimNamespace, host);
    }
    const actual: Binding = { clusterID, claimNamespace, claimNamespaceUID: namespace.metadata.uid ?? '' };
    if (this.#boundTo && sameBinding(this.#boundTo, actual)) return;
    const bound = await this.#options.state.readBinding();
    if (bound && !sameBinding(bound, actual) && !this.#rebind)
      throw bindingFault(bound, actual, this.#options.state.objectName);
    if (!bound || !sameBinding(bound, actual)) await this.#options.state.writeBinding(actual);
    this.#boundTo = actual;
    // Once: a later change under the running connector is not what the user agreed to.
    this.#rebind = false;
  }

  #report(error: unknown): void {
    const fault =
      error instanceof ConnectorError
        ? error
        : new ConnectorError('unreachable', describeError(error), { cause: error });
    const isOutage = fault.code === 'unreachable' || (fault instanceof ApiError && fault.status >= 500);
    if (isOutage && this.#link && !this.#fault) {
      this.#options.log.warn({ reason: fault.message }, 'the control plane does not answer');
      return;
    }
    if (this.#fault?.message !== fault.message) this.#options.log.error({ code: fault.code }, fault.message);
    this.#fault = fault;
  }
}

function sameBinding(a: Binding, b: Binding): boolean {
  return (
    a.clusterID === b.clusterID &&
    a.claimNamespace === b.claimNamespace &&
    a.claimNamespaceUID === b.claimNamespaceUID
  );
}

function namespaceFault(error: unknown, claimNamespace: string, host: string): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.status === 404) {
    return new ConnectorError(
      'claim-namespace-missing',
      `the namespace "${claimNamespace}" does not exist on the control plane ${host}; create it there, or name another with --claim-namespace`,
    );
  }
  if (error.status === 401) {
    return new ConnectorError(
      'credential-refused',
      `the control plane ${host} does not accept the credential of the kubeconfig; renew it`,
    );
  }
  if (error.status === 403) {
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
