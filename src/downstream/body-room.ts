/** Bodies up to this size are always taken: as many as may be under way at once take little memory. */
export const smallBodyBytes: number = 64 * 1024;
const maxHeldBytes = 64 * 1024 * 1024;

/** The memory for large bodies of all requests that are under way: each may have 3 MiB, and all of them more than a pod. */
export class BodyRoom {
  readonly #max: number;
  #held = 0;

  constructor(max: number = maxHeldBytes) {
    this.#max = max;
  }

  /** False where there is no room for so much more. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#max) return false;
    this.#held += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}
