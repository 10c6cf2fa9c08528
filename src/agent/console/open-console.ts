import path from 'node:path';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { accessFromEnvironment } from '../../clusters/cluster-access.ts';
import { KubeClient } from '../../clusters/kube-client.ts';
import { Transport } from '../../clusters/transport.ts';
import type { Release } from '../../controllers/registry/api-service-owner.ts';
import type { HttpGatewayOptions } from '../gateway.ts';
import { parseDefinitions } from '../servers/definitions.ts';
import { CallFeed } from './calls/call-feed.ts';
import { createConsole } from './console.ts';
import type { ConsoleOptions } from './console-options.ts';
import { CredentialFolder, CredentialSecret } from './credential-stores.ts';
import { DefinitionsConfigMap } from './definitions-config-map.ts';
import { DefinitionsFile } from './definitions-file.ts';
import type { CredentialStore, DefinitionsStore } from './definitions-store.ts';
import { AppClusterStatus } from './status/app-cluster-status.ts';

/** What the flags of `agent` say of the console. */
export interface ConsoleSettings {
  passwordFile: string;
  credentialsFolder: string;
  publicUrl: URL | undefined;
  /** The connector whose status is shown. */
  statusOf: Release | undefined;
  /** What the file of the definitions is mounted from, under a key of its own name. */
  configMap: { namespace: string; name: string } | undefined;
  /** What the folder is mounted from. */
  secret: { namespace: string; name: string } | undefined;
}

export interface ConsoleSurroundings {
  definitionsFile: string;
  environmentProxy: boolean;
  log: Logger;
}

/** What a gateway is started with to have the console over the files of this process. */
export function consoleFor(
  settings: ConsoleSettings,
  { definitionsFile, environmentProxy, log }: ConsoleSurroundings,
): Required<Pick<HttpGatewayOptions, 'definitionsMayComeLater' | 'routes' | 'observe'>> {
  const { passwordFile, publicUrl, statusOf } = settings;
  const calls = new CallFeed();
  return {
    definitionsMayComeLater: true,
    observe: (record) => calls.write(record),
    routes: async (definitionsFault) => {
      const console = await createConsole({
        passwordFile,
        definitions: definitionsStore(settings, definitionsFile),
        parse: (text) => parseDefinitions(text, definitionsFile),
        credentials: credentialStore(settings),
        calls,
        status: statusSource(statusOf),
        problem: definitionsFault,
        ...(publicUrl ? { publicUrl } : {}),
        environmentProxy,
        log,
      });
      return [(request, response) => console.handle(request, response)];
    },
  };
}

function definitionsStore({ configMap }: ConsoleSettings, file: string): DefinitionsStore {
  if (!configMap) return new DefinitionsFile(file);
  return new DefinitionsConfigMap(thisCluster(), configMap.namespace, configMap.name, path.basename(file));
}

function credentialStore({ secret, credentialsFolder }: ConsoleSettings): CredentialStore {
  if (!secret) return new CredentialFolder(credentialsFolder);
  return new CredentialSecret(thisCluster(), secret.namespace, secret.name, credentialsFolder);
}

/** As kubectl finds it, else by the pod's own service account. Throws ConnectorError where there is none. */
function thisCluster(): KubeClient {
  return new KubeClient(new Transport(accessFromEnvironment()), 'mcp-connector-console');
}

function statusSource(release: Release | undefined): ConsoleOptions['status'] {
  if (!release)
    return 'The gateway was not told which connector to look at: name its namespace and release with --console-status.';
  try {
    return new AppClusterStatus(thisCluster(), release);
  } catch (error) {
    return `The gateway has no credential for this cluster: ${describeError(error)}.`;
  }
}
