import { describe, expect, it } from '@jest/globals';
import { RequestGuard } from '../../../../src/agent/protocol/request-guard.ts';

const guard = new RequestGuard(['Gateway.example.org', '10.0.0.7']);
const refusal = (host?: string, origin?: string): string | undefined =>
  guard.refusal({ headers: { ...(host ? { host } : {}), ...(origin ? { origin } : {}) } });

describe('the guard against DNS rebinding', () => {
  it.each([
    'localhost',
    'localhost:8081',
    '127.0.0.1:1',
    '[::1]:8081',
    'gateway.example.org',
    'GATEWAY.example.org:443',
    '10.0.0.7:80',
  ])('lets requests for %s pass, from no page and from its own [agent.http.rebinding]', (host) => {
    expect(refusal(host)).toBeUndefined();
    expect(refusal(host, `https://${host}`)).toBeUndefined();
  });

  it.each([undefined, 'evil.example.org', 'localhost.evil.org', '127.0.0.1.evil.org', '::1', '0.0.0.0'])(
    'turns away requests for %s [agent.http.rebinding]',
    (host) => {
      expect(refusal(host)).toMatch(/--allowed-host/);
    },
  );

  it.each(['http://evil.example.org', 'null', 'localhost', 'file://', 'http://localhost.evil.org'])(
    'turns away pages of %s [agent.http.rebinding]',
    (origin) => {
      expect(refusal('localhost', origin)).toMatch(/may not call/);
    },
  );
});
