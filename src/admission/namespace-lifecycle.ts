import type { KubeObject } from '../apimachinery/objects.ts';
import {
  forbidden,
  type GroupResource,
  internalError,
  serviceUnavailable,
  StatusError,
} from '../apimachinery/status.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { namespacePath } from '../clusters/api-paths.ts';
import type { ClaimNamespaces } from '../clusters/claim-namespaces.ts';
import { Informer } from '../clusters/informer.ts';
import { isNotFound, type KubeClient, metadataAccept, metadataListAccept } from '../clusters/kube-client.ts';

export interface NamespaceLifecycleOptions {
  /** Of the app cluster. */
  client: KubeClient;
  record: Pick<ClaimNamespaces, 'isRecorded' | 'add'>;
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
  readonly #record: NamespaceLifecycleOptions['record'];
  readonly #clock: Clock;
  readonly #namespaces: Informer<KubeObject>;
  /** The copy may be behind, since its watch broke: the API is asked instead. */
  #mayBeStale = true;

  constructor({ client, record, log, clock = systemClock }: NamespaceLifecycleOptions) {
    this.#client = client;
    this.#record = record;
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
   * generateName, or Unknown (admission/errors.go). Throws StatusError: 404 about the namespace, 403 with the cause
   * NamespaceTerminating, 500 when the app cluster cannot be asked.
   */
  async admitCreate(namespace: string, resource: GroupResource, name: string): Promise<void> {
    const found = (await this.#known(namespace)) ?? (await this.#live(namespace));
    requireActive(found, resource, name);
  }

  /**
   * Resolves (or is undefined) when the namespace is recorded as one that may hold claims, as it has to be before a claim is
   * sent. Whoever finds a terminating namespace unrecorded takes it for empty, so it is looked at once more
   * after that: one of the two sees the other. Throws StatusError as admitCreate, and 503 where it cannot be recorded.
   */
  recordBeforeCreate(namespace: string, resource: GroupResource, name: string): Promise<void> | undefined {
    const uid = this.#mayBeStale ? undefined : this.#namespaces.get(namespace)?.metadata.uid;
    if (uid !== undefined && this.#record.isRecorded(namespace, uid)) return undefined;
    return this.#recordNow(namespace, resource, name);
  }

  async #recordNow(namespace: string, resource: GroupResource, name: string): Promise<void> {
    for (;;) {
      const found = await this.#live(namespace);
      requireActive(found, resource, name);
      const { uid = '' } = found.metadata;
      if (this.#record.isRecorded(namespace, uid)) return;
      await this.#record.add(namespace, uid).catch((cause: unknown) => {
        const why = `the namespace ${namespace} cannot be recorded as one with claims: ${describeError(cause)}`;
        throw serviceUnavailable(why, 1, cause);
      });
    }
  }

  /** True where the namespace is on its way out, by the API server's own word. False where there is none. */
  async isTerminating(namespace: string): Promise<boolean> {
    return (await this.#phase(namespace)) === 'Terminating';
  }

  /** As isTerminating, and true for one that is gone already. */
  async isLeaving(namespace: string): Promise<boolean> {
    return (await this.#phase(namespace)) !== 'Active';
  }

  async #phase(namespace: string): Promise<'Active' | 'Terminating' | 'missing'> {
    try {
      const path = namespacePath(namespace);
      const { metadata } = await this.#client.get<KubeObject>(path, { accept: metadataAccept });
      return metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating';
    } catch (error) {
      if (isNotFound(error)) return 'missing';
      throw error;
    }
  }

  /** Undefined where it is not known. */
  uidOf(namespace: string): string | undefined {
    return this.#namespaces.get(namespace)?.metadata.uid;
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
      if (!isNotFound(cause))
        throw internalError(describeError(cause), cause).causedBy('app_cluster_unavailable');
      throw new StatusError(404, 'NotFound', `namespaces "${namespace}" not found`, {
        name: namespace,
        kind: 'namespaces',
      });
    }
  }
}

/** Throws StatusError 403. The phase becomes Terminating with the timestamp (registry/core/namespace/storage/storage.go). */
function requireActive({ metadata }: KubeObject, resource: GroupResource, name: string): void {
  if (metadata.deletionTimestamp === undefined) return;
  const namespace = metadata.name;
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
