import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerSink } from './control-plane.ts';

/**
 * Lets every answer through but a 401, which it holds back: nothing was carried out, and the request can be sent again
 * where the credential has been renewed meanwhile.
 */
export class HeldRefusal implements AnswerSink {
  readonly #sink: AnswerSink;
  #headers: IncomingHttpHeaders | undefined;
  readonly #chunks: Buffer[] = [];

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  get isHeld(): boolean {
    return this.#headers !== undefined;
  }

  /** Hands on what was held back. */
  release(): void {
    this.#sink.start(401, this.#headers ?? {}, () => undefined);
    for (const chunk of this.#chunks) this.#sink.data(chunk);
    this.#sink.end();
  }

  start(status: number, headers: IncomingHttpHeaders, resume: () => void): void {
    if (status === 401) this.#headers = headers;
    else this.#sink.start(status, headers, resume);
  }

  data(chunk: Buffer): boolean {
    if (this.#headers === undefined) return this.#sink.data(chunk);
    this.#chunks.push(chunk);
    return true;
  }

  end(): void {
    if (this.#headers === undefined) this.#sink.end();
  }
}
