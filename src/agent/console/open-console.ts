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
import { CredentialFolder } from './credential-stores.ts';
import { DefinitionsFile } from './definitions-file.ts';
import { AppClusterStatus } from './status/app-cluster-status.ts';

/** What the flags of `agent` say of the console. */
export interface ConsoleSettings {
  passwordFile: string;
  credentialsFolder: string;
  publicUrl: URL | undefined;
  /** The connector whose status is shown. */
  statusOf: Release | undefined;
}

export interface ConsoleSurroundings {
  definitionsFile: string;
  environmentProxy: boolean;
  log: Logger;
}

/** What a gateway is started with to have the console over the files of this process. */
export function consoleFor(
  { passwordFile, credentialsFolder, publicUrl, statusOf }: ConsoleSettings,
  { definitionsFile, environmentProxy, log }: ConsoleSurroundings,
): Required<Pick<HttpGatewayOptions, 'routes' | 'observe'>> {
  const calls = new CallFeed();
  return {
    observe: (record) => calls.write(record),
    routes: async (definitionsFault) => {
      const console = await createConsole({
        passwordFile,
        definitions: new DefinitionsFile(definitionsFile),
        parse: (text) => parseDefinitions(text, definitionsFile),
        credentials: new CredentialFolder(credentialsFolder),
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

function statusSource(release: Release | undefined): ConsoleOptions['status'] {
  if (!release)
    return 'The gateway was not told which connector to look at: name its namespace and release with --console-status.';
  try {
    return new AppClusterStatus(new KubeClient(new Transport(accessFromEnvironment())), release);
  } catch (error) {
    return `The gateway has no credential for this cluster: ${describeError(error)}.`;
  }
}
