import type { ChaosClaim } from './ledger.ts';
import type { WriterTools } from './writer.ts';

interface ClaimList {
  metadata: { resourceVersion: string; continue?: string };
  items: ChaosClaim[];
}

const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';

/** Lists in all forms. What was acknowledged before a consistent list began, and is not asked to go, has to be in it. */
export class Reader {
  readonly #tools: WriterTools;
  readonly #namespaces: readonly string[];

  constructor(namespaces: readonly string[], tools: WriterTools) {
    this.#tools = tools;
    this.#namespaces = namespaces;
  }

  async step(): Promise<void> {
    const { api, random } = this.#tools;
    const dice = random.next();
    const namespace = random.pick(this.#namespaces);
    if (dice < 0.3) await this.#list(api.path(namespace), namespace);
    else if (dice < 0.5) await this.#list(api.everywhere, undefined);
    else if (dice < 0.7) await this.#pages(namespace);
    else if (dice < 0.85) await this.#list(api.path(namespace), namespace, metadataList);
    else await this.#tools.client.ask({ path: api.path(namespace), accept: table });
  }

  async #list(path: string, namespace: string | undefined, accept?: string): Promise<void> {
    const expected = this.#expected(namespace);
    const answer = await this.#tools.client.ask({ path, ...(accept ? { accept } : {}) });
    if (answer.status === 200) this.#compare(expected, (answer.body as ClaimList).items, path);
  }

  async #pages(namespace: string): Promise<void> {
    const path = this.#tools.api.path(namespace);
    const expected = this.#expected(namespace);
    const items: ChaosClaim[] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const query = token === '' ? '' : `&continue=${encodeURIComponent(token)}`;
      const answer = await this.#tools.client.ask({ path: `${path}?limit=4${query}` });
      if (answer.status !== 200) return;
      const list = answer.body as ClaimList;
      items.push(...list.items);
      // Kubernetes writes an empty one where there is no further page.
      token = list.metadata.continue || undefined;
    }
    this.#compare(expected, items, `${path} in pages`);
  }

  #expected(namespace: string | undefined): string[] {
    return this.#tools.ledger.entries
      .filter((entry) => entry.mustExist && (namespace === undefined || entry.namespace === namespace))
      .flatMap(({ uid }) => uid ?? []);
  }

  #compare(expected: string[], items: ChaosClaim[], path: string): void {
    const { ledger } = this.#tools;
    const listed = new Set(items.map(({ metadata }) => metadata.uid));
    const byUID = new Map(ledger.entries.map((entry) => [entry.uid, entry]));
    for (const uid of expected) {
      const entry = byUID.get(uid);
      // A deletion may have begun meanwhile.
      if (!listed.has(uid) && entry?.mustExist)
        ledger.report('wrongly deleted', `${path} leaves out ${entry.title} (${items.length} items)`);
    }
  }
}
