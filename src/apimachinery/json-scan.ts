/**
 * Finds byte ranges in JSON without building values, so that bytes nobody has to understand can pass as they came:
 * 9007199254740993, 1.0, -0, duplicate keys and key order survive (JSON.parse keeps none of them).
 *
 * The input is either JSON that an API server wrote, or a request body that was checked with JSON.parse before; the
 * scanner itself checks only what it needs to stay inside the bytes. Every function throws `endOfInput` where the
 * bytes end inside a value: streams then wait for more and start over at the same place.
 */
export type Bytes = Buffer;

/** Thrown where the bytes end too early; one frozen object, since streams meet it once per chunk. */
export const endOfInput: Error = Object.freeze(new Error('unexpected end of JSON input'));

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

/** Strings longer than this are searched by Buffer.indexOf, which is faster than a loop but costs a call. */
const longString = 40;

export function skipSpace(bytes: Bytes, at: number, end: number): number {
  let i = at;
  while (i < end) {
    const c = bytes[i] as number;
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return i;
    i++;
  }
  throw endOfInput;
}

/** `at` is the opening quote; returns the position after the closing one. */
export function skipString(bytes: Bytes, at: number, end: number): number {
  let i = at + 1;
  const near = Math.min(end, i + longString);
  while (i < near) {
    const c = bytes[i] as number;
    if (c === quote) return i + 1;
    i += c === backslash ? 2 : 1;
  }
  for (;;) {
    if (i >= end) throw endOfInput;
    const found = bytes.indexOf(quote, i);
    if (found < 0 || found >= end) throw endOfInput;
    let escapes = 0;
    while (found - 1 - escapes >= i && bytes[found - 1 - escapes] === backslash) escapes++;
    i = found + 1;
    if (escapes % 2 === 0) return i;
  }
}

/** `at` is the first byte of a value; returns the position after its last. Depth costs no stack. */
export function skipValue(bytes: Bytes, at: number, end: number): number {
  if (at >= end) throw endOfInput;
  const first = bytes[at] as number;
  if (first === quote) return skipString(bytes, at, end);
  let i = at;
  if (first !== openBrace && first !== openBracket) {
    while (i < end) {
      const c = bytes[i] as number;
      if (c === comma || c === closeBrace || c === closeBracket || c <= 0x20) return i;
      i++;
    }
    throw endOfInput;
  }
  let depth = 0;
  while (i < end) {
    const c = bytes[i] as number;
    if (c === quote) {
      i = skipString(bytes, i, end);
      continue;
    }
    i++;
    // 0x5b [ 0x5d ] 0x7b { 0x7d }: the four differ from all other structural bytes by these two tests.
    if (c === openBrace || c === openBracket) depth++;
    else if ((c === closeBrace || c === closeBracket) && --depth === 0) return i;
  }
  throw endOfInput;
}

/** One member of an object, as positions. `id` is the key's place in the KeySet, -1 for a key that is not in it. */
export interface Member {
  id: number;
  /** Opening quote of the key. */
  start: number;
  keyEnd: number;
  valueStart: number;
  /** After the last byte of the value. */
  end: number;
}

/** An object's members in order; `start` is its brace, `end` the position after the closing one. */
export interface Container {
  start: number;
  end: number;
  members: Member[];
}

/** The keys somebody looks for, as bytes; escaped spellings (`"metad\u0061ta"`) are the same key. */
export class KeySet {
  readonly #names: readonly string[];
  readonly #bytes: readonly Buffer[];

  constructor(...names: string[]) {
    this.#names = names;
    this.#bytes = names.map((name) => Buffer.from(name));
  }

  /** `start` and `end` include the quotes. */
  find(bytes: Bytes, start: number, end: number): number {
    const from = start + 1;
    const length = end - 1 - from;
    next: for (let n = 0; n < this.#bytes.length; n++) {
      const name = this.#bytes[n] as Buffer;
      if (name.length !== length) continue;
      for (let i = 0; i < length; i++) if (bytes[from + i] !== name[i]) continue next;
      return n;
    }
    for (let i = from; i < end - 1; i++) {
      if (bytes[i] === backslash) return this.#names.indexOf(readString(bytes, start, end));
    }
    return -1;
  }
}

/**
 * Scans the object at `at`. `descend` may read a value itself: it returns the position after it, or 0 to have it
 * skipped, so that no byte is looked at twice.
 */
export function scanObject(
  bytes: Bytes,
  at: number,
  end: number,
  keys: KeySet,
  descend?: (id: number, valueStart: number, member: Member) => number,
): Container {
  const members: Member[] = [];
  let i = skipSpace(bytes, at + 1, end);
  while (bytes[i] !== closeBrace) {
    if (bytes[i] === comma) i = skipSpace(bytes, i + 1, end);
    const keyEnd = skipString(bytes, i, end);
    const member = { id: keys.find(bytes, i, keyEnd), start: i, keyEnd, valueStart: 0, end: 0 };
    i = skipSpace(bytes, keyEnd, end);
    if (bytes[i] !== colon) throw new SyntaxError(`expected a colon at byte ${i}`);
    member.valueStart = skipSpace(bytes, i + 1, end);
    const read = descend && member.id >= 0 ? descend(member.id, member.valueStart, member) : 0;
    member.end = read > 0 ? read : skipValue(bytes, member.valueStart, end);
    members.push(member);
    i = skipSpace(bytes, member.end, end);
    if (bytes[i] !== comma && bytes[i] !== closeBrace) throw new SyntaxError(`expected a comma at byte ${i}`);
  }
  return { start: at, end: i + 1, members };
}

/** Start and end of each element of the array at `at`, and the position after its bracket. */
export function scanArray(
  bytes: Bytes,
  at: number,
  end: number,
): { elements: { start: number; end: number }[]; end: number } {
  const elements: { start: number; end: number }[] = [];
  let i = skipSpace(bytes, at + 1, end);
  while (bytes[i] !== closeBracket) {
    if (bytes[i] === comma) i = skipSpace(bytes, i + 1, end);
    const after = skipValue(bytes, i, end);
    if (after === i) throw new SyntaxError(`expected a value at byte ${i}`);
    elements.push({ start: i, end: after });
    i = skipSpace(bytes, after, end);
  }
  return { elements, end: i + 1 };
}

export function isObject(bytes: Bytes, at: number): boolean {
  return bytes[at] === openBrace;
}

export function isArray(bytes: Bytes, at: number): boolean {
  return bytes[at] === openBracket;
}

export function isString(bytes: Bytes, at: number): boolean {
  return bytes[at] === quote;
}

export function isNull(bytes: Bytes, at: number): boolean {
  return bytes[at] === 0x6e;
}

/** The text of the string between `start` and `end`, quotes included in the range. */
export function readString(bytes: Bytes, start: number, end: number): string {
  for (let i = start + 1; i < end - 1; i++) {
    const c = bytes[i] as number;
    if (c === backslash) return JSON.parse(bytes.toString('utf8', start, end)) as string;
    if (c > 0x7f) return bytes.toString('utf8', start + 1, end - 1);
  }
  return bytes.toString('latin1', start + 1, end - 1);
}
