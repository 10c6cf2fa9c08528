import type { AuthenticationSettings } from '../../callers/settings.ts';
import type { ServerDefinition } from '../../servers/definition.ts';
import { toolsetLabels } from '../catalogue.ts';
import type { RawServer } from '../definitions-text.ts';
import { type DraftValues, firstValues, type Way } from './draft.ts';

/** Where the draft's secrets will be; left out where the definition names them already. */
export interface CredentialPaths {
  kubeconfig?: string;
  token?: string;
  ca?: string;
  callerToken?: string;
}

/**
 * The server as it will stand in the file: the values of the form over what stood there (`base`). What equals a default is left out,
 * unless somebody had written it down.
 */
export function toDefinition(
  values: DraftValues,
  base: Record<string, unknown>,
  paths: CredentialPaths,
  serverUrl: string,
): RawServer {
  const { production, readOnly, timeoutSeconds } = values;
  return without({
    ...base,
    name: values.name,
    description: values.description,
    timeoutSeconds,
    production,
    readOnly,
    confirmation: kept(base['confirmation'], values.confirmation, 'any'),
    controlPlane: controlPlaneOf(values, base, paths),
    connection:
      values.clusterId === ''
        ? undefined
        : { clusterID: values.clusterId, claimNamespace: values.claimNamespace },
    tools: toolsOf(values, base),
    packages: kept(
      base['packages'],
      values.registries.length > 0 ? { registries: values.registries } : undefined,
      undefined,
    ),
    authentication: authenticationOf(values, base, paths, serverUrl),
    impersonation:
      values.impersonationPrefix === ''
        ? undefined
        : { ...(base['impersonation'] as object | undefined), userPrefix: values.impersonationPrefix },
    rateLimits: limitsOf(values, base),
    audit: auditOf(values),
  });
}

/** What the form shows of a server of the file. */
export function valuesOf(server: ServerDefinition): DraftValues {
  const { controlPlane, authentication, rateLimits, audit, tools } = server;
  return {
    ...firstValues,
    name: server.name,
    description: server.description,
    timeoutSeconds: server.timeoutSeconds,
    production: server.production,
    readOnly: server.readOnly,
    confirmation: server.confirmation,
    style: tools.style,
    toolsets: [...(tools.toolsets ?? toolsetLabels.map(({ id }) => id))],
    registries: [...(server.packages.registries ?? [])],
    way: wayOf(controlPlane),
    url: controlPlane.server?.url ?? '',
    clusterId: server.connection?.clusterID ?? '',
    claimNamespace: server.connection?.claimNamespace ?? '',
    door: authentication?.tokens ? 'tokens' : authentication?.oauth ? 'oauth' : 'anonymous',
    caller: authentication?.tokens?.[0]?.name ?? firstValues.caller,
    issuer: authentication?.oauth?.issuer ?? '',
    audience: authentication?.oauth?.audience ?? '',
    impersonationPrefix: server.impersonation?.userPrefix ?? '',
    readsPerMinute: rateLimits.read.perMinute,
    createsPerMinute: rateLimits.create.perMinute,
    destructivePerMinute: rateLimits.destructive.perMinute,
    log: audit === undefined ? 'none' : audit.logPath === '-' ? 'stdout' : 'file',
    logPath: audit && audit.logPath !== '-' ? audit.logPath : '',
  };
}

function wayOf({ inCluster, server }: ServerDefinition['controlPlane']): Way {
  if (inCluster) return 'in-cluster';
  return server ? 'url' : 'kubeconfig';
}

function controlPlaneOf(values: DraftValues, base: Record<string, unknown>, paths: CredentialPaths): unknown {
  const before = base['controlPlane'] as ServerDefinition['controlPlane'] | undefined;
  if (values.way === 'in-cluster') return { inCluster: true };
  if (values.way === 'kubeconfig')
    return paths.kubeconfig === undefined ? before : { kubeconfig: { file: paths.kubeconfig } };
  const caFile = paths.ca ?? (values.ca === '' ? before?.server?.caFile : undefined);
  return {
    server: {
      url: values.url,
      tokenFile: paths.token ?? before?.server?.tokenFile,
      ...(caFile === undefined ? {} : { caFile }),
    },
  };
}

function authenticationOf(
  values: DraftValues,
  base: Record<string, unknown>,
  { callerToken }: CredentialPaths,
  serverUrl: string,
): unknown {
  const before = base['authentication'] as AuthenticationSettings | undefined;
  if (values.door === 'anonymous') return before;
  if (values.door === 'tokens')
    return callerToken === undefined
      ? before
      : { tokens: [...(before?.tokens ?? []), { name: values.caller, file: callerToken }] };
  return {
    oauth: {
      ...before?.oauth,
      issuer: values.issuer,
      resource: before?.oauth?.resource ?? serverUrl,
      audience: values.audience === '' ? undefined : values.audience,
    },
  };
}

function toolsOf({ toolsets, style }: DraftValues, base: Record<string, unknown>): unknown {
  const before = base['tools'] as object | undefined;
  const isAll = toolsets.length === toolsetLabels.length;
  return without({
    ...before,
    toolsets: isAll ? undefined : toolsets,
    style: style === 'named' ? undefined : style,
  });
}

function limitsOf(values: DraftValues, base: Record<string, unknown>): unknown {
  const before = (base['rateLimits'] ?? {}) as Record<string, object | undefined>;
  const limit = (name: string, perMinute: number): object => ({ ...before[name], perMinute });
  return {
    ...before,
    read: limit('read', values.readsPerMinute),
    create: limit('create', values.createsPerMinute),
    destructive: limit('destructive', values.destructivePerMinute),
  };
}

function auditOf({ log, logPath }: DraftValues): unknown {
  if (log === 'none') return undefined;
  return { logPath: log === 'stdout' ? '-' : logPath };
}

/** The default is written only where something stood before. */
function kept(before: unknown, value: unknown, byDefault: unknown): unknown {
  return before === undefined && value === byDefault ? undefined : value;
}

function without<T extends Record<string, unknown>>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
