import { isMap, isSeq, parseDocument, type Document, type YAMLSeq } from 'yaml';
import { ConnectorError } from '../../base/errors.ts';

/** A server as it stands in the file: what was left out is left out. */
export type RawServer = Record<string, unknown> & { name: string };

/**
 * Changes of the definitions file that leave everything else as it was written: comments, order, the servers of others, and the
 * fields of a server that no form knows.
 */
export class DefinitionsText {
  readonly #document: Document;

  /** Throws ConnectorError `definitions-invalid` where it is not a list of servers: the console then only shows what is wrong. */
  constructor(text: string) {
    this.#document = parseDocument(text.trim() === '' ? 'servers: []\n' : text);
    if (this.#document.errors.length > 0 || !isMap(this.#document.contents))
      throw new ConnectorError('definitions-invalid', 'the file is not YAML with a list "servers"');
  }

  /** Those with a name, in the order of the file. */
  get servers(): RawServer[] {
    const { servers } = this.#document.toJS() as { servers?: unknown };
    return (Array.isArray(servers) ? servers : []).filter(
      (one): one is RawServer => typeof (one as RawServer | null)?.name === 'string',
    );
  }

  find(name: string): RawServer | undefined {
    return this.servers.find((one) => one.name === name);
  }

  add(server: RawServer): void {
    const list = this.#list();
    // An empty list may be written as []; what is added below it is for people to read.
    list.flow = false;
    list.add(this.#document.createNode(server));
  }

  /** Only the fields that differ are written anew. */
  replace(name: string, server: RawServer): void {
    const at = this.#indexOf(name);
    const before = this.find(name) ?? {};
    for (const [key, value] of Object.entries(server)) {
      if (JSON.stringify((before as Record<string, unknown>)[key]) !== JSON.stringify(value))
        this.#document.setIn(['servers', at, key], this.#document.createNode(value));
    }
    for (const key of Object.keys(before)) {
      if (!(key in server)) this.#document.deleteIn(['servers', at, key]);
    }
  }

  remove(name: string): void {
    this.#document.deleteIn(['servers', this.#indexOf(name)]);
  }

  toString(): string {
    return this.#document.toString({ lineWidth: 0 });
  }

  #list(): YAMLSeq {
    const list = this.#document.get('servers');
    if (isSeq(list)) return list;
    this.#document.set('servers', this.#document.createNode([]));
    return this.#document.get('servers') as YAMLSeq;
  }

  #indexOf(name: string): number {
    const { servers } = this.#document.toJS() as { servers?: { name?: unknown }[] };
    return (servers ?? []).findIndex((one) => one.name === name);
  }
}
