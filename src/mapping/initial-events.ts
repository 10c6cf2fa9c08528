import { isNull, skipValue } from '../apimachinery/json-scan.ts';

export interface InitialEventsOptions {
  showsBookmarks: boolean;
  isTable: boolean;
  /** Where there is none left, the events go out as they come. */
  room: Room;
}

/** Memory that is bounded over all who hold something back. */
export interface Room {
  /** False where there is no room for so much more. */
  grow(bytes: number): boolean;
  /** Gives it all back; may be called again. */
  end(): void;
}

/** What is known of a mapped event beside its bytes. */
export interface WatchEvent {
  /** ADDED, MODIFIED, DELETED, BOOKMARK or ERROR. */
  type: string;
  /** `<namespace>/<name>` in the app cluster; empty for what has no name. */
  key: string;
  frame: Buffer;
}

const columnsKey = Buffer.from('"columnDefinitions":');
const none = Buffer.alloc(0);

/**
 * Puts the initial events of a watch into the order a local watch has: by key (apiserver/pkg/storage/cacher:
 * newCacheIntervalFromStore), where the control plane's keys are hashes. They are held back until the bookmark that marks
 * their end, or any other event. Of a Table the first event alone carries the columns, whichever that becomes.
 */
export class InitialEvents {
  readonly #options: InitialEventsOptions;
  #held: WatchEvent[] = [];
  #isHolding = true;
  /** JSON text of the columns, while no event has carried them out. */
  #columns = '';
  #hasSent = false;

  constructor(options: InitialEventsOptions) {
    this.#options = options;
  }

  /** True when events need no more than to be passed on. */
  get isDone(): boolean {
    return !this.#isHolding && (this.#hasSent || !this.#options.isTable);
  }

  /** Takes the next event; gives what can be sent now. */
  push(event: WatchEvent): Buffer {
    const next = this.#options.isTable ? { ...event, frame: this.#keepColumns(event.frame) } : event;
    if (this.#isHolding && next.type === 'ADDED') {
      this.#held.push(next);
      return this.#options.room.grow(next.frame.length) ? none : this.flush();
    }
    const held = this.flush();
    if (next.type === 'BOOKMARK' && !this.#options.showsBookmarks) return held;
    return Buffer.concat([held, this.#out(next.frame)]);
  }

  /** All that is held. */
  flush(): Buffer {
    this.#isHolding = false;
    const held = this.#held.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    this.#held = [];
    this.#options.room.end();
    return Buffer.concat(held.map(({ frame }) => this.#out(frame)));
  }

  #keepColumns(frame: Buffer): Buffer {
    const span = columnsOf(frame);
    if (!span || isNull(frame, span.start)) return frame;
    this.#columns = frame.toString('utf8', span.start, span.end);
    return replaced(frame, span, 'null');
  }

  #out(frame: Buffer): Buffer {
    const span = this.#hasSent || this.#columns === '' ? undefined : columnsOf(frame);
    this.#hasSent = true;
    return span ? replaced(frame, span, this.#columns) : frame;
  }
}

/** Place of the value; Go prints it before the rows. */
function columnsOf(frame: Buffer): { start: number; end: number } | undefined {
  const at = frame.indexOf(columnsKey);
  if (at < 0) return undefined;
  const start = at + columnsKey.length;
  return { start, end: skipValue(frame, start, frame.length) };
}

function replaced(frame: Buffer, { start, end }: { start: number; end: number }, text: string): Buffer {
  return Buffer.concat([frame.subarray(0, start), Buffer.from(text), frame.subarray(end)]);
}
