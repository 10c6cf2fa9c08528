import type { Bytes } from './json-scan.ts';

/** Replace the bytes from `start` to `end` by `text`; an insertion has `start === end`. */
interface Edit {
  start: number;
  end: number;
  text: string;
}

/** By place; what is inserted where a removal begins stands before it. */
function compareEdits(a: Edit, b: Edit): number {
  return a.start - b.start || a.end - b.end;
}

/** Changes to one JSON text, collected in any order and applied in one pass that copies all other bytes. */
export class Edits {
  #edits: Edit[] = [];

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  insert(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text });
  }

  remove(start: number, end: number): void {
    if (end > start) this.#edits.push({ start, end, text: '' });
  }

  /** Removes members of an object, or elements of an array, with the comma that belongs to each. */
  removeListed<T extends { start: number; end: number }>(
    members: readonly T[],
    isRemoved: (member: T) => boolean,
  ): void {
    let anyKept = false;
    for (let i = 0; i < members.length; i++) {
      const member = members[i] as T;
      if (!isRemoved(member)) {
        anyKept = true;
        continue;
      }
      // Behind a kept member the comma before goes; at the front, the comma after.
      if (anyKept) this.remove((members[i - 1] as T).end, member.end);
      else this.remove(member.start, members[i + 1]?.start ?? member.end);
    }
  }

  clear(): void {
    this.#edits = [];
  }

  addAll(other: Edits): void {
    for (const edit of other.#edits) this.#edits.push(edit);
  }

  /** Writes `bytes` from `from` to `to`, changed, and forgets the changes. */
  writeTo(sink: ByteSink, bytes: Bytes, from: number, to: number): void {
    const edits = this.#edits;
    for (let i = 1; i < edits.length; i++) {
      if (compareEdits(edits[i - 1] as Edit, edits[i] as Edit) > 0) {
        edits.sort(compareEdits);
        break;
      }
    }
    let at = from;
    for (const edit of edits) {
      if (edit.start < at) throw new Error(`overlapping edits at byte ${edit.start}`);
      sink.copy(bytes, at, edit.start);
      sink.text(edit.text);
      at = edit.end;
    }
    sink.copy(bytes, at, to);
    this.#edits = [];
  }

  /** The changed text between two places; the changes stay. */
  textOf(bytes: Bytes, from: number, to: number): string {
    const copy = new Edits();
    copy.addAll(this);
    const sink = new ByteSink(to - from + 1024);
    copy.writeTo(sink, bytes, from, to);
    return sink.take().toString('utf8');
  }

  /** The changed text as bytes of their own. */
  apply(bytes: Bytes): Buffer {
    if (this.isEmpty) return bytes;
    const sink = new ByteSink(bytes.length + 1024);
    this.writeTo(sink, bytes, 0, bytes.length);
    return sink.take();
  }
}

const nothing = Buffer.alloc(0);

/** A growing buffer: many small pieces become one write, and one TLS record where they fit. */
export class ByteSink {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  copy(bytes: Bytes, from: number, to: number): void {
    if (to <= from) return;
    this.#reserve(to - from);
    bytes.copy(this.#buffer, this.#length, from, to);
    this.#length += to - from;
  }

  text(text: string): void {
    if (text === '') return;
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length);
  }

  /** A copy of what was written so far, no larger than it has to be: writes to a slow client may keep it for long. */
  take(): Buffer {
    if (this.#length === 0) return nothing;
    const taken = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
