import type { RequestListener } from 'node:http';
import type { Express } from 'express';
import type { KubeObject } from './apimachinery/objects.ts';
import { NamespaceLifecycle } from './admission/namespace-lifecycle.ts';
import { Authenticator } from './authentication/authenticator.ts';
import { ClientTrustSource } from './authentication/client-trust-source.ts';
import { TokenReviewer } from './authentication/token-review.ts';
import { Authorizer } from './authorization/authorizer.ts';
import { Cancellation } from './base/cancellation.ts';
import { systemClock } from './base/clock.ts';
import { ConnectorError, describeError } from './base/errors.ts';
import { Readiness } from './base/health.ts';
import type { Logger } from './base/logger.ts';
import { Metrics } from './base/metrics.ts';
import { CatalogStore } from './catalog/catalog.ts';
import { namespacePath } from './clusters/api-paths.ts';
import { accessFromEnvironment, accessFromFile } from './clusters/cluster-access.ts';
import { ConnectionState } from './clusters/connection-state.ts';
import { KubeClient } from './clusters/kube-client.ts';
import { Lease } from './clusters/lease.ts';
import { Transport } from './clusters/transport.ts';
import type { Config } from './config/config.ts';
import { ApiServices } from './controllers/api-services.ts';
import { CatalogArchive, restoreCatalog } from './controllers/catalog-archive.ts';
import { CatalogFollower } from './controllers/catalog-follower.ts';
import { ConnectionSecrets } from './controllers/connection-secrets.ts';
import { ControlPlaneLink } from './controllers/control-plane-link.ts';
import { LeaderWork } from './controllers/leader-work.ts';
import { ServingCertificate } from './controllers/serving-certificate.ts';
import type { Exchange, ResourceExchange } from './downstream/exchange.ts';
import { Exchanges } from './downstream/exchanges.ts';
import { DownstreamServer } from './downstream/server.ts';
import { createChain } from './filters/chain.ts';
import { attributesOf } from './filters/with-authorization.ts';
import { requestErrorLogger } from './filters/with-request-log.ts';
import { answerFromCatalog } from './handlers/discovery.ts';
import { ListBuffers } from './handlers/list-buffers.ts';
import { handleResource, type ResourceDependencies } from './handlers/resource.ts';
import { warmUp } from './mapping/warm-up.ts';

/** A connector that serves. */
export interface RunningConnector {
  port: number;
  clusterID: string;
  /** Ends what is under way within `graceMs`, and everything else. */
  stop: (graceMs: number) => Promise<void>;
}

/**
 * The composition root: makes every part, hands each what it needs, and starts them in order. Nothing else constructs
 * clients or controllers, and no part knows how another was made.
 */
export async function startConnector(config: Config, log: Logger): Promise<RunningConnector> {
  const access =
    config.kubeconfig === undefined ? accessFromEnvironment() : accessFromFile(config.kubeconfig);
  const appTransport = new Transport(access);
  const app = new KubeClient(appTransport);
  const clusterID = config.clusterID ?? (await kubeSystemUID(app, log));

  const metrics = new Metrics();
  const store = new CatalogStore();
  const state = new ConnectionState(app, config.namespace, `${config.releaseName}-state`);
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
  const namespaces = new NamespaceLifecycle({ client: app, log }).start();
  const patterns = { allow: config.allow, deny: config.deny };

  let port = config.listen.port;
  const leader = new LeaderWork({
    ofLeader: () => [
      new CatalogArchive({ state, store, log }),
      new ApiServices({
        client: app,
        store,
        certificate,
        releaseName: config.releaseName,
        namespace: config.namespace,
        port: config.external ? (config.external.port ?? port) : config.servicePort,
        externalHost: config.external?.host,
        ownerClusterRole: config.ownerClusterRole,
        log,
        metrics,
      }),
    ],
    ofLink: (link) => [new ConnectionSecrets({ client: app, link, store, log })],
  });
  let follower: CatalogFollower | undefined;
  const link = new ControlPlaneLink({
    config,
    client: app,
    state,
    clusterID,
    log,
    onLink: (next) => {
      void follower?.stop();
      follower = new CatalogFollower({ link: next, store, patterns, log });
      follower.start();
      void leader.useLink(next);
    },
  });

  const readiness = new Readiness();
  readiness.add('catalog', () =>
    store.current
      ? undefined
      : (link.fault?.message ?? follower?.fault ?? 'the claim APIs have not been read yet'),
  );
  readiness.add('binding', () => (link.fault?.code === 'binding-changed' ? link.fault.message : undefined));
  readiness.add('front-proxy', () =>
    trust.current ? undefined : 'the front-proxy configuration has not been read yet',
  );

  const resources: ResourceDependencies = {
    lists: new ListBuffers(),
    catalog: () => store.current,
    link: () => link.current,
    allowResourceRef: config.allowResourceRef,
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
      : answerFromCatalog(exchange, store.current);
  const draining = new Cancellation();
  const exchanges = new Exchanges(draining);
  const chain: Express = createChain({
    log,
    metrics,
    readiness,
    authenticator: new Authenticator({ trust, tokens: new TokenReviewer(app, systemClock, log), log }),
    authorizer,
    onError: requestErrorLogger(log),
    exchangeOf: (req) => exchanges.of(req),
    handle,
  });

  const listener: RequestListener = (req, res) => {
    exchanges.open(req, res);
    chain(req, res);
  };

  warmUp(1_500);
  await certificate.start();
  await restoreCatalog({ state, store, log });
  const { cert, key } = certificate.current();
  const server = new DownstreamServer({ listener, cert, key, ...config.listen });
  port = await server.listen();
  log.info({ port, clusterID, claimNamespace: config.claimNamespace }, 'serving');

  certificate.onChange((material) => server.useCertificate(material.cert, material.key));
  store.onChange((catalog) => metrics.connectedResources.set(catalog.source.resources.length));
  const lease = new Lease({
    client: app,
    namespace: config.namespace,
    name: config.releaseName,
    identity: config.identity,
    log,
  });
  lease.start({ onAcquired: () => leader.lead(), onLost: () => leader.resign() });
  link.start();

  return {
    port,
    clusterID,
    stop: async (graceMs) => {
      await lease.stop();
      draining.cancel(new Error('the connector stops'));
      await Promise.all([
        server.drain(graceMs),
        follower?.stop(),
        certificate.stop(),
        trust.stop(),
        namespaces.stop(),
      ]);
      await link.stop();
      await appTransport[Symbol.asyncDispose]();
    },
  };
}

/** The app cluster's identity on the control plane. Waits for the app cluster, which may start after us. */
async function kubeSystemUID(app: KubeClient, log: Logger): Promise<string> {
  for (;;) {
    try {
      const namespace = await app.get<KubeObject>(namespacePath('kube-system'));
      return namespace.metadata.uid as string;
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.code !== 'unreachable') throw error;
      log.warn({ reason: describeError(error) }, 'waiting for the app cluster');
      await systemClock.sleep(2_000);
    }
  }
}
