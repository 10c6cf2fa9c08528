import { hostname } from 'node:os';
import { ConnectorError } from '../base/errors.ts';
import { type NamespaceDeletionRule, namespaceDeletionPolicies } from '../catalog/namespace-deletion.ts';
import type { LogLevel } from '../base/logger.ts';
import { type ControlPlaneWay, controlPlaneWay } from './control-plane-way.ts';
import { parseDuration } from './duration.ts';
import { environmentName, serveOptions } from './options.ts';

/** The completed configuration of `serve`; nothing else reads flags or the environment. */
export interface Config {
  kubeconfig: string | undefined;
  controlPlane: ControlPlaneWay;
  claimNamespace: string;
  namespace: string;
  releaseName: string;
  listen: { host: string | undefined; port: number };
  external: { host: string; port: number | undefined } | undefined;
  servicePort: number;
  clusterID: string | undefined;
  allow: string[];
  deny: string[];
  allowResourceRef: boolean;
  namespaceDeletion: NamespaceDeletionRule[];
  ownerClusterRole: string | undefined;
  takeOver: { namespace: string; releaseName: string } | undefined;
  rebind: boolean;
  shutdownDelayMs: number;
  /** 0 stands for no limit. */
  requestsInflight: { total: number; perUser: number };
  watches: { total: number; perUser: number };
  watchWriteTimeoutMs: number;
  logLevel: LogLevel;
  /** `-` stands for stdout. */
  auditLogPath: string | undefined;
  tracing: { endpoint: string; samplingRatePerMillion: number } | undefined;
  /** HTTPS_PROXY or HTTP_PROXY is set. */
  environmentProxy: boolean;
  /** Tells replicas apart in the Lease. */
  identity: string;
}

export type Flags = Record<string, string | string[] | boolean | undefined>;

/** Flags (camel case, as commander gives them) over environment over defaults. Throws one error that names every fault. */
export function completeConfig(flags: Flags, environment: Record<string, string | undefined>): Config {
  const faults: string[] = [];
  const text = (flag: string): string | undefined => {
    const option = serveOptions.find((candidate) => candidate.flag === flag);
    const byDefault = option && 'default' in option ? option.default : undefined;
    const values = [flags[camelCase(flag)], environment[environmentName(flag)], byDefault];
    // Templates leave values empty that they do not use.
    return values.find((value) => typeof value === 'string' && value !== '') as string | undefined;
  };
  const isSet = (flag: string): boolean =>
    flags[camelCase(flag)] === true || environment[environmentName(flag)] === 'true';
  const list = (flag: string): string[] => {
    const given = flags[camelCase(flag)];
    if (Array.isArray(given) && given.length > 0) return given;
    return (environment[environmentName(flag)] ?? '').split(/[\s,]+/).filter((item) => item !== '');
  };
  const port = (flag: string, value: string | undefined, lowest = 1): number | undefined => {
    if (value === undefined) return undefined;
    const number = Number(value);
    if (Number.isInteger(number) && number >= lowest && number <= 65_535) return number;
    faults.push(`--${flag}: "${value}" is no port`);
    return undefined;
  };

  const count = (flag: string): number => {
    const value = text(flag) as string;
    if (!/^\d{1,9}$/.test(value)) faults.push(`--${flag}: "${value}" is no number of requests`);
    return Number(value);
  };

  const controlPlane = controlPlaneWay(
    { text, isSet, isFlag: (flag) => flags[camelCase(flag)] !== undefined },
    faults,
  );
  const claimNamespace = text('claim-namespace');
  if (claimNamespace === undefined) {
    faults.push(
      "--claim-namespace is needed: it names the namespace of the control plane that holds this cluster's claims",
    );
  } else if (!isDnsLabel(claimNamespace)) {
    faults.push(`--claim-namespace: "${claimNamespace}" is no namespace name`);
  }
  const listen = text('listen') as string;
  const [, host, portText] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(listen) ?? [];
  if (portText === undefined) faults.push(`--listen: "${listen}" is not of the form host:port`);
  const listenPort = port('listen', portText, 0);
  const logLevel = text('log-level') as LogLevel;
  if (!['debug', 'info', 'warn', 'error'].includes(logLevel)) {
    faults.push(`--log-level: "${logLevel}" is none of debug, info, warn, error`);
  }
  const releaseName = text('release-name') as string;
  // As a Service's name (apimachinery/pkg/util/validation IsDNS1035Label).
  if (releaseName.length > 63 || !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(releaseName))
    faults.push(`--release-name: "${releaseName}" is no name of a Service`);
  const clusterID = text('cluster-id');
  if (clusterID !== undefined && !/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(clusterID)) {
    faults.push(
      `--cluster-id: "${clusterID}" cannot be a label value (at most 63 letters, digits, "-", "_" and ".")`,
    );
  }
  for (const flag of ['allow', 'deny']) {
    for (const pattern of list(flag)) {
      if (!isPattern(pattern)) {
        faults.push(`--${flag}: "${pattern}" is none of <plural>.<group>, *.<group> and *`);
      }
    }
  }
  const shutdownDelay = text('shutdown-delay-duration') as string;
  const shutdownDelayMs = parseDuration(shutdownDelay);
  if (shutdownDelayMs === undefined)
    faults.push(`--shutdown-delay-duration: "${shutdownDelay}" is no duration such as 10s or 1m30s`);
  const watchWriteTimeout = text('watch-write-timeout') as string;
  const watchWriteTimeoutMs = parseDuration(watchWriteTimeout);
  if (!watchWriteTimeoutMs)
    faults.push(`--watch-write-timeout: "${watchWriteTimeout}" is no duration such as 3m or 90s`);
  const requestsInflight = {
    total: count('max-requests-inflight'),
    perUser: count('max-requests-inflight-per-user'),
  };
  const watches = { total: count('max-watches'), perUser: count('max-watches-per-user') };
  const tracingEndpoint = text('tracing-endpoint');
  if (tracingEndpoint !== undefined && !/^https?:$/.test(URL.parse(tracingEndpoint)?.protocol ?? ''))
    faults.push(`--tracing-endpoint: "${tracingEndpoint}" is no http or https URL`);
  const samplingRate = text('tracing-sampling-rate-per-million') as string;
  if (!/^\d+$/.test(samplingRate) || Number(samplingRate) > 1_000_000)
    faults.push(`--tracing-sampling-rate-per-million: "${samplingRate}" is not between 0 and 1000000`);
  const namespaceDeletion = list('namespace-deletion').flatMap((given): NamespaceDeletionRule[] => {
    const [, pattern = '', word] = /^([^=]*)=(.*)$/.exec(given) ?? [];
    const policy = namespaceDeletionPolicies.find((known) => known === word);
    if (policy && isPattern(pattern)) return [{ pattern, policy }];
    faults.push(
      `--namespace-deletion: "${given}" is not of the form <pattern>=<policy>, with a pattern as in --allow and ${namespaceDeletionPolicies.join(', ')} for the policy`,
    );
    return [];
  });
  const takeOver = text('take-over');
  const [, takenNamespace, takenName] = /^([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(takeOver ?? '') ?? [];
  if (takeOver !== undefined && takenName === undefined)
    faults.push(`--take-over: "${takeOver}" is not of the form namespace/service`);
  const externalHost = text('external-host');
  const externalPort = port('external-port', text('external-port'));
  const servicePort = port('service-port', text('service-port'));
  if (faults.length > 0) throw new ConnectorError('configuration-invalid', faults.join('; '));
  return {
    kubeconfig: text('kubeconfig'),
    controlPlane: controlPlane as ControlPlaneWay,
    claimNamespace: claimNamespace as string,
    namespace: text('namespace') ?? (environment['POD_NAMESPACE'] || 'kube-system'),
    releaseName,
    listen: { host: host || undefined, port: listenPort as number },
    external: externalHost === undefined ? undefined : { host: externalHost, port: externalPort },
    servicePort: servicePort as number,
    clusterID,
    allow: list('allow'),
    deny: list('deny'),
    allowResourceRef: isSet('allow-resource-ref'),
    namespaceDeletion,
    ownerClusterRole: text('owner-cluster-role'),
    takeOver:
      takenName === undefined ? undefined : { namespace: takenNamespace as string, releaseName: takenName },
    rebind: isSet('rebind'),
    shutdownDelayMs: shutdownDelayMs as number,
    requestsInflight,
    watches,
    watchWriteTimeoutMs: watchWriteTimeoutMs as number,
    logLevel,
    auditLogPath: text('audit-log-path'),
    tracing:
      tracingEndpoint === undefined
        ? undefined
        : { endpoint: tracingEndpoint, samplingRatePerMillion: Number(samplingRate) },
    environmentProxy: ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) =>
      Boolean(environment[name]),
    ),
    identity: `${environment['POD_NAME'] ?? hostname()}_${process.pid}`,
  };
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function isPattern(text: string): boolean {
  return /^(\*|(\*|[a-z0-9-]+)\.[a-z0-9.-]+)$/.test(text);
}

function isDnsLabel(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}
