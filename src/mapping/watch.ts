import { ByteSink, Edits } from '../apimachinery/json-edit.ts';
import { type Bytes, isObject, KeySet, readString, scanObject } from '../apimachinery/json-scan.ts';
import type { Status } from '../apimachinery/status.ts';
import type { EditElement } from './list.ts';
import { requireOwn } from './list.ts';

const frameKeys = new KeySet('type', 'object');
const newline = 0x0a;

export interface WatchMapping {
  editObject: EditElement;
  clusterID: string;
  mapStatus: (status: Status) => Status;
}

/** Maps watch events while they arrive; an event is one line (apiserver/pkg/endpoints/handlers/watch.go). */
export class WatchToApp {
  readonly #mapping: WatchMapping;
  readonly #edits = new Edits();
  readonly #sink = new ByteSink(16 * 1024);
  #pending: Buffer = Buffer.alloc(0);

  constructor(mapping: WatchMapping) {
    this.#mapping = mapping;
  }

  /** Bytes of an unfinished event, for the caller to bound. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** The mapped events that are complete; empty when there is none. */
  push(chunk: Buffer): Buffer {
    const searchFrom = this.#pending.length;
    const bytes = searchFrom === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(newline, searchFrom); end >= 0; end = bytes.indexOf(newline, start)) {
      this.#frame(bytes.subarray(start, end + 1));
      start = end + 1;
    }
    this.#pending = bytes.subarray(start);
    return this.#sink.take();
  }

  #frame(bytes: Bytes): void {
    const start = bytes.indexOf('{');
    if (start >= 0) {
      const frame = scanObject(bytes, start, bytes.length, frameKeys);
      const type = frame.members.find((member) => member.id === 0);
      const object = frame.members.find((member) => member.id === 1);
      if (type && object && isObject(bytes, object.valueStart)) {
        const kind = readString(bytes, type.valueStart, type.end);
        if (kind === 'ERROR') {
          const status = JSON.parse(bytes.toString('utf8', object.valueStart, object.end)) as Status;
          this.#edits.replace(object.valueStart, object.end, JSON.stringify(this.#mapping.mapStatus(status)));
        } else {
          const mapped = this.#mapping.editObject(bytes, object.valueStart, bytes.length, this.#edits);
          // Bookmarks carry a version and no name or label.
          if (kind !== 'BOOKMARK') requireOwn(mapped, this.#mapping.clusterID);
        }
      }
    }
    this.#edits.writeTo(this.#sink, bytes, 0, bytes.length);
  }
}
