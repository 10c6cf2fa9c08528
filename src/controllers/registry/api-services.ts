import type { APIService, KubeObject, ObjectReference, OwnerReference } from '../../apimachinery/objects.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Catalog, CatalogStore } from '../../catalog/catalog.ts';
import type { GroupVersion } from '../../catalog/connected-resource.ts';
import { apiServicePath, clusterRolePath, servicePath } from '../../clusters/api-paths.ts';
import type { ConnectionState } from '../../clusters/connection-state.ts';
import type { EventRecorder } from '../../clusters/event-recorder.ts';
import { isConflict, isNotFound, type KubeClient } from '../../clusters/kube-client.ts';
import { ApiConflicts } from './api-conflicts.ts';
import { differs, nameOf, wantedApiService } from './wanted-api-service.ts';
import {
  isOurs,
  mayBeTakenOver,
  otherOwnerOf,
  ownerByDefinitions,
  type Release,
} from './api-service-owner.ts';
import { LocalDefinitions } from './local-definitions.ts';
import type { RegisteredApis } from './registered-apis.ts';
import { ServiceEndpoints } from './service-endpoints.ts';
import type { ServingCertificate } from '../certificates/serving-certificate.ts';
import { Workqueue } from '../workqueue.ts';

export interface ApiServicesOptions {
  /** The app cluster. */
  client: KubeClient;
  store: CatalogStore;
  registered: RegisteredApis;
  /** Keeps the conflicts for `mcp-connector status`. */
  state: Pick<ConnectionState, 'readConflicts' | 'writeConflicts'>;
  events: Pick<EventRecorder, 'record'>;
  /** Its CAs stand in every APIService. */
  certificate: Pick<ServingCertificate, 'current' | 'onChange'>;
  release: Release;
  /** Port of the Service, or of the external host. */
  port: number;
  /** A Service of type ExternalName is kept for this host. */
  externalHost?: string | undefined;
  ownerClusterRole?: string | undefined;
  /** The Service of an installation of another product, whose APIServices become ours. */
  takeOver?: Release | undefined;
  log: Logger;
  metrics: Metrics;
}

/** After all names that wait: no APIService is called so. */
const everyOne = '';
/** Between two looks at the pods behind our Service. */
const lookEveryMs = 500;

/**
 * Keeps one APIService per connected group version: made, corrected, and removed when the API is positively gone from
 * the catalog. What belongs to a local CRD or to somebody else is never touched, also when it became theirs later, and
 * reported until it is gone.
 */
export class ApiServices {
  readonly #options: ApiServicesOptions;
  readonly #queue: Workqueue;
  readonly #definitions: LocalDefinitions;
  readonly #conflicts: ApiConflicts;
  readonly #endpoints: ServiceEndpoints;
  #owner: OwnerReference | undefined;
  #forget: (() => void)[] = [];

  constructor(options: ApiServicesOptions) {
    const { client, log, state, events, metrics } = options;
    this.#options = options;
    this.#endpoints = new ServiceEndpoints(client, options.release);
    this.#queue = new Workqueue(log, (name) => this.#reconcile(name));
    this.#conflicts = new ApiConflicts({ state, events, metrics, log });
    this.#definitions = new LocalDefinitions({ client, log, onChange: (group) => this.#addAll(group) });
  }

  /** After a change that concerns all of them, or all of one group: another catalog, a new CA, a local CRD. */
  #addAll(group?: string): void {
    const { registered, store, release } = this.#options;
    const concerned = (other: string): boolean => group === undefined || group === other;
    for (const service of registered.list())
      if (isOurs(service, release) && concerned(service.spec.group)) this.#queue.add(service.metadata.name);
    for (const groupVersion of store.current?.groupVersions ?? [])
      if (concerned(groupVersion.group)) this.#queue.add(nameOf(groupVersion));
    this.#queue.add(everyOne);
  }

  start(): void {
    const { store, certificate, registered } = this.#options;
    this.#forget = [
      store.onChange(() => this.#addAll()),
      certificate.onChange(() => this.#addAll()),
      registered.onChange((name) => (name === undefined ? this.#addAll() : this.#queue.add(name))),
    ];
    this.#definitions.start();
    this.#conflicts.start();
    this.#addAll();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    for (const forget of this.#forget) forget();
    await this.#definitions.stop();
    await this.#queue.stop();
    await this.#conflicts.stop();
  }

  async #reconcile(name: string): Promise<void> {
    const { store, registered, release, takeOver } = this.#options;
    const catalog = store.current;
    if (!catalog || !registered.hasSynced || !this.#definitions.areKnown) return;
    if (name === everyOne) return this.#conflicts.settled();
    const groupVersion = catalog.groupVersions.find((candidate) => nameOf(candidate) === name);
    const current = registered.get(name);
    if (!groupVersion) {
      this.#conflicts.settle(name, undefined);
      if (current && isOurs(current, release)) await this.#remove(current);
      return;
    }
    const { group, version } = groupVersion;
    const definitions = await this.#definitions.serving(group, version);
    const isTaken = current !== undefined && takeOver !== undefined && mayBeTakenOver(current, takeOver);
    if (current ? !isOurs(current, release) && !isTaken : definitions.length > 0) {
      this.#reportForeign(name, current, definitions, group);
      return;
    }
    await this.#ensureService();
    // Until then the other one serves.
    if (isTaken && !(await this.#leadsToPods())) return this.#queue.addAfter(name, lookEveryMs);
    const wanted = await this.#wanted(catalog, groupVersion);
    const kept = current ? await this.#correct(current, wanted) : await this.#create(wanted);
    if (definitions.length > 0) this.#reportHidden(name, definitions, group);
    else this.#conflicts.settle(name, referenceTo(kept));
  }

  /** Somebody else's. A local CRD is on its way to an APIService of kube-apiserver's, where there is none yet. */
  #reportForeign(
    name: string,
    current: APIService | undefined,
    definitions: readonly KubeObject[],
    group: string,
  ): void {
    const exclude = `exclude the group with --deny=*.${group}`;
    const other = current
      ? otherOwnerOf(current, this.#options.release, definitions)
      : ownerByDefinitions(definitions, exclude);
    this.#conflicts.report(name, {
      ...other,
      object: referenceTo(current ?? { metadata: { name } }),
      reason: 'NotConnected',
      effect: `APIService ${name} is not connected`,
    });
  }

  /**
   * kube-apiserver leaves an APIService of somebody else alone, also for a CRD that comes later
   * (autoregister_controller.go, checkAPIService): the CRD is hidden. Ours stays: with it, the claims would vanish.
   */
  #reportHidden(name: string, definitions: readonly KubeObject[], group: string): void {
    const [first] = definitions;
    if (!first) return;
    const { owner, remedy } = ownerByDefinitions(definitions, `exclude the group with --deny=*.${group}`);
    this.#conflicts.report(name, {
      owner,
      remedy,
      object: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        name: first.metadata.name,
        uid: first.metadata.uid,
      },
      reason: 'HiddenByAPIService',
      effect: `APIService ${name} leads to the control plane and hides what this cluster has under the same group and version`,
    });
  }

  async #create(wanted: APIService): Promise<APIService> {
    const created = await this.#options.client.create<APIService>(apiServicePath(), wanted);
    this.#options.log.info({ apiService: wanted.metadata.name }, 'registered an API');
    return created;
  }

  /** Guarded by the resourceVersion, so that nothing is taken from who takes it over at this moment. */
  async #correct(current: APIService, wanted: APIService): Promise<APIService> {
    const { release, log, client } = this.#options;
    const isTaken = !isOurs(current, release);
    if (!isTaken && !differs(current, wanted)) return current;
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
    const kept = await client.replace<APIService>(apiServicePath(wanted.metadata.name), merged);
    if (isTaken)
      log.info({ apiService: wanted.metadata.name, from: current.spec.service }, 'took over an API');
    return kept;
  }

  async #remove({ metadata }: APIService): Promise<void> {
    const { name, uid, resourceVersion } = metadata;
    try {
      await this.#options.client.delete(apiServicePath(name), { preconditions: { uid, resourceVersion } });
      this.#options.log.info({ apiService: name }, 'removed an API that the control plane no longer has');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #wanted(catalog: Catalog, groupVersion: GroupVersion): Promise<APIService> {
    const { release, port, certificate } = this.#options;
    const owner = await this.#ownerReference();
    return wantedApiService({
      catalog,
      groupVersion,
      release,
      port,
      caBundle: certificate.current().caBundle,
      owner,
    });
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

  /** A Service of type ExternalName has no endpoints. */
  async #leadsToPods(): Promise<boolean> {
    return this.#options.externalHost !== undefined || (await this.#endpoints.areSettled());
  }

  /** Outside the cluster, the Service that the APIServices name leads to our host. */
  async #ensureService(): Promise<void> {
    const { client, externalHost, release, port } = this.#options;
    const { releaseName, namespace } = release;
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

function referenceTo({ metadata }: Pick<APIService, 'metadata'>): ObjectReference {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    name: metadata.name,
    uid: metadata.uid,
  };
}
