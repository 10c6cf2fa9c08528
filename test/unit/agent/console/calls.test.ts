import { describe, expect, it } from '@jest/globals';
import type { CallRecord } from '../../../../src/agent/audit/call-record.ts';
import { CallFeed } from '../../../../src/agent/console/calls/call-feed.ts';
import { html } from '../../../../src/agent/console/html.ts';
import { ConsoleClient } from '../../../support/console-client.ts';
import { startConsole } from '../../../support/console-ground.ts';

function call(tool: string, server = 'crossplane'): CallRecord {
  return {
    time: '2026-11-22T11:00:00Z',
    server,
    caller: 'agent',
    via: 'token',
    tool,
    effect: 'read',
    arguments: { name: '</script>\n\ndata: x' },
    outcome: 'done',
    auditIds: [],
    writes: [],
    durationMs: 3,
  };
}

describe('the feed of calls', () => {
  it('keeps the last 200, each with its place [agent.console.calls]', () => {
    const feed = new CallFeed();
    const seen: number[] = [];
    const lookAway = feed.look(({ id }) => seen.push(id));
    for (let at = 1; at <= 250; at++) feed.write(call(`tool_${at}`));
    lookAway();
    feed.write(call('unseen'));
    expect(seen).toHaveLength(250);
    expect(feed.since(0).map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, at) => at + 52));
    expect(feed.since(249).map(({ record }) => record.tool)).toEqual(['tool_250', 'unseen']);
    // Of a process before this one.
    expect(feed.since(9_999)).toHaveLength(200);
  });

  it('reaches whoever is signed in, of one server where it is named, and ends with the session [agent.console.calls]', async () => {
    await using ground = await startConsole();
    const client = await ConsoleClient.signedIn(ground.url);
    ground.calls.write(call('before'));
    ground.calls.write(call('elsewhere', 'other'));
    const stream = await fetch(`${ground.url}/console/calls/stream?server=crossplane`, {
      headers: { cookie: client.cookie ?? '', accept: 'text/event-stream' },
    });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    ground.calls.write(call('after'));
    const pieces: string[] = [];
    const read = (async () => {
      for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) pieces.push(piece);
    })();
    while (!pieces.join('').includes('after')) await new Promise((resolve) => setImmediate(resolve));
    await client.post('/console/sign-out');
    await read;
    const events = pieces.join('').split('\n\n');
    const data = events.flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []);
    const tools = data.map((text) => (JSON.parse(text) as Partial<CallRecord>).tool);
    expect(tools).toEqual(['before', 'after', undefined]);
    expect(events.at(-2)).toMatch(/^event: signed-out/);
    ground.calls.write(call('too late'));
  });
});

describe('markup of the console', () => {
  it('has no way for a value to become markup [agent.console.escaped]', async () => {
    const nasty = `"><script>alert('x')</script>&`;
    const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;';
    expect(html`<a title="${nasty}">${[nasty, html`<b>${nasty}</b>`, false, undefined, 0]}</a>`.text).toBe(
      `<a title="${escaped}">${escaped}<b>${escaped}</b>0</a>`,
    );
    await using ground = await startConsole();
    const client = await ConsoleClient.signedIn(ground.url);
    const search = await client.get(`/console/catalogue?q=${encodeURIComponent(nasty)}`);
    expect(search.text).not.toContain('<script>alert');
    await ground.edit(
      `servers: [{ name: first, description: ${JSON.stringify(nasty)}, controlPlane: { inCluster: true }, authentication: { tokens: [{ name: ${JSON.stringify('<b>x</b>')}, file: x }] } }]`,
    );
    for (const page of ['/console/servers', '/console/servers/first', '/console/servers/first/remove'])
      expect((await client.get(page)).text).not.toMatch(/<script>alert|<b>x/);
  });
});
