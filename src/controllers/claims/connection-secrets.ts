import type { Secret } from '../../apimachinery/objects.ts';
import { Backoff, type Clock, systemClock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { secretPath } from '../../clusters/api-paths.ts';
import type { EventRecorder } from '../../clusters/event-recorder.ts';
import { Informer } from '../../clusters/informer.ts';
import type { KubeClient } from '../../clusters/kube-client.ts';
import { appReference, type FollowedClaim } from '../../mapping/followed-claim.ts';
import type { Link } from '../../upstream/link.ts';
import type { FollowedClaims } from './followed-claims.ts';
import type { Controller } from '../leader-work.ts';
import { deliverSecret, type Delivery, type WantedSecret } from './secret-delivery.ts';
import { Workqueue } from '../workqueue.ts';

export interface ConnectionSecretsOptions {
  /** The app cluster. */
  client: KubeClient;
  link: Pick<Link, 'client' | 'connection'>;
  claims: Pick<FollowedClaims, 'get' | 'list' | 'onChange'>;
  recorder: Pick<EventRecorder, 'record'>;
  metrics: Metrics;
  log: Logger;
  clock?: Clock;
}

/** What Crossplane writes a claim's connection details as. */
const connectionSecretType = 'connection.crossplane.io/v1alpha1';
/** Crossplane's own, for the same trouble of a claim in its own cluster. */
const eventReason = 'PropagateConnectionSecret';

/**
 * Every Secret is looked at once in a round, or ten in a second when there are too many for that. What is changed right after
 * its turn, or comes after a round has begun, waits for two.
 */
const roundMs = 30_000;
const paceMs = 100;
/** How long somebody may wait for what goes by itself until it is told why. */
const patienceMs = 60_000;
/** Well within an Event's hour. */
const repeatMs = 600_000;

interface Trouble {
  since: number;
  backoff: Backoff;
  /** What was reported, and when. */
  message?: string | undefined;
  reportedAt: number;
}

/**
 * Brings the connection secret of each claim into the claim's namespace under the name the user gave, owned by the claim, so
 * that it goes with it. One that belongs to somebody else is never overwritten. A claim that names another Secret gets
 * another; the one before stays as it is until the claim goes, as with Crossplane in the same cluster.
 *
 * Secrets of the app cluster are neither listed nor watched: reading them all is more than this needs to be trusted with.
 * So each is read again in slow rounds, to find what was deleted, changed or put out of the way there.
 */
export class ConnectionSecrets implements Controller {
  readonly #options: ConnectionSecretsOptions;
  readonly #clock: Clock;
  readonly #queue: Workqueue;
  readonly #secrets: Informer<Secret>;
  readonly #abort = new AbortController();
  /** By the claim's uid, as the one below: what was delivered last, as it is on the control plane. */
  readonly #settled = new Map<string, Secret>();
  readonly #troubles = new Map<string, Trouble>();
  #rounds: Promise<void> | undefined;

  constructor(options: ConnectionSecretsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#queue = new Workqueue(options.log, (uid) => this.#reconcile(uid), this.#clock);
    this.#secrets = new Informer<Secret>({
      client: options.link.client,
      path: secretPath(options.link.connection.claimNamespace),
      query: { fieldSelector: `type=${connectionSecretType}` },
      log: options.log,
      clock: this.#clock,
      transform: ({ metadata: { name, namespace, ownerReferences }, type, data }) =>
        ({ metadata: { name, namespace, ownerReferences }, type, data }) as Secret,
      onChange: (event) => {
        for (const secret of event ? [event.object] : this.#secrets.list()) this.#addClaimOf(secret);
      },
      onError: (error) =>
        options.log.warn({ reason: describeError(error) }, 'the connection secrets cannot be followed'),
    });
  }

  start(): void {
    this.#options.claims.onChange((claim) => this.#addIfNews(claim));
    this.#secrets.start();
    this.#queue.start();
    this.#rounds ??= this.#goRound();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#secrets.stop(), this.#queue.stop(), this.#rounds]);
    this.#options.metrics.connectionSecretsRefused.set(0);
  }

  /** Most changes of a claim are of its status, and nothing to a Secret that is where it belongs. */
  #addIfNews({ uid, isDeleting, storedSecretName = '' }: FollowedClaim): void {
    const settled = this.#settled.get(uid);
    if (isDeleting || !settled || settled !== this.#stored(storedSecretName)) this.#queue.add(uid);
  }

  #stored(name: string): Secret | undefined {
    return this.#secrets.get(name, this.#options.link.connection.claimNamespace);
  }

  #addClaimOf(secret: Secret): void {
    const uid = controllerOf(secret);
    if (uid !== undefined) this.#queue.add(uid);
  }

  async #goRound(): Promise<void> {
    const { signal } = this.#abort;
    const pause = async (ms: number): Promise<void> => {
      await this.#clock.sleep(ms, signal).catch(() => undefined);
    };
    while (!signal.aborted) {
      const claims = this.#options.claims.list().filter((claim) => this.#wanted(claim));
      if (claims.length === 0) await pause(roundMs);
      for (const { uid } of claims) {
        await pause(Math.max(paceMs, roundMs / claims.length));
        if (signal.aborted) return;
        this.#queue.add(uid);
      }
    }
  }

  async #reconcile(uid: string): Promise<void> {
    const claim = this.#options.claims.get(uid);
    const wanted = claim && this.#wanted(claim);
    if (!wanted) {
      this.#settled.delete(uid);
      this.#endTrouble(uid);
      return;
    }
    const delivery = await deliverSecret(this.#options.client, wanted);
    const { namespace, name } = wanted;
    const names = { namespace, name, claim: claim.app.name };
    switch (delivery.state) {
      case 'delivered':
        this.#options.log.info(names, 'delivered a connection secret');
        break;
      case 'updated':
        this.#options.log.debug(names, 'updated a connection secret');
        break;
      case 'unchanged':
        break;
      default:
        this.#settled.delete(uid);
        this.#hold(claim, wanted, delivery);
        return;
    }
    this.#settled.set(uid, wanted.stored);
    this.#endTrouble(uid);
  }

  /** Undefined while there is nothing to deliver: no Secret is asked for, or there is none of this claim's yet. */
  #wanted(claim: FollowedClaim): (WantedSecret & { stored: Secret }) | undefined {
    const { storedSecretName, secretName, isDeleting, uid, app } = claim;
    if (isDeleting || storedSecretName === undefined || secretName === undefined) return undefined;
    const stored = this.#stored(storedSecretName);
    if (!stored || controllerOf(stored) !== uid) return undefined;
    const { type = connectionSecretType, data = {} } = stored;
    return { namespace: app.namespace, name: secretName, type, data, claim: appReference(claim), stored };
  }

  /** What goes by itself is looked for soon; everything else in the next round. */
  #hold(
    claim: FollowedClaim,
    { namespace, name }: WantedSecret,
    { state, message }: Extract<Delivery, { message?: string }>,
  ): void {
    const { log, recorder } = this.#options;
    const now = this.#clock.now();
    const trouble = this.#troubles.get(claim.uid) ?? {
      since: now,
      backoff: new Backoff(1_000, roundMs),
      reportedAt: 0,
    };
    this.#troubles.set(claim.uid, trouble);
    if (state === 'waiting') {
      this.#queue.addAfter(claim.uid, trouble.backoff.next());
      if (message === undefined || now - trouble.since < patienceMs) return;
    }
    if (trouble.message === message && now - trouble.reportedAt < repeatMs) return;
    if (trouble.message !== message) {
      const { kind } = claim.resource;
      log.error(
        { namespace, name, claim: claim.app.name },
        `the connection secret of ${kind} ${claim.app.namespace}/${claim.app.name} is not delivered: ${message}`,
      );
    }
    trouble.message = message;
    trouble.reportedAt = now;
    recorder.record(
      appReference(claim),
      'Warning',
      eventReason,
      `cannot deliver the connection secret: ${message}`,
    );
    this.#count();
  }

  #endTrouble(uid: string): void {
    if (this.#troubles.delete(uid)) this.#count();
  }

  #count(): void {
    const told = [...this.#troubles.values()].filter(({ message }) => message !== undefined);
    this.#options.metrics.connectionSecretsRefused.set(told.length);
  }
}

function controllerOf({ metadata }: Secret): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
}
