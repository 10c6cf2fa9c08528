const none = Buffer.alloc(0);

/**
 * Bytes that arrive in pieces and are wanted whole. They are joined once, when they are taken: joined with every piece, an
 * answer without end would hold the process up for the square of its length.
 */
export class GatheredBytes {
  #pieces: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** All that were added since they were taken last; not copied where they came in one piece. */
  take(): Buffer {
    const pieces = this.#pieces;
    const length = this.#length;
    if (length === 0) return none;
    this.#pieces = [];
    this.#length = 0;
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, length);
  }
}
