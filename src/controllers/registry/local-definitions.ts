import type { CustomResourceDefinition, KubeObject } from '../../apimachinery/objects.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { crdPath } from '../../clusters/api-paths.ts';
import { Informer } from '../../clusters/informer.ts';
import { ApiError, isNotFound, type KubeClient, metadataListAccept } from '../../clusters/kube-client.ts';

export interface LocalDefinitionsOptions {
  /** The app cluster. */
  client: KubeClient;
  log: Logger;
  /** Called with the group of a CRD that came, changed or went; undefined for all of them. */
  onChange: (group: string | undefined) => void;
}

/**
 * The CRDs of the app cluster, by metadata: which of them share a group version with the control plane. Without the right
 * to read them the connector works on, and names no CRD in what it reports.
 */
export class LocalDefinitions {
  readonly #options: LocalDefinitionsOptions;
  readonly #informer: Informer<KubeObject>;
  #isForbidden = false;

  constructor(options: LocalDefinitionsOptions) {
    const { client, log, onChange } = options;
    this.#options = options;
    this.#informer = new Informer<KubeObject>({
      client,
      path: crdPath(),
      accept: metadataListAccept,
      // There may be a thousand, and their managed fields are most of them.
      transform: withoutManagedFields,
      log,
      onChange: (event) => onChange(event && groupOf(event.object)),
      onError: (error) => this.#complain(error),
    });
  }

  /** False while it is not known which CRDs there are. */
  get areKnown(): boolean {
    return this.#informer.hasSynced || this.#isForbidden;
  }

  /** Those that serve this group version, as they are now. */
  async serving(group: string, version: string): Promise<CustomResourceDefinition[]> {
    const found: CustomResourceDefinition[] = [];
    for (const known of this.#informer.list()) {
      if (groupOf(known) !== group) continue;
      const crd = await this.#read(known.metadata.name);
      if (crd?.spec.versions.some(({ name, served }) => served && name === version)) found.push(crd);
    }
    return found;
  }

  start(): void {
    this.#informer.start();
  }

  stop(): Promise<void> {
    return this.#informer.stop();
  }

  async #read(name: string): Promise<CustomResourceDefinition | undefined> {
    try {
      return await this.#options.client.get<CustomResourceDefinition>(crdPath(name));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #complain(error: unknown): void {
    if (this.#isForbidden) return;
    this.#options.log.warn(
      { reason: describeError(error) },
      'the CRDs of the app cluster cannot be read: those that share a group version with the control plane are not named',
    );
    if (!(error instanceof ApiError) || error.status !== 403) return;
    this.#isForbidden = true;
    this.#options.onChange(undefined);
  }
}

/** The name of a CRD is `<plural>.<group>` (apiextensions/validation). */
function groupOf({ metadata }: KubeObject): string {
  return metadata.name.slice(metadata.name.indexOf('.') + 1);
}

function withoutManagedFields(crd: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = crd.metadata as KubeObject['metadata'] & {
    managedFields?: unknown;
  };
  return { ...crd, metadata };
}
