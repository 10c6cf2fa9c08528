import { describe, expect, it } from '@jest/globals';
import { openGate } from '../../../../src/agent/callers/gate.ts';
import { impersonationHeaders } from '../../../../src/agent/callers/impersonation.ts';
import type { Caller } from '../../../../src/agent/callers/caller.ts';
import { silentLogger } from '../../../../src/base/logger.ts';

const alice: Caller = { name: 'alice', groups: ['dev', 'ops'], via: 'oauth', scopes: [] };

describe('a server without authentication', () => {
  const anonymous = {
    server: 'platform',
    authentication: { anonymous: true as const },
    production: false,
    host: '127.0.0.1',
    log: silentLogger(),
  };

  it('is refused wherever others can reach it [agent.callers.anonymous]', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'agents.example.org'])
      await expect(openGate({ ...anonymous, host })).rejects.toThrow(
        `server "platform": anonymous callers are for loopback addresses and stdio; listen on 127.0.0.1 in place of ${host}, or set authentication.tokens or authentication.oauth`,
      );
    await expect(openGate({ ...anonymous, production: true })).rejects.toThrow(
      'server "platform": production mode needs to know its callers',
    );
    await expect(openGate({ ...anonymous, impersonation: { userPrefix: 'agent:' } })).rejects.toThrow(
      'there is nobody to impersonate',
    );
  });

  it('takes everybody on a loopback address, as nobody in particular [agent.callers.anonymous]', async () => {
    const gate = await openGate(anonymous);
    expect(await gate.admit(new Request('http://127.0.0.1/mcp/platform'))).toMatchObject({
      name: 'anonymous',
      via: 'anonymous',
    });
  });
});

describe('impersonation', () => {
  it('sends name and groups behind their prefixes, groups only where there is one for them [agent.impersonation.headers]', () => {
    expect(impersonationHeaders({ userPrefix: 'agent:', groupPrefix: 'team/' }, alice)).toEqual({
      'impersonate-user': 'agent:alice',
      'impersonate-group': ['team/dev', 'team/ops'],
    });
    expect(impersonationHeaders({ userPrefix: 'agent:' }, alice)).toEqual({
      'impersonate-user': 'agent:alice',
    });
  });

  it('refuses a name or group that cannot be sent as it is, in place of calling without it [agent.impersonation.headers]', () => {
    const settings = { userPrefix: 'agent:', groupPrefix: 'team:' };
    for (const name of ['alice\r\nImpersonate-Group: system:masters', 'älice', 'alice ', 'a\u0000'])
      expect(() => impersonationHeaders(settings, { ...alice, name })).toThrow('cannot be impersonated');
    expect(() => impersonationHeaders(settings, { ...alice, groups: ['dev\nsystem:masters'] })).toThrow(
      'cannot be impersonated',
    );
  });

  it('never makes a name of Kubernetes, even where settings let it [agent.impersonation.system]', () => {
    const made = { ...alice, name: 'ystem:admin', groups: ['masters'] };
    expect(() => impersonationHeaders({ userPrefix: 's' }, made)).toThrow('cannot be impersonated');
    expect(() => impersonationHeaders({ userPrefix: 'agent:', groupPrefix: 'system:' }, made)).toThrow(
      'cannot be impersonated',
    );
  });
});
