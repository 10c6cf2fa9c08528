import { hash } from 'node:crypto';
import type { ObjectReference } from '../apimachinery/objects.ts';
import type { Clock } from '../base/clock.ts';

export type EventType = 'Normal' | 'Warning';

/** One Event of the cluster: how often it was seen, and what of that is not written yet. */
export interface CorrelatedEvent {
  readonly object: ObjectReference;
  readonly type: EventType;
  readonly reason: string;
  readonly namespace: string;
  /** The same in every process, so that none of them makes a second Event of the same. */
  readonly name: string;
  /** That of the last occurrence, where several messages are combined. */
  message: string;
  /** Milliseconds since the epoch, as `lastSeen`. */
  readonly firstSeen: number;
  lastSeen: number;
  /** Occurrences that are not in the cluster yet. */
  pending: number;
}

// The numbers of client-go/tools/record/events_cache.go.
const maxEntries = 4_096;
const aggregateFrom = 10;
const aggregateIntervalMs = 600_000;
const burst = 25;
const refillMs = 300_000;
/** kube-apiserver --event-ttl; each write of an Event begins it anew. */
const eventTtlMs = 3_600_000;
const maxMessageLength = 1_024;

interface SimilarEvents {
  messages: Set<string>;
  lastSeen: number;
}

interface Allowance {
  tokens: number;
  since: number;
}

/**
 * Decides which Event an occurrence belongs to and whether it is worth a write, as client-go's EventCorrelator: the same
 * again is counted, the tenth message of one reason within ten minutes and those after it are combined into one
 * Event, and one object gets 25 writes and one more every five minutes. What is not written is still counted.
 */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #events = new RecentMap<CorrelatedEvent>(maxEntries);
  readonly #similar = new RecentMap<SimilarEvents>(maxEntries);
  readonly #allowances = new RecentMap<Allowance>(maxEntries);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `allowed` is false when the object has used up its writes. */
  observe(
    object: ObjectReference,
    type: EventType,
    reason: string,
    text: string,
  ): { event: CorrelatedEvent; allowed: boolean } {
    const now = this.#clock.now();
    const { apiVersion, kind, namespace, name, uid } = object;
    const objectKey = JSON.stringify([apiVersion, kind, namespace, name, uid]);
    const reasonKey = JSON.stringify([objectKey, type, reason]);
    const isCombined = this.#isCombined(reasonKey, text, now);
    const message = (isCombined ? `(combined from similar events): ${text}` : text).slice(
      0,
      maxMessageLength,
    );
    const key = isCombined ? reasonKey : JSON.stringify([reasonKey, text]);

    let event = this.#events.get(key);
    if (!event || now - event.lastSeen >= eventTtlMs) {
      event = {
        object,
        type,
        reason,
        namespace: namespace ?? 'default',
        name: eventName(name, key),
        message,
        firstSeen: now,
        lastSeen: now,
        pending: 0,
      };
    }
    event.pending++;
    event.lastSeen = now;
    event.message = message;
    this.#events.set(key, event);
    return { event, allowed: this.#spend(objectKey, now) };
  }

  #isCombined(reasonKey: string, message: string, now: number): boolean {
    let similar = this.#similar.get(reasonKey);
    if (!similar || now - similar.lastSeen > aggregateIntervalMs)
      similar = { messages: new Set(), lastSeen: now };
    similar.lastSeen = now;
    similar.messages.add(message);
    this.#similar.set(reasonKey, similar);
    if (similar.messages.size < aggregateFrom) return false;
    // One goes, so that the set stays small and the next new message is combined too.
    const [oldest] = similar.messages;
    similar.messages.delete(oldest as string);
    return true;
  }

  /** A token bucket for each object. */
  #spend(objectKey: string, now: number): boolean {
    const known = this.#allowances.get(objectKey) ?? { tokens: burst, since: now };
    const refilled = known.tokens + Math.max(0, now - known.since) / refillMs;
    const allowance = { tokens: Math.min(burst, refilled), since: now };
    this.#allowances.set(objectKey, allowance);
    if (allowance.tokens < 1) return false;
    allowance.tokens--;
    return true;
  }
}

/** `<object>.<hash>`: names of Events are DNS subdomains, and those of some objects (RBAC) are not. */
function eventName(objectName: string, key: string): string {
  const readable = objectName
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .slice(0, 200)
    .replace(/^[.-]+|[.-]+$/g, '');
  const digest = hash('sha256', key).slice(0, 16);
  return readable ? `${readable}.${digest}` : digest;
}

/** Forgets first what was not set for the longest time. */
class RecentMap<V> {
  readonly #max: number;
  readonly #map = new Map<string, V>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): V | undefined {
    return this.#map.get(key);
  }

  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#max) return;
    const [oldest] = this.#map.keys();
    this.#map.delete(oldest as string);
  }
}
