import type { KubeObject, OwnerReference, Secret } from '../apimachinery/objects.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { CatalogStore } from '../catalog/catalog.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import { secretPath } from '../clusters/api-paths.ts';
import { Informer } from '../clusters/informer.ts';
import { isNotFound, type KubeClient, metadataListAccept } from '../clusters/kube-client.ts';
import {
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  connectionSecretAnnotation,
  controlPlaneName,
} from '../mapping/identity.ts';
import type { Link } from '../upstream/link.ts';
import { Workqueue } from './workqueue.ts';

export interface ConnectionSecretsOptions {
  /** The app cluster. */
  client: KubeClient;
  link: Link;
  store: CatalogStore;
  log: Logger;
}

/** What Crossplane writes a claim's connection details as. */
const connectionSecretType = 'connection.crossplane.io/v1alpha1';

/**
 * Brings each connection secret of a claim into the claim's namespace under the name the user gave, owned by the
 * claim, so that it goes with it. A Secret that belongs to somebody else is never overwritten; labels and annotations
 * others put on a delivered one stay.
 */
export class ConnectionSecrets {
  readonly #options: ConnectionSecretsOptions;
  readonly #queue: Workqueue;
  readonly #secrets: Informer<Secret>;
  readonly #claims = new Map<string, Informer<KubeObject>>();
  /** What was brought, as claim uid and Secret version: status updates of claims cost no call. */
  readonly #delivered = new Map<string, string>();
  readonly #refused = new Map<string, string>();
  #stopped = false;

  constructor(options: ConnectionSecretsOptions) {
    this.#options = options;
    this.#queue = new Workqueue(options.log, (name) => this.#reconcile(name));
    const { claimNamespace } = options.link.connection;
    this.#secrets = new Informer<Secret>({
      client: options.link.client,
      path: secretPath(claimNamespace),
      query: { fieldSelector: `type=${connectionSecretType}` },
      log: options.log,
      onChange: (event) => (event ? this.#queue.add(event.object.metadata.name) : this.#addAll()),
      onError: (error) =>
        options.log.warn({ reason: describeError(error) }, 'the connection secrets cannot be followed'),
    });
  }

  start(): void {
    this.#secrets.start();
    this.#queue.start();
    this.followClaims();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([
      this.#secrets.stop(),
      this.#queue.stop(),
      ...[...this.#claims.values()].map((informer) => informer.stop()),
    ]);
  }

  #addAll(): void {
    for (const secret of this.#secrets.list()) this.#queue.add(secret.metadata.name);
  }

  #addOf(claim: KubeObject): void {
    const own = claim.metadata.annotations?.[connectionSecretAnnotation];
    const namespace = claim.metadata.labels?.[appNamespaceLabel];
    if (own === undefined || namespace === undefined) this.#addAll();
    else
      this.#queue.add(
        controlPlaneName('claim', { namespace, name: own }, this.#options.link.connection.clusterID),
      );
  }

  /** After another catalog: one metadata informer per connected kind, on its preferred version. */
  followClaims(): void {
    if (this.#stopped) return;
    const preferred = this.#preferred();
    for (const [key, resource] of preferred) {
      if (this.#claims.has(key)) continue;
      const { link, log } = this.#options;
      const informer = new Informer<KubeObject>({
        client: link.client,
        path: `/apis/${resource.group}/${resource.version}/namespaces/${link.connection.claimNamespace}/${resource.plural}`,
        query: { labelSelector: `${appClusterLabel}=${link.connection.clusterID}` },
        accept: metadataListAccept,
        log,
        onChange: (event) => (event ? this.#addOf(event.object) : this.#addAll()),
      });
      this.#claims.set(key, informer.start());
    }
    for (const [key, informer] of this.#claims) {
      if (preferred.has(key)) continue;
      this.#claims.delete(key);
      void informer.stop();
    }
  }

  #preferred(): Map<string, ConnectedResource> {
    const preferred = new Map<string, ConnectedResource>();
    for (const { resources } of this.#options.store.current?.groupVersions ?? []) {
      for (const resource of resources) {
        const key = `${resource.group}/${resource.kind}`;
        if (resource.prefix === 'claim' && !preferred.has(key)) preferred.set(key, resource);
      }
    }
    return preferred;
  }

  async #reconcile(name: string): Promise<void> {
    const { link, client } = this.#options;
    const stored = this.#secrets.get(name, link.connection.claimNamespace);
    const owner = stored?.metadata.ownerReferences?.find((reference) => reference.controller);
    if (!stored || !owner) {
      this.#delivered.delete(name);
      return;
    }
    const group = owner.apiVersion.split('/')[0] as string;
    const resource = this.#preferred().get(`${group}/${owner.kind}`);
    const claim = this.#claims.get(`${group}/${owner.kind}`)?.get(owner.name, link.connection.claimNamespace);
    if (!resource || claim?.metadata.uid !== owner.uid) return;
    const version = `${owner.uid}/${stored.metadata.resourceVersion}`;
    if (this.#delivered.get(name) === version) return;
    const { labels = {}, annotations = {} } = claim.metadata;
    const namespace = labels[appNamespaceLabel];
    const claimName = labels[appNameLabel];
    if (labels[appClusterLabel] !== link.connection.clusterID || !namespace || !claimName) return;
    // Claims of the original connector have no annotation: their secret keeps the stored name.
    const own = annotations[connectionSecretAnnotation] ?? name;
    const hashed = controlPlaneName('claim', { namespace, name: own }, link.connection.clusterID);
    if (own !== name && hashed !== name) return;
    await this.#deliver(client, stored, namespace, own, {
      apiVersion: `${resource.group}/${resource.version}`,
      kind: resource.kind,
      name: claimName,
      uid: owner.uid,
      controller: true,
      blockOwnerDeletion: true,
    });
    this.#delivered.set(name, version);
  }

  async #deliver(
    client: KubeClient,
    stored: Secret,
    namespace: string,
    name: string,
    owner: OwnerReference,
  ): Promise<void> {
    let present: Secret | undefined;
    try {
      present = await client.get<Secret>(secretPath(namespace, name));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (!present) {
      const labels = { 'app.kubernetes.io/managed-by': 'mcp-connector' };
      const metadata = { name, namespace, labels, ownerReferences: [owner] };
      await client.create(secretPath(namespace), {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        type: stored.type,
        data: stored.data ?? {},
      });
      this.#options.log.info({ namespace, name, claim: owner.name }, 'delivered a connection secret');
      return;
    }
    if (present.metadata.ownerReferences?.some(({ uid }) => uid === owner.uid) !== true) {
      this.#refuse(namespace, name, owner);
      return;
    }
    this.#refused.delete(`${namespace}/${name}`);
    if (sameData(present.data, stored.data)) return;
    await client.replace(secretPath(namespace, name), { ...present, data: stored.data ?? {} });
  }

  #refuse(namespace: string, name: string, owner: OwnerReference): void {
    const key = `${namespace}/${name}`;
    if (this.#refused.get(key) === owner.uid) return;
    this.#refused.set(key, owner.uid);
    this.#options.log.error(
      { namespace, name, claim: owner.name },
      `the connection secret of ${owner.kind} ${namespace}/${owner.name} is not delivered: a Secret ${name} exists there that the claim does not own; delete it, or change spec.writeConnectionSecretToRef.name`,
    );
  }
}

function sameData(a: Record<string, string> = {}, b: Record<string, string> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
