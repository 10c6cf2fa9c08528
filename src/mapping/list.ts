import { ByteSink, Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  endOfInput,
  isArray,
  isNull,
  isObject,
  KeySet,
  skipSpace,
  skipString,
  skipValue,
} from '../apimachinery/json-scan.ts';
import { ConnectorError } from '../base/errors.ts';
import { GatheredBytes } from '../base/gathered-bytes.ts';
import { editToApp, type ToApp } from './claim-view.ts';
import type { Origin } from './origin.ts';
import { editRowToApp, type MappedColumns } from './table.ts';

const listKeys = new KeySet('items', 'rows');
/** Stands for everything before the end of the elements. */
const openList = Buffer.from('{"":[');
const space = Buffer.from(' ');
const noBytes = Buffer.alloc(0);

/**
 * An API server sends a list in pieces of a few kB, smaller than many a claim: looked at one by one, every claim would
 * be begun twice and every write would be small.
 */
const batchBytes = 64 * 1024;
/** Several times what etcd takes of one object: nothing a control plane sends in earnest is held back that long. */
export const maxPendingBytes: number = 8 * 1024 * 1024;

/** Edits one element of a list, and says where it ends. */
export type EditElement = (bytes: Bytes, at: number, limit: number, edits: Edits) => ToApp;

export function elementEditor(columns: MappedColumns | undefined): EditElement {
  return columns ? (bytes, at, limit, edits) => editRowToApp(bytes, at, limit, edits, columns) : editToApp;
}

/** One element in the bytes that `push` or `end` returned last, and by what a local CRD's list is ordered. */
export interface ListElement {
  /** `<namespace>/<name>`, the end of its key in etcd. */
  key: string;
  start: number;
  end: number;
}

/**
 * Maps a list (or a Table) while it arrives: what is held at any time is one element and one batch, whatever the
 * length of the list. Feed chunks to `push`, then call `end`.
 */
export class ListToApp {
  readonly #editElement: EditElement;
  readonly #owner: Owner;
  readonly #edits = new Edits();
  readonly #sink = new ByteSink();
  #phase: 'head' | 'elements' | 'tail' = 'head';
  /** Bytes that wait for more, the first of them in vain so far. */
  readonly #waiting = new GatheredBytes();
  #inVain = 0;
  /** What is looked at. */
  #pending: Buffer = noBytes;
  #hasElements = false;
  /** Pending bytes below which they are not looked at again: a huge object would cost the square of its length. */
  #worthwhile = 0;
  /** Position behind the last whole element of the pending bytes. */
  #consumed = 0;
  #elements: ListElement[] = [];

  /** `namespace` is undefined for a list of all namespaces. */
  constructor(editElement: EditElement, clusterID: string, namespace?: string) {
    this.#editElement = editElement;
    this.#owner = { clusterID, namespace };
  }

  /** Bytes that wait for more: less than one element, or the end of the list. */
  get pendingBytes(): number {
    return this.#waiting.length;
  }

  /** The elements in the bytes that were returned last, each of them whole. */
  takeElements(): ListElement[] {
    const elements = this.#elements;
    this.#elements = [];
    return elements;
  }

  /** The mapped bytes that are ready; empty while an element is unfinished. */
  push(chunk: Buffer): Buffer {
    this.#waiting.add(chunk);
    if (this.#waiting.length - this.#inVain < batchBytes) return noBytes;
    if (this.#waiting.length > maxPendingBytes) throw tooLarge();
    if (this.#waiting.length >= this.#worthwhile) this.#advance();
    return this.#sink.take();
  }

  /** The rest. Throws ConnectorError `answer-truncated` when the list is not complete. */
  end(): Buffer {
    this.#advance();
    if (!this.#isComplete())
      throw new ConnectorError('answer-truncated', 'the control plane ended a list in its middle');
    this.#sink.copy(this.#pending, 0, this.#pending.length);
    return this.#sink.take();
  }

  /** True when the pending bytes are all that belongs behind the last element. */
  #isComplete(): boolean {
    if (this.#phase !== 'tail') return false;
    const bytes = Buffer.concat([this.#hasElements ? openList : noBytes, this.#pending, space]);
    try {
      skipValue(bytes, skipSpace(bytes, 0, bytes.length), bytes.length);
      return true;
    } catch (error) {
      if (error !== endOfInput) throw error;
      return false;
    }
  }

  #advance(): void {
    this.#pending = this.#waiting.take();
    let at = 0;
    try {
      if (this.#phase === 'head') at = this.#readHead();
      while (this.#phase === 'elements') at = this.#readElement(at);
    } catch (error) {
      if (error !== endOfInput) throw error;
      at = this.#consumed;
    }
    this.#consumed = 0;
    this.#pending = this.#pending.subarray(at);
    this.#waiting.add(this.#pending);
    this.#inVain = this.#pending.length;
    this.#worthwhile = at === 0 ? this.#pending.length * 1.5 : 0;
  }

  /** Everything up to the first element; a list whose elements are null passes as it is. */
  #readHead(): number {
    const bytes = this.#pending;
    const end = bytes.length;
    const start = skipSpace(bytes, 0, end);
    let isList = false;
    let i = skipSpace(bytes, start + 1, end);
    while (isObject(bytes, start) && bytes[i] !== 0x7d) {
      if (bytes[i] === 0x2c) i = skipSpace(bytes, i + 1, end);
      const keyEnd = skipString(bytes, i, end);
      const key = listKeys.find(bytes, i, keyEnd);
      i = skipSpace(bytes, skipSpace(bytes, keyEnd, end) + 1, end);
      if (key >= 0 && !isArray(bytes, i) && !isNull(bytes, i)) throw noList();
      if (key >= 0) isList = true;
      if (key >= 0 && isArray(bytes, i)) {
        this.#phase = 'elements';
        this.#hasElements = true;
        return this.#emit(0, i + 1);
      }
      i = skipSpace(bytes, skipValue(bytes, i, end), end);
    }
    if (!isList) throw noList();
    this.#phase = 'tail';
    return 0;
  }

  #readElement(from: number): number {
    const bytes = this.#pending;
    let at = skipSpace(bytes, from, bytes.length);
    if (bytes[at] === 0x2c) at = skipSpace(bytes, at + 1, bytes.length);
    if (bytes[at] === 0x5d) {
      this.#phase = 'tail';
      return from;
    }
    let mapped: ToApp;
    try {
      mapped = this.#editElement(bytes, at, bytes.length, this.#edits);
    } catch (error) {
      this.#edits.clear();
      throw error;
    }
    const { namespace, name } = requireOwn(mapped, this.#owner).app;
    this.#sink.copy(bytes, from, at);
    const start = this.#sink.length;
    this.#emit(at, mapped.end);
    this.#elements.push({ key: `${namespace}/${name}`, start, end: this.#sink.length });
    return mapped.end;
  }

  #emit(from: number, to: number): number {
    this.#edits.writeTo(this.#sink, this.#pending, from, to);
    this.#consumed = to;
    return to;
  }
}

/** Whose objects a list or watch may hold. */
export interface Owner {
  clusterID: string;
  /** Undefined: all of the app cluster. */
  namespace: string | undefined;
}

/** Shown, it could be anything; and it must not look like an empty list. */
function noList(): ConnectorError {
  return new ConnectorError('answer-unusable', 'the control plane answered with something that is no list');
}

export function tooLarge(): ConnectorError {
  return new ConnectorError(
    'answer-too-large',
    'the control plane answered with an object of too many bytes',
  );
}

/**
 * The selectors keep objects of others out; should one come all the same, the answer ends in an error: shown, it
 * would be a leak, and left out, a partial list that the app cluster's collector takes for deletions.
 */
export function requireOwn({ origin }: ToApp, { clusterID, namespace }: Owner): Origin {
  const isOwn =
    origin?.clusterID === clusterID && (namespace === undefined || namespace === origin.app.namespace);
  if (isOwn) return origin;
  throw new ConnectorError(
    'foreign-object',
    'the control plane answered with an object that is not of this app cluster, or of another namespace',
  );
}
