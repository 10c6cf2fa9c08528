import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { McpServer } from '@modelcontextprotocol/server';
import type { Caller } from '../../../../src/agent/callers/caller.ts';
import { LegacySessions } from '../../../../src/agent/protocol/legacy-sessions.ts';

const alice: Caller = { name: 'alice', groups: ['platform'], via: 'oauth', scopes: [] };
const sessions = new LegacySessions(
  () => new McpServer({ name: 'test', version: '1' }),
  () => undefined,
);
let id: string;

async function ask(caller: Caller, message: object, sessionId?: string): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
    ...(sessionId ? { 'mcp-session-id': sessionId } : {}),
  };
  const body = { jsonrpc: '2.0', id: 1, ...message };
  const request = new Request('http://localhost/mcp/test', { method: 'POST', headers });
  return await sessions.fetch(request, body, caller, { token: '', clientId: 'a', scopes: [] });
}

beforeAll(async () => {
  const clientInfo = { name: 'test', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const begun = await ask(alice, { method: 'initialize', params });
  id = begun.headers.get('mcp-session-id') ?? '';
});

afterAll(() => sessions.close());

describe('a session of the old protocol', () => {
  it('is of whom it began with, and unknown to everybody else [agent.sessions.caller]', async () => {
    expect((await ask(alice, { method: 'ping' }, id)).status).toBe(200);
    for (const other of [
      { ...alice, name: 'bob' },
      { ...alice, via: 'token' as const },
    ])
      expect((await ask(other, { method: 'ping' }, id)).status).toBe(404);
  });

  it('ends with the groups of its caller, so that no call is made with those they have lost [agent.sessions.caller]', async () => {
    expect((await ask({ ...alice, groups: [] }, { method: 'ping' }, id)).status).toBe(404);
    expect((await ask({ ...alice, groups: ['platform'] }, { method: 'ping' }, id)).status).toBe(200);
  });
});
