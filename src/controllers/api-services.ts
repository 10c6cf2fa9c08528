import type { APIService, KubeObject, OwnerReference } from '../apimachinery/objects.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Catalog, CatalogStore } from '../catalog/catalog.ts';
import type { GroupVersion } from '../catalog/connected-resource.ts';
import { apiServicePath, clusterRolePath, servicePath } from '../clusters/api-paths.ts';
import { Informer } from '../clusters/informer.ts';
import { isConflict, isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import type { ServingCertificate } from './serving-certificate.ts';
import { Workqueue } from './workqueue.ts';

export interface ApiServicesOptions {
  /** The app cluster. */
  client: KubeClient;
  store: CatalogStore;
  /** Its CAs stand in every APIService. */
  certificate: Pick<ServingCertificate, 'current' | 'onChange'>;
  releaseName: string;
  namespace: string;
  /** Port of the Service, or of the external host. */
  port: number;
  /** A Service of type ExternalName is kept for this host. */
  externalHost?: string | undefined;
  ownerClusterRole?: string | undefined;
  log: Logger;
  metrics: Metrics;
}

/** Says which release an APIService belongs to. */
const releaseLabel = 'mcp-connector-k8s.io/release';
/** Any change of an APIService makes the aggregator read discovery and OpenAPI again, instead of after a minute. */
const catalogAnnotation = 'mcp-connector-k8s.io/catalog-hash';
/** kube-apiserver owns what carries this label, and would fight every change. */
const automanagedLabel = 'kube-aggregator.kubernetes.io/automanaged';

// As kube-apiserver registers a CRD's group version (crdregistration_controller.go).
const groupPriorityMinimum = 1000;
const highestVersionPriority = 100;

/**
 * Keeps one APIService per connected group version: made, corrected, and removed when the API is positively gone from
 * the catalog. What belongs to a local CRD or to somebody else is never touched, and reported.
 */
export class ApiServices {
  readonly #options: ApiServicesOptions;
  readonly #informer: Informer<APIService>;
  readonly #queue: Workqueue;
  readonly #conflicts = new Set<string>();
  #owner: OwnerReference | undefined;
  #forget: (() => void)[] = [];

  constructor(options: ApiServicesOptions) {
    this.#options = options;
    this.#queue = new Workqueue(options.log, (name) => this.#reconcile(name));
    this.#informer = new Informer<APIService>({
      client: options.client,
      path: apiServicePath(),
      log: options.log,
      onChange: (event) => (event ? this.#queue.add(event.object.metadata.name) : this.#addAll()),
      onError: (error) =>
        options.log.warn({ reason: describeError(error) }, 'the APIServices cannot be followed'),
    });
  }

  /** After a change that concerns all of them: another catalog, a new CA. */
  #addAll(): void {
    for (const service of this.#informer.list())
      if (this.#isOurs(service)) this.#queue.add(service.metadata.name);
    for (const groupVersion of this.#options.store.current?.groupVersions ?? [])
      this.#queue.add(nameOf(groupVersion));
  }

  start(): void {
    const { store, certificate } = this.#options;
    this.#forget = [store.onChange(() => this.#addAll()), certificate.onChange(() => this.#addAll())];
    this.#informer.start();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const forget of this.#forget) forget();
    await this.#informer.stop();
    await this.#queue.stop();
  }

  async #reconcile(name: string): Promise<void> {
    const catalog = this.#options.store.current;
    if (!catalog || !this.#informer.hasSynced) return;
    const groupVersion = catalog.groupVersions.find((candidate) => nameOf(candidate) === name);
    const current = this.#informer.get(name);
    if (!groupVersion) {
      this.#settle(name);
      if (current && this.#isOurs(current)) await this.#remove(current);
      return;
    }
    if (current && !this.#isOurs(current)) {
      this.#reportConflict(name, current);
      return;
    }
    this.#settle(name);
    await this.#ensureService();
    const wanted = this.#wanted(catalog, groupVersion, await this.#ownerReference());
    if (!current) await this.#create(wanted);
    else if (differs(current, wanted)) await this.#replace(current, wanted);
  }

  async #create(wanted: APIService): Promise<void> {
    await this.#options.client.create(apiServicePath(), wanted);
    this.#options.log.info({ apiService: wanted.metadata.name }, 'registered an API');
  }

  async #replace(current: APIService, wanted: APIService): Promise<void> {
    const merged: APIService = {
      ...current,
      metadata: {
        ...current.metadata,
        labels: { ...current.metadata.labels, ...wanted.metadata.labels },
        annotations: { ...current.metadata.annotations, ...wanted.metadata.annotations },
        ...(wanted.metadata.ownerReferences ? { ownerReferences: wanted.metadata.ownerReferences } : {}),
      },
      spec: wanted.spec,
    };
    await this.#options.client.replace(apiServicePath(wanted.metadata.name), merged);
  }

  async #remove({ metadata }: APIService): Promise<void> {
    try {
      await this.#options.client.delete(apiServicePath(metadata.name), {
        preconditions: { uid: metadata.uid },
      });
      this.#options.log.info(
        { apiService: metadata.name },
        'removed an API that the control plane no longer has',
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #wanted(catalog: Catalog, groupVersion: GroupVersion, owner: OwnerReference | undefined): APIService {
    const { namespace, releaseName, port, certificate } = this.#options;
    const { group, version } = groupVersion;
    const versions = catalog.groupVersions
      .filter((candidate) => candidate.group === group)
      .map((candidate) => candidate.version);
    return {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: {
        name: nameOf(groupVersion),
        labels: { 'app.kubernetes.io/managed-by': 'mcp-connector', [releaseLabel]: releaseName },
        annotations: { [catalogAnnotation]: catalog.hashOf(groupVersion) },
        ...(owner ? { ownerReferences: [owner] } : {}),
      },
      spec: {
        group,
        version,
        groupPriorityMinimum,
        versionPriority: Math.max(1, highestVersionPriority - versions.indexOf(version)),
        service: { namespace, name: releaseName, port },
        caBundle: Buffer.from(certificate.current().caBundle).toString('base64'),
      },
    };
  }

  #isOurs({ metadata, spec }: APIService): boolean {
    const { releaseName, namespace } = this.#options;
    if (metadata.labels?.[automanagedLabel] !== undefined || !spec.service) return false;
    return (
      metadata.labels?.[releaseLabel] === releaseName &&
      spec.service.namespace === namespace &&
      spec.service.name === releaseName
    );
  }

  #reportConflict(name: string, { metadata, spec }: APIService): void {
    if (this.#conflicts.has(name)) return;
    this.#conflicts.add(name);
    this.#options.metrics.apiServiceConflicts.set(this.#conflicts.size);
    const owner = spec.service
      ? `the Service ${spec.service.namespace}/${spec.service.name} (remove that installation, or exclude the group with --deny)`
      : `a CustomResourceDefinition of this cluster (delete the local CRDs of ${spec.group}, or exclude the group with --deny)`;
    this.#options.log.error(
      { apiService: metadata.name },
      `APIService ${name} is not connected: it belongs to ${owner}`,
    );
  }

  #settle(name: string): void {
    if (this.#conflicts.delete(name)) this.#options.metrics.apiServiceConflicts.set(this.#conflicts.size);
  }

  async #ownerReference(): Promise<OwnerReference | undefined> {
    const { ownerClusterRole, client } = this.#options;
    if (ownerClusterRole === undefined || this.#owner) return this.#owner;
    const role = await client.get<KubeObject>(clusterRolePath(ownerClusterRole));
    this.#owner = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      name: ownerClusterRole,
      uid: role.metadata.uid as string,
    };
    return this.#owner;
  }

  /** Outside the cluster, the Service that the APIServices name leads to our host. */
  async #ensureService(): Promise<void> {
    const { client, externalHost, namespace, releaseName, port } = this.#options;
    if (externalHost === undefined) return;
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: releaseName, namespace, labels: { 'app.kubernetes.io/managed-by': 'mcp-connector' } },
      spec: {
        type: 'ExternalName',
        externalName: externalHost,
        ports: [{ name: 'https', port, protocol: 'TCP' }],
      },
    };
    try {
      await client.create(servicePath(namespace), service);
    } catch (error) {
      if (!isConflict(error)) throw error;
      await client.patch(servicePath(namespace, releaseName), { spec: service.spec });
    }
  }
}

function nameOf({ group, version }: { group: string; version: string }): string {
  return `${version}.${group}`;
}

function differs(current: APIService, wanted: APIService): boolean {
  const relevant = ({ metadata, spec }: APIService): string =>
    JSON.stringify([
      spec.groupPriorityMinimum,
      spec.versionPriority,
      spec.caBundle,
      spec.service?.port,
      spec.insecureSkipTLSVerify ?? false,
      metadata.annotations?.[catalogAnnotation],
      wanted.metadata.ownerReferences ? metadata.ownerReferences?.map(({ uid }) => uid) : undefined,
    ]);
  return relevant(current) !== relevant(wanted);
}
