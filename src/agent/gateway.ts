import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallRecord } from './audit/call-record.ts';
import { systemClock } from '../base/clock.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import { Readiness } from '../base/health.ts';
import type { Logger } from '../base/logger.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { CallLogs } from './audit/call-logs.ts';
import { ConfirmationCodes } from './protocol/confirmation-codes.ts';
import { HttpEndpoint } from './protocol/http-endpoint.ts';
import { gatewayListener, type Route } from './protocol/http-listener.ts';
import { productEndpoint } from './protocol/product-endpoint.ts';
import { productTools } from './protocol/product-tools.ts';
import { RequestGuard } from './protocol/request-guard.ts';
import { serveOverStdio } from './protocol/stdio.ts';
import type { CallDependencies } from './protocol/tool-call.ts';
import type { AgentServer } from './servers/agent-server.ts';
import type { ServerDefinition } from './servers/definition.ts';
import { DefinitionsFollower } from './servers/definitions-follower.ts';
import { openServer } from './servers/open-server.ts';
import { ServerSet } from './servers/server-set.ts';
import { allTools } from './tools/all-tools.ts';

export interface GatewayOptions {
  /** At least 32 bytes, the same for all replicas; made up for this process when left out. */
  confirmationKey: Buffer | undefined;
  environmentProxy: boolean;
  log: Logger;
}

export interface HttpGatewayOptions extends GatewayOptions {
  definitionsFile: string;
  /** Whoever makes the first server, as a console does, makes the file. */
  definitionsMayComeLater?: boolean;
  listen: { host: string; port: number };
  /** Names beside those of this machine that clients know the gateway by. */
  allowedHosts: readonly string[];
  /** Time for others to learn that this process leaves. */
  shutdownDelayMs: number;
  /** What else is served; told why the definitions as they are now are not in use. */
  routes?: (definitionsFault: () => string | undefined) => Promise<readonly Route[]>;
  /** Gets every call of every server. */
  observe?: (record: CallRecord) => void;
}

export interface StdioGatewayOptions extends GatewayOptions {
  /** Either the file with the name of the server in it, or one definition. */
  source: { definitionsFile: string; server: string } | { definition: ServerDefinition };
}

/** A gateway that serves. */
export interface RunningGateway {
  /** 0 over stdio. */
  port: number;
  stop: () => Promise<void>;
}

/** Calls that are under way when the process is told to stop get this much, which no call has more of. */
const drainMs = 60_000;

/** The composition root of `agent` over HTTP. Throws ConnectorError where it cannot serve. */
export async function startHttpGateway(options: HttpGatewayOptions): Promise<RunningGateway> {
  const { log, listen, observe } = options;
  const metrics = new AgentMetrics();
  const callLogs = new CallLogs({ log, metrics });
  const dependencies = dependenciesOf(options, metrics, { limitsApply: false, observe });
  const endpoints = new Map<string, HttpEndpoint>();
  const views = new WeakMap<AgentServer, ReturnType<typeof productEndpoint>>();
  const viewOf = (server: AgentServer): ReturnType<typeof productEndpoint> => {
    const known = views.get(server);
    if (known) return known;
    const view = productEndpoint(server, productTools(server, dependencies), metrics, observe);
    views.set(server, view);
    return view;
  };
  const servers = new ServerSet({
    open: (definition) =>
      openServer(definition, {
        tools: allTools,
        callLogs,
        host: listen.host,
        environmentProxy: options.environmentProxy,
        log,
      }),
    onChange: (changed) => {
      for (const name of changed) {
        const server = servers.get(name);
        const endpoint = endpoints.get(name);
        if (!server) {
          endpoints.delete(name);
          // Calls that have begun end on it; who listens for changes is told to go.
          setTimeout(() => void endpoint?.close(), drainMs).unref();
        } else if (endpoint) endpoint.toolsChanged();
        else {
          let last = server;
          // The endpoint may be asked once more after its server has gone.
          const current = () => viewOf((last = servers.get(name) ?? last));
          endpoints.set(name, new HttpEndpoint({ name, current, log }));
        }
      }
    },
    log,
  });
  const follower = await new DefinitionsFollower({
    file: options.definitionsFile,
    mayComeLater: options.definitionsMayComeLater ?? false,
    apply: (definitions) => servers.apply(definitions),
    onLoad: (wasUsed) => metrics.reloaded(wasUsed, servers.names.length),
    log,
  }).start();
  let isStopping = false;
  const readiness = new Readiness();
  readiness.add('shutdown', () => (isStopping ? 'the process stops' : undefined));
  // Serving on with the last good definitions is better than not at all.
  readiness.addWarning('definitions', () => follower.fault);
  const listener = gatewayListener({
    guard: new RequestGuard(options.allowedHosts),
    endpoint: (name) => endpoints.get(name),
    readiness,
    metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
    routes: (await options.routes?.(() => follower.fault)) ?? [],
    log,
  });
  const server = createServer(
    // Above what proxies keep idle connections for, so that none is closed under a request.
    { insecureHTTPParser: false, headersTimeout: 30_000, requestTimeout: 60_000, keepAliveTimeout: 75_000 },
    listener,
  );
  const port = await listenOn(server, listen);
  log.info({ host: listen.host, port, servers: servers.names }, 'the agent gateway serves');
  return {
    port,
    stop: async () => {
      isStopping = true;
      await systemClock.sleep(options.shutdownDelayMs);
      await follower.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // Streams of changes have no end of their own.
      const ended = quiet(servers.all(), drainMs);
      await ended;
      await Promise.all([...endpoints.values()].map((endpoint) => endpoint.close()));
      server.closeAllConnections();
      await closed;
      await servers.close();
    },
  };
}

/** The composition root of `agent --stdio`. Throws ConnectorError where it cannot serve. */
export async function startStdioGateway(
  options: StdioGatewayOptions,
): Promise<RunningGateway & { ended: Promise<void> }> {
  const { log, source } = options;
  const metrics = new AgentMetrics();
  const callLogs = new CallLogs({ log, metrics });
  const dependencies = dependenciesOf(options, metrics, { limitsApply: true, observe: undefined });
  const wanted = 'definition' in source ? source.definition.name : source.server;
  let stdio: ReturnType<typeof serveOverStdio> | undefined;
  const servers = new ServerSet({
    open: (definition) =>
      openServer(definition, {
        tools: allTools,
        callLogs,
        host: undefined,
        environmentProxy: options.environmentProxy,
        log,
      }),
    onChange: () => stdio?.toolsChanged(),
    log,
  });
  const apply = async (definitions: readonly ServerDefinition[]): Promise<void> => {
    const found = definitions.filter(({ name }) => name === wanted);
    if (found.length === 0)
      throw new ConnectorError(
        'definitions-invalid',
        `there is no server "${wanted}"; the definitions have: ${definitions.map(({ name }) => name).join(', ') || 'none'}`,
      );
    await servers.apply(found);
  };
  const follower =
    'definition' in source
      ? undefined
      : await new DefinitionsFollower({
          file: source.definitionsFile,
          apply,
          onLoad: (wasUsed) => metrics.reloaded(wasUsed, 1),
          log,
        }).start();
  if ('definition' in source) await apply([source.definition]);
  let view: { server: AgentServer; served: ReturnType<typeof productTools> } | undefined;
  const served = (): ReturnType<typeof productTools> => {
    const server = servers.get(wanted) as AgentServer;
    if (view?.server !== server) view = { server, served: productTools(server, dependencies) };
    return view.served;
  };
  stdio = serveOverStdio({ name: wanted, served, log });
  log.info({ server: wanted }, 'the agent gateway serves over stdio');
  const { ended, close } = stdio;
  return {
    port: 0,
    ended,
    stop: async () => {
      await follower?.stop();
      await quiet(servers.all(), drainMs);
      await close();
      await servers.close();
    },
  };
}

function dependenciesOf(
  { confirmationKey, log }: GatewayOptions,
  metrics: AgentMetrics,
  rest: Pick<CallDependencies, 'limitsApply' | 'observe'>,
): CallDependencies {
  const codes = new ConfirmationCodes(confirmationKey ?? randomBytes(32), systemClock);
  return { codes, metrics, log, ...rest };
}

async function listenOn(
  server: ReturnType<typeof createServer>,
  { host, port }: { host: string; port: number },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new ConnectorError('listen-failed', `cannot listen on ${host}:${port}: ${describeError(cause)}`, {
          cause,
        }),
      ),
    );
    server.listen({ host, port }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Until no call is under way, or the time is over. */
async function quiet(servers: readonly AgentServer[], limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (servers.some(({ calls }) => calls > 0) && Date.now() < deadline) await systemClock.sleep(20);
}
