/**
 * Finds byte ranges in JSON without building values, so that bytes nobody has to understand can pass as they came:
 * 9007199254740993, 1.0, -0, duplicate keys and key order survive (JSON.parse keeps none of them).
 *
 * The input is either JSON that an API server wrote, or a request body that was checked with JSON.parse before; the
 * scanner itself checks only what it needs to stay inside the bytes. Every function throws `endOfInput` where the
 * bytes end inside a value: streams then wait for more and start over at the same place.
 */
export type Bytes = Buffer;

/** Thrown where the bytes end too early; one object, since streams meet it once per chunk. Not frozen: loggers mark errors. */
export const endOfInput: Error = new Error('unexpected end of JSON input');

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
    const c = bytes[i++] as number;
    if (c === quote) return i;
    if (c === backslash) i++;
  }
  return skipLongString(bytes, i, end);
}

/** `at` is inside the string, and not inside an escape. */
function skipLongString(bytes: Bytes, at: number, end: number): number {
  for (let i = at; ;) {
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
  if (first === openBrace || first === openBracket) return skipNested(bytes, at, end);
  for (let i = at; i < end; i++) {
    const c = bytes[i] as number;
    if (c === comma || c === closeBrace || c === closeBracket || c <= 0x20) return i;
  }
  throw endOfInput;
}

/** The hot loop of a list: most bytes of a claim are passed here. */
function skipNested(bytes: Bytes, at: number, end: number): number {
  let i = at;
  let depth = 0;
  while (i < end) {
    const c = bytes[i++] as number;
    if (c === quote) {
      const near = Math.min(end, i + longString);
      for (;;) {
        if (i >= near) {
          i = skipLongString(bytes, i, end);
          break;
        }
        const s = bytes[i++] as number;
        if (s === quote) break;
        if (s === backslash) i++;
      }
    } else if (c >= openBracket) {
      // [ and {, ] and } differ in one bit; outside strings nothing else of this range matches.
      const bracket = c | 0x20;
      if (bracket === openBrace) depth++;
      else if (bracket === closeBrace && --depth === 0) return i;
    }
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
  /** What a `descend` has read of the value, so that nobody reads it again. */
  inner: Container | undefined;
  elements: Span[] | undefined;
}

export interface Span {
  start: number;
  end: number;
}

/** An object's members in order; `start` is its brace, `end` the position after the closing one. */
export interface Container {
  start: number;
  end: number;
  members: Member[];
}

/** Tells the keys somebody looks for: a number from 0, or -1 for all others. `start` and `end` include the quotes. */
export interface Keys {
  find(bytes: Bytes, start: number, end: number): number;
}

/** Keys of no interest. */
export const noKeys: Keys = { find: () => -1 };

/** All keys that begin with a prefix are 0, escaped spellings included. */
export class KeyPrefix implements Keys {
  readonly #text: string;
  readonly #bytes: Buffer;

  constructor(prefix: string) {
    this.#text = prefix;
    this.#bytes = Buffer.from(prefix);
  }

  find(bytes: Bytes, start: number, end: number): number {
    const prefix = this.#bytes;
    for (let i = 0; i < prefix.length; i++) {
      const c = bytes[start + 1 + i];
      if (c === backslash) return readString(bytes, start, end).startsWith(this.#text) ? 0 : -1;
      if (c !== prefix[i]) return -1;
    }
    return 0;
  }
}

/** The keys somebody looks for, as bytes; escaped spellings (`"metad\u0061ta"`) are the same key. */
export class KeySet implements Keys {
  readonly #names: readonly string[];
  readonly #bytes: readonly Buffer[];

  constructor(...names: string[]) {
    this.#names = names;
    this.#bytes = names.map((name) => Buffer.from(name));
  }

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
  keys: Keys,
  descend?: (id: number, valueStart: number, member: Member) => number,
): Container {
  const members: Member[] = [];
  let i = skipSpace(bytes, at + 1, end);
  while (bytes[i] !== closeBrace) {
    if (bytes[i] === comma) i = skipSpace(bytes, i + 1, end);
    const keyEnd = skipString(bytes, i, end);
    const member = {
      id: keys.find(bytes, i, keyEnd),
      start: i,
      keyEnd,
      valueStart: 0,
      end: 0,
      inner: undefined,
      elements: undefined,
    };
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
export function scanArray(bytes: Bytes, at: number, end: number): { elements: Span[]; end: number } {
  const elements: Span[] = [];
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
  let isAscii = true;
  for (let i = start + 1; i < end - 1; i++) {
    const c = bytes[i] as number;
    if (c === backslash) return JSON.parse(bytes.toString('utf8', start, end)) as string;
    if (c > 0x7f) isAscii = false;
  }
  return bytes.toString(isAscii ? 'latin1' : 'utf8', start + 1, end - 1);
}
