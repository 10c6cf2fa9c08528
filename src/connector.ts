import type { RequestListener } from 'node:http';
import type { ResourceRequest } from './apimachinery/request-info.ts';
import { NamespaceDeletionReview } from './admission/namespace-deletion-review.ts';
import { NamespaceLifecycle } from './admission/namespace-lifecycle.ts';
import { Authenticator } from './authentication/authenticator.ts';
import { ClientTrustSource } from './authentication/client-trust-source.ts';
import { TokenReviewer } from './authentication/token-review.ts';
import { Authorizer } from './authorization/authorizer.ts';
import { systemClock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';
import { Metrics } from './base/metrics.ts';
import { openRecords } from './base/records.ts';
import { productVersion } from './base/version.ts';
import { CatalogStore } from './catalog/catalog.ts';
import { namespaceDeletionPolicy } from './catalog/namespace-deletion.ts';
import { accessFollowingFile, accessFromEnvironment, type ClusterAccess } from './clusters/cluster-access.ts';
import { ClaimNamespaces } from './clusters/claim-namespaces.ts';
import { ConnectionState } from './clusters/connection-state.ts';
import { EventRecorder } from './clusters/event-recorder.ts';
import { KubeClient } from './clusters/kube-client.ts';
import { kubeSystemUID } from './clusters/kube-system.ts';
import { Lease } from './clusters/lease.ts';
import { SavedClaims } from './clusters/saved-claims.ts';
import { PeerCertificates } from './clusters/peer-certificates.ts';
import { Transport } from './clusters/transport.ts';
import type { Config } from './config/config.ts';
import { ApiServices } from './controllers/registry/api-services.ts';
import { blockingClaims } from './controllers/namespaces/blocking-claims.ts';
import { CatalogArchive, restoreCatalog } from './controllers/catalog/catalog-archive.ts';
import { CatalogFollower } from './controllers/catalog/catalog-follower.ts';
import { ClaimNamespacesRecord } from './controllers/namespaces/claim-namespaces-record.ts';
import { ClaimEvents } from './controllers/claims/claim-events.ts';
import { CompositeReasons } from './controllers/claims/composite-reasons.ts';
import { ConnectionSecrets } from './controllers/claims/connection-secrets.ts';
import { ControlPlaneLink } from './controllers/control-plane/control-plane-link.ts';
import { FollowedClaims } from './controllers/claims/followed-claims.ts';
import { KnownClaimsArchive } from './controllers/namespaces/known-claims-archive.ts';
import { ExpiryMonitor } from './controllers/certificates/expiry-monitor.ts';
import { expirySources } from './controllers/certificates/expiry-sources.ts';
import { LeaderWork } from './controllers/leader-work.ts';
import { NamespaceWebhook } from './controllers/namespaces/namespace-webhook.ts';
import { reportOrphaned } from './controllers/namespaces/orphaned-claims-report.ts';
import { readinessChecks } from './controllers/readiness-checks.ts';
import { RegisteredApis } from './controllers/registry/registered-apis.ts';
import { UninstallFence } from './controllers/registry/uninstall-fence.ts';
import { ServingCertificate } from './controllers/certificates/serving-certificate.ts';
import { Drain } from './downstream/drain.ts';
import type { Exchange, ResourceExchange } from './downstream/exchange.ts';
import { Exchanges } from './downstream/exchanges.ts';
import { DownstreamServer } from './downstream/server.ts';
import { shutDown } from './downstream/shutdown.ts';
import { createChain } from './filters/chain.ts';
import { InFlight } from './filters/in-flight.ts';
import { SlowClients } from './filters/slow-clients.ts';
import { namespaceReviewPath } from './filters/with-namespace-review.ts';
import { attributesOf } from './filters/with-authorization.ts';
import { requestErrorLogger } from './filters/with-request-log.ts';
import { answerFromCatalog } from './handlers/discovery.ts';
import { ListBuffers } from './handlers/lists/list-buffers.ts';
import { handleResource, type ResourceDependencies } from './handlers/resource.ts';
import { controlPlaneName } from './mapping/identity.ts';
import { retryLater } from './upstream/retry-later.ts';
import { warmUp } from './mapping/warm-up.ts';

/** A connector that serves. */
export interface RunningConnector {
  port: number;
  clusterID: string;
  /** Leaves in the order of downstream/shutdown.ts, then ends everything else. */
  stop: () => Promise<void>;
}

/**
 * The composition root: makes every part, hands each what it needs, and starts them in order. Nothing else constructs
 * clients or controllers, and no part knows how another was made.
 */
export async function startConnector(config: Config, log: Logger): Promise<RunningConnector> {
  const access =
    config.kubeconfig === undefined ? accessFromEnvironment() : accessFollowingFile(config.kubeconfig);
  const appTransport = new Transport(access);
  const app = new KubeClient(appTransport);
  const clusterID = config.clusterID ?? (await kubeSystemUID(app, log));

  const metrics = new Metrics();
  const store = new CatalogStore();
  store.onChange((catalog) => {
    metrics.connectedResources.set(catalog.source.resources.length);
    metrics.catalogLastChange.setToCurrentTime();
  });
  const stateObject = { namespace: config.namespace, name: `${config.releaseName}-state` };
  const state = new ConnectionState(app, stateObject.namespace, stateObject.name);
  const fence = new UninstallFence({ client: app, ...stateObject, log }).start();
  const claimNamespaces = new ClaimNamespaces(state, { clusterID, claimNamespace: config.claimNamespace });
  const savedClaims = new SavedClaims(app, config.namespace, `${config.releaseName}-claims`);
  const trust = new ClientTrustSource({ client: app, log }).start();
  const certificate = new ServingCertificate({
    client: app,
    namespace: config.namespace,
    secretName: `${config.releaseName}-serving-cert`,
    serviceName: config.releaseName,
    externalHost: config.external?.host,
    log,
  });
  const authorizer = new Authorizer({ client: app, log });
  const events = new EventRecorder({ client: app, identity: config.identity, log });
  const release = { releaseName: config.releaseName, namespace: config.namespace };
  const registered = new RegisteredApis({ client: app, release, log }).start();
  const namespaces = new NamespaceLifecycle({ client: app, record: claimNamespaces, log }).start();
  const patterns = { allow: config.allow, deny: config.deny };

  const blocksNamespaces = config.namespaceDeletion.some(({ policy }) => policy === 'block');

  let port = config.listen.port;
  const lease = new Lease({
    client: app,
    namespace: config.namespace,
    name: config.releaseName,
    identity: config.identity,
    log,
    isForbidden: () => fence.isUp,
  });
  // A process that was stopped, and goes on, may find what it wanted to write long decided by another leader.
  const leaderClient = new KubeClient(appTransport, 'mcp-connector', () => lease.isHeld);
  const servicePort = (): number => (config.external ? (config.external.port ?? port) : config.servicePort);
  const leader = new LeaderWork({
    ofLeader: () => [
      new CatalogArchive({ state, store, log }),
      ...(blocksNamespaces
        ? [
            new NamespaceWebhook({
              client: leaderClient,
              certificate,
              name: `${config.releaseName}-namespaces`,
              service: {
                namespace: config.namespace,
                name: config.releaseName,
                port: servicePort(),
                path: namespaceReviewPath,
              },
              makes: config.external !== undefined,
              log,
            }),
          ]
        : []),
      new ApiServices({
        client: leaderClient,
        store,
        certificate,
        registered,
        state,
        events,
        release,
        port: servicePort(),
        externalHost: config.external?.host,
        ownerClusterRole: config.ownerClusterRole,
        takeOver: config.takeOver,
        log,
        metrics,
      }),
    ],
    ofLink: (link) => {
      const claims = new FollowedClaims({ link, store, log });
      return [
        new ConnectionSecrets({ client: leaderClient, link, claims, recorder: events, metrics, log }),
        new ClaimEvents({ client: leaderClient, link, claims, metrics, log }),
        new CompositeReasons({ client: link.client, claims, recorder: events, log }),
        new ClaimNamespacesRecord({ client: app, link, claims, record: claimNamespaces, log, metrics }),
        new KnownClaimsArchive({ claims, saved: savedClaims, state, log }),
        // After those who listen to it.
        claims,
      ];
    },
  });
  let follower: CatalogFollower | undefined;
  let controlPlane: ClusterAccess | undefined;
  const link = new ControlPlaneLink({
    config,
    client: app,
    state,
    clusterID,
    log,
    metrics,
    onLink: (next) => {
      claimNamespaces.forget();
      controlPlane = next.transport.access;
      void follower?.stop();
      follower = new CatalogFollower({
        link: next,
        store,
        patterns,
        registered: () => registered.ours(),
        onRefresh: () => metrics.catalogLastRefresh.setToCurrentTime(),
        log,
      });
      follower.start();
      void leader.useLink(next);
    },
  });

  let isStopping = false;
  const readiness = readinessChecks({
    store,
    link,
    follower: () => follower,
    trust,
    isStopping: () => isStopping,
  });

  const resources: ResourceDependencies = {
    lists: new ListBuffers(),
    catalog: () => store.current,
    link: () => link.current,
    allowResourceRef: config.allowResourceRef,
    known: {
      outage: () => link.outage,
      isTerminating: (namespace) => namespaces.isTerminating(namespace),
      isAbsent: (namespace, resource) => claimNamespaces.isAbsent(namespace, resource),
      savedList: async (resource) => {
        const binding = await claimNamespaces.binding();
        return binding && savedClaims.read(resource, binding);
      },
    },
    namespaceDeletion: (resource) => namespaceDeletionPolicy(config.namespaceDeletion, resource),
    isLeaving: (namespace) => namespaces.isLeaving(namespace),
    onOrphaned: reportOrphaned({ events, log, metrics, uidOf: (namespace) => namespaces.uidOf(namespace) }),
    recordBeforeCreate: (namespace, resource, name) => {
      // It would be forgotten in the claim namespace.
      if (fence.isUp) throw retryLater('the connector is being uninstalled: no claims are created any more');
      return namespaces.recordBeforeCreate(namespace, resource, name);
    },
    admitCreate: (namespace, resource, name) => namespaces.admitCreate(namespace, resource, name),
    authorizeCreate: async ({ exchange: { user }, info }) => {
      await authorizer.authorize(user, attributesOf({ ...info, verb: 'create' }));
      const { group, resource, namespace = '', name = '' } = info;
      await namespaces.admitCreate(namespace, { group, resource }, name);
    },
  };
  const handle = (exchange: Exchange): void | Promise<void> =>
    exchange.info.isResource
      ? handleResource(exchange as ResourceExchange, resources)
      : answerFromCatalog(exchange, store.current, registered.foreign);
  const drain = new Drain();
  const exchanges = new Exchanges(drain);
  const requestsInflight = new InFlight(config.requestsInflight);
  const watchesInflight = new InFlight(config.watches);
  metrics.countInflight = () => requestsInflight.size;
  const slowClients = new SlowClients({
    requests: requestsInflight,
    watches: watchesInflight,
    watchWriteTimeoutMs: config.watchWriteTimeoutMs,
    onStalledWatch: () => metrics.watchesStalled.inc(),
  });
  metrics.readinessChecks = () => readiness.passed();
  metrics.buildInfo.set({ version: productVersion(), node_version: process.version }, 1);
  const { audit, tracing, close: closeRecords } = await openRecords(config, { metrics, log });
  const isConnected = ({ group, version, resource }: ResourceRequest): boolean =>
    store.current?.find(group, version, resource) !== undefined;
  const { catalog, known } = resources;
  const namespaceReview = blocksNamespaces
    ? new NamespaceDeletionReview({
        isKnown: (namespace) => namespaces.uidOf(namespace) !== undefined,
        claimsIn: (namespace) =>
          blockingClaims(namespace, {
            rules: config.namespaceDeletion,
            catalog,
            link: () => link.current,
            ...known,
          }),
        log,
      })
    : undefined;
  const chain = createChain({
    log,
    metrics,
    isConnected,
    namespaceReview,
    tracing,
    audit: audit && {
      log: audit,
      storedName: ({ group, version, resource, namespace = '' }, name) => {
        const prefix = store.current?.find(group, version, resource)?.prefix;
        return prefix && controlPlaneName(prefix, { namespace, name }, clusterID);
      },
    },
    requestsInflight,
    watchesInflight,
    onRejected: (reason) => metrics.requestsRejected.inc({ reason }),
    readiness,
    authenticator: new Authenticator({ trust, tokens: new TokenReviewer(app, systemClock, log), log }),
    authorizer,
    onError: requestErrorLogger(log),
    handle,
  });

  const listener: RequestListener = (req, res) => chain(exchanges.open(req, res));

  slowClients.start();
  warmUp(1_500);
  await certificate.start();
  await restoreCatalog({ state, store, log });
  const { cert, key } = certificate.current();
  const server = new DownstreamServer({ listener, cert, key, ...config.listen });
  port = await server.listen();
  log.info({ port, clusterID, claimNamespace: config.claimNamespace }, 'serving');

  certificate.onChange((material) => server.useCertificate(material.cert, material.key));
  const candidate = {
    onAcquired: () => {
      metrics.leader.set(1);
      return leader.lead();
    },
    onLost: () => {
      metrics.leader.set(0);
      return leader.resign();
    },
  };
  void fence.known.then(() => lease.start(candidate));
  link.start();
  const shown = new PeerCertificates();
  const sources = expirySources({ certificate, trust, shown, controlPlane: () => controlPlane });
  const expiries = new ExpiryMonitor({ sources, metrics, log }).start();

  return {
    port,
    clusterID,
    stop: async () => {
      isStopping = true;
      // At once: another replica goes on while this one still serves.
      const resigned = lease.stop();
      await shutDown({ server, exchanges, drain, delayMs: config.shutdownDelayMs });
      await Promise.all([
        resigned,
        fence.stop(),
        follower?.stop(),
        certificate.stop(),
        trust.stop(),
        namespaces.stop(),
      ]);
      slowClients.stop();
      await Promise.all([link.stop(), expiries.stop()]);
      await Promise.all([registered.stop(), events.stop()]);
      await closeRecords();
      await appTransport[Symbol.asyncDispose]();
    },
  };
}
