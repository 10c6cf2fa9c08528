import { ByteSink } from './json-edit.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;

/**
 * JSON in one line as Go's `json.MarshalIndent(_, "", "  ")` writes it, piece by piece: two spaces a level, `{}` and `[]` for
 * what is empty, no newline at the end.
 */
export class JsonIndenter {
  readonly #sink = new ByteSink();
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** A bracket was opened, and nothing stands behind it yet. */
  #isOpen = false;

  push(bytes: Buffer): Buffer {
    const sink = this.#sink;
    let from = 0;
    for (let i = 0; i < bytes.length; i++) {
      const c = bytes[i] as number;
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (c === backslash) this.#isEscaped = true;
        else if (c === quote) this.#isInString = false;
        continue;
      }
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
        sink.copy(bytes, from, i);
        from = i + 1;
        continue;
      }
      const isClosing = c === 0x7d || c === 0x5d;
      if (isClosing) {
        sink.copy(bytes, from, i);
        from = i;
        this.#depth--;
        if (!this.#isOpen) this.#break();
        this.#isOpen = false;
        continue;
      }
      if (this.#isOpen) {
        sink.copy(bytes, from, i);
        from = i;
        this.#break();
        this.#isOpen = false;
      }
      if (c === quote) this.#isInString = true;
      else if (c === 0x7b || c === 0x5b) {
        this.#depth++;
        this.#isOpen = true;
      } else if (c === comma || c === colon) {
        sink.copy(bytes, from, i + 1);
        from = i + 1;
        if (c === comma) this.#break();
        else sink.text(' ');
      }
    }
    sink.copy(bytes, from, bytes.length);
    return sink.take();
  }

  #break(): void {
    this.#sink.text(`\n${'  '.repeat(this.#depth)}`);
  }
}
