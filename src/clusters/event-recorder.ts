import type { KubeObject, ObjectReference } from '../apimachinery/objects.ts';
import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { eventPath } from './api-paths.ts';
import { type CorrelatedEvent, EventCorrelator, type EventType } from './event-correlator.ts';
import { ApiError, isConflict, isNotFound, type KubeClient } from './kube-client.ts';

export interface EventRecorderOptions {
  /** Of the cluster that the objects are in. Needs the rights to create and patch events, not to read them. */
  client: KubeClient;
  /** Of this process: `reportingInstance`. */
  identity: string;
  log: Logger;
  clock?: Clock;
}

interface EventObject extends KubeObject {
  count?: number;
}

const component = 'mcp-connector';
const maxQueue = 1_000;
/** As client-go/tools/record: what cannot be sent is tried so often, and then given up. */
const maxTries = 12;
const maxRetryMs = 10_000;
const maxReportingInstance = 128;

/**
 * Writes core/v1 Events about objects of one cluster. Their names follow from what they say, so a process that was
 * restarted, or another replica, counts up the Event that is there instead of making another.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #correlator: EventCorrelator;
  readonly #queue = new Set<CorrelatedEvent>();
  /** As they are in the cluster, as far as this process knows. */
  readonly #stored = new WeakMap<CorrelatedEvent, EventObject>();
  readonly #abort = new AbortController();
  #writing: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#correlator = new EventCorrelator(this.#clock);
  }

  /**
   * Returns at once and never throws; the Event is written later, or dropped when it cannot be. It lies in the object's
   * namespace, in `default` for cluster-scoped objects. With the object's uid `kubectl describe` shows it.
   */
  record(object: ObjectReference, type: EventType, reason: string, message: string): void {
    if (this.#abort.signal.aborted) return;
    const { event, allowed } = this.#correlator.observe(object, type, reason, message);
    if (!allowed || this.#queue.has(event)) return;
    if (this.#queue.size >= maxQueue) {
      this.#options.log.debug({ reason, kind: object.kind, name: object.name }, 'an event was dropped');
      return;
    }
    this.#queue.add(event);
    this.#writing ??= this.#writeAll();
  }

  /** Ends what is under way; what waits is not written any more. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#queue.clear();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (;;) {
      const [event] = this.#queue;
      if (!event) break;
      await this.#deliver(event);
    }
    this.#writing = undefined;
  }

  async #deliver(event: CorrelatedEvent): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#abort;
    const backoff = new Backoff(500, maxRetryMs);
    for (let tries = 1; !signal.aborted; tries++) {
      // Before the write: what is recorded during it has to be written after it.
      this.#queue.delete(event);
      try {
        await this.#write(event);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const { namespace, name } = event;
        if (!isTransient(error) || tries === maxTries) {
          log.debug({ namespace, name, reason: describeError(error) }, 'an event was not written');
          return;
        }
      }
      await this.#clock.sleep(backoff.next(), signal).catch(() => undefined);
    }
  }

  /** Creates the Event or counts it up; whoever wrote it in between is counted on top of. */
  async #write(event: CorrelatedEvent): Promise<void> {
    const { client } = this.#options;
    const call = { signal: this.#abort.signal };
    for (let attempt = 1; ; attempt++) {
      const path = eventPath(event.namespace, event.name);
      const occurrences = event.pending;
      const stored = this.#stored.get(event);
      try {
        const written = stored
          ? await client.patch<EventObject>(path, countedUp(stored, event), call)
          : await client.create<EventObject>(eventPath(event.namespace), this.#firstOf(event), call);
        this.#stored.set(event, written);
        event.pending -= occurrences;
        return;
      } catch (error) {
        if (attempt === 4) throw error;
        // Its time to live is over.
        if (stored && isNotFound(error)) this.#stored.delete(event);
        else if (isConflict(error)) await this.#readAgain(event);
        else throw error;
      }
    }
  }

  /** An empty patch changes nothing and answers the object: it takes no right to read Events. */
  async #readAgain(event: CorrelatedEvent): Promise<void> {
    const path = eventPath(event.namespace, event.name);
    try {
      const stored = await this.#options.client.patch<EventObject>(path, {}, { signal: this.#abort.signal });
      this.#stored.set(event, stored);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#stored.delete(event);
    }
  }

  #firstOf(event: CorrelatedEvent): object {
    const { object, type, reason, message, namespace, name, pending, firstSeen, lastSeen } = event;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: object,
      type,
      reason,
      message,
      count: pending,
      firstTimestamp: timeOf(firstSeen),
      lastTimestamp: timeOf(lastSeen),
      source: { component },
      reportingComponent: component,
      reportingInstance: this.#options.identity.slice(0, maxReportingInstance),
    };
  }
}

/** A JSON merge patch that is refused with 409 when somebody else has counted meanwhile. */
function countedUp({ metadata, count = 0 }: EventObject, event: CorrelatedEvent): object {
  return {
    metadata: { resourceVersion: metadata.resourceVersion },
    count: count + event.pending,
    message: event.message,
    lastTimestamp: timeOf(event.lastSeen),
  };
}

/** Worth another try: no answer at all, or one that is about the moment. A 500 may be one namespace's webhook. */
function isTransient(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 429 || error.status === 503;
}

/** metav1.Time has no fractions of a second. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
