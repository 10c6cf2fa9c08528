import type { KubeObject, OwnerReference, Secret } from '../apimachinery/objects.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { CatalogStore } from '../catalog/catalog.ts';
import type { ConnectedResource } from '../catalog/connected-resource.ts';
import { secretPath } from '../clusters/api-paths.ts';
import { Informer } from '../clusters/informer.ts';
import { isNotFound, type KubeClient, metadataAccept } from '../clusters/kube-client.ts';
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
 *
 * Only the Secrets are watched, and a claim is read when its Secret changes: a watch on all claims would cost the
 * control plane and every user's own watch a share of each status update.
 */
export class ConnectionSecrets {
  readonly #options: ConnectionSecretsOptions;
  readonly #queue: Workqueue;
  readonly #secrets: Informer<Secret>;
  readonly #refused = new Map<string, string>();
  #forget: () => void = () => undefined;

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

  /** After another catalog: Secrets whose kind was not known before. */
  #addAll(): void {
    for (const secret of this.#secrets.list()) this.#queue.add(secret.metadata.name);
  }

  start(): void {
    this.#forget = this.#options.store.onChange(() => this.#addAll());
    this.#secrets.start();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    this.#forget();
    await Promise.all([this.#secrets.stop(), this.#queue.stop()]);
  }

  async #reconcile(name: string): Promise<void> {
    const { link, client } = this.#options;
    const { clusterID, claimNamespace } = link.connection;
    const stored = this.#secrets.get(name, claimNamespace);
    const owner = stored?.metadata.ownerReferences?.find((reference) => reference.controller);
    const resource = owner && this.#resourceOf(owner);
    if (!stored || !resource) return;
    const claim = await this.#readClaim(resource, owner.name);
    if (claim?.metadata.uid !== owner.uid) return;
    const { labels = {}, annotations = {} } = claim.metadata;
    const namespace = labels[appNamespaceLabel];
    const claimName = labels[appNameLabel];
    if (labels[appClusterLabel] !== clusterID || !namespace || !claimName) return;
    // Claims of the original connector have no annotation: their secret keeps the stored name.
    const own = annotations[connectionSecretAnnotation] ?? name;
    if (own !== name && controlPlaneName('claim', { namespace, name: own }, clusterID) !== name) return;
    await this.#deliver(client, stored, namespace, own, {
      apiVersion: `${resource.group}/${resource.version}`,
      kind: resource.kind,
      name: claimName,
      uid: owner.uid,
      controller: true,
      blockOwnerDeletion: true,
    });
  }

  /** The owner's kind on its preferred version, where it is a connected claim. */
  #resourceOf({ apiVersion, kind }: OwnerReference): ConnectedResource | undefined {
    const group = apiVersion.split('/')[0];
    const all = (this.#options.store.current?.groupVersions ?? []).flatMap(({ resources }) => resources);
    return all.find(
      (resource) => resource.group === group && resource.kind === kind && resource.prefix === 'claim',
    );
  }

  async #readClaim(
    { group, version, plural }: ConnectedResource,
    name: string,
  ): Promise<KubeObject | undefined> {
    const { client, connection } = this.#options.link;
    const path = `/apis/${group}/${version}/namespaces/${connection.claimNamespace}/${plural}/${name}`;
    try {
      return await client.get<KubeObject>(path, { accept: metadataAccept });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
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
      await client.create(secretPath(namespace), {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace, labels, ownerReferences: [owner] },
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
