import { type ClusterEvent, lastSeenOf } from '../../apimachinery/cluster-event.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { TokenBuckets } from '../../base/token-buckets.ts';
import { eventPath } from '../../clusters/api-paths.ts';
import { Informer } from '../../clusters/informer.ts';
import { ApiError, isConflict, isNotFound, type KubeClient } from '../../clusters/kube-client.ts';
import { eventProgress, eventToApp } from '../../mapping/claim-event.ts';
import type { FollowedClaim } from '../../mapping/followed-claim.ts';
import type { Link } from '../../upstream/link.ts';
import type { FollowedClaims } from './followed-claims.ts';
import type { Controller } from '../leader-work.ts';
import { Workqueue } from '../workqueue.ts';

export interface ClaimEventsOptions {
  /** The app cluster. Needs the rights to create and patch events, not to read them. */
  client: KubeClient;
  link: Pick<Link, 'client' | 'connection'>;
  claims: Pick<FollowedClaims, 'find' | 'onChange'>;
  metrics: Metrics;
  log: Logger;
  clock?: Clock;
}

/** kube-apiserver --event-ttl: what is older would not be in the app cluster any more. */
const eventTtlMs = 3_600_000;
/** One Event is written once in this time at most; the state of that moment counts. */
const perEventMs = 10_000;
/** One source about one claim, as EventSourceObjectSpamFilter of client-go/tools/record/events_cache.go. */
const perClaim = { burst: 25, refillMs: 300_000 };
/** All together. */
const inAll = { burst: 100, refillMs: 50 };
const maxRemembered = 4_096;

interface Written {
  at: number;
  /** `eventProgress` as JSON. */
  progress: string;
}

/**
 * Shows the Events of the control plane about claims of this cluster on these claims. They are followed by core/v1, where
 * those made through events.k8s.io are seen too, so that none comes twice. An Event has the same name here whoever brings
 * it: after a restart, or a change of the leader, the one that is there is found again.
 */
export class ClaimEvents implements Controller {
  readonly #options: ClaimEventsOptions;
  readonly #clock: Clock;
  readonly #queue: Workqueue;
  readonly #events: Informer<ClusterEvent>;
  readonly #abort = new AbortController();
  readonly #claimBudget: TokenBuckets;
  readonly #budget: TokenBuckets;
  /** By the uid of the original. */
  readonly #written = new Map<string, Written>();
  /** Names of Events by the uid of a claim that is not known, yet or at all. */
  readonly #unclaimed = new Map<string, Set<string>>();
  readonly #postponed = new Set<string>();

  constructor(options: ClaimEventsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const clock = this.#clock;
    this.#claimBudget = new TokenBuckets({ ...perClaim, clock });
    this.#budget = new TokenBuckets({ ...inAll, clock });
    this.#queue = new Workqueue(options.log, (name) => this.#reconcile(name), clock);
    this.#events = new Informer<ClusterEvent>({
      client: options.link.client,
      path: eventPath(options.link.connection.claimNamespace),
      transform: kept,
      log: options.log,
      clock,
      onChange: (event) => {
        if (!event) this.#addAll();
        else if (event.type !== 'DELETED') this.#queue.add(event.object.metadata.name);
      },
      onError: (error) =>
        options.log.warn({ reason: describeError(error) }, 'the events of the claims cannot be followed'),
    });
  }

  start(): void {
    this.#options.claims.onChange(({ uid }) => this.#addUnclaimed(uid));
    this.#events.start();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#events.stop(), this.#queue.stop()]);
  }

  /** The newest first: where there are too many, the oldest are left out. */
  #addAll(): void {
    this.#unclaimed.clear();
    for (const { metadata } of this.#events.list().toSorted((a, b) => lastSeenOf(b) - lastSeenOf(a)))
      this.#queue.add(metadata.name);
  }

  #addUnclaimed(uid: string): void {
    for (const name of this.#unclaimed.get(uid) ?? []) this.#queue.add(name);
    this.#unclaimed.delete(uid);
  }

  async #reconcile(name: string): Promise<void> {
    const now = this.#clock.now();
    const event = this.#events.get(name, this.#options.link.connection.claimNamespace);
    if (!event || now - lastSeenOf(event) >= eventTtlMs) return;
    const claim = this.#claimOf(event);
    if (!claim) return;
    const shown = eventToApp(event, claim);
    const progress = JSON.stringify(eventProgress(shown));
    const uid = event.metadata.uid as string;
    const written = this.#written.get(uid);
    if (written?.progress === progress) return;
    if (written && now - written.at < perEventMs) {
      this.#postpone(name, written.at + perEventMs - now);
      return;
    }
    const { component = event.reportingComponent } = event.source ?? {};
    const source = JSON.stringify([claim.uid, component]);
    if (this.#claimBudget.waitMs(source) > 0) {
      this.#count('dropped');
      return;
    }
    await this.#waitForTurn();
    if (this.#abort.signal.aborted) return;
    const result = await this.#write(shown, written !== undefined);
    if (result !== 'unchanged') this.#claimBudget.take(source);
    this.#count(result);
    remember(this.#written, uid, { at: now, progress });
  }

  /** The labels of a claim decide whose it is: only those of this cluster are followed. */
  #claimOf({ metadata, involvedObject }: ClusterEvent): FollowedClaim | undefined {
    const { uid = '', kind, name, apiVersion } = involvedObject;
    const claim = this.#options.claims.find(uid);
    if (!claim) {
      const names = this.#unclaimed.get(uid) ?? new Set();
      if (uid) remember(this.#unclaimed, uid, names.add(metadata.name));
      return undefined;
    }
    const { resource } = claim;
    const isAbout =
      name === claim.metadata.name &&
      kind === resource.kind &&
      apiVersion.split('/')[0] === resource.group &&
      metadata.uid !== undefined;
    return isAbout ? claim : undefined;
  }

  #postpone(name: string, ms: number): void {
    if (this.#postponed.has(name)) return;
    this.#postponed.add(name);
    this.#clock.sleep(ms, this.#abort.signal).then(
      () => {
        this.#postponed.delete(name);
        this.#queue.add(name);
      },
      () => undefined,
    );
  }

  async #waitForTurn(): Promise<void> {
    while (!this.#budget.take() && !this.#abort.signal.aborted)
      await this.#clock.sleep(this.#budget.waitMs(), this.#abort.signal).catch(() => undefined);
  }

  /** Throws what another try may cure. */
  async #write(shown: ClusterEvent, isKnown: boolean): Promise<EventResult> {
    try {
      if (isKnown) return (await this.#update(shown)) ?? (await this.#create(shown));
      return await this.#create(shown);
    } catch (error) {
      if (!(error instanceof ApiError) || isConflict(error) || error.status >= 500 || error.status === 429)
        throw error;
      // The namespace is on its way out, or the app cluster's admission does not want it.
      const { namespace, name } = shown.metadata;
      this.#options.log.debug({ namespace, name, reason: error.message }, 'an event was not brought');
      return 'failed';
    }
  }

  async #create(shown: ClusterEvent): Promise<EventResult> {
    const { namespace = '', name } = shown.metadata;
    try {
      await this.#options.client.create(eventPath(namespace), shown);
      return 'brought';
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    // Brought before this process knew of it. An empty patch changes nothing and answers the object.
    const present = await this.#options.client.patch<ClusterEvent>(eventPath(namespace, name), {});
    const isSame = JSON.stringify(eventProgress(present)) === JSON.stringify(eventProgress(shown));
    return isSame ? 'unchanged' : ((await this.#update(shown)) ?? 'failed');
  }

  /** Undefined when it is not there any more. */
  async #update(shown: ClusterEvent): Promise<EventResult | undefined> {
    const { namespace = '', name } = shown.metadata;
    try {
      await this.#options.client.patch(eventPath(namespace, name), eventProgress(shown));
      return 'updated';
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #count(result: EventResult): void {
    if (result !== 'unchanged') this.#options.metrics.claimEvents.inc({ result });
  }
}

type EventResult = 'brought' | 'updated' | 'dropped' | 'failed' | 'unchanged';

/** What is not shown is not kept. */
function kept({ metadata, ...event }: ClusterEvent): ClusterEvent {
  const { name, namespace, uid, creationTimestamp } = metadata;
  return { ...event, metadata: { name, namespace, uid, creationTimestamp } as ClusterEvent['metadata'] };
}

/** Sets a key as the newest, and forgets the oldest. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxRemembered) return;
  const [oldest] = map.keys();
  map.delete(oldest as string);
}
