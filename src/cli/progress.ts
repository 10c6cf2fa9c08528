import type { Terminal } from './terminal.ts';

const barCells = 24;

/**
 * How far a command is, on the terminal only: a bar where the number of steps is known, else what is being done, in one line that is
 * written over. Elsewhere nothing moves: `step` writes nothing, and lines of `line` are all there is.
 */
export class Progress implements Disposable {
  readonly #terminal: Pick<Terminal, 'note' | 'columns'>;
  #isShown = false;

  constructor(terminal: Pick<Terminal, 'note' | 'columns'>) {
    this.#terminal = terminal;
  }

  /** `what` is happening; `done` of `total`, where that is known. */
  step(what: string, done?: number, total?: number): void {
    const { columns } = this.#terminal;
    if (!columns) return;
    const share = total ? Math.min(1, (done ?? 0) / total) : undefined;
    const filled = Math.round((share ?? 0) * barCells);
    const bar =
      share === undefined ? '' : `[${'#'.repeat(filled)}${'.'.repeat(barCells - filled)}] ${done}/${total} `;
    const line = `${bar}${what}`.slice(0, columns - 1);
    this.#terminal.note(`\r\u001B[2K${line}`);
    this.#isShown = true;
  }

  /** A line that stays, also in a file. */
  line(text: string): void {
    this.#clear();
    this.#terminal.note(`${text}\n`);
  }

  /** Writes something else that stays, such as a result. */
  above(write: () => void): void {
    this.#clear();
    write();
  }

  [Symbol.dispose](): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#isShown) this.#terminal.note('\r\u001B[2K');
    this.#isShown = false;
  }
}
