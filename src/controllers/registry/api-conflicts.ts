import type { ObjectReference } from '../../apimachinery/objects.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { ApiConflict, ConnectionState } from '../../clusters/connection-state.ts';
import type { EventRecorder } from '../../clusters/event-recorder.ts';
import type { OtherOwner } from './api-service-owner.ts';
import { Workqueue } from '../workqueue.ts';

export interface ApiConflictsOptions {
  state: Pick<ConnectionState, 'readConflicts' | 'writeConflicts'>;
  events: Pick<EventRecorder, 'record'>;
  metrics: Metrics;
  log: Logger;
  clock?: Clock;
}

/** How a conflict is told. */
export interface Report extends OtherOwner {
  /** What the Event is about. */
  object: ObjectReference;
  reason: string;
  /** Begins the sentence; owner and remedy follow. */
  effect: string;
}

/**
 * Which group versions are in conflict with somebody else: said once each in the log and by an Event, counted, and kept in
 * the state object for `mcp-connector status`.
 */
export class ApiConflicts {
  readonly #options: ApiConflictsOptions;
  readonly #clock: Clock;
  readonly #conflicts = new Map<string, ApiConflict>();
  readonly #queue: Workqueue;
  #recorded: ApiConflict[] | undefined;

  constructor(options: ApiConflictsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#queue = new Workqueue(options.log, () => this.#save());
  }

  report(apiService: string, { object, reason, effect, owner, remedy }: Report): void {
    const known = this.#conflicts.get(apiService);
    if (known?.owner === owner && known.remedy === remedy) return;
    const since = known?.since ?? new Date(this.#clock.now()).toISOString();
    this.#conflicts.set(apiService, { apiService, owner, remedy, since });
    this.#changed();
    const message = `${effect}: it belongs to ${owner}; ${remedy}`;
    this.#options.log.error({ apiService, owner }, message);
    this.#options.events.record(object, 'Warning', reason, message);
  }

  /** Where there was a conflict, says that it is over: about `object`, if there is one. */
  settle(apiService: string, object: ObjectReference | undefined): void {
    if (!this.#conflicts.delete(apiService)) return;
    this.#changed();
    this.#options.log.info({ apiService }, 'a conflict over an APIService is over');
    if (object)
      this.#options.events.record(object, 'Normal', 'ConflictResolved', `${apiService} is connected`);
  }

  /** Writes down what there is once everything has been looked at: an earlier leader may have left something else. */
  settled(): void {
    this.#queue.add('conflicts');
  }

  start(): void {
    this.#queue.start();
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
    this.#options.metrics.apiServiceConflicts.set(0);
  }

  #changed(): void {
    this.#options.metrics.apiServiceConflicts.set(this.#conflicts.size);
    this.#queue.add('conflicts');
  }

  async #save(): Promise<void> {
    const { state } = this.#options;
    this.#recorded ??= await state.readConflicts();
    for (const old of this.#recorded) {
      const current = this.#conflicts.get(old.apiService);
      if (current?.owner === old.owner) this.#conflicts.set(old.apiService, { ...current, since: old.since });
    }
    const conflicts = [...this.#conflicts.values()].toSorted((a, b) =>
      a.apiService < b.apiService ? -1 : 1,
    );
    if (JSON.stringify(conflicts) === JSON.stringify(this.#recorded)) return;
    await state.writeConflicts(conflicts);
    this.#recorded = conflicts;
  }
}
