import { existsSync } from 'node:fs';
import { ConnectorError, describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ServerDefinition } from './definition.ts';
import { parseDefinitions, readText } from './definitions.ts';

export interface DefinitionsFollowerOptions {
  file: string;
  /** Until it comes there are no servers: who makes the first one makes the file. */
  mayComeLater?: boolean;
  /** Throws ConnectorError where they cannot be used; then the old ones stay in use. */
  apply: (definitions: readonly ServerDefinition[]) => Promise<void>;
  /** Of each edit. */
  onLoad: (wasUsed: boolean) => void;
  log: Logger;
  /** Between two looks; 1,000 when left out. */
  everyMs?: number;
}

/**
 * Follows the file of the definitions by looking at what it says: a mounted ConfigMap is changed by swapping a link above the
 * file (kubelet's atomic writer), editors replace files, and some file systems send no events.
 */
export class DefinitionsFollower {
  readonly #options: DefinitionsFollowerOptions;
  #text: string | undefined;
  /** Of that text, and of reading it at all. */
  #textFault: string | undefined;
  #readFault: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: DefinitionsFollowerOptions) {
    this.#options = options;
  }

  /** Why the file as it is now is not in use; undefined while it is. */
  get fault(): string | undefined {
    return this.#readFault ?? this.#textFault;
  }

  /** Throws ConnectorError where the file cannot be used: there is nothing to go on with. */
  async start(): Promise<this> {
    const { file, apply, onLoad } = this.#options;
    const text = this.#read();
    await apply(text === undefined ? [] : parseDefinitions(text, file));
    this.#text = text;
    onLoad(true);
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look());
    }, this.#options.everyMs ?? 1_000);
    this.#timer.unref();
    return this;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { file, apply, onLoad, log } = this.#options;
    let text: string | undefined;
    try {
      text = this.#read();
    } catch (error) {
      const fault = describeError(error);
      if (fault !== this.#readFault) this.#tell(fault);
      this.#readFault = fault;
      return;
    }
    this.#readFault = undefined;
    if (text === undefined) return;
    // What could not be used is tried again: the files that it names may come later, as new keys of a mounted Secret do.
    if (text === this.#text && this.#textFault === undefined) return;
    const before = text === this.#text ? this.#textFault : undefined;
    this.#text = text;
    try {
      await apply(parseDefinitions(text, file));
      this.#textFault = undefined;
      onLoad(true);
    } catch (error) {
      this.#textFault = describeError(error);
      if (this.#textFault === before) return;
      if (!(error instanceof ConnectorError)) log.error({ err: error }, 'the server definitions failed');
      this.#tell(this.#textFault);
      onLoad(false);
    }
  }

  /** Undefined for a file that is still to come. One that has gone is a fault. */
  #read(): string | undefined {
    const { file, mayComeLater } = this.#options;
    if (mayComeLater && this.#text === undefined && !existsSync(file)) return undefined;
    return readText(file);
  }

  /** Once for each fault. */
  #tell(reason: string): void {
    this.#options.log.error(
      { reason },
      'the server definitions cannot be used; the last ones that could stay in use',
    );
  }
}
