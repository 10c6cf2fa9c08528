import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { JsonIndenter } from '../../apimachinery/json-indent.ts';
import { contentTypeOf } from '../../apimachinery/text-form.ts';
import type { TextForm } from '../../apimachinery/media-types.ts';
import type { Exchange } from '../../downstream/exchange.ts';

/** Up to this size an answer goes out as one write, with its length. */
const wholeBytes = 128 * 1024;

/** Writes a long answer while it is made, laid out for people where the client wants it so. */
export class ListWriter {
  readonly #exchange: Exchange;
  readonly #headers: OutgoingHttpHeaders;
  readonly #indenter: JsonIndenter | undefined;
  readonly #onDrain: () => void;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(exchange: Exchange, headers: OutgoingHttpHeaders, form: TextForm, onDrain: () => void) {
    this.#exchange = exchange;
    this.#headers = { ...headers, 'content-type': contentTypeOf(form) };
    this.#indenter = form === 'indented' ? new JsonIndenter() : undefined;
    this.#onDrain = onDrain;
  }

  /** False where the client is slower: go on when `onDrain` is called. */
  write(json: Buffer): boolean {
    const bytes = this.#indenter ? this.#indenter.push(json) : json;
    if (bytes.length === 0) return true;
    if (this.#exchange.res.headersSent) return this.#exchange.res.write(bytes);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    return this.#heldBytes <= wholeBytes || this.#begin();
  }

  /** Writes pieces no faster than the client takes them. */
  async writeAll(pieces: Iterable<Buffer>): Promise<void> {
    const { gone, res } = this.#exchange;
    for (const piece of pieces) {
      if (this.write(piece)) continue;
      const left = new AbortController();
      const forget = gone.onCancel((reason) => left.abort(reason));
      try {
        await once(res, 'drain', { signal: left.signal });
      } finally {
        forget();
      }
    }
  }

  end(): void {
    const { res } = this.#exchange;
    if (res.headersSent) res.end();
    else this.#exchange.answer(200, this.#headers, Buffer.concat(this.#held, this.#heldBytes));
  }

  #begin(): boolean {
    const { res } = this.#exchange;
    res.writeHead(200, this.#headers);
    res.on('drain', this.#onDrain);
    return res.write(Buffer.concat(this.#held.splice(0), this.#heldBytes));
  }
}
