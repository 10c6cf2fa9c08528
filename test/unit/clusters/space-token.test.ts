import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spaceUrl } from '../../../src/clusters/space-access.ts';
import { SpaceToken } from '../../../src/clusters/space-token.ts';
import { ManualClock } from './manual-clock.ts';

const token = 'organization-token-that-nobody-may-see';
let server: Server;
let answer: { status: number; body: string };
let forms: URLSearchParams[];

beforeEach(async () => {
  forms = [];
  answer = issued(1_000);
  server = createServer((req, res) => {
    void text(req).then((body) => {
      forms.push(new URLSearchParams(body));
      res.writeHead(answer.status).end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => void server.close());

function issued(expires_in?: number): { status: number; body: string } {
  return { status: 200, body: JSON.stringify({ access_token: `issued-${forms.length}`, expires_in }) };
}

function exchange(clock: ManualClock, onTrouble?: (reason: string | undefined) => void): SpaceToken {
  const authUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return new SpaceToken({ authUrl, account: 'org', token, environmentProxy: false, clock, onTrouble });
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(5);
}

describe('the exchange', () => {
  it('asks with scope and both audiences, and knows when the answer ends', async () => {
    const clock = new ManualClock();
    const start = clock.now();
    expect(await exchange(clock).credential()).toMatchObject({
      token: 'issued-0',
      expiresAt: start + 1_000_000,
    });
    expect(forms[0]?.get('scope')).toBe('upbound:org:org');
    expect(forms[0]?.getAll('audience')).toEqual(['upbound:spaces:api', 'upbound:spaces:controlplanes']);
  });

  it('is not asked again before its time, and is asked once for all who need it', async () => {
    const clock = new ManualClock();
    const source = exchange(clock);
    await Promise.all([source.credential(), source.credential()]);
    clock.stall(599_000);
    await source.credential();
    expect(forms).toHaveLength(1);
  });

  it('is asked while the credential is still good, and nobody waits for it [install.token.renewal]', async () => {
    const clock = new ManualClock();
    const troubles: (string | undefined)[] = [];
    const source = exchange(clock, (reason) => troubles.push(reason));
    await source.credential();
    clock.stall(801_000);
    answer = { status: 503, body: 'later' };
    expect(await source.credential()).toMatchObject({ token: 'issued-0' });
    await until(() => troubles.length === 1);
    expect(troubles[0]).toMatch(/with 503/);
    // Not with every request.
    await source.credential();
    clock.stall(30_000);
    answer = { status: 200, body: JSON.stringify({ access_token: 'renewed', expires_in: 1_000 }) };
    expect(await source.credential()).toMatchObject({ token: 'issued-0' });
    await until(() => troubles.length === 2);
    expect(await source.credential()).toMatchObject({ token: 'renewed' });
    expect(troubles[1]).toBeUndefined();
    expect(forms).toHaveLength(3);
  });

  it.each([
    [
      'a refusal',
      { status: 401, body: token },
      /^127\.0\.0\.1:\d+ does not accept the token for the account "org" \(401\)/,
    ],
    [
      'a mistake',
      { status: 500, body: `failed with ${token}` },
      /answered the token exchange with 500: failed with \[redacted\]$/,
    ],
    ['no token', { status: 200, body: '{}' }, /without an access token$/],
    ['a page', { status: 200, body: '<html>' }, /without an access token$/],
  ])('tells of %s without the token', async (_title, given, sentence) => {
    answer = given;
    const failure = (await exchange(new ManualClock())
      .credential()
      .catch((error: unknown) => error)) as Error;
    expect(failure.message).toMatch(sentence);
    expect(failure.message).not.toContain(token);
  });
});

describe('the address of a control plane in a Space', () => {
  it('is the documented one', () => {
    expect(spaceUrl({ host: 'proxy.upbound.io', group: 'default', name: 'ctp1' })).toBe(
      'https://proxy.upbound.io/apis/spaces.upbound.io/v1beta1/namespaces/default/controlplanes/ctp1/k8s',
    );
  });
});
