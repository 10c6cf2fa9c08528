/**
 * Tells that somebody no longer waits. Does what an AbortSignal does, at a fraction of its cost: every request has
 * one, and an EventTarget with a listener costs about as much as mapping the claim.
 */
export class Cancellation {
  readonly #listeners = new Set<(reason: Error) => void>();
  #reason: Error | undefined;

  /** Why, once it was cancelled. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** Calls back once, at once if it was cancelled already. Returns how to be forgotten. */
  onCancel(listener: (reason: Error) => void): () => void {
    if (this.#reason) {
      listener(this.#reason);
      return () => undefined;
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  cancel(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener(reason);
    this.#listeners.clear();
  }
}
