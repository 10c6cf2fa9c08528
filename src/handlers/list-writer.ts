import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { createGzip, type Gzip } from 'node:zlib';
import { JsonIndenter } from '../apimachinery/json-indent.ts';
import { contentTypeOf } from '../apimachinery/text-form.ts';
import type { TextForm } from '../apimachinery/media-types.ts';
import { acceptsGzip, zipOptions, zippedBytes, zippedHeaders } from '../apimachinery/compression.ts';
import type { Exchange } from '../downstream/exchange.ts';

/** Writes a long answer while it is made: laid out for people, and compressed, where the client wants it so. */
export class ListWriter {
  readonly #exchange: Exchange;
  readonly #headers: OutgoingHttpHeaders;
  readonly #indenter: JsonIndenter | undefined;
  readonly #onDrain: () => void;
  /** Held back until it is known whether there is enough to be compressed; a short answer goes out as one write. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #gzip: Gzip | undefined;

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
    if (this.#exchange.res.headersSent) return (this.#gzip ?? this.#exchange.res).write(bytes);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    return this.#heldBytes <= zippedBytes || this.#begin();
  }

  /** Writes pieces no faster than the client takes them. */
  async writeAll(pieces: Iterable<Buffer>): Promise<void> {
    const { gone, res } = this.#exchange;
    for (const piece of pieces) {
      if (this.write(piece)) continue;
      const left = new AbortController();
      const forget = gone.onCancel((reason) => left.abort(reason));
      try {
        await once(this.#gzip ?? res, 'drain', { signal: left.signal });
      } finally {
        forget();
      }
    }
  }

  end(): void {
    const { exchange } = { exchange: this.#exchange };
    if (!exchange.res.headersSent)
      return exchange.answer(200, this.#headers, Buffer.concat(this.#held, this.#heldBytes));
    (this.#gzip ?? exchange.res).end();
    return undefined;
  }

  #begin(): boolean {
    const { res } = this.#exchange;
    const zips = acceptsGzip(this.#exchange.header('accept-encoding'));
    res.writeHead(200, zips ? { ...this.#headers, ...zippedHeaders } : this.#headers);
    if (zips) {
      this.#gzip = createGzip(zipOptions);
      this.#gzip.pipe(res);
      this.#gzip.on('drain', this.#onDrain);
      res.once('close', () => this.#gzip?.destroy());
    } else {
      res.on('drain', this.#onDrain);
    }
    return (this.#gzip ?? res).write(Buffer.concat(this.#held.splice(0), this.#heldBytes));
  }
}
