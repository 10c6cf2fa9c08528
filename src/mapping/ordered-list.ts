import { Edits } from '../apimachinery/json-edit.ts';
import { isObject, KeySet, readString, scanObject } from '../apimachinery/json-scan.ts';
import type { ListElement } from './list.ts';

interface Element {
  key: string;
  bytes: Buffer;
}

/** What the metadata of one page says of the others. */
export interface PageMetadata {
  continue: string;
  /** Left out where a selector makes it unknown. */
  remainingItemCount: number | undefined;
}

export interface Page {
  elements: readonly Element[];
  /** How many come behind it. */
  remaining: number;
  /** Key of the last element. */
  lastKey: string;
}

const rootKeys = new KeySet('metadata');
const metadataKeys = new KeySet('resourceVersion', 'continue');
const comma = Buffer.from(',');
const batchBytes = 64 * 1024;
/** A list up to this size stays in the buffers it came in. */
const shortBytes = 256 * 1024;

/** Gives memory that is used again after this list; whoever gives it knows when nothing of the list is needed any more. */
export type Slabs = () => Buffer;

/**
 * A list (or Table) as the app cluster sees it, held whole, in the order of a local CRD: by namespace and name, where the
 * control plane orders by hash.
 */
export class OrderedList {
  readonly #head: Buffer[] = [];
  #tail: Buffer[] = [];
  readonly #elements: Element[] = [];
  #bytes = 0;
  #isOrdered = true;
  readonly #slabs: Slabs | undefined;
  #slab: Buffer = Buffer.alloc(0);
  #slabUsed = 0;

  constructor(slabs?: Slabs) {
    this.#slabs = slabs;
  }

  /** Takes what ListToApp returned. */
  add(bytes: Buffer, elements: readonly ListElement[]): void {
    this.#bytes += bytes.length;
    const isFirst = this.#elements.length === 0;
    let at = 0;
    for (const { key, start, end } of elements) {
      if (isFirst && at === 0) this.#head.push(bytes.subarray(0, start));
      this.#elements.push({ key, bytes: this.#stored(bytes.subarray(start, end)) });
      this.#isOrdered = false;
      at = end;
    }
    const rest = bytes.subarray(at);
    if (rest.length === 0) return;
    if (this.#elements.length === 0) this.#head.push(rest);
    else this.#tail.push(rest);
  }

  /** Long lists would otherwise leave as many bytes behind as they are long, which are collected late. */
  #stored(bytes: Buffer): Buffer {
    if (!this.#slabs || this.#bytes <= shortBytes) return bytes;
    if (this.#slabUsed + bytes.length > this.#slab.length) {
      const slab = this.#slabs();
      if (bytes.length > slab.length) return bytes;
      this.#slab = slab;
      this.#slabUsed = 0;
    }
    const from = this.#slabUsed;
    this.#slabUsed += bytes.copy(this.#slab, from);
    return this.#slab.subarray(from, this.#slabUsed);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Everything in the order it arrived, for a list that turns out too long to be held. */
  *asArrived(): Iterable<Buffer> {
    yield* this.#head;
    for (const [i, element] of this.#elements.entries()) {
      if (i > 0) yield comma;
      yield element.bytes;
    }
    yield* this.#tail;
  }

  /** Elements whose key is `start` or behind it, at most `limit`. */
  page(start: string, limit: number): Page {
    const elements = this.#ordered();
    let from = 0;
    while (from < elements.length && (elements[from] as Element).key < start) from++;
    const to = Math.min(elements.length, from + limit);
    return {
      elements: elements.slice(from, to),
      remaining: elements.length - to,
      lastKey: elements[to - 1]?.key ?? '',
    };
  }

  /** JSON text of the list with these elements, in pieces. */
  *print(elements: readonly Element[] = this.#ordered(), metadata?: PageMetadata): Iterable<Buffer> {
    const [head, tail] = this.#shell(metadata);
    let batch: Buffer[] = [head];
    let length = head.length;
    for (const [i, { bytes }] of elements.entries()) {
      if (i > 0) batch.push(comma);
      batch.push(bytes);
      length += bytes.length + 1;
      if (length < batchBytes) continue;
      yield Buffer.concat(batch);
      batch = [];
      length = 0;
    }
    batch.push(tail);
    yield Buffer.concat(batch);
  }

  get resourceVersion(): string {
    return this.#metadata()?.resourceVersion ?? '';
  }

  #ordered(): Element[] {
    if (!this.#isOrdered) {
      // By code unit, which for names is by byte, as etcd orders its keys.
      this.#elements.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
      this.#isOrdered = true;
    }
    return this.#elements;
  }

  /** What stands before and behind the elements. */
  #shell(metadata: PageMetadata | undefined): [Buffer, Buffer] {
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    const place = metadata && this.#metadata();
    if (!metadata || !place) return [head, tail];
    const edits = new Edits();
    const isInTail = place.at >= head.length;
    const shift = isInTail ? head.length : 0;
    const token = JSON.stringify(metadata.continue);
    const count = metadata.remainingItemCount;
    const { version, given } = place;
    if (given) {
      // The order of a map: `continue`, `remainingItemCount`, `resourceVersion`.
      edits.replace(given.valueStart - shift, given.end - shift, token);
      if (count !== undefined) edits.insert(version.start - shift, `"remainingItemCount":${count},`);
    } else {
      const text = `,"continue":${token}${count === undefined ? '' : `,"remainingItemCount":${count}`}`;
      edits.insert(version.end - shift, text);
    }
    return isInTail ? [head, edits.apply(tail)] : [edits.apply(head), tail];
  }

  #metadata(): MetadataPlace | undefined {
    const shell = Buffer.concat([...this.#head, ...this.#tail]);
    let found: MetadataPlace | undefined;
    scanObject(shell, shell.indexOf('{'), shell.length, rootKeys, (_id, at) => {
      if (!isObject(shell, at)) return 0;
      const { members, end } = scanObject(shell, at, shell.length, metadataKeys);
      const version = members.find(({ id }) => id === 0);
      const given = members.find(({ id }) => id === 1);
      if (version) {
        const resourceVersion = readString(shell, version.valueStart, version.end);
        found = { at, version, given, resourceVersion };
      }
      return end;
    });
    return found;
  }
}

interface Place {
  start: number;
  valueStart: number;
  end: number;
}

interface MetadataPlace {
  at: number;
  version: Place;
  given: Place | undefined;
  resourceVersion: string;
}
