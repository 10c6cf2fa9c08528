import path from 'node:path';
import { ConnectorError } from '../base/errors.ts';
import type { LogLevel } from '../base/logger.ts';
import { agentOptions } from './agent-options.ts';
import type { Flags } from './config.ts';
import { parseDuration } from './duration.ts';
import { environmentName } from './options.ts';

/** The completed configuration of `agent`. */
export interface AgentConfig {
  serve: AgentHttp | AgentStdio;
  confirmationKeyFile: string | undefined;
  environmentProxy: boolean;
  logLevel: LogLevel;
}

export interface AgentHttp {
  over: 'http';
  definitionsFile: string;
  listen: { host: string; port: number };
  allowedHosts: string[];
  shutdownDelayMs: number;
  /** Undefined where there is none. */
  console: AgentConsole | undefined;
}

export interface AgentConsole {
  passwordFile: string;
  credentialsFolder: string;
  publicUrl: URL | undefined;
  statusOf: { namespace: string; releaseName: string } | undefined;
  /** What the file and the folder are mounted from. */
  configMap: ObjectName | undefined;
  secret: ObjectName | undefined;
}

export interface ObjectName {
  namespace: string;
  name: string;
}

export interface AgentStdio {
  over: 'stdio';
  source:
    | { definitionsFile: string; server: string }
    | { kubeconfig: string; context: string | undefined; readOnly: boolean };
}

/** Flags (camel case, as commander gives them) over environment over defaults. Throws one error that names every fault. */
export function completeAgentConfig(
  flags: Flags,
  environment: Record<string, string | undefined>,
): AgentConfig {
  const faults: string[] = [];
  const text = (flag: string): string | undefined => {
    const option = agentOptions.find((candidate) => candidate.flag === flag);
    const byDefault = option && 'default' in option ? option.default : undefined;
    const values = [flags[camelCase(flag)], environment[environmentName(flag)], byDefault];
    return values.find((value) => typeof value === 'string' && value !== '') as string | undefined;
  };
  const isStdio = flags['stdio'] === true || environment[environmentName('stdio')] === 'true';
  const logLevel = text('log-level') as LogLevel;
  if (!['debug', 'info', 'warn', 'error'].includes(logLevel))
    faults.push(`--log-level: "${logLevel}" is none of debug, info, warn, error`);
  const shutdownDelay = text('shutdown-delay-duration') as string;
  const shutdownDelayMs = parseDuration(shutdownDelay);
  if (shutdownDelayMs === undefined)
    faults.push(`--shutdown-delay-duration: "${shutdownDelay}" is no duration such as 10s or 1m30s`);
  const readOnly = text('read-only');
  if (readOnly !== 'true' && readOnly !== 'false')
    faults.push(`--read-only: "${readOnly}" is neither true nor false`);
  const definitionsFile = text('config');
  const kubeconfig = text('kubeconfig');
  const server = text('server');
  const listen = text('listen') as string;
  const [, host, port] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(listen) ?? [];
  if (port === undefined || Number(port) > 65_535)
    faults.push(`--listen: "${listen}" is not of the form host:port`);
  const given = flags['allowedHost'];
  const allowedHosts =
    Array.isArray(given) && given.length > 0
      ? given
      : (environment[environmentName('allowed-host')] ?? '').split(/[\s,]+/).filter((name) => name !== '');
  for (const name of allowedHosts)
    if (!/^(\[[0-9a-f:]+\]|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/i.test(name))
      faults.push(`--allowed-host: "${name}" is no host name; leave out scheme, port and path`);
  if (isStdio && (definitionsFile === undefined) === (kubeconfig === undefined))
    faults.push('--stdio needs either --config with --server, or --kubeconfig');
  if (isStdio && definitionsFile !== undefined && server === undefined)
    faults.push('--server is needed with --stdio and --config: it names one server of the definitions');
  if (!isStdio && definitionsFile === undefined)
    faults.push(
      '--config is needed: it names the file of the server definitions (or serve one client with --stdio --kubeconfig)',
    );
  if (!isStdio && kubeconfig !== undefined)
    faults.push('--kubeconfig goes with --stdio; over HTTP each server of the definitions names its own');
  const passwordFile = text('console-password-file');
  if (isStdio && passwordFile !== undefined)
    faults.push('--console-password-file goes without --stdio: the console is served over HTTP');
  const publicUrl = text('public-url');
  if (publicUrl !== undefined && !/^https?:$/.test(URL.parse(publicUrl)?.protocol ?? ''))
    faults.push(`--public-url: "${publicUrl}" is no http or https URL`);
  const objectName = (flag: string): ObjectName | undefined => {
    const named = text(flag);
    if (named === undefined) return undefined;
    const [namespace = '', name = '', ...rest] = named.split('/');
    if (namespace === '' || name === '' || rest.length > 0)
      faults.push(`--${flag}: "${named}" is not a namespace and a name with a slash between them`);
    return { namespace, name };
  };
  const status = objectName('console-status');
  const configMap = objectName('console-config-map');
  const secret = objectName('console-secret');
  if (faults.length > 0) throw new ConnectorError('configuration-invalid', faults.join('; '));
  return {
    serve: !isStdio
      ? {
          over: 'http',
          definitionsFile: definitionsFile as string,
          // As Go's net package reads ":8081".
          listen: { host: host || '0.0.0.0', port: Number(port) },
          allowedHosts,
          shutdownDelayMs: shutdownDelayMs as number,
          console:
            passwordFile === undefined
              ? undefined
              : {
                  passwordFile,
                  credentialsFolder: path.resolve(
                    path.dirname(definitionsFile as string),
                    text('console-credentials') as string,
                  ),
                  publicUrl: publicUrl === undefined ? undefined : new URL(publicUrl),
                  statusOf: status && { namespace: status.namespace, releaseName: status.name },
                  configMap,
                  secret,
                },
        }
      : {
          over: 'stdio',
          source:
            kubeconfig === undefined
              ? { definitionsFile: definitionsFile as string, server: server as string }
              : { kubeconfig, context: text('context'), readOnly: readOnly === 'true' },
        },
    confirmationKeyFile: text('confirmation-key-file'),
    environmentProxy: ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) =>
      Boolean(environment[name]),
    ),
    logLevel,
  };
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
