import { ByteSink, Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  isObject,
  isString,
  KeySet,
  readString,
  scanObject,
  skipString,
  skipValue,
} from '../apimachinery/json-scan.ts';
import { Lines } from '../apimachinery/lines.ts';
import type { Status } from '../apimachinery/status.ts';
import type { ToApp } from './claim-view.ts';
import type { InitialEvents } from './initial-events.ts';
import type { EditElement } from './list.ts';
import { maxPendingBytes, type Owner, requireOwn, tooLarge } from './list.ts';

const frameKeys = new KeySet('type', 'object');

export interface WatchMapping {
  editObject: EditElement;
  clusterID: string;
  /** Left out for a watch on all namespaces. */
  namespace?: string | undefined;
  mapStatus: (status: Status) => Status;
  /** Puts the initial events in order; left out where they go as they come. */
  initial?: InitialEvents | undefined;
  /** Bookmarks were asked for to see the end of the initial events, and go no further. */
  dropsBookmarks?: boolean;
}

/** Maps watch events while they arrive. */
export class WatchToApp {
  readonly #mapping: WatchMapping;
  readonly #owner: Owner;
  readonly #edits = new Edits();
  readonly #sink = new ByteSink(16 * 1024);
  readonly #lines = new Lines();

  constructor(mapping: WatchMapping) {
    this.#mapping = mapping;
    this.#owner = { clusterID: mapping.clusterID, namespace: mapping.namespace };
  }

  /** Bytes of an unfinished event, for the caller to bound. */
  get pendingBytes(): number {
    return this.#lines.pendingBytes;
  }

  /** The mapped events that are complete; empty when there is none. */
  push(chunk: Buffer): Buffer {
    for (const line of this.#lines.push(chunk)) this.#frame(line);
    if (this.pendingBytes > maxPendingBytes) throw tooLarge();
    return this.#sink.take();
  }

  /** What is held back when the watch ends. */
  end(): Buffer {
    return this.#mapping.initial?.flush() ?? Buffer.alloc(0);
  }

  #frame(bytes: Buffer): void {
    const start = bytes.indexOf('{');
    const { type, key } = start >= 0 ? this.#event(bytes, start) : { type: '', key: '' };
    const { initial, dropsBookmarks } = this.#mapping;
    if (initial && !initial.isDone) {
      // `apply` may give the bytes of the chunk, which are not ours to keep.
      const out = initial.push({ type, key, frame: Buffer.from(this.#edits.apply(bytes)) });
      this.#sink.copy(out, 0, out.length);
    } else if (type === 'BOOKMARK' && dropsBookmarks) this.#edits.clear();
    else this.#edits.writeTo(this.#sink, bytes, 0, bytes.length);
  }

  /** Go prints the type before the object, so the object can be mapped as it is met. */
  #event(bytes: Bytes, start: number): { type: string; key: string } {
    const limit = bytes.length;
    let kind = '';
    let object = -1;
    let mapped: ToApp | undefined;
    const frame = scanObject(bytes, start, limit, frameKeys, (id, valueStart) => {
      if (id === 0 && isString(bytes, valueStart)) {
        const end = skipString(bytes, valueStart, limit);
        kind = readString(bytes, valueStart, end);
        return end;
      }
      if (id !== 1 || !isObject(bytes, valueStart)) return 0;
      object = valueStart;
      if (kind === '' || kind === 'ERROR') return 0;
      mapped = this.#mapping.editObject(bytes, valueStart, limit, this.#edits);
      return mapped.end;
    });
    if (object < 0) return { type: kind, key: '' };
    if (kind === 'ERROR') {
      const end = skipValue(bytes, object, frame.end);
      const status = JSON.parse(bytes.toString('utf8', object, end)) as Status;
      this.#edits.replace(object, end, JSON.stringify(this.#mapping.mapStatus(status)));
      return { type: kind, key: '' };
    }
    mapped ??= this.#mapping.editObject(bytes, object, limit, this.#edits);
    // Bookmarks carry a version and no name or label.
    if (kind !== 'BOOKMARK') requireOwn(mapped, this.#owner);
    const app = mapped.origin?.app;
    return { type: kind, key: app ? `${app.namespace}/${app.name}` : '' };
  }
}
