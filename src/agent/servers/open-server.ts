import { systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { KubeClient } from '../../clusters/kube-client.ts';
import { Transport } from '../../clusters/transport.ts';
import type { CallLogs } from '../audit/call-logs.ts';
import { ServerCallLimits } from '../callers/call-limits.ts';
import { openGate } from '../callers/gate.ts';
import { DiscoveryCache } from '../cluster/discovery-cache.ts';
import type { ToolDefinition } from '../tools/tool.ts';
import { AgentServer } from './agent-server.ts';
import { controlPlaneAccess } from './control-plane-access.ts';
import type { ServerDefinition } from './definition.ts';
import { chosenTools } from './tool-choice.ts';
import { ConnectorError } from '../../base/errors.ts';

export interface ServerMakerOptions {
  tools: readonly ToolDefinition[];
  callLogs: CallLogs;
  /** The address that HTTP clients come to; undefined over stdio. */
  host: string | undefined;
  /** HTTPS_PROXY counts for control planes and issuers. */
  environmentProxy: boolean;
  log: Logger;
}

/** A server with its own client, gate, limits and log. Throws ConnectorError where the definition cannot work here. */
export async function openServer(
  definition: ServerDefinition,
  { tools, callLogs, host, environmentProxy, log }: ServerMakerOptions,
): Promise<AgentServer> {
  const { name, authentication, impersonation, production, audit, rateLimits, controlPlane } = definition;
  await using closing = new AsyncDisposableStack();
  const chosen = chosenTools(tools, definition);
  const transport = closing.use(new Transport(controlPlaneAccess(controlPlane), environmentProxy));
  if (host !== undefined && !authentication)
    throw new ConnectorError(
      'definitions-invalid',
      `server "${name}": authentication is needed over HTTP; set authentication.tokens or authentication.oauth`,
    );
  const gate =
    host === undefined || !authentication
      ? undefined
      : await openGate({
          server: name,
          authentication,
          impersonation,
          production,
          host,
          environmentProxy,
          log,
        });
  if (gate) closing.defer(() => gate.close());
  // Without its headers calls would be made with all rights of the server's own account.
  if (host === undefined && impersonation)
    throw new ConnectorError(
      'definitions-invalid',
      `server "${name}": over stdio there is nobody to impersonate; give it a definition of its own without impersonation`,
    );
  if (host === undefined && audit?.logPath === '-')
    throw new ConnectorError(
      'definitions-invalid',
      `server "${name}": audit.logPath "-" is standard output, which the protocol needs over stdio; name a file`,
    );
  const callLog = audit ? await callLogs.open(audit.logPath) : undefined;
  if (callLog) closing.defer(() => callLog.close());
  const open = closing.move();
  return new AgentServer(definition, {
    client: new KubeClient(transport, 'mcp-connector-agent'),
    gate,
    limits: new ServerCallLimits(rateLimits),
    callLog,
    kinds: new DiscoveryCache(systemClock),
    tools: chosen,
    close: () => open.disposeAsync(),
  });
}
