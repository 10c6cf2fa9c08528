import type { CallLog, CallRecord } from '../../audit/call-record.ts';

/** A call with its place in the order of this process. */
export interface SeenCall {
  id: number;
  record: CallRecord;
}

/** Of the past; whoever needs more has the audit log. */
const keptCalls = 200;

/** The last calls, for those who look on. Nothing is kept over a restart. */
export class CallFeed implements CallLog {
  readonly #calls: SeenCall[] = [];
  readonly #lookers = new Set<(call: SeenCall) => void>();
  #last = 0;

  write(record: CallRecord): void {
    const call = { id: ++this.#last, record };
    this.#calls.push(call);
    if (this.#calls.length > keptCalls) this.#calls.shift();
    for (const looker of this.#lookers) looker(call);
  }

  /** Oldest first; those after `id`. */
  since(id: number): readonly SeenCall[] {
    // An id of a process before this one says nothing here.
    const after = id > this.#last ? 0 : id;
    return this.#calls.filter((call) => call.id > after);
  }

  /** Returns how to look away. */
  look(looker: (call: SeenCall) => void): () => void {
    this.#lookers.add(looker);
    return () => this.#lookers.delete(looker);
  }
}
