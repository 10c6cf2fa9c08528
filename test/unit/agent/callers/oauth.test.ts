import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, exportSPKI, SignJWT, UnsecuredJWT } from 'jose';
import { silentLogger } from '../../../../src/base/logger.ts';
import type { Caller, CallerGate } from '../../../../src/agent/callers/caller.ts';
import { openGate } from '../../../../src/agent/callers/gate.ts';
import { authenticationSettings } from '../../../../src/agent/callers/settings.ts';
import { OAuthIssuer, type TokenRequest } from '../../../support/oauth-issuer.ts';
import { ManualClock } from '../../clusters/manual-clock.ts';

type Key = Awaited<ReturnType<typeof OAuthIssuer.newKey>>;

const resource = 'https://agents.example.org/mcp/platform';
const minute = 60_000;

let keys: Record<'first' | 'second' | 'third' | 'stranger', Key>;
let issuer: OAuthIssuer;
let clock: ManualClock;
let gate: CallerGate;

beforeAll(async () => {
  keys = {
    first: await OAuthIssuer.newKey('RS256', 'first'),
    second: await OAuthIssuer.newKey('RS256', 'second'),
    third: await OAuthIssuer.newKey('ES256', 'third'),
    stranger: await OAuthIssuer.newKey('RS256', 'first'),
  };
});

beforeEach(async () => {
  issuer = await OAuthIssuer.start([keys.first]);
  clock = new ManualClock();
  gate = await gateWith({});
});
afterEach(() => issuer.stop());

const gateWith = (more: object): Promise<CallerGate> =>
  openGate({
    server: 'platform',
    authentication: authenticationSettings.parse({ oauth: { issuer: issuer.url, resource, ...more } }),
    production: true,
    host: '0.0.0.0',
    log: silentLogger(),
    clock,
  });

const admit = (token: string | undefined, url = resource): Promise<Caller | Response> =>
  gate.admit(
    new Request(url, {
      method: 'POST',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    }),
  );

/** What an HTTP client sees of a refusal. */
async function refusal(
  answer: Caller | Response,
): Promise<{ status: number; challenge: string | null; why: unknown }> {
  if (!(answer instanceof Response)) throw new Error(`${answer.name} was admitted`);
  const { error_description: why } = (await answer.json()) as { error_description: unknown };
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), why };
}

/** Shows a token of the issuer, changed as it is asked for. */
const refusalOf = async (request: TokenRequest): Promise<unknown> => {
  const { status, challenge, why } = await refusal(await admit(await issuer.token(resource, request)));
  expect(status).toBe(401);
  expect(challenge).toContain('error="invalid_token"');
  expect(challenge).toContain(
    'resource_metadata="https://agents.example.org/.well-known/oauth-protected-resource/mcp/platform"',
  );
  return why;
};

describe('a token of the issuer', () => {
  it('names its caller, their client, groups and scopes [agent.oauth.caller]', async () => {
    gate = await gateWith({ groupsClaim: 'groups' });
    const token = await issuer.token(resource, { claims: { groups: ['dev', 'ops'] } });
    expect(await admit(token)).toEqual({
      name: 'alice',
      groups: ['dev', 'ops'],
      via: 'oauth',
      clientId: 'agent-1',
      scopes: ['crossplane:read', 'crossplane:write'],
    });
  });

  it('may have several audiences, and scopes as a list [agent.oauth.caller]', async () => {
    const claims = { aud: ['https://other.example.org', resource], scp: ['crossplane:read'] };
    expect(await admit(await issuer.token(resource, { claims, without: ['scope'] }))).toMatchObject({
      scopes: ['crossplane:read'],
    });
  });

  it('may be signed with an elliptic curve, or a key of an issuer without an OpenID document', async () => {
    issuer.rotate([keys.third]);
    issuer.documentPath = '/.well-known/oauth-authorization-server';
    expect(await admit(await issuer.token(resource, { key: keys.third }))).toMatchObject({ name: 'alice' });
  });

  it('is let off a little by the clocks, and no more than was said [agent.oauth.expiry]', async () => {
    const now = Math.floor(clock.now() / 1000);
    expect(await admit(await issuer.token(resource, { claims: { exp: now - 20 } }))).toMatchObject({
      name: 'alice',
    });
    expect(await refusalOf({ claims: { exp: now - 40 } })).toBe('the token has expired');
  });
});

describe('a token is refused', () => {
  it('for another audience [agent.oauth.audience]', async () => {
    for (const aud of [
      'https://agents.example.org/mcp/other',
      'https://agents.example.org',
      `${resource}/`,
      '',
    ])
      expect(await refusalOf({ claims: { aud } })).toBe('the token is for another audience than this server');
  });

  it('without an audience [agent.oauth.audience]', async () => {
    expect(await refusalOf({ without: ['aud'] })).toBe('the token is for another audience than this server');
  });

  it('of another issuer [agent.oauth.issuer]', async () => {
    expect(await refusalOf({ claims: { iss: 'https://login.example.org' } })).toBe(
      'the token is of another issuer than the one of this server',
    );
    expect(await refusalOf({ claims: { iss: `${issuer.url}/` } })).toBe(
      'the token is of another issuer than the one of this server',
    );
  });

  it('after its end [agent.oauth.expiry]', async () => {
    expect(await refusalOf({ claims: { exp: Math.floor(clock.now() / 1000) - 3600 } })).toBe(
      'the token has expired',
    );
  });

  it('without an end [agent.oauth.expiry]', async () => {
    expect(await refusalOf({ without: ['exp'] })).toBe('the token has no usable "exp"');
  });

  it('before its time [agent.oauth.expiry]', async () => {
    expect(await refusalOf({ claims: { nbf: Math.floor(clock.now() / 1000) + 3600 } })).toBe(
      'the token is not valid yet',
    );
  });

  it('without a signature, alg none [agent.oauth.algorithm]', async () => {
    const token = new UnsecuredJWT({})
      .setIssuer(issuer.url)
      .setAudience(resource)
      .setSubject('alice')
      .setExpirationTime('5m')
      .encode();
    // Also with something behind the last dot, so that it has the shape of a signed one.
    for (const shown of [token, `${token}AAAA`])
      expect(await refusal(await admit(shown))).toMatchObject({
        status: 401,
        why: 'the token is signed by an algorithm that is not allowed',
      });
  });

  it('with HS256, signed with the public key that everybody can read [agent.oauth.algorithm]', async () => {
    const pem = await exportSPKI(keys.first.pair.publicKey);
    const token = await new SignJWT({ sub: 'alice' })
      .setProtectedHeader({ alg: 'HS256', kid: 'first', typ: 'at+jwt' })
      .setIssuer(issuer.url)
      .setAudience(resource)
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(pem));
    expect(await refusal(await admit(token))).toMatchObject({
      status: 401,
      why: 'the token is signed by an algorithm that is not allowed',
    });
  });

  it('with an algorithm that the server does not allow, though the issuer has such a key [agent.oauth.algorithm]', async () => {
    issuer.rotate([keys.first, keys.third]);
    gate = await gateWith({ algorithms: ['RS256'] });
    expect(await refusalOf({ key: keys.third })).toBe(
      'the token is signed by an algorithm that is not allowed',
    );
  });

  it('without a key id, where the issuer has several keys [agent.oauth.key]', async () => {
    issuer.rotate([keys.first, keys.second]);
    expect(await refusalOf({ header: { kid: undefined } })).toBe('the token names no key of its issuer');
  });

  it('signed by a stranger under a known key id [agent.oauth.key]', async () => {
    expect(await refusalOf({ key: keys.stranger })).toBe('the token is not valid');
  });

  it('with the key it brings along, or says where to fetch [agent.oauth.key]', async () => {
    const jwk = await exportJWK(keys.stranger.pair.publicKey);
    const stranger = await OAuthIssuer.start([keys.stranger]);
    try {
      expect(await refusalOf({ key: keys.stranger, header: { jwk } })).toBe('the token is not valid');
      expect(await refusalOf({ key: keys.stranger, header: { jku: `${stranger.url}/keys` } })).toBe(
        'the token is not valid',
      );
      expect(stranger.asked).toEqual([]);
    } finally {
      await stranger.stop();
    }
  });

  it('when a letter of it was changed [agent.oauth.key]', async () => {
    const [header, payload, signature] = (await issuer.token(resource)).split('.') as [
      string,
      string,
      string,
    ];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
    expect(await refusal(await admit(`${header}.${changed}.${signature}`))).toMatchObject({
      status: 401,
      why: 'the token is not valid',
    });
  });

  it('that was made for something else: typ, cnf, crit [agent.oauth.purpose]', async () => {
    expect(await refusalOf({ header: { typ: 'logout+jwt' } })).toBe('the token is not an access token');
    expect(await refusalOf({ claims: { cnf: { jkt: 'thumbprint' } } })).toBe(
      'the token is bound to a key, which is not supported',
    );
    expect(await refusalOf({ claims: { sub: '' } })).toBe('the token has no usable name in "sub"');
    expect(await refusalOf({ without: ['sub'] })).toBe('the token has no usable "sub"');
  });

  it('whose address is not verified, as kube-apiserver has it [agent.oauth.purpose]', async () => {
    gate = await gateWith({ userClaim: 'email' });
    const email = 'alice@example.org';
    expect(await refusalOf({ claims: { email, email_verified: false } })).toBe(
      'the email address of the token is not verified',
    );
    expect(
      await admit(await issuer.token(resource, { claims: { email, email_verified: true } })),
    ).toMatchObject({ name: email });
  });

  it('that is huge, before anything looks into it [agent.bearer.form]', async () => {
    const token = await issuer.token(resource, { claims: { padding: 'x'.repeat(20_000) } });
    expect(await refusal(await admit(token))).toMatchObject({
      status: 400,
      why: 'the token is longer than 16384 characters',
    });
    expect(issuer.asked).toEqual([]);
  });

  it('in the query string, though it is right [agent.bearer.form]', async () => {
    const token = await issuer.token(resource);
    for (const shown of [undefined, token]) {
      const { status, challenge } = await refusal(await admit(shown, `${resource}?access_token=${token}`));
      expect(status).toBe(400);
      expect(challenge).toContain('error="invalid_request"');
      expect(challenge).not.toContain(token);
    }
  });

  it('when there are two of them, or another scheme [agent.bearer.form]', async () => {
    const token = await issuer.token(resource);
    const headers = new Headers([
      ['authorization', `Bearer ${token}`],
      ['authorization', `Bearer ${token}`],
    ]);
    for (const shown of [headers, { authorization: `Basic ${token}` }, { authorization: token }])
      expect((await refusal(await gate.admit(new Request(resource, { headers: shown })))).status).toBe(400);
  });

  it('of a shape that is no JSON Web Token', async () => {
    for (const token of ['a', 'a.b', 'a.b.c', '....', 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA'])
      expect((await refusal(await admit(token))).status).toBe(401);
  });
});

describe('the keys of the issuer', () => {
  it('are read once for many tokens', async () => {
    for (let count = 0; count < 20; count++)
      expect(await admit(await issuer.token(resource))).toHaveProperty('name');
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('are read again for a key that is new, and the old one counts no longer [agent.oauth.rotation]', async () => {
    const old = await issuer.token(resource);
    expect(await admit(old)).toHaveProperty('name');
    issuer.rotate([keys.second]);
    const fresh = await issuer.token(resource);
    clock.stall(minute);
    expect(await admit(fresh)).toHaveProperty('name');
    expect((await refusal(await admit(old))).status).toBe(401);
  });

  it('that were taken back stop counting within ten minutes without a new one [agent.oauth.rotation]', async () => {
    const token = await issuer.token(resource, { claims: { exp: Math.floor(clock.now() / 1000) + 7200 } });
    expect(await admit(token)).toHaveProperty('name');
    issuer.rotate([keys.third]);
    clock.stall(10 * minute);
    expect((await refusal(await admit(token))).status).toBe(401);
  });

  it('are asked for twice a minute at most, whatever key ids are shown [agent.oauth.cooldown]', async () => {
    for (let count = 0; count < 50; count++)
      await refusalOf({ key: keys.stranger, header: { kid: `guess-${count}` } });
    expect(issuer.asked.filter((path) => path === '/keys')).toHaveLength(1);
    clock.stall(minute / 2);
    for (let count = 0; count < 50; count++)
      await refusalOf({ key: keys.stranger, header: { kid: `guess-${count}` } });
    expect(issuer.asked.filter((path) => path === '/keys')).toHaveLength(2);
  });

  it('that nobody can be asked for leave a token undecided: 503, and no admission [agent.oauth.outage]', async () => {
    issuer.isDown = true;
    const token = await issuer.token(resource);
    const answer = await admit(token);
    expect((answer as Response).headers.get('retry-after')).toBe('5');
    expect((await refusal(answer)).status).toBe(503);
    // Nor is it asked for each request meanwhile.
    const { length } = issuer.asked;
    expect((await refusal(await admit(token))).status).toBe(503);
    expect(issuer.asked).toHaveLength(length);
    issuer.isDown = false;
    clock.stall(5_000);
    expect(await admit(token)).toHaveProperty('name');
  });

  it('stay in use for an hour of an outage, and not longer [agent.oauth.outage]', async () => {
    const token = await issuer.token(resource, { claims: { exp: Math.floor(clock.now() / 1000) + 36_000 } });
    expect(await admit(token)).toHaveProperty('name');
    issuer.isDown = true;
    clock.stall(59 * minute);
    expect(await admit(token)).toHaveProperty('name');
    clock.stall(minute);
    expect((await refusal(await admit(token))).status).toBe(503);
  });

  it('are not taken from the document of another issuer, nor over plain HTTP from another machine [agent.oauth.issuer]', async () => {
    const token = await issuer.token(resource);
    issuer.discovery = { issuer: 'https://login.example.org' };
    expect((await refusal(await admit(token))).status).toBe(503);
    issuer.discovery = { jwks_uri: 'http://keys.example.org/' };
    clock.stall(minute);
    expect((await refusal(await admit(token))).status).toBe(503);
    issuer.discovery = {};
    clock.stall(minute);
    expect(await admit(token)).toHaveProperty('name');
  });
});

describe('a client that has no token yet', () => {
  it('is told where to get one, and for which scopes [agent.oauth.metadata]', async () => {
    const { status, challenge } = await refusal(await admit(undefined));
    expect(status).toBe(401);
    expect(challenge).toBe(
      'Bearer realm="mcp-connector", scope="crossplane:read", resource_metadata="https://agents.example.org/.well-known/oauth-protected-resource/mcp/platform"',
    );
    expect(gate.resourceMetadata()).toEqual({
      resource,
      authorization_servers: [issuer.url],
      scopes_supported: ['crossplane:read', 'crossplane:write'],
      bearer_methods_supported: ['header'],
    });
  });

  it('is refused a call that needs more scopes, with all of them named [agent.oauth.scopes]', async () => {
    const caller = (await admit(
      await issuer.token(resource, { claims: { scope: 'crossplane:read' } }),
    )) as Caller;
    expect(gate.refusal(caller, 'read')).toBeUndefined();
    for (const effect of ['create', 'destructive'] as const) {
      const { status, challenge, why } = await refusal(gate.refusal(caller, effect) as Response);
      expect(status).toBe(403);
      expect(challenge).toContain('error="insufficient_scope"');
      expect(challenge).toContain('scope="crossplane:read crossplane:write"');
      expect(why).toBe('this call needs the scopes crossplane:read crossplane:write');
    }
  });
});

describe('an OAuth server', () => {
  it('is refused when its resource is not its own URL [agent.oauth.metadata]', async () => {
    await expect(gateWith({ resource: 'https://agents.example.org/mcp/other' })).rejects.toThrow(
      'has to end with /mcp/platform',
    );
  });
});
