import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Caller, CallerGate } from '../../../../src/agent/callers/caller.ts';
import { openGate } from '../../../../src/agent/callers/gate.ts';
import { authenticationSettings } from '../../../../src/agent/callers/settings.ts';
import { silentLogger } from '../../../../src/base/logger.ts';
import { ManualClock } from '../../clusters/manual-clock.ts';

const first = 'first-token-of-at-least-32-characters';
const second = 'second-token-of-at-least-32-characters';

let dir: string;
let clock: ManualClock;
let gate: CallerGate | undefined;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'tokens-'));
  clock = new ManualClock();
});
afterEach(async () => {
  gate?.close();
  gate = undefined;
  await rm(dir, { recursive: true, force: true });
});

const write = (name: string, text: string): Promise<void> => writeFile(path.join(dir, name), text);

async function open(...names: string[]): Promise<CallerGate> {
  const tokens = names.map((name) => ({ name, file: path.join(dir, name), groups: ['bots'] }));
  gate = await openGate({
    server: 'platform',
    authentication: authenticationSettings.parse({ tokens }),
    production: true,
    host: '0.0.0.0',
    log: silentLogger(),
    clock,
  });
  return gate;
}

async function statusOf(token: string): Promise<number | string> {
  const answer = await admit(token);
  return answer instanceof Response ? answer.status : answer.name;
}

const admit = (token: string): Promise<Caller | Response> =>
  (gate as CallerGate).admit(
    new Request('http://localhost/mcp/platform', { headers: { authorization: `Bearer ${token}` } }),
  );

describe('static tokens', () => {
  it('name their callers, and nobody else is let in [agent.tokens.caller]', async () => {
    await write('ci', `${first}\n`);
    await write('ops', second);
    await open('ci', 'ops');
    expect(await admit(first)).toEqual({ name: 'ci', groups: ['bots'], via: 'token', scopes: [] });
    expect(await statusOf(second)).toBe('ops');
    for (const other of [`${first}x`, first.slice(0, -1), first.toUpperCase(), 'x'])
      expect(await statusOf(other)).toBe(401);
  });

  it('answer what is wrong with a challenge that names no issuer [agent.tokens.caller]', async () => {
    await write('ci', first);
    const opened = await open('ci');
    const nothing = (await opened.admit(new Request('http://localhost/mcp/platform'))) as Response;
    expect([nothing.status, nothing.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="mcp-connector"',
    ]);
    const wrong = (await admit(second)) as Response;
    expect(wrong.headers.get('www-authenticate')).toBe(
      'Bearer realm="mcp-connector", error="invalid_token", error_description="the token is not known"',
    );
  });

  it('count at once when they are new, beside the old one, and no longer when they are gone [agent.tokens.rotation]', async () => {
    await write('ci', first);
    await open('ci');
    expect(await statusOf(second)).toBe(401);
    await write('ci', `${second}\n${first}\n`);
    clock.stall(1_000);
    expect([await statusOf(second), await statusOf(first)]).toEqual(['ci', 'ci']);
    await write('ci', `${second}\n`);
    await clock.advance(5_000);
    expect([await statusOf(second), await statusOf(first)]).toEqual(['ci', 401]);
    await rm(path.join(dir, 'ci'));
    await clock.advance(5_000);
    expect(await statusOf(second)).toBe(401);
  });

  it('follow a mounted Secret, which kubelet swaps by a link [agent.tokens.rotation]', async () => {
    await write('2026_01', first);
    await write('2026_02', second);
    await symlink('2026_01', path.join(dir, 'ci'));
    await open('ci');
    await symlink('2026_02', path.join(dir, 'next'));
    await rename(path.join(dir, 'next'), path.join(dir, 'ci'));
    await clock.advance(5_000);
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 'ci']);
  });

  it('are read once a second at most, however often somebody guesses [agent.tokens.rotation]', async () => {
    await write('ci', first);
    await open('ci');
    await statusOf('x'.repeat(40));
    await write('ci', second);
    expect(await statusOf(second)).toBe(401);
    clock.stall(1_000);
    expect(await statusOf(second)).toBe('ci');
  });

  it('are refused when they are short, missing, shared or cannot be sent, in one sentence each [agent.tokens.form]', async () => {
    await write('short', 'x'.repeat(31));
    await expect(open('short')).rejects.toThrow(
      `the token of "short" in ${path.join(dir, 'short')} has fewer than 32 characters; make one with "openssl rand -hex 32"`,
    );
    await write('empty', '\n');
    await expect(open('empty')).rejects.toThrow('is missing: the file is empty');
    await write('spaced', `a b ${first}`);
    await expect(open('spaced')).rejects.toThrow('no Authorization header can carry');
    await expect(open('absent')).rejects.toThrow('the token of "absent" cannot be read');
    await write('ci', first);
    await write('copy', first);
    await expect(open('ci', 'copy')).rejects.toThrow(
      'the token of "copy" is also that of "ci"; give each caller its own',
    );
  });

  it('that become unusable count no longer, and the others do [agent.tokens.form]', async () => {
    await write('ci', first);
    await write('ops', second);
    await open('ci', 'ops');
    await write('ci', 'short');
    await clock.advance(5_000);
    expect([await statusOf('short'), await statusOf(first), await statusOf(second)]).toEqual([
      401,
      401,
      'ops',
    ]);
  });
});
