interface Note {
  command: string;
  said: string;
  complained: string;
  isSorted: boolean;
}

/** What cannot be the same in two clusters, and what stands for it. Numbers of uids are given by their first appearance. */
const setAside: readonly [RegExp, string][] = [
  [/(resourceVersion\\?"?: ?\\?"?)\d+/g, '$1<version>'],
  [/(Resource Version: +)\d+/g, '$1<version>'],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00| [+-]\d{4}( UTC)?)/g, '<time>'],
  [/\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}/g, '<time>'],
  // A column of a table, whose width goes with it.
  [/ +(AGE|(\d+[smh])+)(?= |$) */gm, ' <age> '],
  [/\b(LIVE|MERGED)-\d+/g, '$1'],
  [/\bkubectl-edit-\w+/g, 'kubectl-edit'],
  [/\b(made-)[a-z0-9]{5}\b/g, '$1<5 at random>'],
];
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Of YAML, with the indentation. Entries come by the second they are of, which two clusters do not share. */
const managedFields = /^( *)managedFields:\n((?:\1(?:- | {2}).*\n)+)/gm;

function sortEntries(_all: string, indent: string, entries: string): string {
  const sorted = entries.split(new RegExp(`^(?=${indent}- )`, 'm')).toSorted();
  return `${indent}managedFields:\n${sorted.join('')}`;
}

/** What tools have said on one side, as it can be compared with the other. */
export class Transcript {
  readonly #dir: string;
  readonly #uids = new Map<string, string>();
  readonly #notes: string[] = [];

  /** `dir` is the side's own folder, which shows in messages. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  note({ command, said, complained, isSorted }: Note): void {
    const lines = said.split('\n');
    const output = isSorted ? lines.toSorted().join('\n') : said;
    this.#notes.push(
      this.#comparable(`$ ${command}\n${output}${complained === '' ? '' : `(stderr) ${complained}`}`),
    );
  }

  #comparable(text: string): string {
    let comparable = text.replaceAll(this.#dir, 'DIR');
    for (const [pattern, instead] of setAside) comparable = comparable.replaceAll(pattern, instead);
    comparable = comparable.replaceAll(managedFields, sortEntries);
    return comparable.replaceAll(uuid, (uid) => {
      const name = this.#uids.get(uid) ?? `<uid ${this.#uids.size + 1}>`;
      this.#uids.set(uid, name);
      return name;
    });
  }

  get text(): string {
    return this.#notes.join('\n');
  }
}
