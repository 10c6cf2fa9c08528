import { GatheredBytes } from '../base/gathered-bytes.ts';

const newline = 0x0a;

/** Cuts bytes into lines while they arrive; every event of a watch is one (apiserver/pkg/endpoints/handlers/watch.go). */
export class Lines {
  readonly #rest = new GatheredBytes();

  /** Of the line whose end has not come, for the caller to bound. */
  get pendingBytes(): number {
    return this.#rest.length;
  }

  /** The lines that are whole now, each with its newline. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#rest.add(chunk.subarray(start, end + 1));
      lines.push(this.#rest.take());
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.add(chunk.subarray(start));
    return lines;
  }
}
