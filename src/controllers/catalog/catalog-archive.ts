import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { Catalog, type CatalogSource, type CatalogStore } from '../../catalog/catalog.ts';
import { parseOpenApi } from '../../catalog/openapi-document.ts';
import type { ConnectionState } from '../../clusters/connection-state.ts';
import type { Controller } from '../leader-work.ts';

export interface CatalogArchiveOptions {
  state: ConnectionState;
  store: CatalogStore;
  log: Logger;
}

/** Keeps the last catalog in the app cluster, so that a restart in an outage of the control plane takes no API away. */
export class CatalogArchive implements Controller {
  readonly #options: CatalogArchiveOptions;
  #forget: () => void = () => undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: CatalogArchiveOptions) {
    this.#options = options;
  }

  start(): void {
    const { store } = this.#options;
    this.#forget = store.onChange((catalog) => this.#add(catalog));
    if (store.current) this.#add(store.current);
  }

  async stop(): Promise<void> {
    this.#forget();
    await this.#saving;
  }

  /** One after the other: the last catalog is the one that stays. */
  #add(catalog: Catalog): void {
    this.#saving = this.#saving.then(() => this.#save(catalog));
  }

  async #save(catalog: Catalog): Promise<void> {
    const { state, log } = this.#options;
    try {
      if (await state.writeCatalog(JSON.stringify(catalog.source))) return;
      log.warn(
        'the catalog is too large to be saved: a restart in an outage of the control plane would not find it',
      );
    } catch (error) {
      log.warn({ reason: describeError(error) }, 'the catalog could not be saved');
    }
  }
}

/** Publishes the catalog that was saved last, where there is one. */
export async function restoreCatalog({ state, store, log }: CatalogArchiveOptions): Promise<void> {
  try {
    const text = await state.readCatalog();
    if (text === undefined) return;
    store.publish(new Catalog(parseOpenApi(text) as unknown as CatalogSource));
    log.info({ from: state.objectName }, 'the last catalog was restored');
  } catch (error) {
    log.warn(
      { from: state.objectName, reason: describeError(error) },
      'the last catalog could not be restored',
    );
  }
}
