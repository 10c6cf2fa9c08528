import type { OrderedList, Slabs } from '../../mapping/ordered-list.ts';

/** Up to this size a list is held whole and comes by name; a longer one streams in the control plane's order. */
export const maxListBytes = 20 * 1024 * 1024;
/** Of all lists that are held at once. */
export const maxHeldBytes = 48 * 1024 * 1024;
/** How long a list that was asked for in pages waits for the next one. */
const keptMs = 30_000;
const slabBytes = 256 * 1024;

interface Kept {
  list: OrderedList;
  timer: NodeJS.Timeout;
}

/** The memory for lists that are held whole: what is under way, and what was read for its first page. */
export class ListBuffers {
  readonly #kept = new Map<string, Kept>();
  readonly #maxList: number;
  readonly #maxHeld: number;
  #held = 0;
  /** Memory of earlier lists, for the next ones. */
  #free: Buffer[] = [];
  #trim: NodeJS.Timeout | undefined;

  constructor(limits: { list: number; held: number } = { list: maxListBytes, held: maxHeldBytes }) {
    this.#maxList = limits.list;
    this.#maxHeld = limits.held;
  }

  /** Room for one list; `end` gives it back. */
  lease(): ListLease {
    let bytes = 0;
    const slabs: Buffer[] = [];
    return {
      slab: () => {
        const slab = this.#free.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
        slabs.push(slab);
        return slab;
      },
      grow: (more) => {
        if (bytes + more > this.#maxList) return false;
        while (this.#held + more > this.#maxHeld) if (!this.#dropOldest()) return false;
        bytes += more;
        this.#held += more;
        return true;
      },
      end: () => {
        this.#held -= bytes;
        bytes = 0;
        if (slabs.length === 0) return;
        this.#free.push(...slabs.splice(0));
        this.#free.length = Math.min(this.#free.length, Math.ceil(this.#maxHeld / slabBytes));
        clearTimeout(this.#trim);
        this.#trim = setTimeout(() => (this.#free = []), keptMs).unref();
      },
    };
  }

  /** Keeps a list for its next pages, where there is room. */
  keep(key: string, list: OrderedList): void {
    this.#drop(key);
    while (this.#held + list.bytes > this.#maxHeld) if (!this.#dropOldest()) return;
    this.#held += list.bytes;
    const timer = setTimeout(() => this.#drop(key), keptMs);
    timer.unref();
    this.#kept.set(key, { list, timer });
  }

  find(key: string): OrderedList | undefined {
    return this.#kept.get(key)?.list;
  }

  #dropOldest(): boolean {
    const [oldest] = this.#kept.keys();
    if (oldest === undefined) return false;
    this.#drop(oldest);
    return true;
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    clearTimeout(kept.timer);
    this.#kept.delete(key);
    this.#held -= kept.list.bytes;
  }
}

export interface ListLease {
  /** False where the list would become too long, or all of them together. */
  grow(bytes: number): boolean;
  /** Memory that belongs to this list until `end`: nothing may read it after that. */
  slab: Slabs;
  end(): void;
}
