import type { StatusError } from '../../apimachinery/status.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { faultOfCode } from '../../base/faults.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { ConnectionState } from '../../clusters/connection-state.ts';
import { ApiError, KubeClient } from '../../clusters/kube-client.ts';
import { Transport } from '../../clusters/transport.ts';
import type { Config } from '../../config/config.ts';
import type { Outage } from '../../upstream/circuit-breaker.ts';
import { ControlPlane } from '../../upstream/control-plane.ts';
import type { Link } from '../../upstream/link.ts';
import { outageError, retryLater } from '../../upstream/retry-later.ts';
import { answerWithinMs, ClaimNamespaceCheck, isOfAnotherPlace } from './claim-namespace-check.ts';
import { findKubeconfig, type FoundKubeconfig } from './kubeconfig-source.ts';
import { Rounds } from './rounds.ts';

export interface LinkOptions {
  config: Pick<Config, 'controlPlane' | 'namespace' | 'claimNamespace' | 'rebind' | 'environmentProxy'>;
  /** The app cluster. */
  client: KubeClient;
  state: ConnectionState;
  clusterID: string;
  log: Logger;
  metrics?: Pick<Metrics, 'controlPlaneUp' | 'circuitOpens' | 'kubeconfigUnusable' | 'upstreamSeconds'>;
  clock?: Clock;
  /** Called when a verified link takes the place of another, or of none. */
  onLink: (link: Link) => void;
}

/** A link, and the kubeconfig it was made of. */
interface Way {
  link: Link;
  text: string;
}

/** Why data is refused. */
interface Closed {
  error: ConnectorError;
  outage: Outage;
}

/**
 * Keeps the way to the control plane: follows the kubeconfig, and hands a link out only after the claim namespace
 * behind it was seen to be the one this app cluster is bound to. It looks again every few seconds, sooner where a request
 * gives reason to, and about every second while the control plane does not serve; the link's circuit breaker is open then.
 *
 * A kubeconfig that cannot be used leaves the link of the one before in service, unless it leads to another place: an
 * empty list from there would be taken for deletions.
 */
export class ControlPlaneLink {
  readonly #options: LinkOptions;
  readonly #clock: Clock;
  readonly #check: ClaimNamespaceCheck;
  readonly #rounds: Rounds;
  #serving: Way | undefined;
  /** Of a kubeconfig that is not the one in service; verified until it can be. */
  #candidate: Way | undefined;
  #servingFault: ConnectorError | undefined;
  #kubeconfigFault: ConnectorError | undefined;
  #closed: Closed | undefined;
  #toldOf: string | undefined;
  #tokenTrouble: string | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#check = new ClaimNamespaceCheck(options.state, options.config.rebind);
    const error = new ConnectorError('connecting', 'the control plane has not been reached yet');
    this.#closed = { error, outage: { since: new Date(this.#clock.now()), reason: error.message } };
    this.#options.metrics?.controlPlaneUp.set(0);
    this.#rounds = new Rounds({
      clock: this.#clock,
      round: () => Promise.all([this.#followKubeconfig(), this.#checkServing()]),
      isUrgent: () => this.#closed !== undefined,
      hasReason: () => this.#serving?.link.controlPlane.breaker.hasOverdue() === true,
    });
  }

  /** Why data is refused, or undefined while it is served. */
  get fault(): ConnectorError | undefined {
    return this.#closed?.error;
  }

  /**
   * Since when and why the control plane cannot be asked, or undefined while it can. It stays the same place: where
   * another one answers than the one the claims are in, that is a `fault` and no outage.
   */
  get outage(): Outage | undefined {
    return this.#closed && !isOfAnotherPlace(this.#closed.error) ? this.#closed.outage : undefined;
  }

  /** False until this process was at the right place: a rollout that leads elsewhere has to stop. */
  get hasServed(): boolean {
    return this.#serving !== undefined;
  }

  /** What operators have to know of a process that served before: the fault, or that an earlier kubeconfig is in use. */
  get warning(): string | undefined {
    if (this.#serving && this.#closed) return this.#closed.error.message;
    const isServing = this.#serving && this.#kubeconfigFault && this.#closed?.error !== this.#kubeconfigFault;
    return isServing
      ? `an earlier kubeconfig of the control plane is in use: ${this.#kubeconfigFault?.message}`
      : this.#tokenTrouble && `the token of the Space cannot be renewed: ${this.#tokenTrouble}`;
  }

  /** For requests of users. Throws StatusError 503 with the reason while there is none. */
  get current(): Link {
    if (this.#closed || !this.#serving) throw this.#refusal();
    return this.#serving.link;
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    await Promise.all([dispose(this.#serving), dispose(this.#candidate)]);
  }

  #refusal(): StatusError {
    const { outage } = this;
    const { error } = this.#closed as Closed;
    const isKnown = this.#serving !== undefined && faultOfCode(error.code) === 'control_plane_unreachable';
    return (outage ? outageError(outage) : retryLater(error.message)).causedBy(
      isKnown ? 'circuit_open' : faultOfCode(error.code),
    );
  }

  /** Looks whether the link in service still leads to the claim namespace. */
  async #checkServing(): Promise<void> {
    const serving = this.#serving;
    if (!serving) return;
    const { breaker } = serving.link.controlPlane;
    const { answers } = breaker;
    const startedAt = this.#clock.now();
    let fault: ConnectorError | undefined;
    try {
      await this.#check.verify(serving.link);
      breaker.answered();
    } catch (error) {
      fault = asFault(error);
      const isPositive = isOfAnotherPlace(fault) || fault.code === 'right-missing';
      // Somebody else was answered in the meantime.
      if (!isPositive && breaker.answers !== answers) return;
      // An API server in trouble answers for itself, and users may see that.
      if (fault instanceof ApiError && fault.reason !== '') return;
      // This process stood still, not the control plane.
      if (this.#clock.now() - startedAt > 2 * answerWithinMs) return;
    }
    if (serving !== this.#serving) return;
    this.#servingFault = fault;
    this.#settle();
  }

  /** Makes a link of the kubeconfig where it is not the one in service, and puts it there once it is verified. */
  async #followKubeconfig(): Promise<void> {
    let candidate: Way | undefined;
    try {
      const { config, client } = this.#options;
      const onTokenTrouble = (reason: string | undefined): void => this.#tellOfToken(reason);
      const found = await findKubeconfig({ ...config, onTokenTrouble }, client);
      if (found.text === this.#serving?.text) {
        this.#dropCandidate();
        this.#kubeconfigFault = undefined;
        this.#settle();
        return;
      }
      candidate = this.#candidateOf(found);
      await this.#check.verify(candidate.link);
    } catch (error) {
      // Another round was faster.
      if (candidate && candidate !== this.#candidate) return;
      this.#kubeconfigFault = asFault(error);
      this.#settle();
      return;
    }
    if (candidate !== this.#candidate) return;
    const old = this.#serving;
    this.#serving = candidate;
    this.#candidate = undefined;
    this.#kubeconfigFault = undefined;
    this.#servingFault = undefined;
    this.#options.onLink(candidate.link);
    this.#settle();
    // Requests under way on the old credential end by themselves; nothing new is sent there.
    if (old) setTimeout(() => void dispose(old), 60_000).unref();
  }

  #candidateOf(found: FoundKubeconfig): Way {
    if (this.#candidate?.text === found.text) return this.#candidate;
    this.#dropCandidate();
    this.#candidate = { link: this.#open(found), text: found.text };
    return this.#candidate;
  }

  #dropCandidate(): void {
    const candidate = this.#candidate;
    this.#candidate = undefined;
    void dispose(candidate);
  }

  #open(found: FoundKubeconfig): Link {
    const { clusterID, config, log, metrics } = this.#options;
    const transport = new Transport(found.open(), config.environmentProxy);
    if (transport.access.skipsTlsVerify) {
      log.warn("the control plane's certificate is not verified: insecure-skip-tls-verify is set");
    }
    const controlPlane = new ControlPlane(transport, metrics);
    controlPlane.breaker.onSuspicion = () => this.#rounds.wake();
    return {
      transport,
      client: new KubeClient(transport),
      controlPlane,
      connection: { clusterID, claimNamespace: config.claimNamespace },
    };
  }

  /** Draws the conclusions from what the two checks have found. */
  #settle(): void {
    const { log, metrics } = this.#options;
    const kubeconfig = this.#kubeconfigFault;
    this.#tellOfKubeconfig(kubeconfig);
    const closes = kubeconfig && (!this.#serving || isOfAnotherPlace(kubeconfig));
    const error = closes ? kubeconfig : this.#servingFault;
    const before = this.#closed;
    if (before?.error.message === error?.message) return;
    metrics?.controlPlaneUp.set(error ? 0 : 1);
    if (!error) {
      this.#closed = undefined;
      this.#serving?.link.controlPlane.breaker.close();
      this.#serving?.link.transport.recovered();
      log.info('the control plane is connected');
      return;
    }
    const since = before?.outage.since ?? new Date(this.#clock.now());
    this.#closed = { error, outage: { since, reason: error.message } };
    // How it fails may change with every try.
    if (before?.error.code !== error.code || error.code !== 'unreachable')
      log.error({ code: error.code }, error.message);
    this.#serving?.link.controlPlane.breaker.open(this.#closed.outage);
    if (before || !this.#serving) return;
    metrics?.circuitOpens.inc();
    if (error === this.#servingFault) this.#serving.link.transport.lost();
    this.#rounds.wake();
  }

  /** Once, while the token in use is still valid. */
  #tellOfToken(reason: string | undefined): void {
    if (reason !== undefined && this.#tokenTrouble === undefined)
      this.#options.log.warn(
        { reason },
        'the token of the Space cannot be renewed; the one in use is still valid',
      );
    if (reason === undefined && this.#tokenTrouble !== undefined)
      this.#options.log.info('the token of the Space is renewed again');
    this.#tokenTrouble = reason;
  }

  /** Once, where the one before stays in service. */
  #tellOfKubeconfig(fault: ConnectorError | undefined): void {
    this.#options.metrics?.kubeconfigUnusable.set(fault ? 1 : 0);
    if (this.#toldOf === fault?.message) return;
    this.#toldOf = fault?.message;
    if (fault && this.#serving && !isOfAnotherPlace(fault))
      this.#options.log.warn(
        { code: fault.code, reason: fault.message },
        'an earlier kubeconfig stays in use',
      );
  }
}

function asFault(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  return new ConnectorError('unreachable', describeError(error), { cause: error });
}

async function dispose(way: Way | undefined): Promise<void> {
  await way?.link.transport[Symbol.asyncDispose]();
}
