import { escapeHtml } from './go-json.ts';
import {
  type Bytes,
  isArray,
  isNull,
  isObject,
  noKeys,
  readString,
  scanArray,
  scanObject,
} from './json-scan.ts';

/** The members of an object; null stands for JSON's null. */
export type LazyMembers = Map<string, LazyJson | null>;

/**
 * JSON as gopkg.in/evanphx/json-patch.v4 holds it: a value is its own text until something steps into it, and is printed
 * as it came unless something did; an object that was stepped into is printed with sorted keys, each once. So numbers keep
 * their literals, and what nobody touched keeps its order and its duplicate keys, which strict validation reports.
 */
export class LazyJson {
  readonly #bytes: Bytes;
  readonly #start: number;
  readonly #end: number;
  #members: LazyMembers | undefined;
  #elements: (LazyJson | null)[] | undefined;
  /** Of a value that nothing has stepped into: it stays the same, and may be compared many times. */
  #text: string | undefined;

  private constructor(bytes: Bytes, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Null for JSON's null. The text must be one JSON value, checked before. */
  static from(bytes: Bytes, start = firstByte(bytes), end = bytes.length): LazyJson | null {
    return isNull(bytes, start) ? null : new LazyJson(bytes, start, end);
  }

  static parse(text: string): LazyJson | null {
    return LazyJson.from(Buffer.from(text));
  }

  /** The members, to be read and changed; undefined where this is no object. */
  members(): LazyMembers | undefined {
    if (this.#members || this.#elements || !isObject(this.#bytes, this.#start)) return this.#members;
    const { members } = scanObject(this.#bytes, this.#start, this.#end, noKeys);
    this.#members = new Map(
      members.map((member) => [
        readString(this.#bytes, member.start, member.keyEnd),
        LazyJson.from(this.#bytes, member.valueStart, member.end),
      ]),
    );
    return this.#members;
  }

  /** The elements, to be read and changed; undefined where this is no array. */
  elements(): (LazyJson | null)[] | undefined {
    if (this.#elements || this.#members || !isArray(this.#bytes, this.#start)) return this.#elements;
    const { elements } = scanArray(this.#bytes, this.#start, this.#end);
    this.#elements = elements.map(({ start, end }) => LazyJson.from(this.#bytes, start, end));
    return this.#elements;
  }

  /** As Go prints it: compact, with `<`, `>` and `&` escaped. */
  toString(): string {
    if (this.#members) {
      const members = [...this.#members].toSorted(([a], [b]) => (a < b ? -1 : 1));
      return `{${members.map(([key, value]) => `${goText(JSON.stringify(key))}:${printLazy(value)}`).join(',')}}`;
    }
    if (this.#elements) return `[${this.#elements.map(printLazy).join(',')}]`;
    return (this.#text ??= goText(this.#bytes.toString('utf8', this.#start, this.#end)));
  }

  /** Bytes that have to be looked at to step into the value: none the second time. */
  get stepCost(): number {
    return this.#members || this.#elements ? 0 : this.#end - this.#start;
  }
}

export function printLazy(value: LazyJson | null): string {
  return value === null ? 'null' : value.toString();
}

/** json.Compact with HTML escapes, as encoding/json does for a RawMessage. */
function goText(json: string): string {
  return escapeHtml(
    json.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, (_all, string: string | undefined) => string ?? ''),
  );
}

function firstByte(bytes: Bytes): number {
  let at = 0;
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++;
  return at;
}
