import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { type DefinitionsStore, DefinitionsConflict, type StoredDefinitions } from './definitions-store.ts';

/** A file that is replaced whole: whoever watches it sees the old text or the new one. */
export class DefinitionsFile implements DefinitionsStore {
  readonly place: string;
  /** Writes of this process, one after the other, so that each compares with what the last has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.place = file;
  }

  async read(): Promise<StoredDefinitions> {
    try {
      const text = await readFile(this.place, 'utf8');
      return { text, version: versionOf(text) };
    } catch (cause) {
      if (isAbsent(cause)) return { text: '', version: versionOf('') };
      throw unreadable(this.place, cause);
    }
  }

  write(text: string, version: string): Promise<void> {
    const written = this.#last.then(() => this.#replace(text, version));
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #replace(text: string, version: string): Promise<void> {
    if ((await this.read()).version !== version) throw new DefinitionsConflict(this.place);
    const mode = await stat(this.place).then(
      (found) => found.mode & 0o777,
      () => 0o600,
    );
    await replaceFile(this.place, text, mode);
  }
}

/** Written beside and renamed over it, and on the disk before that: a crash leaves the one or the other. Throws ConnectorError. */
export async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const temporary = path.join(
    path.dirname(file),
    `.${path.basename(file)}.${randomBytes(6).toString('hex')}`,
  );
  try {
    await using handle = await open(temporary, 'wx', mode);
    await handle.writeFile(text);
    await handle.chmod(mode);
    await handle.sync();
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new ConnectorError('console-storage', `${file} cannot be written: ${describeError(cause)}`, {
      cause,
    });
  }
}

function versionOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function unreadable(place: string, cause: unknown): ConnectorError {
  return new ConnectorError('console-storage', `${place} cannot be read: ${describeError(cause)}`, { cause });
}
