/** Why, and since when, nothing is sent to the control plane. */
export interface Outage {
  since: Date;
  /** One sentence, without a full stop. */
  reason: string;
}

/** A request that was sent, or is about to be. */
export interface UnderWay {
  /** Of `performance.now()`. */
  readonly startedAt: number;
  /** False until the header of an answer came. */
  readonly isAnswered: boolean;
  /** Ends it, answered or not. */
  giveUp(outage: Outage): void;
}

/** An answer that takes longer is reason enough to look whether there will be one. */
const overdueMs = 2_000;

/**
 * Keeps requests from piling up before a control plane that does not answer. It decides nothing: the link opens it after
 * a check of its own has failed while nobody else was answered (`answers`), and closes it after one that has not. What
 * happens to requests only makes the link check sooner: a client's single slow request is no outage, and sockets to a
 * black hole stay open for minutes.
 */
export class CircuitBreaker {
  /** Called for every sign that the control plane may not answer; the listener bounds what it does. */
  onSuspicion: () => void = () => undefined;
  readonly #underWay = new Set<UnderWay>();
  /** Those that a check was made for already. */
  readonly #suspected = new WeakSet<UnderWay>();
  #outage: Outage | undefined;
  #answers = 0;

  /** Undefined while requests are sent. */
  get outage(): Outage | undefined {
    return this.#outage;
  }

  /** Usable answers so far; grows with each. */
  get answers(): number {
    return this.#answers;
  }

  begin(request: UnderWay): void {
    this.#underWay.add(request);
  }

  end(request: UnderWay): void {
    this.#underWay.delete(request);
  }

  answered(): void {
    this.#answers++;
  }

  /** True once for each request that waits for its answer suspiciously long. Costs nothing until it is asked. */
  hasOverdue(): boolean {
    const limit = performance.now() - overdueMs;
    let found = false;
    for (const request of this.#underWay) {
      // In order of arrival.
      if (request.startedAt > limit) break;
      if (request.isAnswered || this.#suspected.has(request)) continue;
      this.#suspected.add(request);
      found = true;
    }
    return found;
  }

  /** Nothing is sent from now on, and what is under way is given up. */
  open(outage: Outage): void {
    this.#outage = outage;
    const given = [...this.#underWay];
    this.#underWay.clear();
    for (const request of given) request.giveUp(outage);
  }

  close(): void {
    this.#outage = undefined;
  }
}
