import { systemClock } from '../../base/clock.ts';
import { ToolError } from '../tools/tool-error.ts';

/** For a tool to say what it knows. */
const graceMs = 250;

/** The end of a call: its time is over, or its client is gone. A tool that does not look at the signal keeps nobody waiting. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #ended = Promise.withResolvers<never>();
  readonly #timer: NodeJS.Timeout;
  readonly #client: AbortSignal;

  constructor(client: AbortSignal, seconds: number) {
    this.#client = client;
    // Nobody may be waiting when it ends.
    this.#ended.promise.catch(() => undefined);
    this.#timer = setTimeout(
      () =>
        this.#end(
          new ToolError('timeout', `the call took longer than this server's ${seconds} s`, {
            hint: 'read the object to see what has been done; ask for less at once',
          }),
        ),
      seconds * 1_000,
    );
    if (client.aborted) this.#clientLeft();
    else client.addEventListener('abort', this.#clientLeft, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What `running` comes to, or the ToolError `timeout` of the end that comes before. */
  async over<T>(running: Promise<T>): Promise<T> {
    running.catch(() => undefined);
    const end = this.#ended.promise.catch(async (reason: ToolError) => {
      // The tool hears of it, too, and may know what became of its last request.
      await systemClock.sleep(graceMs);
      throw reason;
    });
    return await Promise.race([running, end]);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#client.removeEventListener('abort', this.#clientLeft);
  }

  readonly #clientLeft = (): void => this.#end(new ToolError('timeout', 'the client cancelled the call'));

  #end(reason: ToolError): void {
    this.clear();
    // Not the ToolError: requests that break off here are judged by what each of them was.
    this.#controller.abort(new Error(reason.message));
    this.#ended.reject(reason);
  }
}
