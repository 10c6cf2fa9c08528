import type { KubeObject } from '../apimachinery/objects.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { leasePath } from './api-paths.ts';
import { absentOrThrow, isConflict, isNotFound, type KubeClient } from './kube-client.ts';

/** coordination.k8s.io/v1 LeaseSpec. Times are RFC 3339 with microseconds. */
interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

interface LeaseObject extends KubeObject {
  spec?: LeaseSpec;
}

export interface LeaseOptions {
  client: KubeClient;
  namespace: string;
  name: string;
  /** Differs for every process, also after a restart of the same pod. */
  identity: string;
  log: Logger;
  clock?: Clock;
  /** While it says so, the Lease is neither competed for nor kept. */
  isForbidden?: () => boolean;
}

export interface LeaseListener {
  /** Not awaited: renewals go on meanwhile. */
  onAcquired: () => void | Promise<void>;
  /** Awaited before the lease is given up or competed for again: what it guards must have ended by then. */
  onLost: () => void | Promise<void>;
}

// The numbers of kube-controller-manager: a holder gives up 5 s before another may take over.
const leaseDurationSeconds = 15;
const renewDeadlineMs = 10_000;
const retryPeriodMs = 2_000;
const retryJitter = 1.2;

/** Never set back or forward: a corrected system time must neither keep a lease alive nor end another's. */
const steadyClock: Clock = { ...systemClock, now: () => performance.timeOrigin + performance.now() };

/**
 * Leader election on a Lease as client-go/tools/leaderelection does it, except that one who lost competes again instead
 * of ending the process. Clocks are never compared between processes: a lease has expired when its record stayed the
 * same for its duration by our own clock.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #listener: LeaseListener | undefined;
  #done: Promise<void> | undefined;
  #observed: { lease: LeaseObject; record: string; since: number } | undefined;
  #held = false;
  #renewedAt = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#clock = options.clock ?? steadyClock;
  }

  /** False as soon as another could hold it, even while a stalled process has not noticed yet. */
  get isHeld(): boolean {
    return this.#held && this.#clock.now() < this.#renewedAt + leaseDurationSeconds * 1000;
  }

  /** Competes until `stop`. */
  start(listener: LeaseListener): void {
    this.#listener ??= listener;
    this.#done ??= this.#run();
  }

  /** Ends the competition; a held lease is given up, so that another replica need not wait for its end. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
    await this.#lose();
    if (this.#done) await this.#release();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      if (this.#held && !this.isHeld) await this.#lose();
      const startedAt = this.#clock.now();
      if (this.#options.isForbidden?.()) {
        if (this.#held) await this.#lose().then(() => this.#release());
      } else if (await this.#tryAcquireOrRenew(startedAt)) {
        this.#renewedAt = startedAt;
        if (!this.#held) this.#acquire();
      } else if (this.#held && (this.#isOthers() || this.#clock.now() - this.#renewedAt >= renewDeadlineMs)) {
        await this.#lose();
      }
      const pause = this.#held ? retryPeriodMs : retryPeriodMs * (1 + Math.random() * retryJitter);
      await this.#clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  #acquire(): void {
    this.#held = true;
    this.#options.log.info({ lease: this.#options.name, identity: this.#options.identity }, 'lease acquired');
    void this.#notify('onAcquired');
  }

  async #lose(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    this.#options.log.info({ lease: this.#options.name, identity: this.#options.identity }, 'lease lost');
    await this.#notify('onLost');
  }

  async #notify(event: keyof LeaseListener): Promise<void> {
    try {
      await this.#listener?.[event]();
    } catch (error) {
      this.#options.log.error({ event, reason: describeError(error) }, 'a lease listener failed');
    }
  }

  async #tryAcquireOrRenew(now: number): Promise<boolean> {
    const { client, namespace, name, log } = this.#options;
    const timeoutMs = this.#held
      ? Math.max(1, Math.ceil(this.#renewedAt + renewDeadlineMs - now))
      : renewDeadlineMs;
    // One deadline over all calls of an attempt; AbortSignal.timeout throws on fractions.
    const call = { timeoutMs, signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)]) };
    const path = leasePath(namespace, name);
    try {
      if (this.#observed && this.isHeld) {
        // The holder knows the record: one call, guarded by its resourceVersion.
        const renewed = await client
          .replace<LeaseObject>(path, this.#mine(this.#observed.lease, now), call)
          .catch(staleOrThrow);
        if (renewed) return this.#observe(renewed);
      }
      const found = await client.get<LeaseObject>(path, call).catch(absentOrThrow);
      if (!found) {
        return this.#observe(
          await client.create<LeaseObject>(leasePath(namespace), this.#mine(undefined, now), call),
        );
      }
      this.#observe(found);
      if (this.#isOthers() && !this.#hasExpired(now)) return false;
      return this.#observe(await client.replace<LeaseObject>(path, this.#mine(found, now), call));
    } catch (error) {
      if (!this.#abort.signal.aborted)
        log.debug({ lease: name, reason: describeError(error) }, 'lease not acquired');
      return false;
    }
  }

  /** Notes a record and, when it is new, the moment it was first seen: after the call, which may have taken long. */
  #observe(lease: LeaseObject): true {
    const record = JSON.stringify(lease.spec ?? {});
    const since = this.#observed?.record === record ? this.#observed.since : this.#clock.now();
    this.#observed = { lease, record, since };
    return true;
  }

  #isOthers(): boolean {
    const holder = this.#observed?.lease.spec?.holderIdentity;
    return Boolean(holder) && holder !== this.#options.identity;
  }

  #hasExpired(now: number): boolean {
    if (!this.#observed) return false;
    const seconds = this.#observed.lease.spec?.leaseDurationSeconds ?? leaseDurationSeconds;
    return now >= this.#observed.since + seconds * 1000;
  }

  /** The lease with us as its holder; everything that is not ours stays (labels, owners). */
  #mine(lease: LeaseObject | undefined, now: number): LeaseObject {
    const { namespace, name, identity } = this.#options;
    const old = lease?.spec ?? {};
    const isRenewal = old.holderIdentity === identity;
    const transitions = old.leaseTransitions ?? 0;
    const spec: LeaseSpec = {
      ...old,
      holderIdentity: identity,
      leaseDurationSeconds,
      acquireTime: (isRenewal ? old.acquireTime : undefined) ?? microTime(now),
      renewTime: microTime(now),
      leaseTransitions: isRenewal || !lease ? transitions : transitions + 1,
    };
    if (lease) return { ...lease, spec };
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec };
  }

  async #release(): Promise<void> {
    const { client, namespace, name, identity, log } = this.#options;
    const path = leasePath(namespace, name);
    const call = { timeoutMs: 2_000 };
    try {
      // Read again: a renewal that `stop` cut off may have arrived.
      const lease = await client.get<LeaseObject>(path, call);
      if (lease.spec?.holderIdentity !== identity) return;
      const time = microTime(this.#clock.now());
      const given = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time };
      await client.replace(path, { ...lease, spec: { ...lease.spec, ...given } }, call);
    } catch (error) {
      log.info({ lease: name, reason: describeError(error) }, 'lease not released, it will expire');
    }
  }
}

function staleOrThrow(error: unknown): undefined {
  if (isConflict(error) || isNotFound(error)) return undefined;
  throw error;
}

/** metav1.MicroTime: six digits of a second, always. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
