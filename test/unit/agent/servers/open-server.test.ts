import { describe, expect, it } from '@jest/globals';
import { AgentMetrics } from '../../../../src/agent/agent-metrics.ts';
import { CallLogs } from '../../../../src/agent/audit/call-logs.ts';
import { definitionOf } from '../../../../src/agent/servers/definitions.ts';
import { openServer } from '../../../../src/agent/servers/open-server.ts';
import { silentLogger } from '../../../../src/base/logger.ts';

const log = silentLogger();
const options = {
  tools: [],
  callLogs: new CallLogs({ log, metrics: new AgentMetrics() }),
  host: undefined,
  environmentProxy: false,
  log,
};

describe('a server over stdio', () => {
  it('is refused with impersonation, which would be left out without a word [agent.impersonation.stdio]', async () => {
    const definition = definitionOf({
      name: 'platform',
      controlPlane: { server: { url: 'https://127.0.0.1:1', tokenFile: import.meta.filename } },
      impersonation: { userPrefix: 'agent:' },
    });
    await expect(openServer(definition, options)).rejects.toThrow(
      'server "platform": over stdio there is nobody to impersonate',
    );
  });
});
