import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import {
  authenticationSettings,
  impersonationSettings,
  isLoopbackHost,
  rateLimitSettings,
} from '../../../../src/agent/callers/settings.ts';

const sentencesOf = (schema: z.ZodType, value: unknown): string[] =>
  (schema.safeParse(value).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

const oauth = { issuer: 'https://login.example.org', resource: 'https://agents.example.org/mcp/platform' };
const token = (name: string): object => ({ name, file: `/tokens/${name}` });

describe('authentication of a server', () => {
  it('is one of tokens, OAuth and anonymous, and never two or none [agent.callers.oneway]', () => {
    const one = [': needs exactly one of "tokens", "oauth" and "anonymous"'];
    expect(sentencesOf(authenticationSettings, {})).toEqual(one);
    expect(sentencesOf(authenticationSettings, { oauth, anonymous: true })).toEqual(one);
    expect(sentencesOf(authenticationSettings, { oauth, tokens: [token('ci')] })).toEqual(one);
    expect(authenticationSettings.parse({ tokens: [token('ci')] })).toEqual({
      tokens: [{ name: 'ci', groups: [], file: '/tokens/ci' }],
    });
  });

  it('has one name for each token, so that limits and audit lines know callers apart', () => {
    expect(sentencesOf(authenticationSettings, { tokens: [token('ci'), token('ci')] })).toEqual([
      ': has two tokens of one name; give each caller its own',
    ]);
  });

  it('takes algorithms with public keys only [agent.oauth.algorithm]', () => {
    for (const algorithm of ['none', 'HS256', 'HS512'])
      expect(
        sentencesOf(authenticationSettings, { oauth: { ...oauth, algorithms: [algorithm] } }),
      ).toHaveLength(1);
  });

  it('takes issuer, resource and keys over TLS, but for this machine', () => {
    expect(
      sentencesOf(authenticationSettings, { oauth: { ...oauth, issuer: 'http://login.example.org' } }),
    ).toEqual(['oauth.issuer: has to be an https URL; http is for localhost only']);
    expect(
      sentencesOf(authenticationSettings, { oauth: { ...oauth, resource: 'https://a.example.org/mcp?x=1' } }),
    ).toEqual(['oauth.resource: has to be a URL without query and fragment']);
    expect(
      sentencesOf(authenticationSettings, { oauth: { ...oauth, jwksUri: 'http://127.0.0.1:8080/keys' } }),
    ).toEqual([]);
  });

  it('refuses what it does not know, such as the shared secret of an issuer', () => {
    expect(sentencesOf(authenticationSettings, { oauth: { ...oauth, secret: 'x' } })).toEqual([
      'oauth: Unrecognized key: "secret"',
    ]);
  });
});

describe('limits', () => {
  it('are there without being asked for, stricter for writes', () => {
    const { read, create, destructive, concurrentPerCaller } = rateLimitSettings.parse(undefined);
    expect(read.perMinute).toBeGreaterThan(create.perMinute);
    expect(create.perMinute).toBeGreaterThan(destructive.perMinute);
    expect(destructive.perMinute).toBeGreaterThan(0);
    expect(concurrentPerCaller).toBeGreaterThan(0);
  });

  it('keep their other values where one is given', () => {
    expect(rateLimitSettings.parse({ read: { perMinute: 0 } })).toMatchObject({
      read: { perMinute: 0, burst: 60 },
      create: { perMinute: 30, burst: 10 },
    });
  });
});

describe('impersonation', () => {
  it('needs a prefix that ends with a separator and is none of Kubernetes [agent.impersonation.prefix]', () => {
    for (const userPrefix of [
      '',
      's',
      'agent',
      'system:',
      'System:',
      'system:serviceaccount:x:',
      'a b:',
      ':',
    ])
      expect([userPrefix, sentencesOf(impersonationSettings, { userPrefix }).length > 0]).toEqual([
        userPrefix,
        true,
      ]);
    for (const userPrefix of ['agent:', 'oidc/', 'https://login.example.org#', 'team:agents:'])
      expect([userPrefix, sentencesOf(impersonationSettings, { userPrefix })]).toEqual([userPrefix, []]);
    expect(sentencesOf(impersonationSettings, {})).toHaveLength(1);
  });
});

describe('loopback', () => {
  it('is known by name and address, and by nothing that only begins like it', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])
      expect([host, isLoopbackHost(host)]).toEqual([host, true]);
    for (const host of ['0.0.0.0', '::', '127.0.0.1.example.org', 'localhost.example.org', '10.0.0.1'])
      expect([host, isLoopbackHost(host)]).toEqual([host, false]);
  });
});
