import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';

/** All of them; nothing else of the folder is served. */
const types: Record<string, string> = {
  'console.css': 'text/css; charset=utf-8',
  'theme.js': 'text/javascript; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'connection-test.js': 'text/javascript; charset=utf-8',
  'calls.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Styles and scripts, read once. They lie beside this file, in the sources as in what is built from them. */
export class Assets {
  readonly version: string;
  readonly #bodies = new Map<string, Buffer>();

  constructor(folder = path.join(import.meta.dirname, 'assets')) {
    const hash = createHash('sha256');
    for (const name of Object.keys(types)) {
      const body = readFileSync(path.join(folder, name));
      this.#bodies.set(name, body);
      hash.update(body);
    }
    this.version = hash.digest('hex').slice(0, 12);
  }

  /** False where there is no such asset. */
  send(name: string, response: ServerResponse, isHead: boolean): boolean {
    const body = this.#bodies.get(name);
    if (!body) return false;
    response.writeHead(200, {
      'Content-Type': types[name],
      'Content-Length': body.length,
      // Pages name the version; it tells nothing of anybody.
      'Cache-Control': 'public, max-age=31536000, immutable',
    });
    response.end(isHead ? undefined : body);
    return true;
  }
}
