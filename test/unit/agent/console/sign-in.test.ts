import { describe, expect, it } from '@jest/globals';
import { ConsoleClient } from '../../../support/console-client.ts';
import { consolePassword, startConsole } from '../../../support/console-ground.ts';
import type { Clock } from '../../../../src/base/clock.ts';

const wayIn = /^\/console\/sign-in(\?next=|$)/;

/** Time that passes only when a test says so. */
class HandClock implements Clock {
  #now = Date.now();

  now(): number {
    return this.#now;
  }

  sleep(): Promise<void> {
    throw new Error('nothing here sleeps');
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}

describe('the door of the console', () => {
  it('shows nobody anything but the sign-in and its assets before it [agent.console.signin]', async () => {
    await using ground = await startConsole();
    const client = new ConsoleClient(ground.url);
    const pages = [
      '',
      '/servers',
      '/servers/x',
      '/catalogue',
      '/drafts/x/name',
      '/calls',
      '/status',
      '/nothing',
    ];
    for (const page of pages) {
      const { status, headers, text } = await client.get(`/console${page}`);
      expect([page, status, text]).toEqual([page, 303, '']);
      if (page !== '') expect(headers.get('location')).toMatch(wayIn);
    }
    for (const change of ['/drafts', '/drafts/x/deploy', '/servers/x/remove', '/sign-out'])
      expect((await client.send(`/console${change}`, {})).headers.get('location')).toMatch(wayIn);
    expect(
      (await fetch(`${ground.url}/console/calls/stream`, { headers: { accept: 'text/event-stream' } }))
        .status,
    ).toBe(401);
    expect((await client.get('/console/sign-in')).status).toBe(200);
    expect((await client.get('/console/assets/console.css')).status).toBe(200);
    for (const path of [
      '/console/assets/../console.ts',
      '/console/assets/%2e%2e/console.ts',
      '/console/assets/none',
    ])
      expect((await client.get(path)).status).not.toBe(200);
    // Another path is somebody else's.
    expect((await fetch(`${ground.url}/consoles`)).status).toBe(404);
  });

  it('opens to the password of the file, for one browser, and closes at once when that is another [agent.console.session]', async () => {
    await using ground = await startConsole();
    const client = new ConsoleClient(ground.url);
    const wrong = await client.signIn('correct-horse-batteri');
    expect([wrong.status, client.cookie]).toEqual([401, undefined]);
    const right = await client.signIn(consolePassword);
    expect(right.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^mcp-console=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    const first = client.cookie;
    expect((await client.get('/console/servers')).status).toBe(200);
    // Whoever signs in again has another id, and the old one is over.
    await client.signIn(consolePassword);
    expect(client.cookie).not.toBe(first);
    const old = new ConsoleClient(ground.url);
    old.cookie = first;
    expect((await old.get('/console/servers')).status).toBe(303);
    await ground.setPassword('another-password-of-the-file');
    expect((await client.get('/console/servers')).status).toBe(303);
  });

  it('ends a session that is idle, that is old, and that was signed out of [agent.console.session]', async () => {
    const clock = new HandClock();
    await using ground = await startConsole({ clock, sessionLimits: { idleMs: 60_000, totalMs: 150_000 } });
    const idle = await ConsoleClient.signedIn(ground.url);
    const busy = await ConsoleClient.signedIn(ground.url);
    const leaving = await ConsoleClient.signedIn(ground.url);
    const out = await leaving.post('/console/sign-out');
    expect(out.headers.getSetCookie()[0]).toMatch(/^mcp-console=;.*Max-Age=0/);
    expect((await leaving.get('/console/servers')).status).toBe(303);
    clock.advance(50_000);
    expect((await busy.get('/console/servers')).status).toBe(200);
    clock.advance(50_000);
    expect((await idle.get('/console/servers')).status).toBe(303);
    expect((await busy.get('/console/servers')).status).toBe(200);
    clock.advance(50_001);
    expect((await busy.get('/console/servers')).status).toBe(303);
  });

  it('pauses after five attempts, also for the right password [agent.console.guessing]', async () => {
    const clock = new HandClock();
    await using ground = await startConsole({ clock });
    const client = new ConsoleClient(ground.url);
    for (let attempt = 1; attempt <= 5; attempt++)
      expect((await client.signIn(`wrong-${attempt}`)).status).toBe(401);
    const paused = await client.signIn(consolePassword);
    expect([paused.status, paused.headers.get('retry-after'), client.cookie]).toEqual([429, '12', undefined]);
    clock.advance(12_000);
    expect((await client.signIn(consolePassword)).status).toBe(303);
  });

  it('does not open where the file has no password worth the name [agent.console.password]', async () => {
    await using ground = await startConsole();
    const { createConsole } = await import('../../../../src/agent/console/console.ts');
    const passwordFile = `${ground.folder}/short`;
    const start = (file: string): Promise<unknown> =>
      createConsole({ passwordFile: file } as Parameters<typeof createConsole>[0]);
    await ground.write('short', 'secret\n');
    await expect(start(passwordFile)).rejects.toThrow('is shorter than 12 characters');
    await expect(start(`${ground.folder}/absent`)).rejects.toThrow('cannot be read');
  });

  it('takes no change that another page sends, and none without the token of its form [agent.console.forgery]', async () => {
    await using ground = await startConsole();
    const client = await ConsoleClient.signedIn(ground.url);
    const entry = { entry: 'crossplane' };
    const forged: Record<string, string>[] = [
      { origin: 'https://attacker.example' },
      { origin: 'null' },
      { origin: `${ground.url}.attacker.example` },
      { origin: ground.url, 'sec-fetch-site': 'cross-site' },
      { origin: ground.url, 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of forged)
      expect((await client.send('/console/drafts', entry, headers)).status).toBe(403);
    expect((await client.send('/console/drafts', entry)).status).toBe(403);
    expect((await client.send('/console/drafts', { ...entry, 'form-token': 'x'.repeat(43) })).status).toBe(
      403,
    );
    const plain = await fetch(`${ground.url}/console/drafts`, {
      method: 'POST',
      headers: { cookie: client.cookie ?? '', origin: ground.url, 'content-type': 'text/plain' },
      body: 'entry=crossplane',
    });
    expect(plain.status).toBe(415);
    // A form token of another session.
    const other = await ConsoleClient.signedIn(ground.url);
    other.cookie = client.cookie;
    expect((await other.post('/console/drafts', entry)).status).toBe(403);
    expect((await client.post('/console/drafts', entry)).status).toBe(303);
  });

  it('sends on to pages of its own only [agent.console.redirect]', async () => {
    await using ground = await startConsole();
    const client = new ConsoleClient(ground.url);
    const go = async (next: string): Promise<string | null> =>
      (await client.send('/console/sign-in', { password: consolePassword, next })).headers.get('location');
    expect(await go('/console/servers/x?y=z')).toBe('/console/servers/x?y=z');
    for (const elsewhere of [
      'https://attacker.example',
      '//attacker.example',
      '/console//attacker.example',
      '/mcp/x',
    ])
      expect(await go(elsewhere)).toBe('/console/servers');
  });

  it('answers everything with headers that let nothing in and nothing out [agent.console.headers]', async () => {
    await using ground = await startConsole({ publicUrl: new URL('https://gateway.example.org') });
    const client = new ConsoleClient(ground.url);
    const secure = { origin: 'https://gateway.example.org' };
    const signedIn = await client.send('/console/sign-in', { password: consolePassword }, secure);
    expect(signedIn.headers.getSetCookie()[0]).toMatch(
      /^__Host-mcp-console=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    client.cookie = signedIn.headers.getSetCookie()[0]?.split(';', 1)[0];
    for (const path of [
      '/console/sign-in',
      '/console/servers',
      '/console/nothing',
      '/console/assets/page.js',
    ]) {
      const { headers } = await client.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|data:|\*|https?:/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
      if (!path.includes('assets')) expect(headers.get('cache-control')).toBe('no-store');
    }
  });
});
