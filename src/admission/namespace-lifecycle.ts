import type { KubeObject } from '../apimachinery/objects.ts';
import { forbidden, type GroupResource, internalError, StatusError } from '../apimachinery/status.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { namespacePath } from '../clusters/api-paths.ts';
import { Informer } from '../clusters/informer.ts';
import { isNotFound, type KubeClient, metadataAccept, metadataListAccept } from '../clusters/kube-client.ts';

export interface NamespaceLifecycleOptions {
  /** Of the app cluster. */
  client: KubeClient;
  log: Logger;
  clock?: Clock;
}

/** apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go: missingNamespaceWait. */
const missingNamespaceWaitMs = 50;

/**
 * The admission plugin NamespaceLifecycle, which kube-apiserver does not run for proxied requests: nothing is created in
 * a namespace that does not exist, or is being deleted. Without it a controller that makes its claims again would keep
 * a namespace Terminating for ever.
 */
export class NamespaceLifecycle {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #namespaces: Informer<KubeObject>;
  /** The copy may be behind, since its watch broke: the API is asked instead. */
  #mayBeStale = true;

  constructor({ client, log, clock = systemClock }: NamespaceLifecycleOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#namespaces = new Informer<KubeObject>({
      client,
      path: namespacePath(),
      accept: metadataListAccept,
      log,
      clock,
      onChange: () => {
        this.#mayBeStale = false;
      },
      onError: () => {
        this.#mayBeStale = true;
      },
    });
  }

  start(): this {
    this.#namespaces.start();
    return this;
  }

  stop(): Promise<void> {
    return this.#namespaces.stop();
  }

  /**
   * Resolves when an object may be created. `name` is for words only: until a name is made, the API server says
   * generateName, or Unknown (admission/errors.go). Throws StatusError: 404 about the namespace, 403 with the cause NamespaceTerminating, 500 when the app cluster cannot be asked.
   */
  async admitCreate(namespace: string, resource: GroupResource, name: string): Promise<void> {
    const found = (await this.#known(namespace)) ?? (await this.#live(namespace));
    // The phase becomes Terminating together with the timestamp (registry/core/namespace/storage/storage.go).
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const refused = forbidden(resource, name, why);
    throw new StatusError(refused.code, refused.reason, refused.message, {
      ...refused.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    });
  }

  async #known(namespace: string): Promise<KubeObject | undefined> {
    if (this.#mayBeStale) return undefined;
    const known = this.#namespaces.get(namespace);
    if (known) return known;
    await this.#clock.sleep(missingNamespaceWaitMs);
    return this.#namespaces.get(namespace);
  }

  async #live(namespace: string): Promise<KubeObject> {
    try {
      return await this.#client.get<KubeObject>(namespacePath(namespace), { accept: metadataAccept });
    } catch (cause) {
      if (!isNotFound(cause)) throw internalError(describeError(cause), cause);
      throw new StatusError(404, 'NotFound', `namespaces "${namespace}" not found`, {
        name: namespace,
        kind: 'namespaces',
      });
    }
  }
}
