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
import { Catalog, type CatalogSource, CatalogStore } from './catalog/catalog.ts';
import { parseOpenApi } from './catalog/openapi-document.ts';
import { namespacePath } from './clusters/api-paths.ts';
import { accessFromEnvironment, accessFromFile } from './clusters/cluster-access.ts';
import { ConnectionState } from './clusters/connection-state.ts';
import { KubeClient } from './clusters/kube-client.ts';
import { Lease } from './clusters/lease.ts';
import { Transport } from './clusters/transport.ts';
import type { Config } from './config/config.ts';
import { ApiServices } from './controllers/api-services.ts';
import { CatalogFollower } from './controllers/catalog-follower.ts';
import { ConnectionSecrets } from './controllers/connection-secrets.ts';
import { ControlPlaneLink } from './controllers/control-plane-link.ts';
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
import type { Link } from './upstream/link.ts';

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

  let follower: CatalogFollower | undefined;
  let secrets: ConnectionSecrets | undefined;
  let leads = false;
  let lastLink: Link | undefined;
  const copySecrets = (): void => {
    void secrets?.stop();
    secrets =
      leads && lastLink ? new ConnectionSecrets({ client: app, link: lastLink, store, log }) : undefined;
    secrets?.start();
  };
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
      lastLink = next;
      copySecrets();
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
  await restoreCatalog(state, store, log);
  const { cert, key } = certificate.current();
  const server = new DownstreamServer({ listener, cert, key, ...config.listen });
  const port = await server.listen();
  log.info({ port, clusterID, claimNamespace: config.claimNamespace }, 'serving');

  let apiServices: ApiServices | undefined;
  const registerApis = (): ApiServices =>
    new ApiServices({
      client: app,
      store,
      caBundle: () => certificate.current().caBundle,
      releaseName: config.releaseName,
      namespace: config.namespace,
      port: config.external ? (config.external.port ?? port) : config.servicePort,
      externalHost: config.external?.host,
      ownerClusterRole: config.ownerClusterRole,
      log,
      metrics,
    });
  certificate.onChange((material) => {
    server.useCertificate(material.cert, material.key);
    apiServices?.addAll();
  });
  store.onChange((catalog) => {
    metrics.connectedResources.set(catalog.source.resources.length);
    apiServices?.addAll();
    secrets?.addAll();
    if (leads) void saveCatalog(state, catalog, log);
  });
  const lease = new Lease({
    client: app,
    namespace: config.namespace,
    name: config.releaseName,
    identity: config.identity,
    log,
  });
  lease.start({
    onAcquired: () => {
      leads = true;
      apiServices = registerApis();
      apiServices.start();
      copySecrets();
      if (store.current) void saveCatalog(state, store.current, log);
    },
    onLost: async () => {
      leads = false;
      await Promise.all([apiServices?.stop(), secrets?.stop()]);
      apiServices = undefined;
      secrets = undefined;
    },
  });
  link.start();

  return {
    port,
    clusterID,
    stop: async (graceMs) => {
      await lease.stop();
      draining.cancel(new Error('the connector stops'));
      await Promise.all([
        server.drain(graceMs),
        apiServices?.stop(),
        secrets?.stop(),
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

/** The last catalog of this app cluster, so that a restart in an outage of the control plane takes no API away. */
async function restoreCatalog(state: ConnectionState, store: CatalogStore, log: Logger): Promise<void> {
  try {
    const text = await state.readCatalog();
    if (text === undefined) return;
    store.publish(new Catalog(parseOpenApi(text) as unknown as CatalogSource));
    log.info({ from: state.objectName }, 'the last catalog was restored');
  } catch (error) {
    log.warn(
      { from: state.objectName, reason: describeError(error) },
      'the last catalog could not be restored',
    );
  }
}

async function saveCatalog(state: ConnectionState, catalog: Catalog, log: Logger): Promise<void> {
  try {
    if (await state.writeCatalog(JSON.stringify(catalog.source))) return;
    log.warn(
      'the catalog is too large to be saved: a restart in an outage of the control plane would not find it',
    );
  } catch (error) {
    log.warn({ reason: describeError(error) }, 'the catalog could not be saved');
  }
}
