import type { KubeObject } from '../../apimachinery/objects.ts';
import { Edits } from '../../apimachinery/json-edit.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { CatalogStore } from '../../catalog/catalog.ts';
import { type ConnectedResource, firstVersions, kindKey } from '../../catalog/connected-resource.ts';
import { Informer } from '../../clusters/informer.ts';
import { metadataListAccept } from '../../clusters/kube-client.ts';
import { editToApp } from '../../mapping/claim-view.ts';
import { appClusterLabel, type AppName } from '../../mapping/identity.ts';
import type { Link } from '../../upstream/link.ts';
import type { Controller } from '../leader-work.ts';

/** One claim: where it is in the app cluster, and its metadata as that one sees it, without managedFields, as JSON. */
export interface KnownClaim extends KubeObject {
  app: AppName;
  shown: string;
}

/** The claims of one resource, at one version. */
export interface KnownList {
  /** `<plural>.<group>` */
  resource: string;
  /** Collection of the app cluster's claims on the control plane. */
  path: string;
  resourceVersion: string;
  claims: KnownClaim[];
}

export interface KnownClaimsOptions {
  link: Link;
  store: CatalogStore;
  log: Logger;
}

/** Follows the metadata of all claims of this app cluster on the control plane. */
export class KnownClaims implements Controller {
  readonly #options: KnownClaimsOptions;
  readonly #listeners = new Set<() => void>();
  /** By the path of the collection: another version of an API is followed anew. */
  readonly #followed = new Map<string, { resource: string; informer: Informer<KnownClaim> }>();
  #forget: () => void = () => undefined;

  constructor(options: KnownClaimsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#forget = this.#options.store.onChange(() => this.#follow());
    this.#follow();
  }

  async stop(): Promise<void> {
    this.#forget();
    this.#listeners.clear();
    await Promise.all([...this.#followed.values()].map(({ informer }) => informer.stop()));
  }

  /** Called after any change of any list. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** All lists, once each of them was read whole; undefined before. */
  get lists(): KnownList[] | undefined {
    const followed = [...this.#followed];
    if (!this.#options.store.current || followed.some(([, { informer }]) => !informer.hasSynced))
      return undefined;
    return followed.map(([path, { resource, informer }]) => ({
      resource,
      path,
      resourceVersion: informer.resourceVersion,
      claims: informer.list(),
    }));
  }

  #follow(): void {
    const wanted = new Map(
      firstVersions(this.#options.store.current?.source.resources ?? []).map((resource) => [
        this.#path(resource),
        kindKey(resource),
      ]),
    );
    for (const [path, { informer }] of this.#followed) {
      if (wanted.has(path)) continue;
      this.#followed.delete(path);
      void informer.stop();
    }
    for (const [path, resource] of wanted) {
      if (this.#followed.has(path)) continue;
      this.#followed.set(path, { resource, informer: this.#informerOf(path, resource) });
    }
    this.#tell();
  }

  #path({ group, version, plural }: ConnectedResource): string {
    const { claimNamespace } = this.#options.link.connection;
    return `/apis/${group}/${version}/namespaces/${claimNamespace}/${plural}`;
  }

  #informerOf(path: string, resource: string): Informer<KnownClaim> {
    const { link, log } = this.#options;
    return new Informer<KnownClaim>({
      client: link.client,
      path,
      query: { labelSelector: `${appClusterLabel}=${link.connection.clusterID}` },
      accept: metadataListAccept,
      transform: asKnown,
      log,
      onChange: () => this.#tell(),
      onError: (error) => log.debug({ resource, reason: describeError(error) }, 'claims cannot be followed'),
    }).start();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function asKnown({ metadata }: KubeObject): KnownClaim {
  const { managedFields: _, ...kept } = metadata as KubeObject['metadata'] & { managedFields?: unknown };
  const stored = Buffer.from(
    JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: kept }),
  );
  const edits = new Edits();
  const { origin } = editToApp(stored, 0, stored.length, edits);
  return {
    metadata: { name: metadata.name, namespace: metadata.namespace ?? '' },
    app: origin?.app ?? { namespace: '', name: '' },
    shown: edits.apply(stored).toString('utf8'),
  };
}
