import type { APIService } from '../../apimachinery/objects.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { openApiV3Key } from '../../catalog/openapi-v3.ts';
import { apiServicePath } from '../../clusters/api-paths.ts';
import { Informer } from '../../clusters/informer.ts';
import type { KubeClient } from '../../clusters/kube-client.ts';
import { isOurs, type Release } from './api-service-owner.ts';

export interface RegisteredApisOptions {
  /** The app cluster. */
  client: KubeClient;
  release: Release;
  log: Logger;
}

/**
 * The APIServices of the app cluster, followed by every replica: the leader keeps ours, and all have to know which group
 * versions are somebody else's, since kube-aggregator takes whatever `/openapi/v3` lists for the truth about them.
 */
export class RegisteredApis {
  readonly #release: Release;
  readonly #informer: Informer<APIService>;
  readonly #listeners = new Set<(name: string | undefined) => void>();
  #foreign: ReadonlySet<string> | undefined;

  constructor({ client, release, log }: RegisteredApisOptions) {
    this.#release = release;
    this.#informer = new Informer<APIService>({
      client,
      path: apiServicePath(),
      log,
      onChange: (event) => {
        this.#foreign = undefined;
        for (const listener of this.#listeners) listener(event?.object.metadata.name);
      },
      onError: (error) => log.warn({ reason: describeError(error) }, 'the APIServices cannot be followed'),
    });
  }

  get hasSynced(): boolean {
    return this.#informer.hasSynced;
  }

  /**
   * Keys (`apis/<group>/<version>`) of group versions whose APIService is there and is not ours; undefined before they were
   * read. One without an APIService is not among them: nobody's document can be taken for ours.
   */
  get foreign(): ReadonlySet<string> | undefined {
    if (!this.hasSynced) return undefined;
    this.#foreign ??= new Set(
      this.#informer
        .list()
        .filter((service) => !isOurs(service, this.#release))
        .map(({ spec }) => openApiV3Key(spec)),
    );
    return this.#foreign;
  }

  /** Group versions that this release has registered, once they have been read. */
  async ours(): Promise<APIService['spec'][]> {
    await this.#informer.synced;
    return this.#informer
      .list()
      .filter((service) => isOurs(service, this.#release))
      .map(({ spec }) => spec);
  }

  list(): APIService[] {
    return this.#informer.list();
  }

  get(name: string): APIService | undefined {
    return this.#informer.get(name);
  }

  /** Calls back with the name of what changed, undefined for all of them. Returns how to be forgotten. */
  onChange(listener: (name: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): this {
    this.#informer.start();
    return this;
  }

  stop(): Promise<void> {
    return this.#informer.stop();
  }
}
