import { type Answer, outcomeOf } from './api-client.ts';

/** What the clients saw while one fault was there, and until the next began. */
export interface Row {
  fault: string;
  /** From its cause to the end of the row. */
  seconds: number;
  requests: number;
  acknowledged: number;
  /** Writes that were not done: 4xx, and 5xx with Retry-After. */
  refused: number;
  /** Writes that may have been done. */
  unknown: number;
  /** Of all requests; `none`: the connection broke. */
  failures: Map<string, number>;
  /** Seconds from the recovery to the first 2xx of the client that had to wait longest; undefined: one never had any. */
  firstSuccess: number | undefined;
  /** The request that took longest, in seconds. */
  slowest: number;
  /** Times that an APIService left Available. */
  leftAvailable: number;
  /** DELETED events of objects that nobody had asked to delete. */
  falseDeleted: number;
  /** What the fault's own checks saw; a line each. */
  notes: string[];
}

export interface Counted {
  client: string;
  /** Method and path. */
  what: string;
  isWrite: boolean;
  answer: Answer;
  tookMs: number;
}

/** A request that takes longer is named. Seconds. */
const noteworthy = 15;

/** Counts by faults, and knows when each client had its first success after a moment. */
export class Tally {
  readonly rows: Row[] = [];
  /** Answers of 2xx that are no JSON of Kubernetes: what must never reach a client. */
  readonly garbled: string[] = [];
  #started = 0;
  #recovered: { at: number; waiting: Map<string, number | undefined> } | undefined;

  get row(): Row {
    return this.rows.at(-1) as Row;
  }

  get acknowledgedWrites(): number {
    return this.rows.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  begin(fault: string): Row {
    this.#finish();
    this.#started = Date.now();
    const zero = { seconds: 0, requests: 0, acknowledged: 0, refused: 0, unknown: 0 };
    const seen = { firstSuccess: undefined, slowest: 0, leftAvailable: 0, falseDeleted: 0 };
    this.rows.push({ fault, ...zero, ...seen, failures: new Map(), notes: [] });
    return this.row;
  }

  end(): void {
    this.#finish();
  }

  #finish(): void {
    const row = this.rows.at(-1);
    if (row && row.seconds === 0) row.seconds = (Date.now() - this.#started) / 1000;
  }

  count({ client, what, isWrite, answer, tookMs }: Counted): void {
    const { row } = this;
    if (tookMs > noteworthy * 1000) {
      const began = (Date.now() - tookMs - this.#started) / 1000;
      const seconds = (tookMs / 1000).toFixed(1);
      row.notes.push(
        `${client}: ${what} took ${seconds} s, from ${began.toFixed(1)} s after the cause, and was answered ${answer.status} ${answer.fault ?? ''}`.trimEnd(),
      );
    }
    row.requests += 1;
    row.slowest = Math.max(row.slowest, tookMs / 1000);
    if (answer.isGarbled) this.garbled.push(`${client}: ${what}: ${answer.fault}`);
    const outcome = outcomeOf(answer);
    if (isWrite) row[outcome] += 1;
    if (answer.status >= 500 || answer.status === 0) {
      const code = answer.status === 0 ? 'none' : String(answer.status);
      row.failures.set(code, (row.failures.get(code) ?? 0) + 1);
      this.#name(row, code, answer);
    }
    const waiting = this.#recovered?.waiting;
    if (outcome === 'acknowledged' && this.#recovered && waiting?.has(client) && !waiting.get(client))
      waiting.set(client, Math.max(1, Date.now() - this.#recovered.at));
  }

  /** What a server says that does not ask to come again: once, without what differs from request to request. */
  #name(row: Row, code: string, { retryAfter, fault = '' }: Answer): void {
    if (retryAfter !== undefined) return;
    const sentence = `${code}: ${fault.trim().replaceAll(/\d+/g, 'N').slice(0, 200)}`;
    if (!row.notes.includes(sentence)) row.notes.push(sentence);
  }

  /** From now on the first success of each of these clients is waited for. */
  recovered(clients: readonly string[]): void {
    this.#recovered = { at: Date.now(), waiting: new Map(clients.map((client) => [client, undefined])) };
  }

  /** Clients that had no success since then. */
  get waiting(): string[] {
    const { waiting = new Map<string, number | undefined>() } = this.#recovered ?? {};
    return [...waiting].filter(([, ms]) => ms === undefined).map(([client]) => client);
  }

  /** Seconds until the last of them had one; undefined while one waits. */
  get firstSuccess(): number | undefined {
    if (!this.#recovered || this.waiting.length > 0) return undefined;
    return Math.max(0, ...[...this.#recovered.waiting.values()].map((ms) => ms ?? 0)) / 1000;
  }
}
