import { Cancellation } from '../base/cancellation.ts';

/**
 * Ends what has no end of its own when the server stops. Between `begin` and its end each listener is called at a
 * moment of its own, so that the watches of a replica do not all come back to the others in one instant.
 */
export class Drain extends Cancellation {
  readonly #waiting = new Set<Waiting>();
  #endsAt: number | undefined;

  /** Spreads the ends over this time. */
  begin(windowMs: number): void {
    this.#endsAt ??= performance.now() + windowMs;
    for (const waiting of this.#waiting) this.#schedule(waiting);
  }

  /** Ends all that are left now. */
  override cancel(reason: Error): void {
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
    super.cancel(reason);
  }

  override onCancel(listener: (reason: Error) => void): () => void {
    const waiting: Waiting = { timer: undefined, end: () => undefined };
    const forget = super.onCancel(listener);
    if (this.reason) return forget;
    const leave = (): void => {
      clearTimeout(waiting.timer);
      this.#waiting.delete(waiting);
      forget();
    };
    waiting.end = () => {
      leave();
      listener(new Error('the connector stops'));
    };
    this.#waiting.add(waiting);
    if (this.#endsAt !== undefined) this.#schedule(waiting);
    return leave;
  }

  #schedule(waiting: Waiting): void {
    const leftMs = Math.max(0, (this.#endsAt ?? 0) - performance.now());
    waiting.timer = setTimeout(waiting.end, Math.random() * leftMs);
  }
}

interface Waiting {
  timer: NodeJS.Timeout | undefined;
  end: () => void;
}
