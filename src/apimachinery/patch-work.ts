import type { LazyJson } from './lazy-json.ts';
import { badRequest, requestTooCostly } from './status.ts';

/**
 * Bytes looked at by one patch: some tenths of a second, and many times what a patch of a large object needs. Objects that lie deep in each other, and long
 * lists that are added to at their beginning, cost the square of their size, and nothing else is answered meanwhile.
 */
const maxWork = 64 * 1024 * 1024;

/** What applying one patch has cost so far. */
export class PatchWork {
  #spent = 0;

  /** Before so many bytes are looked at. Throws StatusError 413 where it becomes too much. */
  look(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent <= maxWork) return;
    throw requestTooCostly('the patch takes too much to apply');
  }

  /** Before a value is stepped into. */
  stepInto(value: LazyJson | null | undefined): void {
    this.look(value?.stepCost ?? 0);
  }

  /** Before an element of so many comes or goes: those behind it are moved. */
  move(elements: number): void {
    this.look(elements / 8);
  }

  /** Throws StatusError 400 for what is nested too deep for the stack (some thousands). */
  static guard<T>(apply: () => T): T {
    try {
      return apply();
    } catch (error) {
      if (error instanceof RangeError) throw badRequest('the JSON is nested too deep');
      throw error;
    }
  }
}
